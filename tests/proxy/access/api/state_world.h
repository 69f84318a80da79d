#pragma once

#include "proxy/access/api/plan.h"
#include "proxy/access/api/watch_hub.h"
#include "proxy/access/state/access_state.h"
#include "proxy/access/state/documents.h"
#include "proxy/access/store/memory_store.h"
#include "proxy/observe/log.h"

#include <doctest/doctest.h>
#include <memory>
#include <string>
#include <string_view>

namespace postern::proxy::access::api {

/// alice asks, bob reviews, eve has nothing, root administers.
inline constexpr std::string_view kRoles = R"(
kind: role
version: v7
metadata: {name: dev}
spec:
  allow:
    kubernetes_labels: {'*': '*'}
    kubernetes_groups: [dev-team]
    kubernetes_resources:
    - {kind: pod, namespace: dev, name: '*', verbs: ['*']}
---
kind: role
version: v7
metadata: {name: asks}
spec: {allow: {request: {search_as_roles: [dev]}}}
---
kind: role
version: v7
metadata: {name: reviews}
spec: {allow: {review_requests: {roles: [dev]}}}
---
kind: user
version: v2
metadata: {name: alice}
spec: {roles: [asks]}
---
kind: user
version: v2
metadata: {name: bob}
spec: {roles: [reviews]}
---
kind: user
version: v2
metadata: {name: root}
spec: {roles: [editor]}
---
)";

/// A state over memory, asked like the sessions ask it, without threads.
class World {
 public:
  World() : state_(*store_, options(), log_, nullptr) {
    REQUIRE(state_.load());
    set_files(kRoles);
    state_.set_clusters({{.name = "k",
                          .labels = {{"env", "dev"}},
                          .is_default = true,
                          .uid = "uid-k",
                          .version = "v1.34.0",
                          .catalog = catalog()}});
    hub_.emplace(state_);
  }

  void set_files(std::string_view text) {
    LoadedFile loaded = load_file_objects("roles.yaml", text);
    REQUIRE(loaded.errors.empty());
    for (RoleObject& preset : presets_beside(loaded.objects.roles)) {
      loaded.objects.roles.push_back(std::move(preset));
    }
    state_.set_files(std::move(loaded.objects));
  }

  /// The answer's document, or the Status as one.
  Json ask(const char* user, const char* method, const std::string& target,
           const std::string& body = "", const char* content_type = "application/json") {
    auto outcome = carry_out(user, method, target, body, content_type);
    if (!outcome) return Json::parse(outcome.error().to_json());
    const auto now = std::chrono::system_clock::now();
    if (const auto* object = std::get_if<ObjectPtr>(&outcome->body)) {
      return present(**object, Media{}, now);
    }
    if (const auto* list = std::get_if<ObjectList>(&outcome->body)) {
      return present(*list, Media{}, now);
    }
    return std::get<Json>(outcome->body);
  }

  Result<Outcome> carry_out(const char* user, const char* method, const std::string& target,
                            const std::string& body, const char* content_type) {
    auto plan = plan_request(request(user, method, target, body, content_type));
    if (!plan) return fail(plan.error());
    return std::get<StateCall>(plan->call).run(state_);
  }

  Result<WatchStart> watch(const char* user, const std::string& target) {
    auto plan = plan_request(request(user, "GET", target + "watch=true", "", ""));
    if (!plan) return fail(plan.error());
    const auto& call = std::get<WatchCall>(plan->call);
    return hub_->open({.user = {.name = user, .groups = {}, .uid = ""}, .session = ""}, *call.kind,
                      call.options);
  }

  /// The name of a new request of this user.
  std::string file(const char* user = "alice") {
    const Json made = ask(user, "POST", "accessrequests",
                          R"({"spec":{"resources":["/c/pod/k/dev/web-*"],"reason":"x"}})");
    CAPTURE(made.dump());
    REQUIRE(made["kind"] == "AccessRequest");
    return made["metadata"]["name"];
  }

  Json review(const char* user, const std::string& name, const char* decision) {
    const Json seen = ask(user, "GET", "accessrequests/" + name);
    const Json spec = {{"decision", decision},
                       {"uid", seen["metadata"].value("uid", "")},
                       {"effectiveDigest", seen.contains("status") && seen["status"].is_object()
                                               ? seen["status"]["effectiveDigest"]
                                               : Json("")}};
    return ask(user, "POST", "accessrequests/" + name + "/reviews", Json({{"spec", spec}}).dump());
  }

  AccessState& state() { return state_; }
  WatchHub& hub() { return *hub_; }

 private:
  static StateOptions options() {
    StateOptions made;
    made.cluster_name = "c";
    return made;
  }

  static std::shared_ptr<const kube::ApiCatalog> catalog() {
    auto made = std::make_shared<kube::ApiCatalog>();
    REQUIRE(made->add_resource_list("", "v1",
                                    R"({"kind":"APIResourceList","groupVersion":"v1","resources":[
            {"name":"pods","kind":"Pod","namespaced":true,"verbs":["get","list"]}]})"));
    return made;
  }

  static ApiRequest request(const char* user, const char* method, const std::string& target,
                            const std::string& body, const char* content_type) {
    auto info = kube::parse_request_info(method, "/apis/access.postern.dev/v1alpha1/" + target);
    REQUIRE(info);
    ApiRequest made;
    made.info = *info;
    made.body = body;
    made.content_type = content_type;
    made.caller.user.name = user;
    return made;
  }

  std::unique_ptr<ObjectStore> store_ = make_memory_store();
  Log log_{{.write = [](std::string_view) {}}};
  AccessState state_;
  std::optional<WatchHub> hub_;
};

}  // namespace postern::proxy::access::api
