#include "proxy/upstream/discovery.h"

#include "proxy/upstream/discovery_reader.h"
#include "upstream_fixture.h"

#include <map>
#include <mutex>

namespace postern::proxy::test {
namespace {

using namespace std::chrono_literals;

constexpr const char* kAggregatedType =
    "Content-Type: application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList\r\n";

std::string aggregated(const std::string& group, const std::string& version,
                       const std::string& plural, const std::string& kind,
                       const std::string& freshness = "Current") {
  return R"({"metadata":{"name":")" + group + R"("},"versions":[{"version":")" + version +
         R"(","freshness":")" + freshness + R"(","resources":[{"resource":")" + plural +
         R"(","responseKind":{"group":")" + group + R"(","version":")" + version + R"(","kind":")" +
         kind + R"("},"scope":"Namespaced","singularResource":"","verbs":)" +
         R"(["get","list","watch"]}]}]})";
}

std::string aggregated_list(const std::string& items) {
  return R"({"kind":"APIGroupDiscoveryList","apiVersion":"apidiscovery.k8s.io/v2","metadata":{},)"
         R"("items":[)" +
         items + "]}";
}

std::string resource_list(const std::string& group_version, const std::string& plural,
                          const std::string& kind) {
  return R"({"kind":"APIResourceList","apiVersion":"v1","groupVersion":")" + group_version +
         R"(","resources":[{"name":")" + plural +
         R"(","singularName":"","namespaced":true,"kind":")" + kind +
         R"(","verbs":["get","list"]}]})";
}

struct Document {
  unsigned status = 200;
  std::string body;
  std::string fields = "Content-Type: application/json\r\n";
};

/// An API server's discovery, which a test changes while it is asked.
class FakeDiscovery {
 public:
  void put(const std::string& path, Document document) {
    const std::lock_guard lock(mutex_);
    documents_[path] = std::move(document);
  }
  void put_aggregated(const std::string& path, const std::string& items) {
    put(path, {200, aggregated_list(items), kAggregatedType});
  }
  ScriptedServer::Script script() {
    return answering([this](const std::string& request, ServerConnection& connection) {
      const std::string path = first_words(request).substr(4);
      const std::lock_guard lock(mutex_);
      const auto found = documents_.find(path);
      if (found == documents_.end()) return connection.answer(404, "{}");
      const Document& document = found->second;
      const std::size_t tag = document.fields.find("ETag: ");
      if (tag != std::string::npos &&
          has_line(request, "If-None-Match: " + document.fields.substr(tag + 6, 4))) {
        return connection.write("HTTP/1.1 304 Not Modified\r\n\r\n");
      }
      connection.answer(document.status, document.body, document.fields);
    });
  }

 private:
  std::mutex mutex_;
  std::map<std::string, Document> documents_;
};

using Catalog = std::shared_ptr<const kube::ApiCatalog>;

Task<void> read_into(UpstreamPool& pool, DiscoveryTags& tags, Result<Catalog>& into) {
  into = co_await read_discovery(pool, tags, 1024UL * 1024);
}

struct Reading {
  explicit Reading(FakeDiscovery& fake) : fixture(fake.script()) {}
  Result<Catalog> read() {
    Result<Catalog> catalog;
    fixture.run(read_into(fixture.pool, tags, catalog));
    return catalog;
  }
  UpstreamFixture fixture;
  DiscoveryTags tags;
};

FakeDiscovery& with_aggregated(FakeDiscovery& fake, const std::string& freshness = "Current") {
  fake.put("/api/v1/namespaces/kube-system", {200, R"({"metadata":{"uid":"first"}})"});
  fake.put("/version", {200, R"({"gitVersion":"v1.34.1"})"});
  fake.put_aggregated("/api", aggregated("", "v1", "pods", "Pod"));
  fake.put_aggregated("/apis",
                      aggregated("apps", "v1", "deployments", "Deployment") + "," +
                          aggregated("metrics.k8s.io", "v1beta1", "pods", "PodMetrics", freshness));
  return fake;
}

