#pragma once

#include <chrono>
#include <functional>

namespace postern::proxy::access {

/// How long to wait before the next try: longer after each setback, up to a limit, with jitter, so
/// that replicas do not come all at once (as k8s.io/apimachinery wait.Backoff). Not safe from
/// several threads.
class Backoff {
 public:
  struct Options {
    std::chrono::milliseconds first{200};  ///< the most after the first setback
    std::chrono::milliseconds longest{5'000};
  };
  /// A number from the first to the second, both included.
  using Random = std::function<int(int least, int most)>;

  explicit Backoff(Options options) : Backoff(options, random_between) {}
  Backoff(Options options, Random random) : options_(options), random_(std::move(random)) {}

  /// Counts a setback, and says how long to wait: between half of the limit for as many of them and
  /// all of it.
  std::chrono::milliseconds after_setback();
  /// What was tried has worked for so long that the next setback is the first.
  void settled() { setbacks_ = 0; }

  static int random_between(int least, int most);

 private:
  Options options_;
  Random random_;
  unsigned setbacks_ = 0;
};

}  // namespace postern::proxy::access
