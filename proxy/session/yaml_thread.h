#pragma once

#include "kube/object_meta.h"
#include "kube/result.h"
#include "proxy/net/worker.h"

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <thread>

namespace postern::proxy {

/// A thread that reads large YAML bodies. The largest that is read at all (kube/yaml_cost.h) takes
/// an eighth of a second, and whoever sends one after the other would keep a worker from its other
/// connections. JSON and protobuf are read where they are, at a hundred times that speed; kubectl
/// and client libraries send those.
///
/// Flow: start(); read() on any worker; stop() when no worker runs any more and before one is
/// destroyed.
class YamlThread {
 public:
  /// What is smaller is not worth the way to another thread.
  static constexpr std::size_t kLarge = std::size_t{16} * 1024;
  /// Bodies that may wait for the thread, the one that it reads included.
  static constexpr int kMaxWaiting = 8;

  YamlThread() : worker_(0) {}
  ~YamlThread() { stop(); }
  YamlThread(const YamlThread&) = delete;
  YamlThread& operator=(const YamlThread&) = delete;

  void start();
  /// Idempotent.
  void stop();

  /// As kube::read_body_facts(); 429 when too many wait. `caller` runs the awaiting coroutine.
  Task<Result<kube::BodyFacts>> read(Worker& caller, std::shared_ptr<const std::string> body);

 private:
  std::atomic<int> waiting_{0};  // before the worker, whose work counts here to its end
  Worker worker_;
  std::thread thread_;
};

}  // namespace postern::proxy
