#include "proxy/observe/metrics.h"

#include "proxy/observe/cluster_metrics.h"
#include "proxy/observe/held_memory.h"
#include "proxy/observe/metric_labels.h"
#include "proxy/observe/process_collector.h"
#include "proxy/observe/request_metrics.h"

#include <cstdio>
#include <doctest/doctest.h>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>

namespace postern::proxy {
namespace {

/// The value of one exposed series, written as in the exposition; -1 when it is not there.
double value(const Metrics& metrics, const std::string& series) {
  std::istringstream lines(metrics.serialize());
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(series + " ")) return std::stod(line.substr(series.size() + 1));
  }
  return -1;
}

std::size_t series_count(const Metrics& metrics, const std::string& name) {
  std::istringstream lines(metrics.serialize());
  std::size_t count = 0;
  for (std::string line; std::getline(lines, line);) count += line.starts_with(name + "{") ? 1 : 0;
  return count;
}

void use_everything(Metrics& metrics) {
  RequestMetrics requests(metrics);
  requests.finished({.verb = "list",
                     .group = "apps",
                     .resource = "deployments",
                     .scope = RequestScope::kNamespace,
                     .code = 200,
                     .duration = std::chrono::milliseconds(30)});
  requests.filtered("", "pods", 3, 5);
  metrics.filter_failed("duplicate metadata key");
  ClusterMetrics cluster(metrics, "mycluster");
  cluster.answered(200, std::chrono::milliseconds(10));
  cluster.discovery_refreshed(true);
  cluster.certificate_expires(std::chrono::system_clock::now());
  metrics.configuration_in_force("sha256:00");
  metrics.reloaded(ReloadKind::kPolicy, true);
  metrics.certificate_expires(CertificateUse::kServing, std::chrono::system_clock::now());
  metrics.health_check("ping", true);
}

TEST_CASE("requests are counted by verb, kind and code") {
  Metrics metrics;
  RequestMetrics worker(metrics);
  RequestMetrics other_worker(metrics);
  const FinishedRequest request{.verb = "list",
                                .group = "apps",
                                .resource = "deployments",
                                .scope = RequestScope::kNamespace,
                                .code = 200,
                                .duration = std::chrono::milliseconds(30)};
  worker.finished(request);
  worker.finished(request);
  other_worker.finished(request);

  CHECK(
      value(
          metrics,
          R"(postern_http_requests_total{code="200",group="apps",resource="deployments",scope="namespace",subresource="",verb="list"})") ==
      3);
  const std::string duration = "postern_http_request_duration_seconds";
  CHECK(value(metrics, duration + R"(_count{scope="namespace",verb="list"})") == 3);
  CHECK(value(metrics, duration + R"(_sum{scope="namespace",verb="list"})") ==
        doctest::Approx(0.09));
  CHECK(value(metrics, duration + R"(_bucket{scope="namespace",verb="list",le="0.025"})") == 0);
  CHECK(value(metrics, duration + R"(_bucket{scope="namespace",verb="list",le="0.05"})") == 3);
}

TEST_CASE("long-running requests are not in the latency histogram") {
  Metrics metrics;
  RequestMetrics worker(metrics);
  worker.finished(
      {.verb = "watch", .group = "", .resource = "pods", .code = 200, .long_running = true});
  CHECK(
      value(
          metrics,
          R"(postern_http_requests_total{code="200",group="",resource="pods",scope="",subresource="",verb="watch"})") ==
      1);
  CHECK(series_count(metrics, "postern_http_request_duration_seconds_count") == 0);
}

TEST_CASE("nothing that a client sends becomes a label by itself") {
  Metrics metrics;
  RequestMetrics worker(metrics);
  for (unsigned i = 0; i < 500; ++i) {
    const std::string text = "x" + std::to_string(i);
    worker.finished(
        {.verb = text, .group = text, .resource = text, .subresource = text, .code = 600 + i});
    worker.filtered(text, text, 1, 1);
  }
  CHECK(series_count(metrics, "postern_http_requests_total") == 1);
  CHECK(
      value(
          metrics,
          R"(postern_http_requests_total{code="other",group="other",resource="other",scope="",subresource="other",verb="other"})") ==
      500);
  CHECK(series_count(metrics, "postern_filtered_objects_total") == 2);
  CHECK(metric_labels::resource_index("", "pods") !=
        metric_labels::resource_index("metrics.k8s.io", "pods"));
  CHECK(metric_labels::code_name(metric_labels::code_index(0)) == "none");
  CHECK(metric_labels::code_name(metric_labels::code_index(1)) == "other");
}

