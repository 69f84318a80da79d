// What writing down a request costs the worker that serves it.
//
//     audit_bench [EVENTS]
//
// CPU time of this thread; the file is /dev/null, so that what is left is the worker's part: the
// policy, the event with its annotations, its JSON, and the hand-over to the writing thread.

#include "kube/request_info.h"
#include "proxy/audit/audit_log.h"
#include "proxy/audit/redact_uri.h"
#include "proxy/http/codec.h"
#include "proxy/observe/log.h"
#include "proxy/observe/metrics.h"
#include "proxy/session/audit_event.h"
#include "proxy/session/audit_request.h"
#include "proxy/upstream/request_builder.h"
#include "tests/proxy/session/fake_stream.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <string>
#include <thread>

using namespace postern;
using namespace postern::proxy;

namespace {

int events = 200'000;
volatile std::size_t kept = 0;

double cpu_nanoseconds() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

void report(const char* what, const std::function<void()>& work) {
  double best = 1e18;
  for (int round = 0; round < 5; ++round) {
    const double start = cpu_nanoseconds();
    for (int i = 0; i < events; ++i) work();
    best = std::min(best, (cpu_nanoseconds() - start) / events);
  }
  std::printf("%-64s %8.0f ns\n", what, best);
}

/// A request as it is at its end: kubectl gets a pod within an access request.
ProxiedRequest sample() {
  const std::string head =
      "GET /api/v1/namespaces/dev/pods/nginx-7d9b8c6f5-abcde?timeout=32s HTTP/1.1\r\n"
      "Host: postern\r\nUser-Agent: kubectl/v1.37.0 (linux/amd64) kubernetes/0123456\r\n"
      "Accept: application/json\r\nAuthorization: Bearer pst_x\r\n\r\n";
  ProxiedRequest request(http::parse_request_head(head, {}).value());
  request.audit_id = make_audit_id();
  request.user = {"alice@example.com", {"developers", "system:authenticated"}, "uid-1"};
  request.info = kube::parse_request_info("GET", request.head.target).value();
  request.decision.verdict = rbac::Verdict::kAllow;
  request.decision.explanation =
      "allowed by role dev-pods, allow.kubernetes_resources[2], request k3n5x0a1b2";
  request.decision.grant = "k3n5x0a1b2";
  request.decision.expires_at = std::chrono::system_clock::now();
  request.decision.shares.push_back(
      {{"alice@example.com", {"dev-team", "system:authenticated"}}, {"dev-pods"}, nullptr, ""});
  request.shares.push_back(0);
  request.code = 200;
  return request;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1) events = std::max(1, std::atoi(argv[1]));
  Worker worker(0);
  FakeStream stream(worker.executor());
  const ClientLimits limits;
  const ClientConnection client(worker, stream, limits);
  ProxiedRequest request = sample();
  request.audit.config = audit::RequestConfig{audit::Level::kMetadata, {}, false};
  Metrics metrics;
  Log log;
  audit::Sink sink({.file = {.path = "/dev/null"}, .queue_bytes = 1024UL * 1024 * 1024}, log,
                   metrics);
  if (sink.open()) return 1;
  sink.start();

  const std::string line = RequestEvent(client, request, audit::Stage::kResponseComplete).line();
  std::printf("%s%zu bytes\n\n", line.c_str(), line.size());
  const audit::Policy& policy = audit::built_in_policy();
  report("the built-in policy, on a get", [&] {
    kept = kept + (policy.evaluate(audit_attributes(request)).wants(audit::Stage::kResponseComplete)
                       ? 1U
                       : 0U);
  });
  report("a request target without secrets",
         [&] { kept = kept + audit::redact_uri(request.head.target).size(); });
  report("an event of a request, as JSON", [&] {
    kept = kept + RequestEvent(client, request, audit::Stage::kResponseComplete).line().size();
  });
  report("handing a line over", [&] { kept = kept + sink.push(line, audit::Level::kMetadata); });
  report("all of it", [&] {
    policy.evaluate(audit_attributes(request));
    RequestEvent event(client, request, audit::Stage::kResponseComplete);
    kept = kept + sink.push(event.line(), audit::Level::kMetadata);
  });
  sink.stop(std::chrono::seconds(60));
  return 0;
}