TEST_CASE("discovery: aggregated documents, two calls") {
  FakeDiscovery fake;
  Reading reading(with_aggregated(fake));
  const auto catalog = reading.read();
  REQUIRE(catalog);
  REQUIRE(*catalog);
  CHECK((*catalog)->find("", "v1", "pods") != nullptr);
  CHECK((*catalog)->find("apps", "v1", "deployments") != nullptr);
  CHECK((*catalog)->find("metrics.k8s.io", "v1beta1", "pods") != nullptr);
  const auto requests = reading.fixture.server.requests();
  REQUIRE(requests.size() == 2);
  CHECK(requests[0].find("as=APIGroupDiscoveryList") != std::string::npos);
  CHECK(requests[0].find("Impersonate-") == std::string::npos);
}

TEST_CASE("discovery: a broken aggregated API is stale and harms no other") {
  FakeDiscovery fake;
  Reading reading(with_aggregated(fake, "Stale"));
  const auto catalog = reading.read();
  REQUIRE(catalog);
  CHECK((*catalog)->is_stale("metrics.k8s.io", "v1beta1"));
  CHECK((*catalog)->find("metrics.k8s.io", "v1beta1", "pods") == nullptr);
  CHECK((*catalog)->find("apps", "v1", "deployments") != nullptr);
}

FakeDiscovery& with_legacy(FakeDiscovery& fake) {
  fake.put("/api", {200, R"({"kind":"APIVersions","versions":["v1"]})"});
  fake.put("/apis",
           {200, R"({"kind":"APIGroupList","apiVersion":"v1","groups":[)"
                 R"({"name":"apps","versions":[{"groupVersion":"apps/v1","version":"v1"}],)"
                 R"("preferredVersion":{"groupVersion":"apps/v1","version":"v1"}},)"
                 R"({"name":"metrics.k8s.io","versions":[{"groupVersion":"metrics.k8s.io/v1beta1",)"
                 R"("version":"v1beta1"}],"preferredVersion":{"groupVersion":)"
                 R"("metrics.k8s.io/v1beta1","version":"v1beta1"}}]})"});
  fake.put("/api/v1", {200, resource_list("v1", "pods", "Pod")});
  fake.put("/apis/apps/v1", {200, resource_list("apps/v1", "deployments", "Deployment")});
  fake.put("/apis/metrics.k8s.io/v1beta1", {503, "service unavailable"});
  return fake;
}

TEST_CASE("discovery: servers without aggregated documents are read one by one") {
  FakeDiscovery fake;
  Reading reading(with_legacy(fake));
  const auto catalog = reading.read();
  REQUIRE(catalog);
  CHECK((*catalog)->find("", "v1", "pods") != nullptr);
  CHECK((*catalog)->find("apps", "v1", "deployments") != nullptr);
  CHECK((*catalog)->is_stale("metrics.k8s.io", "v1beta1"));
  CHECK(reading.fixture.server.requests().size() == 5);
}

TEST_CASE("discovery: unchanged documents cost nothing") {
  FakeDiscovery fake;
  fake.put("/api", {200, aggregated_list(aggregated("", "v1", "pods", "Pod")),
                    std::string(kAggregatedType) + "ETag: \"1a\"\r\n"});
  fake.put("/apis", {200, aggregated_list(aggregated("apps", "v1", "deployments", "Deployment")),
                     std::string(kAggregatedType) + "ETag: \"1b\"\r\n"});
  Reading reading(fake);
  const auto first = reading.read();
  REQUIRE(first);
  REQUIRE(*first);
  const auto second = reading.read();
  REQUIRE(second);
  CHECK(*second == nullptr);
  fake.put("/apis", {200, aggregated_list(aggregated("e.com", "v1", "widgets", "Widget")),
                     std::string(kAggregatedType) + "ETag: \"2b\"\r\n"});
  const auto third = reading.read();
  REQUIRE(third);
  REQUIRE(*third);
  CHECK((*third)->find("e.com", "v1", "widgets") != nullptr);
  CHECK((*third)->find("apps", "v1", "deployments") == nullptr);
  CHECK((*third)->find("", "v1", "pods") != nullptr);
}

