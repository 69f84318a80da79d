#include "proxy/available_cpus.h"

#include <algorithm>
#include <fstream>
#include <sched.h>
#include <thread>

// Tested by tests/proxy/available_cpus_test.cc
namespace postern::proxy {
namespace {

constexpr const char* kRoot = "/sys/fs/cgroup";

/// `QUOTA PERIOD` in microseconds, or `max PERIOD`
/// (https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu-interface-files).
std::optional<unsigned> quota_of(const std::string& file) {
  std::ifstream in(file);
  unsigned long quota = 0;
  unsigned long period = 0;
  if (!(in >> quota >> period) || period == 0) return std::nullopt;
  return static_cast<unsigned>(std::max(1UL, (quota + period - 1) / period));
}

/// Of cgroup v2: the line `0::/GROUP`.
std::string own_group() {
  std::ifstream in("/proc/self/cgroup");
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("0::")) return line.substr(3);
  }
  return "/";
}

unsigned usable_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0) {
    return static_cast<unsigned>(CPU_COUNT(&set));
  }
  return std::max(1U, std::thread::hardware_concurrency());
}

}  // namespace

std::optional<unsigned> quota_cpus(const std::string& root, std::string_view group) {
  std::optional<unsigned> least;
  std::string path(group);
  for (;;) {
    while (!path.empty() && path.back() == '/') path.pop_back();
    if (const auto here = quota_of(root + path + "/cpu.max")) {
      least = std::min(least.value_or(*here), *here);
    }
    if (path.empty()) return least;
    path.erase(path.rfind('/') == std::string::npos ? 0 : path.rfind('/'));
  }
}

unsigned available_cpus() {
  const unsigned usable = usable_cpus();
  return std::min(usable, quota_cpus(kRoot, own_group()).value_or(usable));
}

}  // namespace postern::proxy
