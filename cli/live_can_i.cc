#include "cli/live_can_i.h"

#include "cli/builtin_kinds.h"
#include "cli/connect.h"
#include "cli/output/json_text.h"
#include "cli/output/yaml.h"
#include "kube/percent.h"
#include "kube/text.h"

#include <ostream>

namespace postern::cli {
namespace {

constexpr const char* kExplanation = "access.postern.dev/explanation";
constexpr std::string_view kReviews = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";

/// The resourceAttributes of a question, in Kubernetes' terms.
Outcome<Json> attributes_of(const CanIArguments& arguments) {
  const std::size_t slash = arguments.object.find('/');
  const std::string word = arguments.object.substr(0, slash);
  const auto kind = find_builtin_kind(word, arguments.cluster_scoped);
  if (!kind) return wrong_usage("unknown kind " + word + "; write PLURAL.GROUP");
  std::string verb = arguments.verb;
  std::string subresource = arguments.subresource;
  if (verb == "exec" || verb == "portforward") {
    subresource = std::exchange(verb, "create");
  }
  Json attributes{{"verb", verb},
                  {"group", kind->resource.group},
                  {"resource", kind->resource.resource},
                  {"subresource", subresource},
                  {"namespace", arguments.namespace_},
                  {"name", slash == std::string::npos ? "" : arguments.object.substr(slash + 1)}};
  return attributes;
}

Json review_of(Json attributes) {
  return Json{{"apiVersion", "authorization.k8s.io/v1"},
              {"kind", "SelfSubjectAccessReview"},
              {"spec", {{"resourceAttributes", std::move(attributes)}}}};
}

void print(const Json& review, const CanIArguments& arguments, std::ostream& out) {
  const bool allowed = is_true(review, {"status", "allowed"});
  const std::string reason = text_at(review, {"status", "reason"});
  const std::string why = text_at(review, {"metadata", "annotations", kExplanation});
  if (arguments.output != "text") {
    const Json answer{{"allowed", allowed}, {"explanation", why}, {"reason", reason}};
    out << (arguments.output == "json" ? json_text(answer) + "\n" : yaml_text(answer));
    return;
  }
  out << (allowed ? "yes\n" : "no\n");
  if (!arguments.explain) return;
  if (!why.empty()) out << "  why: " << kube::printable(why) << "\n";
  if (!reason.empty() && reason != why) out << "  answer: " << kube::printable(reason) << "\n";
}

}  // namespace

Outcome<int> run_live_can_i(const CanIArguments& arguments, const Context& context) {
  auto attributes = attributes_of(arguments);
  if (!attributes) return tl::unexpected(attributes.error());
  const auto connection = connect(context);
  if (!connection) return tl::unexpected(connection.error());
  std::string target(kReviews);
  if (!arguments.cluster.empty()) {
    target = "/clusters/" + kube::encode_path_segment(arguments.cluster) + target;
  }
  const auto review = connection->api().post_to(target, review_of(std::move(*attributes)));
  if (!review) return tl::unexpected(review.error());
  print(*review, arguments, context.out());
  return static_cast<int>(is_true(*review, {"status", "allowed"}) ? kDone : kDenied);
}

}  // namespace postern::cli
