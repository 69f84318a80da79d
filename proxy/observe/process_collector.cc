#include "proxy/observe/process_collector.h"

#include <charconv>
#include <dirent.h>
#include <fstream>
#include <sstream>
#include <sys/resource.h>
#include <unistd.h>

namespace postern::proxy {
namespace {

using prometheus::MetricFamily;
using prometheus::MetricType;

std::string read_file(const char* path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

MetricFamily family(const char* name, const char* help, MetricType type, double value) {
  prometheus::ClientMetric metric;
  if (type == MetricType::Counter) {
    metric.counter.value = value;
  } else {
    metric.gauge.value = value;
  }
  return {name, help, type, {metric}};
}

/// Seconds since the epoch at which the machine booted; 0 when unknown.
double boot_time() {
  const std::string text = read_file("/proc/stat");
  const auto position = text.find("\nbtime ");
  if (position == std::string::npos) return 0;
  return std::strtod(text.c_str() + position + 7, nullptr);
}

/// The number of open descriptors, that of the listing itself left out; -1 when unknown.
double open_descriptors() {
  DIR* const directory = opendir("/proc/self/fd");
  if (directory == nullptr) return -1;
  double count = 0;
  while (const dirent* entry = readdir(directory)) count += entry->d_name[0] == '.' ? 0 : 1;
  closedir(directory);
  return count - 1;
}

}  // namespace

bool parse_process_stat(std::string_view text, long ticks_per_second, long page_bytes,
                        ProcessStat& out) {
  const auto close = text.rfind(')');
  if (close == std::string_view::npos || ticks_per_second <= 0) return false;
  std::istringstream rest{std::string(text.substr(close + 1))};
  std::string state;
  rest >> state;
  // Fields 4 to 24 of proc(5).
  double fields[25] = {};
  for (int field = 4; field <= 24; ++field) {
    if (!(rest >> fields[field])) return false;
  }
  const auto ticks = static_cast<double>(ticks_per_second);
  out.cpu_seconds = (fields[14] + fields[15]) / ticks;
  out.threads = fields[20];
  out.start_seconds_after_boot = fields[22] / ticks;
  out.virtual_bytes = fields[23];
  out.resident_bytes = fields[24] * static_cast<double>(page_bytes);
  return true;
}

std::vector<MetricFamily> ProcessCollector::Collect() const {
  std::vector<MetricFamily> out;
  ProcessStat stat;
  if (parse_process_stat(read_file("/proc/self/stat"), sysconf(_SC_CLK_TCK), sysconf(_SC_PAGESIZE),
                         stat)) {
    out.push_back(family("process_cpu_seconds_total", "User and system CPU time spent, in seconds.",
                         MetricType::Counter, stat.cpu_seconds));
    out.push_back(
        family("process_threads", "Threads of the process.", MetricType::Gauge, stat.threads));
    out.push_back(family("process_virtual_memory_bytes", "Virtual memory size in bytes.",
                         MetricType::Gauge, stat.virtual_bytes));
    out.push_back(family("process_resident_memory_bytes", "Resident memory size in bytes.",
                         MetricType::Gauge, stat.resident_bytes));
    if (const double boot = boot_time(); boot > 0) {
      out.push_back(family("process_start_time_seconds",
                           "Start time of the process since the Unix epoch, in seconds.",
                           MetricType::Gauge, boot + stat.start_seconds_after_boot));
    }
  }
  if (const double open = open_descriptors(); open >= 0) {
    out.push_back(family("process_open_fds", "Open file descriptors.", MetricType::Gauge, open));
  }
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    out.push_back(family("process_max_fds", "Limit of open file descriptors.", MetricType::Gauge,
                         static_cast<double>(limit.rlim_cur)));
  }
  return out;
}

}  // namespace postern::proxy
