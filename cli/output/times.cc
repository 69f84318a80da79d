#include "cli/output/times.h"

#include <array>
#include <cmath>
#include <ctime>
#include <fmt/format.h>
#include <re2/re2.h>

namespace postern::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr double kDay = 86'400'000;

std::optional<double> unit_milliseconds(std::string_view unit) {
  if (unit == "ms") return 1;
  if (unit == "s") return 1000;
  if (unit == "m") return 60'000;
  if (unit == "h") return 3'600'000;
  if (unit == "d") return kDay;
  return std::nullopt;
}

tl::unexpected<Failure> no_duration(std::string_view text, std::string_view option) {
  return wrong_usage(
      fmt::format("{}: \"{}\" is no duration; write 30m, 4h, 1h30m or 2d", option, text));
}

}  // namespace

Outcome<milliseconds> parse_duration(std::string_view text, std::string_view option) {
  constexpr double kMax = 1e15;
  if (text == "0") return milliseconds(0);
  static const RE2 kPart(R"(([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d))");
  re2::StringPiece rest(text.data(), text.size());
  double sum = 0;
  std::string number;
  std::string unit;
  while (!rest.empty()) {
    if (!RE2::Consume(&rest, kPart, &number, &unit)) return no_duration(text, option);
    sum += std::strtod(number.c_str(), nullptr) * *unit_milliseconds(unit);
  }
  if (text.empty() || sum > kMax) return no_duration(text, option);
  return milliseconds(std::llround(sum));
}

Outcome<std::string> wire_duration(std::string_view text, std::string_view option) {
  if (text.empty()) return std::string();
  const auto duration = parse_duration(text, option);
  if (!duration) return tl::unexpected(duration.error());
  if (text.find('d') == std::string_view::npos) return std::string(text);
  return fmt::format("{}s", std::chrono::duration_cast<seconds>(*duration).count());
}

std::optional<TimePoint> parse_time(std::string_view text) {
  static const RE2 kTime(
      R"((\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:[Zz]|([-+])(\d\d):(\d\d)))");
  std::tm parts{};
  std::string sign;
  std::string hours;
  std::string minutes;
  const re2::StringPiece piece(text.data(), text.size());
  if (!RE2::FullMatch(piece, kTime, &parts.tm_year, &parts.tm_mon, &parts.tm_mday, &parts.tm_hour,
                      &parts.tm_min, &parts.tm_sec, &sign, &hours, &minutes)) {
    return std::nullopt;
  }
  if (parts.tm_mon < 1 || parts.tm_mon > 12 || parts.tm_mday < 1 || parts.tm_mday > 31 ||
      parts.tm_hour > 23 || parts.tm_min > 59 || parts.tm_sec > 60) {
    return std::nullopt;
  }
  parts.tm_year -= 1900;
  parts.tm_mon -= 1;
  auto time = std::chrono::system_clock::from_time_t(::timegm(&parts));
  if (!sign.empty()) {
    const seconds offset{std::stol(hours) * 3600 + std::stol(minutes) * 60};
    time += sign == "-" ? offset : -offset;
  }
  return time;
}

std::string time_text(TimePoint time) {
  const std::time_t value = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  ::gmtime_r(&value, &parts);
  std::array<char, 32> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return {text.data(), size};
}

std::string rough_duration(seconds duration) {
  struct Unit {
    std::int64_t seconds;
    char letter;
  };
  constexpr std::array kUnits = {Unit{86400, 'd'}, Unit{3600, 'h'}, Unit{60, 'm'}, Unit{1, 's'}};
  std::int64_t left = std::max<std::int64_t>(duration.count(), 0);
  for (std::size_t i = 0; i < kUnits.size(); ++i) {
    const std::int64_t count = left / kUnits[i].seconds;
    if (count == 0 && i + 1 < kUnits.size()) continue;
    std::string text = fmt::format("{}{}", count, kUnits[i].letter);
    left -= count * kUnits[i].seconds;
    if (i + 1 < kUnits.size() && left / kUnits[i + 1].seconds > 0) {
      text += fmt::format("{}{}", left / kUnits[i + 1].seconds, kUnits[i + 1].letter);
    }
    return text;
  }
  return "0s";
}

std::string time_with_distance(const std::string& text, TimePoint now) {
  const auto time = parse_time(text);
  if (!time) return text;
  const auto distance = std::chrono::duration_cast<seconds>(*time - now);
  if (distance.count() == 0) return text + " (now)";
  return distance.count() >= 0 ? fmt::format("{} (in {})", text, rough_duration(distance))
                               : fmt::format("{} ({} ago)", text, rough_duration(-distance));
}

}  // namespace postern::cli
