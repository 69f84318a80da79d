#include "cli/requests/show.h"

#include "cli/connect.h"
#include "cli/objects/object_kinds.h"
#include "cli/objects/output_format.h"
#include "cli/requests/request_text.h"
#include "cli/requests/review_commands.h"
#include "kube/text.h"

#include <ostream>

namespace postern::cli {
namespace {

void show_preview(AccessClient& api, const std::string& name, const Context& context) {
  const auto preview = api.get(path_of({"accessrequests", name, "preview"}));
  if (preview) {
    print_preview(context.out(), *preview);
  } else {
    context.out() << "\nWhat it matches now cannot be shown: "
                  << kube::printable(preview.error().message) << "\n";
  }
}

/// Says whether the reader may review it, and how: with the digest of what stands above.
void show_review(AccessClient& api, const Json& request, const Context& context) {
  const std::string name = text_at(request, {"metadata", "name"});
  const auto answer = api.get(path_of({"accessrequests", name, "review"}));
  if (!answer) return;
  if (is_true(*answer, {"status", "mayReview"})) {
    context.out() << "\nYou may review it:\n\n  postern request review --approve "
                  << kube::shell_quote(name) << " --digest "
                  << kube::shell_quote(text_at(request, {"status", "effectiveDigest"})) << "\n";
    return;
  }
  const std::string why = text_at(*answer, {"status", "why"});
  if (!why.empty()) context.out() << "\nYou cannot review it: " << kube::printable(why) << "\n";
}

}  // namespace

void show_request(AccessClient& api, const Json& request, const Context& context) {
  print_request(context.out(), request, std::chrono::system_clock::now(), context.colors());
  print_effective(context.out(), request);
  show_preview(api, text_at(request, {"metadata", "name"}), context);
  print_reviews(context.out(), request);
  context.out() << std::flush;
}

Outcome<void> run_request_show(const std::string& name, const std::string& output,
                               const Context& context) {
  const auto connection = connect(context);
  if (!connection) return tl::unexpected(connection.error());
  const auto request = connection->api().get(path_of({"accessrequests", name}));
  if (!request) return tl::unexpected(request.error());
  if (!output.empty()) {
    const auto kind = find_object_kind("accessrequests");
    print_object(context.out(), *request, **kind, output_format(output));
    return {};
  }
  show_request(connection->api(), *request, context);
  if (text_at(*request, {"status", "state"}) == "PENDING") {
    show_review(connection->api(), *request, context);
  }
  return {};
}

}  // namespace postern::cli
