#pragma once

#include "cli/failure.h"
#include "cli/json.h"

#include <string>
#include <string_view>

namespace postern::cli {

/// A cluster, a user and a context that go together, all under one name.
struct KubeconfigEntry {
  std::string name;
  Json cluster;
  Json user;
  Json context;
  bool make_current = true;
};

/// A kubeconfig's text with the entry in it, in place of those of the same name. Everything else
/// stays byte for byte, comments too; only where the text is written in a style that cannot be
/// changed in place (flow style, JSON) it is written anew with the same meaning. A failure for
/// what is no kubeconfig; nothing is guessed. `origin` is for messages.
Outcome<std::string> edit_kubeconfig(std::string_view text, const KubeconfigEntry& entry,
                                     const std::string& origin);

/// The member `what` ("cluster", "user", "context") of the entry `name` of a list; null when there
/// is none.
const Json& named_entry(const Json& config, std::string_view list, std::string_view name,
                        std::string_view what);

}  // namespace postern::cli
