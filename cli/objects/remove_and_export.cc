#include "cli/connect.h"
#include "cli/objects/object_kinds.h"
#include "cli/objects/write_commands.h"
#include "cli/output/yaml.h"
#include "kube/text.h"

#include <algorithm>
#include <ostream>

namespace postern::cli {
namespace {

/// file, preset, or "" for what lives in the store.
std::string origin_of(const Json& object) {
  return text_at(object, {"metadata", "annotations", "access.postern.dev/origin"});
}

/// Whether the caller is among them, as far as the profile knows.
bool would_remove_oneself(const std::vector<ObjectChoice>& choices, const Connection& connection) {
  return connection.profile &&
         std::any_of(choices.begin(), choices.end(), [&](const ObjectChoice& choice) {
           return choice.kind->resource == "accessusers" &&
                  std::find(choice.names.begin(), choice.names.end(), connection.profile->user) !=
                      choice.names.end();
         });
}

}  // namespace

Outcome<void> run_remove(const std::vector<std::string>& words, const Context& context) {
  const auto choices = parse_choices(words);
  if (!choices) return tl::unexpected(choices.error());
  for (const ObjectChoice& choice : *choices) {
    if (choice.names.empty()) return wrong_usage("say which: " + words.front() + "/NAME");
  }
  const auto connection = connect(context);
  if (!connection) return tl::unexpected(connection.error());
  if (would_remove_oneself(*choices, *connection)) {
    return wrong_usage("that would remove yourself; somebody else has to do it");
  }
  for (const ObjectChoice& choice : *choices) {
    for (const std::string& name : choice.names) {
      const auto removed = connection->api().remove(path_of({choice.kind->resource, name}));
      if (!removed) return tl::unexpected(removed.error());
      context.out() << object_name(*choice.kind, name) << " deleted\n";
    }
  }
  return {};
}

Outcome<void> run_export(bool everything, const Context& context) {
  const auto connection = connect(context);
  if (!connection) return tl::unexpected(connection.error());
  std::size_t left_out = 0;
  for (const ObjectKind& kind : object_kinds()) {
    if (kind.document.empty()) continue;
    const auto list = connection->api().list(std::string(kind.resource));
    if (!list) return tl::unexpected(list.error());
    for (const Json& item : find(*list, {"items"})) {
      const std::string origin = origin_of(item);
      if (!everything && (origin == "file" || origin == "preset")) {
        ++left_out;
        continue;
      }
      context.out() << "---\n" << yaml_text(to_document(item, kind));
    }
  }
  if (left_out > 0) {
    context.err() << "note: " << left_out
                  << " roles and users of files and presets are left out (--all)\n";
  }
  return {};
}

}  // namespace postern::cli
