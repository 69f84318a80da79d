#include "cli/live_can_i.h"

#include "cli/builtin_kinds.h"
#include "cli/connect.h"
#include "cli/objects/object_kinds.h"
#include "cli/output/json_text.h"
#include "cli/output/yaml.h"
#include "kube/percent.h"
#include "kube/text.h"

#include <ostream>

namespace postern::cli {
namespace {

constexpr const char* kExplanation = "access.postern.dev/explanation";
constexpr const char* kOurGroup = "access.postern.dev";
constexpr std::string_view kReviews = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";

struct GroupResource {
  std::string group;
  std::string resource;
};

/// Kubernetes' kinds, and, where those have no such name, the access API's.
Outcome<GroupResource> find_kind(const std::string& word, bool cluster_scoped) {
  if (const auto kind = find_builtin_kind(word, cluster_scoped)) {
    return GroupResource{kind->resource.group, kind->resource.resource};
  }
  if (const auto ours = find_object_kind(word)) {
    return GroupResource{kOurGroup, std::string((*ours)->resource)};
  }
  return wrong_usage("unknown kind " + kube::quoted(word) + "; write PLURAL.GROUP");
}

/// The resourceAttributes of a question, in Kubernetes' terms.
Outcome<Json> attributes_of(const CanIArguments& arguments) {
  const std::size_t slash = arguments.object.find('/');
  const auto kind = find_kind(arguments.object.substr(0, slash), arguments.cluster_scoped);
  if (!kind) return tl::unexpected(kind.error());
  std::string verb = arguments.verb;
  std::string subresource = arguments.subresource;
  if (verb == "exec" || verb == "portforward") {
    subresource = std::exchange(verb, "create");
  }
  Json attributes{{"verb", verb},
                  {"group", kind->group},
                  {"resource", kind->resource},
                  {"subresource", subresource},
                  {"namespace", arguments.namespace_},
                  {"name", slash == std::string::npos ? "" : arguments.object.substr(slash + 1)}};
  return attributes;
}

/// The spec of the review: about a path, as kubectl has it, or about objects.
Outcome<Json> spec_of(const CanIArguments& arguments) {
  if (arguments.object.starts_with('/')) {
    return Json{{"nonResourceAttributes", {{"verb", arguments.verb}, {"path", arguments.object}}}};
  }
  return attributes_of(arguments).map([](Json attributes) {
    return Json{{"resourceAttributes", std::move(attributes)}};
  });
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
  auto spec = spec_of(arguments);
  if (!spec) return tl::unexpected(spec.error());
  const auto connection = connect(context);
  if (!connection) return tl::unexpected(connection.error());
  std::string target(kReviews);
  if (!arguments.cluster.empty()) {
    target = "/clusters/" + kube::encode_path_segment(arguments.cluster) + target;
  }
  const Json question{{"apiVersion", "authorization.k8s.io/v1"},
                      {"kind", "SelfSubjectAccessReview"},
                      {"spec", std::move(*spec)}};
  const auto review = connection->api().post_to(target, question);
  if (!review) return tl::unexpected(review.error());
  print(*review, arguments, context.out());
  return static_cast<int>(is_true(*review, {"status", "allowed"}) ? kDone : kDenied);
}

}  // namespace postern::cli
