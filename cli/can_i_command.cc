#include "cli/can_i_command.h"

#include "cli/builtin_kinds.h"
#include "cli/can_i_answer.h"
#include "cli/config_loading.h"
#include "cli/discover_kinds.h"
#include "cli/imagined_request.h"
#include "kube/text.h"
#include "proxy/authn/identity.h"
#include "proxy/policy_store.h"

#include <algorithm>
#include <chrono>
#include <ostream>
#include <utility>

namespace postern::cli {
namespace {

using proxy::KubeClusterConfiguration;
using proxy::ProxyConfiguration;

/// What is wrong with a question, for people.
using Problem = tl::unexpected<std::string>;

int usage(const Surroundings& surroundings, const std::string& problem) {
  surroundings.err << "error: " << kube::printable(problem) << "\n";
  return kUsage;
}

tl::expected<const KubeClusterConfiguration*, std::string> find_cluster(
    const ProxyConfiguration& configuration, const std::string& wanted) {
  const std::string& name = wanted.empty() ? configuration.default_cluster : wanted;
  if (name.empty()) return Problem("there are several clusters; say which with --cluster");
  const auto& clusters = configuration.kube_clusters;
  const auto found =
      std::find_if(clusters.begin(), clusters.end(),
                   [&](const KubeClusterConfiguration& cluster) { return cluster.name == name; });
  if (found == clusters.end()) return Problem("there is no cluster " + name);
  return &*found;
}

tl::expected<NamedKind, std::string> find_kind(const CanIArguments& arguments,
                                               const ProxyConfiguration& configuration,
                                               const KubeClusterConfiguration& cluster,
                                               const std::string& text) {
  if (!arguments.discover) {
    if (auto kind = find_builtin_kind(text, arguments.cluster_scoped)) return std::move(*kind);
    return Problem("unknown kind " + text + "; write PLURAL.GROUP, or ask the cluster: --discover");
  }
  auto catalog = discover_kinds(configuration, cluster);
  if (!catalog) return Problem(catalog.error());
  if (auto kind = find_served_kind(text, **catalog)) return std::move(*kind);
  return Problem("cluster " + cluster.name + " serves no kind " + text);
}

rbac::Decision decide(const CanIArguments& arguments, const rbac::Policy& policy,
                      const rbac::UserInfo& user, const rbac::Cluster& cluster,
                      const kube::ApiResource& resource, const ImaginedRequest& request) {
  rbac::ImpersonationChoice choice;
  if (!arguments.impersonate_user.empty()) choice.user = arguments.impersonate_user;
  choice.groups = arguments.impersonate_groups;
  const auto subject = policy.subject(user);
  const char* const patch_type =
      request.method == "PATCH" ? "application/strategic-merge-patch+json" : "";
  const kube::ResourceAttributes attributes{cluster.name, request.info, &resource,
                                            request.facts ? &*request.facts : nullptr, patch_type};
  if (!rbac::cluster_visible(policy, *subject, cluster)) {
    rbac::Decision hidden;
    hidden.explanation = "no role of theirs covers the cluster " + cluster.name;
    hidden.status = kube::Status::not_found("the server could not find the requested resource");
    return hidden;
  }
  return rbac::authorize(policy, *subject, cluster, attributes, choice,
                         std::chrono::system_clock::now());
}

std::string formatted(const rbac::Decision& decision, const std::string& output) {
  if (output == "json") return answer_json(decision);
  if (output == "yaml") return answer_yaml(decision);
  return answer_text(decision);
}

}  // namespace

int run_can_i(const CanIArguments& arguments, const Surroundings& surroundings) {
  const auto configuration = load_configuration(arguments.config_file, surroundings);
  if (!configuration) return kUsage;
  const auto policy = proxy::load_policy(*configuration);
  if (!policy) {
    tell_errors(policy.error(), surroundings);
    return kUsage;
  }
  const auto user = proxy::finish_identity({arguments.user, arguments.groups, ""}, {});
  if (!user) return usage(surroundings, user.error());
  const auto cluster = find_cluster(*configuration, arguments.cluster);
  if (!cluster) return usage(surroundings, cluster.error());

  const std::size_t slash = arguments.object.find('/');
  const bool has_name = slash != std::string::npos;
  auto kind = find_kind(arguments, *configuration, **cluster, arguments.object.substr(0, slash));
  if (!kind) return usage(surroundings, kind.error());
  if (kind->guessed && arguments.output == "text") {
    surroundings.err << "note: " << kind->resource.resource
                     << " is none of Kubernetes' own kinds; taken for "
                     << (kind->resource.namespaced ? "namespaced" : "cluster-scoped")
                     << " (--cluster-scoped, --discover)\n";
  }
  const auto request = imagine_request({arguments.verb, kind->resource,
                                        has_name ? arguments.object.substr(slash + 1) : "",
                                        arguments.namespace_, arguments.subresource});
  if (!request) return usage(surroundings, request.error());

  const rbac::Decision decision =
      decide(arguments, *policy->policy, *user, {(*cluster)->name, (*cluster)->labels},
             kind->resource, *request);
  surroundings.out << formatted(decision, arguments.output);
  if (arguments.explain && arguments.output == "text") {
    surroundings.out << explanation_text(decision, *policy->policy, *user);
  }
  return decision.verdict == rbac::Verdict::kDeny ? kDenied : kDone;
}

}  // namespace postern::cli
