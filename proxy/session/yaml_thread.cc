#include "proxy/session/yaml_thread.h"

#include "proxy/access/state/run_on.h"

#include <utility>

// Tested by tests/proxy/session/yaml_thread_test.cc
namespace postern::proxy {
namespace {

/// One of those who wait, as long as it lives.
class Place {
 public:
  explicit Place(std::atomic<int>& taken)
      : taken_(taken), got_(++taken <= YamlThread::kMaxWaiting) {}
  ~Place() { --taken_; }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  bool got() const { return got_; }

 private:
  std::atomic<int>& taken_;
  bool got_;
};

}  // namespace

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
  const auto place = std::make_shared<Place>(waiting_);
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
