#pragma once

#include "proxy/access/state/access_state.h"
#include "proxy/access/state/documents.h"
#include "proxy/access/state/session_table.h"
#include "proxy/access/store/memory_store.h"
#include "proxy/observe/log.h"
#include "tests/rbac/request/fixture.h"

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace postern::proxy::access::test {

using namespace std::chrono_literals;
using rbac::request::kNow;
using rbac::request::role;
using rbac::request::said;

/// A store that can be told to fail, and what happens when it looks for an object.
class FragileStore : public ObjectStore {
 public:
  explicit FragileStore(ObjectStore& inner) : inner_(inner) {}
  bool broken = false;
  /// As a shared store: so many single changes succeed, then it is gone, in the midst of a write().
  std::optional<std::size_t> changes_left;
  std::function<void()> before_write;    ///< another replica, once
  std::function<void()> before_refresh;  ///< another replica, each time
  std::function<void(std::string_view kind, std::string_view name)> on_look;

  Result<StoredObject> get(std::string_view kind, std::string_view name) const override {
    return inner_.get(kind, name);
  }
  Result<Listing> list(std::string_view kind, std::string_view after,
                       std::size_t limit) const override {
    return inner_.list(kind, after, limit);
  }
  Result<std::vector<Version>> write(const std::vector<Write>& writes) override {
    if (broken) return fail(kube::Status::unavailable("the disk is full"));
    if (before_write) std::exchange(before_write, nullptr)();
    return changes_left ? write_singly(writes) : inner_.write(writes);
  }
  Result<void> refresh(std::string_view) override {
    if (before_refresh) before_refresh();
    return {};
  }
  Result<Changes> changes_since(Version version, std::size_t limit) const override {
    return inner_.changes_since(version, limit);
  }
  Version version() const override { return inner_.version(); }
  Result<void> look_for(std::string_view kind, std::string_view name) override {
    if (on_look) on_look(kind, name);
    return {};
  }
  Subscription subscribe(std::function<void()> wake) override {
    return inner_.subscribe(std::move(wake));
  }

 private:
  Result<std::vector<Version>> write_singly(const std::vector<Write>& writes) {
    std::vector<Version> versions;
    for (const Write& write : writes) {
      if (*changes_left == 0) return fail(kube::Status::unavailable("the cluster is gone"));
      auto written = inner_.write({write});
      if (!written) return written;
      --*changes_left;
      versions.push_back(written->front());
    }
    return versions;
  }

  ObjectStore& inner_;
};

/// A proxy's state with clocks that stand still until they are moved. `start()` again is a restart.
struct World {
  TimePoint wall = kNow;
  std::chrono::steady_clock::time_point steady{std::chrono::hours(1)};
  std::vector<std::string> lines;
  std::vector<std::string> records;  ///< EVENT USER OBJECT, as the audit log is told
  Metrics metrics;
  Log log{LogOptions{LogLevel::kInfo, LogFormat::kJson,
                     [this](std::string_view line) { lines.emplace_back(line); }}};
  std::unique_ptr<ObjectStore> kept;
  FragileStore store{*kept};
  StateOptions options;
  std::string files;
  ClusterFacts cluster;
  std::optional<AccessState> state;

  explicit World(std::unique_ptr<ObjectStore> with = make_memory_store()) : kept(std::move(with)) {
    options.cluster_name = "mycluster";
    options.wall = [this] { return wall; };
    options.steady = [this] { return steady; };
    options.audit = [this](const AuditRecord& record) {
      std::string text(record.event);
      text += " " + record.caller.user.name + " ";
      records.push_back(text.append(record.name));
    };
    cluster.name = "k";
    cluster.labels = {{"env", "dev"}};
    cluster.is_default = true;
    cluster.uid = "uid-k";
    cluster.catalog = rbac::request::test_catalog();
  }
  void start() {
    state.reset();
    state.emplace(store, options, log, &metrics);
    REQUIRE(said(state->load()) == "ok");
    state->set_files(file_objects(files));
    state->set_clusters({cluster});
  }
  static FileObjects file_objects(const std::string& text) {
    LoadedFile loaded = load_file_objects("files.yaml", text);
    for (const rbac::LoadMessage& error : loaded.errors) FAIL(error.str());
    for (RoleObject& preset : presets_beside(loaded.objects.roles)) {
      loaded.objects.roles.push_back(std::move(preset));
    }
    return std::move(loaded.objects);
  }
  /// Both clocks go on.
  void pass(std::chrono::seconds time) {
    wall += time;
    steady += time;
    state->tick();
  }
  std::size_t audited(const std::string& event) const {
    return static_cast<std::size_t>(
        std::count_if(records.begin(), records.end(),
                      [&](const std::string& record) { return record.starts_with(event + " "); }));
  }
};

inline Caller as(const std::string& user, const std::string& session = "") {
  Caller caller{{user, {"system:authenticated"}, ""}, session};
  if (session.empty()) caller.basis.token = kReviewBasis;
  return caller;
}

/// The story's people: alice may search as dev-pods, bob reviews, carol administers; in files.
struct StoryWorld : World {
  explicit StoryWorld(std::unique_ptr<ObjectStore> with = make_memory_store())
      : World(std::move(with)) {
    files = rbac::request::pod_role("dev-pods",
                                    "{kind: pod, namespace: dev, name: '*', verbs: ['*']}") +
            role("requester-of-dev", "allow: {request: {search_as_roles: [dev-pods]}}") +
            role("reviewer-of-dev", "allow: {review_requests: {roles: [dev-pods]}}") +
            "---\nkind: user\nmetadata: {name: alice}\nspec: {roles: [requester-of-dev]}\n"
            "---\nkind: user\nmetadata: {name: bob}\nspec: {roles: [reviewer-of-dev]}\n"
            "---\nkind: user\nmetadata: {name: carol}\nspec: {roles: [editor]}\n";
    start();
  }

  RequestPtr file_request(const std::string& id = "/mycluster/pod/k/dev/web-*",
                          const std::string& who = "alice") {
    RequestDocument document;
    document.spec.resource_ids = {id};
    document.spec.reason = "it is broken";
    auto made = state->create_request(as(who), document, false);
    REQUIRE_MESSAGE(made, said(made));
    return *made;
  }
  Result<RequestPtr> review(const std::string& who, const RequestPtr& request,
                            ReviewDocument::Decision decision) {
    ReviewDocument document;
    document.decision = decision;
    document.uid = request->meta.uid;
    document.effective_digest = request->request.effective.digest();
    return state->review_request(as(who), request->meta.name, document, false);
  }
  RequestPtr approved_request(const std::string& who = "alice") {
    auto done = review("bob", file_request("/mycluster/pod/k/dev/web-*", who),
                       ReviewDocument::Decision::kApprove);
    REQUIRE_MESSAGE(done, said(done));
    return *done;
  }
  IssuedSession session(const std::string& user, std::vector<std::string> requests = {}) {
    SessionDocument document;
    document.requests = std::move(requests);
    auto made = state->create_session(as(user), document);
    REQUIRE_MESSAGE(made, said(made));
    return *made;
  }
  /// What the data path sees of a token; nullptr: nothing.
  std::shared_ptr<const SessionEntry> entry(const IssuedSession& session) const;
  /// Whether a session may get this pod, as the data path decides.
  bool may_get(const IssuedSession& session, const std::string& pod) const;
};

}  // namespace postern::proxy::access::test
