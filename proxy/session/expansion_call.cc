#include "proxy/session/expansion_call.h"

#include "proxy/upstream/failure_by_code.h"
#include "proxy/upstream/response_builder.h"

#include <nlohmann/json.hpp>
#include <utility>

namespace postern::proxy {

HeaderFields expansion_fields(const std::string& audit_id, const HeaderFields& impersonation) {
  HeaderFields fields = {{"Accept", "application/json"}, {"Audit-ID", audit_id}};
  fields.insert(fields.end(), impersonation.begin(), impersonation.end());
  return fields;
}

kube::Status expansion_failure(const FetchedResponse& response, const ProxiedRequest& request,
                               ExpansionCall about) {
  if (response.status == 403) {
    if (auto replaced = replace_refusal(response.body, request.principals())) {
      return std::move(*replaced);
    }
  }
  // What kube-apiserver itself says along with a 429.
  const int retry_after_seconds = response.status == 429 ? 1 : 0;
  kube::Status status = failure_by_code(response.status, retry_after_seconds);
  const auto body = nlohmann::json::parse(response.body, nullptr, false);
  if (body.is_object() && body.value("kind", nlohmann::json()) == "Status" &&
      response.status >= 400 && response.status != 401) {
    const auto text = [&body](const char* key) {
      const auto found = body.find(key);
      return found != body.end() && found->is_string() ? found->get<std::string>() : std::string();
    };
    status.reason = text("reason");
    if (about == ExpansionCall::kVisibleObject ||
        is_about_the_call(response.status, status.reason)) {
      status.message = text("message");
    }
  }
  return status;
}

}  // namespace postern::proxy
