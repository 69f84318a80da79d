#include "cli/connect.h"
#include "cli/objects/object_kinds.h"
#include "cli/requests/review_commands.h"

namespace postern::cli {
namespace {

void add_field(std::string& fields, const std::string& field) {
  fields += (fields.empty() ? "" : ",") + field;
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
  if (!arguments.state.empty()) add_field(get.fields, "status.state=" + arguments.state);
  if (arguments.reviewable) {
    add_field(get.fields, "status.reviewable=true");
    get.nothing = "No request awaits a review of yours.";
  }
  if (!arguments.all && arguments.state.empty()) {
    // Of a watch, that one expires is news.
    get.first_fields = get.fields;
    add_field(get.first_fields, "status.state!=EXPIRED");
  }
  const auto kind = find_object_kind("accessrequests");
  return show_list(connection->api(), **kind, get, context);
}

}  // namespace postern::cli
