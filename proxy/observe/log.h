#pragma once

#include "proxy/observe/metrics.h"

#include <chrono>
#include <concepts>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

namespace postern::proxy {

/// What a log line says beside its message. Views live as long as the call.
using LogValue = std::variant<std::string_view, std::int64_t, std::uint64_t, double, bool>;

/// One key of a log line: `{"user", name}`. Keys are ours: literals in lower_snake_case.
struct LogField {
  LogField(std::string_view field_key, std::string_view text) : key(field_key), value(text) {}
  LogField(std::string_view field_key, const char* text)
      : key(field_key), value(std::string_view(text)) {}
  LogField(std::string_view field_key, const std::string& text)
      : key(field_key), value(std::string_view(text)) {}
  LogField(std::string_view field_key, bool truth) : key(field_key), value(truth) {}
  template <std::signed_integral T>
  LogField(std::string_view field_key, T number)
      : key(field_key), value(static_cast<std::int64_t>(number)) {}
  template <std::unsigned_integral T>
    requires(!std::same_as<T, bool>)
  LogField(std::string_view field_key, T number)
      : key(field_key), value(static_cast<std::uint64_t>(number)) {}
  template <std::floating_point T>
  LogField(std::string_view field_key, T number)
      : key(field_key), value(static_cast<double>(number)) {}
  template <typename Rep, typename Period>
  LogField(std::string_view field_key, std::chrono::duration<Rep, Period> duration)
      : key(field_key), value(std::chrono::duration<double>(duration).count()) {}  ///< seconds

  std::string_view key;
  LogValue value;
};
using LogFields = std::initializer_list<LogField>;

enum class LogFormat { kJson, kText };
/// What is logged, how, and where to.
struct LogOptions {
  LogLevel level = LogLevel::kInfo;
  LogFormat format = LogFormat::kJson;
  /// Where lines go; empty: the standard error, through a queue of 8192 lines, so that a reader who
  /// stalls costs lines (the oldest; counted), never time. A function is called at once, under a
  /// lock.
  std::function<void(std::string_view line)> write;
};

/// The program's log: one line a message, JSON by default:
/// `{"ts":"2026-01-02T03:04:05.678901Z","level":"info","msg":"…","key":…}`.
///
/// Levels by meaning: error, an operator must act; warn, something was refused or is about to
/// break; info, what an operator wants to read of normal life; debug, everything else. Text is
/// escaped so that no line can be forged and no terminal acts on it (kube/text.h). Credentials do
/// not belong into a log: what looks like one (bearer tokens, `pst_…`) is cut out, as a second line
/// of defence. Safe from any thread.
class Log {
 public:
  explicit Log(LogOptions options = {}, Metrics* metrics = nullptr);
  /// Writes what is still queued.
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  void debug(std::string_view message, LogFields fields = {});
  void info(std::string_view message, LogFields fields = {});
  void warn(std::string_view message, LogFields fields = {});
  void error(std::string_view message, LogFields fields = {});
  void write(LogLevel level, std::string_view message, LogFields fields);

  /// As write(), but of the messages with the same `key` (a peer's address, say) only 10 a minute
  /// are written; the next one that is has `suppressed` with the count of those that were not.
  void write_limited(std::string_view key, LogLevel level, std::string_view message,
                     LogFields fields);

  /// Whether a message of this level would be written, for callers that would build one.
  bool enabled(LogLevel level) const { return level >= options_.level; }

 private:
  struct Impl;
  void put(LogLevel level, std::string_view message, LogFields fields, std::uint64_t suppressed);
  LogOptions options_;
  Metrics* metrics_;
  std::unique_ptr<Impl> impl_;
};

/// One line without its newline; for Log and tests. `fields` behind the message, `suppressed` only
/// when it is not 0.
std::string format_log_line(LogFormat format, std::chrono::system_clock::time_point now,
                            LogLevel level, std::string_view message, LogFields fields,
                            std::uint64_t suppressed = 0);

/// The text with what looks like a credential replaced by "[redacted]": what follows `Bearer ` or
/// `base64url.bearer.authorization.k8s.io.`, and `pst_…` tokens.
std::string redact(std::string_view text);

}  // namespace postern::proxy