TEST_CASE("discovery: what is no discovery leaves nothing behind") {
  const Document rows[] = {
      {500, "{}"}, {403, "{}"}, {302, "", "Location: /x\r\n"}, {200, "<html>"}};
  for (const Document& document : rows) {
    FakeDiscovery fake;
    with_aggregated(fake).put("/apis", document);
    Reading reading(fake);
    const auto catalog = reading.read();
    REQUIRE_FALSE(catalog);
    CHECK(catalog.error().code == 502);
  }
}

/// A Discovery on a worker that runs on a thread of its own, as in life.
class RunningDiscovery {
 public:
  RunningDiscovery(FakeDiscovery& fake, DiscoveryOptions options)
      : server_(fake.script()),
        discovery_(worker_, make_endpoint(endpoint_source(server_.port())), {}, with(options)),
        thread_([this] { worker_.run(); }) {
    discovery_.start();
  }
  ~RunningDiscovery() {
    discovery_.stop();
    worker_.stop();
    thread_.join();
  }
  Discovery& operator*() { return discovery_; }
  Discovery* operator->() { return &discovery_; }
  ScriptedServer& server() { return server_; }
  const LoggedLines& logged() const { return logged_; }

  template <typename Condition>
  void wait_until(Condition condition) {
    const auto until = Clock::now() + 20s;
    while (!condition() && Clock::now() < until) std::this_thread::yield();
    REQUIRE(condition());
  }

 private:
  DiscoveryOptions with(DiscoveryOptions options) {
    options.cluster = "mycluster";
    options.hooks = logged_.hooks();
    return options;
  }

  ScriptedServer server_;
  LoggedLines logged_;
  Worker worker_{0};
  Discovery discovery_;
  std::thread thread_;
};

TEST_CASE("discovery: ready after the first success; a failure keeps what is known") {
  FakeDiscovery fake;
  DiscoveryOptions options;
  options.interval = 20ms;
  options.first_retry = 5ms;
  RunningDiscovery discovery(fake, options);
  discovery.wait_until([&] { return discovery->counters().failed >= 2; });
  CHECK_FALSE(discovery->ready());
  CHECK(discovery->catalog().load() == nullptr);
  CHECK(discovery.logged().contain("discovery of mycluster failed"));

  with_aggregated(fake);
  discovery.wait_until([&] { return discovery->ready(); });
  const auto known = discovery->catalog().load();
  REQUIRE(known);
  CHECK(known->find("", "v1", "pods") != nullptr);

  fake.put("/apis", {500, "{}"});
  const auto failed = discovery->counters().failed;
  discovery.wait_until([&] { return discovery->counters().failed > failed + 1; });
  CHECK(discovery->ready());
  REQUIRE(discovery->catalog().load());
  CHECK(discovery->catalog().load()->find("apps", "v1", "deployments") != nullptr);
}

TEST_CASE("discovery: broken APIs are named in the log when they change") {
  FakeDiscovery fake;
  DiscoveryOptions options;
  options.interval = 10ms;
  RunningDiscovery discovery(with_aggregated(fake, "Stale"), options);
  discovery.wait_until([&] { return discovery->counters().refreshed > 5; });
  CHECK(discovery.logged().contain("metrics.k8s.io/v1beta1"));
  CHECK(discovery.logged().size() == 1);
  with_aggregated(fake);
  discovery.wait_until([&] { return discovery.logged().contain("can be discovered again"); });
}

TEST_CASE("discovery: which cluster it is, known with the first catalogue and followed") {
  FakeDiscovery fake;
  DiscoveryOptions options;
  options.interval = 10ms;
  RunningDiscovery discovery(with_aggregated(fake), options);
  discovery.wait_until([&] { return discovery->catalog().load() != nullptr; });
  REQUIRE(discovery->identity().load());
  CHECK(*discovery->identity().load() == ClusterIdentity{"first", "v1.34.1"});
  const auto uid = [&] { return discovery->identity().load()->uid; };

  // No answer is no other cluster; a refusal leaves it in doubt.
  fake.put("/api/v1/namespaces/kube-system", {503, "{}"});
  const auto refreshed = discovery->counters().refreshed;
  discovery.wait_until([&] { return discovery->counters().refreshed > refreshed + 2; });
  CHECK(uid() == "first");
  fake.put("/api/v1/namespaces/kube-system", {403, "{}"});
  discovery.wait_until([&] { return uid().empty(); });
  // Told behind the publishing, so perhaps a moment later.
  discovery.wait_until(
      [&] { return discovery.logged().contain("kube-system of mycluster cannot be read"); });
  for (const std::string name : {"second", "third"}) {
    fake.put("/api/v1/namespaces/kube-system", {200, R"({"metadata":{"uid":")" + name + "\"}}"});
    discovery.wait_until([&] { return uid() == name; });
  }
  discovery.wait_until(
      [&] { return discovery.logged().contain("mycluster is another cluster now"); });
}

