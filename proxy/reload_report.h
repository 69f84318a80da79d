#pragma once

#include "proxy/config_error.h"
#include "proxy/observe/log.h"
#include "proxy/observe/metrics.h"

#include <string_view>

namespace postern::proxy {

/// Tells the log and the metrics how loads of watched files went. Both must outlive it.
class ReloadReport {
 public:
  ReloadReport(Metrics& metrics, Log& log) : metrics_(metrics), log_(log) {}

  /// `what` for people: "roles and users".
  void succeeded(ReloadKind kind, std::string_view what) const {
    metrics_.reloaded(kind, true);
    log_.info("files loaded", {{"what", what}});
  }
  /// What was in force stays so.
  void failed(ReloadKind kind, std::string_view what, const ConfigErrors& errors) const {
    metrics_.reloaded(kind, false);
    for (const ConfigError& error : errors) {
      log_.error("files not loaded, the old content stays in force",
                 {{"what", what}, {"why", error.to_string()}});
    }
  }
  Metrics& metrics() const { return metrics_; }
  Log& log() const { return log_; }

 private:
  Metrics& metrics_;
  Log& log_;
};

}  // namespace postern::proxy
