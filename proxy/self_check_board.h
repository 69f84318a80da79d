#pragma once

#include "proxy/observe/log.h"

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace postern::proxy {

/// Something that an operator has to put right: a missing right, an API server that is away, a
/// clock that is wrong, a certificate that has ended.
struct Problem {
  std::string reason;   ///< in CamelCase, as the reasons of Kubernetes events
  std::string message;  ///< what is wrong and what to do, for people
  friend bool operator==(const Problem&, const Problem&) = default;
};

/// What the self-checks have found, for everybody who shows it: the log, `/readyz?verbose`, events
/// of postern's own Pod. Every method is safe from any thread; one source is reported by one
/// thread at a time.
class SelfCheckBoard {
 public:
  /// `log` must outlive the board.
  explicit SelfCheckBoard(Log& log) : log_(log) {}

  /// Takes the place of what this source reported before. What is new is logged, and what is over;
  /// what stays as it was is not told again.
  void report(const std::string& source, std::vector<Problem> problems);
  /// Of every source, in their order.
  std::vector<Problem> problems() const;
  /// The same as lines of text.
  std::vector<std::string> lines() const;
  /// Called after each change, on the thread that reported it. To be set before the first report.
  void on_change(std::function<void()> told) { told_ = std::move(told); }

 private:
  void tell(const std::string& source, const std::vector<Problem>& before,
            const std::vector<Problem>& now);

  Log& log_;
  std::function<void()> told_;
  mutable std::mutex mutex_;
  std::map<std::string, std::vector<Problem>> problems_;
};

}  // namespace postern::proxy
