#include "proxy/session/yaml_thread.h"

#include "proxy/access/state/run_on.h"
#include "proxy/net/waiting_place.h"

#include <utility>

// Tested by tests/proxy/session/yaml_thread_test.cc
namespace postern::proxy {

void YamlThread::start() {
  thread_ = std::thread([this] { worker_.run(); });
}

void YamlThread::stop() {
  if (!thread_.joinable()) return;
  worker_.stop();
  thread_.join();
}

Task<Result<kube::BodyFacts>> YamlThread::read(Worker& caller,
                                               std::shared_ptr<const std::string> body) {
  // Kept by the work: when the client is gone, its body is read to the end all the same.
  const auto place = std::make_shared<WaitingPlace>(waiting_, kMaxWaiting);
  if (!place->got()) {
    co_return fail(kube::Status::too_many_requests(
        "too many large YAML bodies are read at the moment: try again, or send JSON", 1));
  }
  co_return co_await access::run_on<Result<kube::BodyFacts>>(
      worker_, caller, [place, body = std::move(body)] {
        return kube::read_body_facts(kube::BodyEncoding::kYaml, *body);
      });
}

}  // namespace postern::proxy