TEST_CASE("subresources and outcomes are told apart") {
  Metrics metrics;
  RequestMetrics worker(metrics);
  FinishedRequest request{.verb = "get",
                          .group = "",
                          .resource = "pods",
                          .subresource = "log",
                          .scope = RequestScope::kResource,
                          .code = 502,
                          .outcome = RequestOutcome::kUpstreamError};
  worker.finished(request);
  request.subresource = "";
  request.code = 500;
  request.outcome = RequestOutcome::kError;
  worker.finished(request);
  CHECK(
      value(
          metrics,
          R"(postern_http_requests_total{code="502",group="",resource="pods",scope="resource",subresource="log",verb="get"})") ==
      1);
  CHECK(
      value(
          metrics,
          R"(postern_http_requests_total{code="500",group="",resource="pods",scope="resource",subresource="",verb="get"})") ==
      1);
  metrics.request_failed();
  CHECK(value(metrics, R"(postern_http_request_outcomes_total{outcome="upstream_error"})") == 1);
  CHECK(value(metrics, R"(postern_http_request_outcomes_total{outcome="error"})") == 2);
}

TEST_CASE("clusters are counted apart") {
  Metrics metrics;
  ClusterMetrics a(metrics, "a");
  ClusterMetrics b(metrics, "b");
  a.answered(200, std::chrono::milliseconds(10));
  b.connect_failed(ConnectFailure::kTimeout);
  b.refused();
  a.reachable(true);
  const GaugeHold hold = a.connection(UpstreamConnectionState::kLeased);
  CHECK(value(metrics, R"(postern_upstream_requests_total{cluster="a",code="200"})") == 1);
  CHECK(value(metrics, R"(postern_upstream_requests_total{cluster="b",code="200"})") == 0);
  CHECK(value(metrics, R"(postern_upstream_request_duration_seconds_count{cluster="a"})") == 1);
  CHECK(value(metrics,
              R"(postern_upstream_connect_failures_total{cluster="b",reason="timeout"})") == 1);
  CHECK(value(metrics, R"(postern_upstream_refused_total{cluster="b"})") == 1);
  CHECK(value(metrics, R"(postern_upstream_connections{cluster="a",state="leased"})") == 1);
  CHECK(value(metrics, R"(postern_cluster_reachable{cluster="a"})") == 1);
  CHECK(value(metrics, R"(postern_cluster_reachable{cluster="b"})") == 0);
}

TEST_CASE("one digest of the configuration at a time") {
  Metrics metrics;
  metrics.configuration_in_force("sha256:01");
  metrics.configuration_in_force("sha256:02");
  CHECK(series_count(metrics, "postern_config_info") == 1);
  CHECK(value(metrics, R"(postern_config_info{hash="sha256:02"})") == 1);
}

TEST_CASE("filter failures keep a bounded number of reasons") {
  Metrics metrics;
  for (int i = 0; i < 200; ++i) metrics.filter_failed("reason " + std::to_string(i));
  CHECK(series_count(metrics, "postern_filter_failures_total") == 65);
  CHECK(value(metrics, R"(postern_filter_failures_total{reason="other"})") == 136);
}

TEST_CASE("a held gauge counts until it is let go") {
  Metrics metrics;
  const std::string idle = R"(postern_connections{state="idle"})";
  const std::string active = R"(postern_connections{state="active"})";
  {
    GaugeHold hold = metrics.connection(ConnectionState::kIdle);
    CHECK(value(metrics, idle) == 1);
    hold = metrics.connection(ConnectionState::kActive);
    CHECK(value(metrics, idle) == 0);
    CHECK(value(metrics, active) == 1);
    const GaugeHold moved = std::move(hold);
    CHECK(value(metrics, active) == 1);
  }
  CHECK(value(metrics, active) == 0);
}

TEST_CASE("a failed reload counts and leaves the timestamp of the last good one") {
  Metrics metrics;
  const std::chrono::system_clock::time_point then{std::chrono::seconds(1'700'000'000)};
  metrics.reloaded(ReloadKind::kTokens, true, then);
  metrics.reloaded(ReloadKind::kTokens, false, then + std::chrono::hours(1));
  CHECK(value(metrics, R"(postern_config_reloads_total{kind="tokens",result="success"})") == 1);
  CHECK(value(metrics, R"(postern_config_reloads_total{kind="tokens",result="failure"})") == 1);
  CHECK(value(metrics, R"(postern_config_last_reload_successful{kind="tokens"})") == 0);
  CHECK(value(metrics, R"(postern_config_last_reload_success_timestamp_seconds{kind="tokens"})") ==
        1'700'000'000);
}

TEST_CASE("enumerated series exist from the start") {
  Metrics metrics;
  CHECK(value(metrics, R"(postern_connections_rejected_total{reason="address_limit"})") == 0);
  CHECK(value(metrics, R"(postern_responses_cut_total{reason="bug"})") == 0);
  CHECK(value(metrics, R"(postern_http_request_outcomes_total{outcome="error"})") == 0);
  const ClusterMetrics cluster(metrics, "a");
  CHECK(value(metrics, R"(postern_upstream_requests_total{cluster="a",code="502"})") == 0);
  CHECK(value(metrics, R"(postern_cluster_reachable{cluster="a"})") == 0);
  CHECK(series_count(metrics, "postern_build_info") == 1);
}

TEST_CASE("every family has help and no name repeats") {
  Metrics metrics;
  use_everything(metrics);
  std::istringstream lines(metrics.serialize());
  std::set<std::string> helped;
  std::set<std::string> typed;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# HELP ")) {
      const auto end = line.find(' ', 7);
      REQUIRE(end != std::string::npos);
      CHECK(line.size() > end + 10);
      CHECK(helped.insert(line.substr(7, end - 7)).second);
    } else if (line.starts_with("# TYPE ")) {
      CHECK(typed.insert(line.substr(7, line.find(' ', 7) - 7)).second);
    }
  }
  CHECK(helped == typed);
  CHECK(helped.size() > 30);
}

TEST_CASE("promtool finds nothing to say") {
  Metrics metrics;
  use_everything(metrics);
  FILE* const promtool = popen("promtool check metrics 1>&2", "w");
  REQUIRE(promtool != nullptr);
  const std::string text = metrics.serialize();
  CHECK(fwrite(text.data(), 1, text.size(), promtool) == text.size());
  CHECK(pclose(promtool) == 0);
}

/// The labels of each family.
using Families = std::map<std::string, std::set<std::string>>;

/// As `text` exposes them. A histogram's own `le` is none of its labels.
Families families_of(const std::string& text) {
  static const std::regex label("([a-z_]+)=\"");
  Families found;
  std::set<std::string>* labels = nullptr;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# TYPE ")) labels = &found[line.substr(7, line.find(' ', 7) - 7)];
    if (line.starts_with("#") || labels == nullptr) continue;
    for (std::sregex_iterator at(line.begin(), line.end(), label), end; at != end; ++at) {
      if ((*at)[1] != "le") labels->insert((*at)[1]);
    }
  }
  return found;
}

