#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace postern::proxy::audit {

/// Where events go and how long they are kept there. As kube-apiserver's `--audit-log-…`.
struct LogFileOptions {
  std::string path;                 ///< "/dev/stdout": the standard output, whatever it is
  std::uint64_t max_bytes = 0;      ///< 0: never rotated
  std::uint64_t max_backups = 0;    ///< 0: any number of them
  std::chrono::seconds max_age{0};  ///< of a backup, by its name; 0: kept for ever
};

/// What went wrong, for an operator; nullopt: nothing.
using Fault = std::optional<std::string>;

/// A file that lines are appended to, mode 0600, replaced when it has grown large enough: the old
/// one becomes `NAME-2026-11-28T21-45-06.123.EXT` beside it, in UTC, as lumberjack (kube-apiserver)
/// names them. What is no regular file (a pipe, a device) is only written to.
///
/// One thread uses it. Nothing is thrown; whatever fails may be tried again.
class LogFile {
 public:
  explicit LogFile(LogFileOptions options);
  ~LogFile();
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;

  /// Opens or makes it. A line that an earlier process left unfinished is ended.
  Fault open();
  /// Appends all of `lines`, whole lines; replaces the file before, when it would become too large.
  /// After a fault the file has none of them, and so may standard output have a part.
  Fault write(std::string_view lines);
  /// Whether a write would have a place to go: the path still names the open file (else it is
  /// opened anew), and its file system can be written to and has room. Also removes what is old
  /// enough.
  Fault check();
  /// Closes it; the next use opens it again, by its path (SIGHUP, after somebody else's rotation).
  void close();

 private:
  bool is_stream() const { return options_.path == "/dev/stdout"; }
  bool was_replaced() const;
  Fault end_open_line();
  Fault append(std::string_view lines);
  Fault append_stream(std::string_view lines);
  Fault rotate();
  void remove_old_backups();

  LogFileOptions options_;
  int descriptor_ = -1;
  bool regular_ = false;
  std::uint64_t size_ = 0;
  std::chrono::steady_clock::time_point next_clean_up_{};
};

/// `audit-2026-11-28T21-45-06.123.log` of `audit.log`.
std::string backup_name(std::string_view name, std::chrono::system_clock::time_point time);

}  // namespace postern::proxy::audit
