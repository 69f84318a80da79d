#include "cli/kube/kubectl_session.h"

#include "cli/client/interrupt.h"
#include "cli/output/yaml.h"
#include "cli/requests/assume.h"
#include "kube/base64.h"

namespace postern::cli {
namespace {

constexpr const char* kName = "postern";

std::string kubeconfig_text(const KubectlTarget& target, const ServerTrust& trust,
                            const std::string& token) {
  Json cluster{{"server", target.server}};
  if (!trust.authorities.empty()) {
    cluster["certificate-authority-data"] = kube::encode_base64(trust.authorities);
  }
  if (!trust.tls_server_name.empty()) cluster["tls-server-name"] = trust.tls_server_name;
  Json context{{"cluster", kName}, {"user", kName}};
  if (!target.namespace_.empty()) context["namespace"] = target.namespace_;
  const Json user{{"token", token}};
  const auto list = [](const char* what, const Json& value) {
    return Json::array({Json{{"name", kName}, {what, value}}});
  };
  return yaml_text(Json{{"apiVersion", "v1"},
                        {"kind", "Config"},
                        {"clusters", list("cluster", cluster)},
                        {"users", list("user", user)},
                        {"contexts", list("context", context)},
                        {"current-context", kName}});
}

/// What the caller's own session has assumed; nothing where a certificate or a static token is
/// used, which is no session.
Outcome<std::vector<std::string>> present_requests(const Connection& connection) {
  if (!connection.profile) return std::vector<std::string>();
  const auto self = connection.api().get("sessions/self");
  if (!self) return tl::unexpected(self.error());
  return texts_at(*self, {"status", "requests"});
}

}  // namespace

KubectlSession::KubectlSession(const Connection& connection, TemporaryFile file, Connection own,
                               std::string name, std::vector<std::string> assumed)
    : parent_(connection),
      file_(std::move(file)),
      own_(std::move(own)),
      name_(std::move(name)),
      assumed_(std::move(assumed)) {}

KubectlSession::~KubectlSession() {
  Interrupt::forget();
  // Nobody could use it any more; when the proxy cannot be told, it ends with its parent.
  [[maybe_unused]] const auto ended = own_.api().remove("sessions/self");
}

Outcome<std::unique_ptr<KubectlSession>> KubectlSession::make(const Connection& connection,
                                                              const KubectlTarget& target,
                                                              const Context& context) {
  const auto requests = present_requests(connection);
  if (!requests) return tl::unexpected(requests.error());
  Json asked = new_object("Session");
  asked["spec"] = Json::object();
  if (!requests->empty()) asked["spec"]["requests"] = *requests;
  const auto made = connection.api().post("sessions", asked);
  if (!made) return tl::unexpected(made.error());
  const std::string token = text_at(*made, {"status", "token"});
  if (token.empty()) return failed("the proxy gave no session");
  const Endpoint& endpoint = connection.api().endpoint();

  Connection own;
  own.client = std::make_unique<AccessClient>(
      Endpoint{endpoint.url, endpoint.trust, {token, "", ""}}, context.err(), "");
  auto file = TemporaryFile::make("postern-kubectl-", ".kubeconfig", "");
  if (!file) return failed(file.error());
  if (auto written = file->write(kubeconfig_text(target, endpoint.trust, token)); !written) {
    return failed(written.error());
  }
  return std::unique_ptr<KubectlSession>(
      new KubectlSession(connection, std::move(*file), std::move(own),
                         text_at(*made, {"metadata", "name"}), *requests));
}

Outcome<std::vector<std::string>> KubectlSession::new_refusals() {
  const auto list = parent_.api().get(path_of({"sessions", name_, "refusals"}));
  if (!list) return tl::unexpected(list.error());
  std::vector<std::string> ids;
  for (const Json& refusal : find(*list, {"items"})) {
    const std::string id = text_at(refusal, {"resourceId"});
    if (!id.empty() && told_.insert(id).second) ids.push_back(id);
  }
  return ids;
}

Outcome<void> KubectlSession::assume(const std::string& request) {
  const auto session = change_requests(own_.api(), {request}, {});
  if (!session) return tl::unexpected(session.error());
  assumed_ = texts_at(*session, {"status", "requests"});
  return {};
}

}  // namespace postern::cli
