#pragma once

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>
#include <string>
#include <string_view>
#include <vector>

namespace postern::proxy {

/// The standard `process_*` metrics of Prometheus' client libraries, read from /proc at each scrape
/// (instrumenting/writing_clientlibs.md, "Process metrics"). What cannot be read is left out.
class ProcessCollector : public prometheus::Collectable {
 public:
  std::vector<prometheus::MetricFamily> Collect() const override;
};

/// The numbers of /proc/self/stat that are of use. Fields are counted behind the command's last
/// parenthesis, since the command may contain spaces and parentheses (proc(5)).
struct ProcessStat {
  double cpu_seconds = 0;
  double threads = 0;
  double start_seconds_after_boot = 0;
  double virtual_bytes = 0;
  double resident_bytes = 0;
};
bool parse_process_stat(std::string_view text, long ticks_per_second, long page_bytes,
                        ProcessStat& out);

}  // namespace postern::proxy
