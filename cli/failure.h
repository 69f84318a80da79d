#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace postern::cli {

/// Exit codes of every command (`postern help exit-codes`, design §1).
enum ExitCode : int {
  kDone = 0,
  kFailed = 1,
  kUsage = 2,
  kDenied = 3,
  kTimedOut = 5,
  kInterrupted = 130
};

/// Why a command did not do what it was asked for.
struct Failure {
  int exit_code = kFailed;
  std::string message;  ///< shown behind `error: `, made printable; may have several lines
  int http_status = 0;  ///< of the answer that said so; 0: there was none
};

template <typename T>
using Outcome = tl::expected<T, Failure>;

inline tl::unexpected<Failure> failed(std::string message) {
  return tl::unexpected(Failure{kFailed, std::move(message)});
}
inline tl::unexpected<Failure> wrong_usage(std::string message) {
  return tl::unexpected(Failure{kUsage, std::move(message)});
}

}  // namespace postern::cli
