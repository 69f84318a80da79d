#pragma once

#include "kube/result.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <functional>
#include <string>
#include <utility>

/// What the benchmarks measure with, and how they say it. A benchmark that cannot go on ends.
namespace postern::bench {

/// CPU time of this thread alone: what others do on the machine does not count.
inline double cpu_milliseconds(const std::function<void()>& work) {
  const auto now = [] {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
  };
  const double start = now();
  work();
  return now() - start;
}

/// The best of five, for what can be done again.
inline double best_milliseconds(const std::function<void()>& work) {
  double best = cpu_milliseconds(work);
  for (int i = 1; i < 5; ++i) best = std::min(best, cpu_milliseconds(work));
  return best;
}

/// One line of the report.
inline void report(const std::string& what, double value, const char* unit) {
  std::printf("%-58s %10.3f %s\n", what.c_str(), value, unit);
}

/// The value, or an end with exit code 1 and the reason on standard error.
template <typename T>
T must(Result<T> result) {
  if constexpr (std::is_void_v<T>) {
    if (result) return;
  } else {
    if (result) return std::move(*result);
  }
  std::fprintf(stderr, "%s\n", result.error().message.c_str());
  std::exit(1);
}

}  // namespace postern::bench
