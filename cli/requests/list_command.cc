#include "cli/connect.h"
#include "cli/objects/object_kinds.h"
#include "cli/objects/output_format.h"
#include "cli/requests/review_commands.h"

#include <ostream>
#include <set>

namespace postern::cli {
namespace {

void add_field(std::string& fields, const std::string& field) {
  fields += (fields.empty() ? "" : ",") + field;
}

/// The name of a list's item, or of a table's row.
std::string name_of(const Json& item) {
  const std::string name = text_at(item, {"metadata", "name"});
  return name.empty() ? text_at(item, {"object", "metadata", "name"}) : name;
}

/// Of the pending requests, the names of those that the caller may review.
Outcome<std::set<std::string>> reviewable(AccessClient& api, const QueryList& query) {
  const auto pending = api.list("accessrequests", query);
  if (!pending) return tl::unexpected(pending.error());
  std::set<std::string> names;
  for (const Json& request : find(*pending, {"items"})) {
    const std::string name = name_of(request);
    const auto answer = api.get(path_of({"accessrequests", name, "review"}));
    if (answer && is_true(*answer, {"status", "mayReview"})) names.insert(name);
    constexpr int kNotFound = 404;  // decided and withdrawn meanwhile
    if (!answer && answer.error().http_status != kNotFound) return tl::unexpected(answer.error());
  }
  return names;
}

Outcome<void> show_reviewable(AccessClient& api, const GetArguments& get, const Context& context) {
  const QueryList query = {{"labelSelector", get.labels}, {"fieldSelector", get.fields}};
  const auto names = reviewable(api, query);
  if (!names) return tl::unexpected(names.error());
  const OutputFormat format = output_format(get.output);
  auto answer = api.list("accessrequests", query, is_table(format));
  if (!answer) return tl::unexpected(answer.error());
  for (const char* const key : {"items", "rows"}) {
    if (!answer->contains(key)) continue;
    Json kept = Json::array();
    for (Json& item : (*answer)[key]) {
      if (names->contains(name_of(item))) kept.push_back(std::move(item));
    }
    (*answer)[key] = std::move(kept);
  }
  const auto kind = find_object_kind("accessrequests");
  if (!is_table(format)) {
    print_object(context.out(), *answer, **kind, format);
  } else if (names->empty()) {
    context.err() << "No request awaits a review of yours.\n";
  } else {
    print_table(context.out(), *answer, format, !get.no_headers);
  }
  return {};
}

}  // namespace

Outcome<void> run_request_list(const RequestListArguments& arguments, const Context& context) {
  if (arguments.reviewable && arguments.get.watch) {
    return wrong_usage("--reviewable cannot be watched");
  }
  const auto connection = connect(context);
  if (!connection) return tl::unexpected(connection.error());
  GetArguments get = arguments.get;
  if (arguments.mine) {
    const auto user = who_am_i(*connection);
    if (!user) return tl::unexpected(user.error());
    add_field(get.fields, field_equals("spec.user", *user));
  }
  const std::string state = arguments.reviewable ? "PENDING" : arguments.state;
  if (!state.empty()) add_field(get.fields, "status.state=" + state);
  if (arguments.reviewable) return show_reviewable(connection->api(), get, context);
  const auto kind = find_object_kind("accessrequests");
  return show_list(connection->api(), **kind, get, context);
}

}  // namespace postern::cli
