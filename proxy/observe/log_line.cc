#include "kube/text.h"
#include "proxy/observe/log.h"

#include <array>
#include <cmath>
#include <ctime>
#include <fmt/format.h>

namespace postern::proxy {
namespace {

constexpr std::string_view kRedacted = "[redacted]";
/// Longer values are cut: a log line is no place for a body.
constexpr std::size_t kMaxValueBytes = 4096;

constexpr std::string_view level_name(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarn:
      return "warn";
    case LogLevel::kError:
      return "error";
  }
  return "error";
}

/// RFC 3339 in UTC with microseconds, as metav1.MicroTime.
std::string timestamp(std::chrono::system_clock::time_point now) {
  const auto micros =
      std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch()).count();
  const std::time_t seconds = static_cast<std::time_t>(micros / 1'000'000);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", parts.tm_year + 1900,
                     parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                     micros % 1'000'000);
}

bool is_token_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("-._~+/=").find(c) != std::string_view::npos;
}

bool is_word_character(char c) {
  return is_token_character(c) && c != '/' && c != '=';
}

std::string safe_text(std::string_view text) {
  std::string cut;
  if (text.size() > kMaxValueBytes) {
    cut = std::string(text.substr(0, kMaxValueBytes)) + "...";
    text = cut;
  }
  return redact(text);
}

void append_json_value(std::string& out, const LogValue& value) {
  struct Writer {
    std::string& out;
    void operator()(std::string_view text) const { kube::append_json_string(out, safe_text(text)); }
    void operator()(bool truth) const { out += truth ? "true" : "false"; }
    void operator()(double number) const {
      out += std::isfinite(number) ? fmt::format("{:.6g}", number) : "null";
    }
    void operator()(std::int64_t number) const { out += std::to_string(number); }
    void operator()(std::uint64_t number) const { out += std::to_string(number); }
  };
  std::visit(Writer{out}, value);
}

bool is_plain_word(std::string_view text) {
  if (text.empty()) return false;
  for (const char c : text) {
    if (!is_token_character(c) && c != ':' && c != ',' && c != '@') return false;
  }
  return true;
}

void append_text_value(std::string& out, const LogValue& value) {
  if (const auto* text = std::get_if<std::string_view>(&value)) {
    const std::string safe = safe_text(*text);
    out += is_plain_word(safe) ? safe : kube::quoted(safe);
  } else {
    append_json_value(out, value);
  }
}

std::string json_line(std::string_view time, LogLevel level, std::string_view message,
                      LogFields fields, std::uint64_t suppressed) {
  std::string line = fmt::format(R"({{"ts":"{}","level":"{}","msg":)", time, level_name(level));
  append_json_value(line, message);
  for (const LogField& field : fields) {
    line += ',';
    kube::append_json_string(line, field.key);
    line += ':';
    append_json_value(line, field.value);
  }
  if (suppressed > 0) line += fmt::format(R"(,"suppressed":{})", suppressed);
  line += '}';
  return line;
}

std::string text_line(std::string_view time, LogLevel level, std::string_view message,
                      LogFields fields, std::uint64_t suppressed) {
  std::string line =
      fmt::format("{} {:<5} {}", time, level_name(level), kube::printable(safe_text(message)));
  for (const LogField& field : fields) {
    line += fmt::format(" {}=", field.key);
    append_text_value(line, field.value);
  }
  if (suppressed > 0) line += fmt::format(" suppressed={}", suppressed);
  return line;
}

/// Finds where credentials begin in a text, in lower case. Asked for from left to right; what was
/// found of one marker is kept until it is passed, so that many of another cost nothing.
class SecretFinder {
 public:
  explicit SecretFinder(std::string_view lower) : lower_(lower) {}

  /// Where a credential begins at or behind `position`; npos: nowhere.
  std::size_t next(std::size_t position) {
    std::size_t first = std::string_view::npos;
    for (std::size_t i = 0; i < kMarkers.size(); ++i) {
      if (!searched_ || found_[i] < position) found_[i] = find(kMarkers[i], position);
      if (found_[i] != std::string_view::npos) {
        first = std::min(first, found_[i] + kMarkers[i].size());
      }
    }
    searched_ = true;
    return first;
  }

 private:
  static constexpr std::array<std::string_view, 3> kMarkers = {
      "bearer ", "base64url.bearer.authorization.k8s.io.", "pst_"};

  std::size_t find(std::string_view marker, std::size_t position) const {
    std::size_t found = lower_.find(marker, position);
    // `pst_` counts only where a word begins.
    while (marker == "pst_" && found != std::string_view::npos && found > position &&
           is_word_character(lower_[found - 1])) {
      found = lower_.find(marker, found + 1);
    }
    return found;
  }

  std::string_view lower_;
  std::array<std::size_t, kMarkers.size()> found_{};
  bool searched_ = false;
};

}  // namespace

std::string redact(std::string_view text) {
  const std::string lower = kube::ascii_lower(text);
  SecretFinder finder(lower);
  std::string out;
  std::size_t position = 0;
  while (true) {
    const std::size_t secret = finder.next(position);
    if (secret == std::string_view::npos) break;
    out += text.substr(position, secret - position);
    position = secret;
    while (position < text.size() && is_token_character(text[position])) ++position;
    if (position > secret) out += kRedacted;
  }
  out += text.substr(position);
  return out;
}

std::string format_log_line(LogFormat format, std::chrono::system_clock::time_point now,
                            LogLevel level, std::string_view message, LogFields fields,
                            std::uint64_t suppressed) {
  const std::string time = timestamp(now);
  return format == LogFormat::kJson ? json_line(time, level, message, fields, suppressed)
                                    : text_line(time, level, message, fields, suppressed);
}

}  // namespace postern::proxy