Task<void> refresh_into(Discovery& discovery, Worker& worker, std::string group,
                        std::vector<Catalog>& into) {
  into.push_back(co_await discovery.refresh_kind(worker, std::move(group), "v1"));
}

TEST_CASE("discovery: one targeted call finds a new kind, whoever asks, on whichever worker") {
  FakeDiscovery fake;
  RunningDiscovery discovery(with_aggregated(fake), {});
  discovery.wait_until([&] { return discovery->ready(); });
  fake.put("/apis/e.com/v1", {200, resource_list("e.com/v1", "widgets", "Widget")});
  const std::size_t before = discovery.server().requests().size();

  Worker caller(1);
  std::vector<Catalog> catalogs;
  Run run(caller);
  for (int i = 0; i < 5; ++i) run.add(refresh_into(*discovery, caller, "e.com", catalogs));
  REQUIRE(run());
  REQUIRE(catalogs.size() == 5);
  for (const Catalog& catalog : catalogs) {
    CHECK(catalog->find("e.com", "v1", "widgets") != nullptr);
    CHECK(catalog->find("", "v1", "pods") != nullptr);
  }
  CHECK(discovery->counters().targeted == 1);
  CHECK(discovery.server().requests().size() == before + 1);
}

TEST_CASE("discovery: a group version that is not there is not asked for again and again") {
  FakeDiscovery fake;
  DiscoveryOptions options;
  options.targeted_burst = 3;
  options.targeted_gap = 1h;
  RunningDiscovery discovery(with_aggregated(fake), options);
  discovery.wait_until([&] { return discovery->ready(); });
  Worker caller(1);
  std::vector<Catalog> catalogs;
  for (int i = 0; i < 5; ++i) {
    REQUIRE(Run(caller).add(refresh_into(*discovery, caller, "gone.com", catalogs))());
  }
  CHECK(discovery->counters().targeted == 1);
  for (int i = 0; i < 20; ++i) {
    REQUIRE(Run(caller).add(
        refresh_into(*discovery, caller, "g" + std::to_string(i) + ".com", catalogs))());
  }
  CHECK(discovery->counters().targeted == 3);
  CHECK(discovery->counters().suppressed == 18);
  CHECK(catalogs.back()->find("", "v1", "pods") != nullptr);
  REQUIRE(Run(caller).add(refresh_into(*discovery, caller, "../evil", catalogs))());
  CHECK(discovery->counters().targeted == 3);
}

TEST_CASE("discovery: a targeted call that meets a broken server makes its version stale only") {
  FakeDiscovery fake;
  RunningDiscovery discovery(with_aggregated(fake), {});
  discovery.wait_until([&] { return discovery->ready(); });
  fake.put("/apis/broken.com/v1", {503, "no"});
  Worker caller(1);
  std::vector<Catalog> catalogs;
  REQUIRE(Run(caller).add(refresh_into(*discovery, caller, "broken.com", catalogs))());
  CHECK(catalogs[0]->is_stale("broken.com", "v1"));
  CHECK(catalogs[0]->find("apps", "v1", "deployments") != nullptr);
}

TEST_CASE("discovery: nobody waits for one that is not ready, or has been stopped") {
  FakeDiscovery fake;
  RunningDiscovery discovery(fake, {});
  Worker caller(1);
  std::vector<Catalog> catalogs;
  REQUIRE(Run(caller).add(refresh_into(*discovery, caller, "e.com", catalogs))());
  CHECK(catalogs.back() == nullptr);
  discovery->stop();
  REQUIRE(Run(caller).add(refresh_into(*discovery, caller, "e.com", catalogs))());
  CHECK(catalogs.size() == 2);
}

}  // namespace
}  // namespace postern::proxy::test