/// As docs/metrics.md has them: `| name | type | label, label | what |`.
Families documented_families() {
  static const std::regex row("\\| `((?:postern|process)_\\w+)` \\| \\w+ \\| ([\\w, ]*)\\|.*");
  static const std::regex label("\\w+");
  Families found;
  std::ifstream in(std::string(POSTERN_SOURCE_DIR) + "/docs/metrics.md");
  REQUIRE(in);
  for (std::string line; std::getline(in, line);) {
    std::smatch parts;
    if (!std::regex_match(line, parts, row)) continue;
    const std::string labels = parts[2];
    std::sregex_iterator at(labels.begin(), labels.end(), label);
    std::set<std::string>& names = found[parts[1]];
    for (; at != std::sregex_iterator(); ++at) names.insert(at->str());
  }
  return found;
}

TEST_CASE("docs/metrics.md documents exactly the families and labels that there are") {
  Metrics metrics;
  use_everything(metrics);
  const HeldMemory held(
      "request_bodies", [] { return std::size_t{0}; }, 1);
  const Families exposed = families_of(metrics.serialize());
  const Families documented = documented_families();
  for (const auto& [name, labels] : exposed) {
    CAPTURE(name);
    REQUIRE(documented.contains(name));
    CHECK(documented.at(name) == labels);
  }
  for (const auto& [name, labels] : documented) {
    CAPTURE(name);
    CHECK(exposed.contains(name));
  }
}

TEST_CASE("memory that is held is asked for at each scrape") {
  Metrics metrics;
  std::size_t used = 5;
  {
    const HeldMemory gauge(
        "request_bodies", [&used] { return used; }, 4096);
    CHECK(value(metrics, "postern_held_limit_bytes{of=\"request_bodies\"}") == 4096);
    CHECK(value(metrics, "postern_held_bytes{of=\"request_bodies\"}") == 5);
    used = 0;
    CHECK(value(metrics, "postern_held_bytes{of=\"request_bodies\"}") == 0);
  }
  CHECK(value(metrics, "postern_held_bytes{of=\"request_bodies\"}") == -1);
}

TEST_CASE("the process's own numbers") {
  Metrics metrics;
  CHECK(value(metrics, "process_resident_memory_bytes") > 1e6);
  CHECK(value(metrics, "process_open_fds") >= 3);
  CHECK(value(metrics, "process_max_fds") >= 16);
  CHECK(value(metrics, "process_start_time_seconds") > 1.6e9);
  CHECK(value(metrics, "process_threads") >= 1);
}

TEST_CASE("/proc/self/stat with a hostile command name") {
  ProcessStat stat;
  const std::string text =
      "7 (a) (b) 9 R) S 1 2 3 4 5 6 7 8 9 10 250 150 13 14 15 16 3 18 4200 1048576 25 26";
  REQUIRE(parse_process_stat(text, 100, 4096, stat));
  CHECK(stat.cpu_seconds == 4.0);
  CHECK(stat.threads == 3);
  CHECK(stat.start_seconds_after_boot == 42);
  CHECK(stat.virtual_bytes == 1048576);
  CHECK(stat.resident_bytes == 25 * 4096);
  CHECK_FALSE(parse_process_stat("7 (x) S 1 2", 100, 4096, stat));
  CHECK_FALSE(parse_process_stat("", 100, 4096, stat));
}

}  // namespace
}  // namespace postern::proxy
