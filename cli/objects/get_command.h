#pragma once

#include "cli/context.h"
#include "cli/failure.h"

#include <string>
#include <vector>

namespace postern::cli {

class AccessClient;
struct ObjectKind;

/// `postern get`.
struct GetArguments {
  std::vector<std::string> words;  ///< KIND[/NAME] or KIND NAME…
  std::string output = "table";
  std::string labels;
  std::string fields;
  std::string first_fields = {};  ///< what is shown before changes are; "": as `fields`
  bool watch = false;
  bool no_headers = false;
  bool newest_first = false;  ///< else by name, as the server gives them
  std::string nothing = {};   ///< told of an empty table; "": "No roles found."
};

/// Shows objects; with `watch`, and then every change until Ctrl-C.
Outcome<void> run_get(const GetArguments& arguments, const Context& context);

/// Shows all objects of one kind, as `postern get KIND` does.
Outcome<void> show_list(AccessClient& api, const ObjectKind& kind, const GetArguments& arguments,
                        const Context& context);

}  // namespace postern::cli
