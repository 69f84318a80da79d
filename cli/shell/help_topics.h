#pragma once

#include <string>
#include <vector>

namespace postern::cli {

/// A page of `postern help` that is no command's.
struct HelpTopic {
  std::string name;
  std::string title;
  std::string text;
};

const std::vector<HelpTopic>& help_topics();

}  // namespace postern::cli
