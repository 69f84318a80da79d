#include "rbac/load_reader.h"

#include "kube/text.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <utility>

namespace postern::rbac {
namespace {

/// ".key", or `["odd key"]`.
std::string path_step(std::string_view key) {
  const bool plain = !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           c == '-';
  });
  return plain ? "." + std::string(key) : "[" + kube::quoted(key) + "]";
}

std::string below(const std::string& path, std::string_view key) {
  std::string step = path_step(key);
  return path.empty() && step.front() == '.' ? step.substr(1) : path + step;
}

/// Seconds in one unit of a duration; 0 for what is none.
std::int64_t unit_seconds(std::string_view unit) {
  if (unit == "s") return 1;
  if (unit == "m") return 60;
  if (unit == "h") return 60 * 60;
  if (unit == "d") return 24 * 60 * 60;
  if (unit == "w") return 7 * 24 * 60 * 60;
  return 0;
}

std::optional<std::chrono::seconds> parse_duration(std::string_view text) {
  constexpr std::int64_t kMost = std::int64_t{100} * 365 * 24 * 60 * 60;
  if (text == "0") {
    return std::chrono::seconds(0);
  }
  std::int64_t total = 0;
  while (!text.empty()) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || number < 0 || number > kMost) {
      return std::nullopt;
    }
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    const std::size_t unit_length = std::min(text.find_first_of("0123456789"), text.size());
    const std::int64_t unit = unit_seconds(text.substr(0, unit_length));
    text.remove_prefix(unit_length);
    total += number * unit;
    if (unit == 0 || total > kMost) {
      return std::nullopt;
    }
  }
  return std::chrono::seconds(total);
}

std::string pattern_fault(const PatternError& error) {
  return error.message + " (byte " + std::to_string(error.offset) + ")";
}

}  // namespace

LoadMessage DocumentLog::message_at(const Place& place, std::string message) const {
  return {file_,           document_,         object_,           place.path,
          place.node.line, place.node.column, std::move(message)};
}

void DocumentLog::error(const Place& place, std::string message) {
  failed_ = true;
  into_.errors.push_back(message_at(place, std::move(message)));
}

void DocumentLog::warn(const Place& place, std::string message) {
  into_.warnings.push_back(message_at(place, std::move(message)));
}

MapReader::MapReader(DocumentLog& log, Place place) : log_(log), place_(std::move(place)) {
  if (!place_.node.is_map()) {
    if (!place_.node.is_null()) {
      log_.error(place_, "is not a map");
    }
    return;
  }
  std::set<std::string_view> seen;
  for (const auto& [key, value] : place_.node.members) {
    if (!key.is_scalar()) {
      log_.error({key, place_.path}, "has a key that is no string");
    } else if (!seen.insert(key.text).second) {
      log_.error({key, below(place_.path, key.text)}, "is written twice");
    }
  }
}

std::optional<Place> MapReader::take(std::string_view key) {
  taken_.emplace(key);
  for (const auto& [name, value] : place_.node.members) {
    if (name.is_scalar() && name.text == key && !value.is_null()) {
      return Place{value, below(place_.path, key)};
    }
  }
  return std::nullopt;
}

std::optional<Place> MapReader::require(std::string_view key) {
  auto found = take(key);
  if (!found) {
    log_.error({place_.node, below(place_.path, key)}, "is missing");
  }
  return found;
}

std::vector<std::pair<std::string, Place>> MapReader::take_rest() {
  std::vector<std::pair<std::string, Place>> rest;
  for (const auto& [key, value] : place_.node.members) {
    if (key.is_scalar() && taken_.insert(key.text).second) {
      rest.emplace_back(key.text, Place{value, below(place_.path, key.text)});
    }
  }
  return rest;
}

void MapReader::finish() {
  for (const auto& [key, value] : place_.node.members) {
    if (key.is_scalar() && taken_.insert(key.text).second) {
      log_.error({key, below(place_.path, key.text)}, "is not a known key");
    }
  }
}

std::string read_string(DocumentLog& log, const Place& place) {
  if (!place.node.is_scalar()) {
    log.error(place, "is not a string");
    return "";
  }
  if (!kube::is_printable(place.node.text)) {
    log.error(place, "has control or bidirectional characters, or is not UTF-8");
    return "";
  }
  return place.node.text;
}

bool read_bool(DocumentLog& log, const Place& place) {
  if (place.node.is_scalar() && !place.node.quoted) {
    const std::string text = kube::ascii_lower(place.node.text);
    if (text == "true" || text == "yes" || text == "on") {
      return true;
    }
    if (text == "false" || text == "no" || text == "off") {
      return false;
    }
  }
  log.error(place, "is neither true nor false");
  return false;
}

std::uint32_t read_count(DocumentLog& log, const Place& place) {
  std::uint32_t count = 0;
  const std::string& text = place.node.text;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (!place.node.is_scalar() || error != std::errc() || end != text.data() + text.size()) {
    log.error(place, "is not a count");
    return 0;
  }
  return count;
}

std::chrono::seconds read_duration(DocumentLog& log, const Place& place) {
  const auto duration = place.node.is_scalar() ? parse_duration(place.node.text) : std::nullopt;
  if (!duration || place.node.text.empty()) {
    log.error(place, "is not a duration such as 8h, 30m or 7d");
    return std::chrono::seconds(0);
  }
  return *duration;
}

std::vector<Place> read_items(DocumentLog& log, const Place& place) {
  std::vector<Place> items;
  if (!place.node.is_sequence()) {
    log.error(place, "is not a list");
    return items;
  }
  for (std::size_t i = 0; i < place.node.items.size(); ++i) {
    items.push_back({place.node.items[i], place.path + "[" + std::to_string(i) + "]"});
  }
  return items;
}

std::vector<std::string> read_strings(DocumentLog& log, const Place& place) {
  std::vector<std::string> strings;
  for (const Place& item : read_items(log, place)) {
    strings.push_back(read_string(log, item));
  }
  return strings;
}

TraitTemplate read_template(DocumentLog& log, const Place& place) {
  auto parsed = TraitTemplate::parse(read_string(log, place));
  if (!parsed) {
    log.error(place, pattern_fault(parsed.error()));
    return {};
  }
  return std::move(*parsed);
}

std::vector<TraitTemplate> read_templates(DocumentLog& log, const Place& place) {
  std::vector<TraitTemplate> templates;
  for (const Place& item : read_items(log, place)) {
    templates.push_back(read_template(log, item));
  }
  return templates;
}

PatternTemplate read_pattern(DocumentLog& log, const Place& place, std::size_t max_bytes) {
  auto parsed = PatternTemplate::parse(read_string(log, place), max_bytes);
  if (!parsed) {
    log.error(place, pattern_fault(parsed.error()));
    return {};
  }
  return std::move(*parsed);
}

std::vector<PatternTemplate> read_patterns(DocumentLog& log, const Place& place) {
  std::vector<PatternTemplate> patterns;
  for (const Place& item : read_items(log, place)) {
    patterns.push_back(read_pattern(log, item));
  }
  return patterns;
}

}  // namespace postern::rbac
