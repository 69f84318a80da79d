#include "proxy/access/api/wire_values.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fmt/compile.h>
#include <fmt/format.h>

namespace postern::proxy::access::api {
namespace {

using std::chrono::seconds;

constexpr double kMaxSeconds = 100.0 * 366 * 24 * 3600;

/// A decimal number of exactly `width` digits at the front, which is taken off; -1 for none.
int take_number(std::string_view& text, std::size_t width) {
  int number = 0;
  const std::string_view digits = text.substr(0, width);
  if (digits.size() != width || digits.find_first_not_of("0123456789") != digits.npos) return -1;
  std::from_chars(digits.data(), digits.data() + width, number);
  text.remove_prefix(width);
  return number;
}

bool take_sign(std::string_view& text, std::string_view signs) {
  if (text.empty() || signs.find(text.front()) == signs.npos) return false;
  text.remove_prefix(1);
  return true;
}

/// `Z` or `+02:00`, as an offset from UTC.
std::optional<seconds> parse_offset(std::string_view text) {
  if (text == "Z" || text == "z") return seconds(0);
  const bool west = text.starts_with('-');
  if (!take_sign(text, "+-")) return std::nullopt;
  const int hours = take_number(text, 2);
  const bool colon = take_sign(text, ":");
  const int minutes = take_number(text, 2);
  if (!colon || !text.empty() || hours < 0 || hours > 23 || minutes < 0 || minutes > 59) {
    return std::nullopt;
  }
  const seconds offset = std::chrono::hours(hours) + std::chrono::minutes(minutes);
  return west ? -offset : offset;
}

std::optional<double> unit_seconds(std::string_view unit) {
  if (unit == "h") return 3600.0;
  if (unit == "m") return 60.0;
  if (unit == "s") return 1.0;
  if (unit == "ms") return 0.001;
  return std::nullopt;
}

}  // namespace

std::string time_text(TimePoint time) {
  const auto whole = std::chrono::floor<seconds>(time);
  const auto day = std::chrono::floor<std::chrono::days>(whole);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{whole - day};
  return fmt::format(FMT_COMPILE("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z"),
                     static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                     static_cast<unsigned>(date.day()), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count());
}

std::optional<TimePoint> parse_time(std::string_view text) {
  const int year = take_number(text, 4);
  bool signs = take_sign(text, "-");
  const int month = take_number(text, 2);
  signs = take_sign(text, "-") && signs;
  const int day = take_number(text, 2);
  signs = take_sign(text, "Tt") && signs;
  const int hour = take_number(text, 2);
  signs = take_sign(text, ":") && signs;
  const int minute = take_number(text, 2);
  signs = take_sign(text, ":") && signs;
  const int second = take_number(text, 2);
  if (take_sign(text, ".")) {
    const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    if (digits == 0) return std::nullopt;
    text.remove_prefix(digits);
  }
  const auto offset = parse_offset(text);
  if (!signs || year < 1970 || month < 1 || day < 1 || hour < 0 || hour > 23 || minute < 0 ||
      minute > 59 || second < 0 || second > 60 || !offset) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  // The clock counts nanoseconds in 64 bits: it ends in 2262.
  if (!date.ok() || year > 2200) return std::nullopt;
  return TimePoint(std::chrono::sys_days(date)) + std::chrono::hours(hour) +
         std::chrono::minutes(minute) + seconds(second) - *offset;
}

std::optional<seconds> parse_duration(std::string_view text) {
  if (text == "0") return seconds(0);
  double total = 0;
  if (text.empty()) return std::nullopt;
  while (!text.empty()) {
    const std::size_t number = std::min(text.find_first_not_of("0123456789."), text.size());
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + number, value);
    if (number == 0 || error != std::errc() || end != text.data() + number) return std::nullopt;
    text.remove_prefix(number);
    const std::size_t letters = std::min(text.find_first_of("0123456789."), text.size());
    const auto unit = unit_seconds(text.substr(0, letters));
    if (!unit) return std::nullopt;
    total += value * *unit;
    text.remove_prefix(letters);
  }
  if (!(total >= 0) || total > kMaxSeconds || total != std::floor(total)) return std::nullopt;
  return seconds(static_cast<seconds::rep>(total));
}

std::string age_text(seconds age) {
  const auto count = std::max<seconds::rep>(age.count(), 0);
  const auto minutes = count / 60;
  const auto hours = minutes / 60;
  const auto days = hours / 24;
  const auto with_rest = [](long long whole, char unit, long long rest, char rest_unit) {
    std::string text = std::to_string(whole) + unit;
    return rest > 0 ? text + std::to_string(rest) + rest_unit : text;
  };
  if (count < 120) return std::to_string(count) + "s";
  if (minutes < 10) return with_rest(minutes, 'm', count % 60, 's');
  if (hours < 3) return std::to_string(minutes) + "m";
  if (hours < 8) return with_rest(hours, 'h', minutes % 60, 'm');
  if (hours < 48) return std::to_string(hours) + "h";
  if (days < 8) return with_rest(days, 'd', hours % 24, 'h');
  if (days < 365 * 2) return std::to_string(days) + "d";
  return with_rest(days / 365, 'y', days % 365, 'd');
}

}  // namespace postern::proxy::access::api
