#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace postern::proxy {

/// How many CPUs this process may keep busy, at least 1: those that it may run on, and no more than
/// the time that its control group and those above it have (cgroup v2, `cpu.max`), rounded up. So
/// has a container with a limit of one CPU on a machine with sixty-four.
unsigned available_cpus();

/// The same of one control group: `group` as in /proc/self/cgroup, below the folder `root`.
/// nullopt: no limit.
std::optional<unsigned> quota_cpus(const std::string& root, std::string_view group);

}  // namespace postern::proxy
