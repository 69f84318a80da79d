// The part of ConfigParser that reads single values.

#include "kube/text.h"
#include "proxy/config_parser.h"
#include "proxy/config_values.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <utility>

namespace postern::proxy {
namespace {

/// Whether YAML 1.1 or 1.2 reads a plain scalar as something else than a string.
bool is_other_type(const std::string& plain) {
  static const std::set<std::string, std::less<>> words = {
      "true", "false", "yes", "no", "on", "off", "y", "n", "null", "~", ".nan", ".inf", "-.inf"};
  if (words.contains(kube::ascii_lower(plain))) return true;
  const bool numeric =
      plain.find_first_not_of("0123456789+-._eExXoabcdefABCDEF") == std::string::npos;
  if (!numeric) return false;
  char* end = nullptr;
  std::strtod(plain.c_str(), &end);
  return end == plain.c_str() + plain.size();
}

std::string range_text(const std::string& min, const std::string& max) {
  return "must be between " + min + " and " + max;
}

}  // namespace

bool ConfigParser::read_scalar(std::string& out, std::string_view wanted) {
  if (!node_->is_scalar()) {
    error_here("must be " + std::string(wanted));
    return false;
  }
  out = node_->text;
  return true;
}

bool ConfigParser::read_string(std::string& out, bool may_be_empty) {
  std::string scalar;
  if (!read_scalar(scalar, "a text")) return false;
  if (!node_->quoted && is_other_type(scalar)) {
    error_here("must be a text; write it in quotes");
    return false;
  }
  if (scalar.empty() && !may_be_empty) {
    error_here("must not be empty");
    return false;
  }
  out = std::move(scalar);
  return true;
}

void ConfigParser::boolean(bool& value) {
  std::string scalar;
  if (!read_scalar(scalar, "true or false")) return;
  if (!node_->quoted && (scalar == "true" || scalar == "false")) {
    value = scalar == "true";
  } else {
    error_here("must be true or false");
  }
}

void ConfigParser::number(std::uint64_t& value, NumberRange range) {
  std::string scalar;
  if (!read_scalar(scalar, "a number")) return;
  const bool digits = !node_->quoted && !scalar.empty() && scalar.size() < 19 &&
                      scalar.find_first_not_of("0123456789") == std::string::npos &&
                      (scalar.size() == 1 || scalar.front() != '0');
  if (!digits) {
    error_here("must be a whole number");
  } else if (const std::uint64_t read = std::stoull(scalar); read < range.min || read > range.max) {
    error_here(range_text(std::to_string(range.min), std::to_string(range.max)));
  } else {
    value = read;
  }
}

void ConfigParser::duration(std::chrono::milliseconds& value, DurationRange range) {
  std::string scalar;
  if (!read_scalar(scalar, "a duration")) return;
  const auto read = parse_duration(scalar);
  if (!read) {
    error_here("must be a duration such as 500ms, 10s or 1m30s");
  } else if (*read < range.min || *read > range.max) {
    error_here(range_text(format_duration(range.min), format_duration(range.max)));
  } else {
    value = *read;
  }
}

void ConfigParser::bytes(std::uint64_t& value, NumberRange range) {
  std::string scalar;
  if (!read_scalar(scalar, "a number of bytes")) return;
  const auto read = parse_bytes(scalar);
  if (!read) {
    error_here("must be a number of bytes such as 65536, 64Ki or 4Mi");
  } else if (*read < range.min || *read > range.max) {
    error_here(range_text(format_bytes(range.min), format_bytes(range.max)));
  } else {
    value = *read;
  }
}

void ConfigParser::text(std::string& value, TextRule rule) {
  std::string read;
  if (!read_string(read, rule("").empty())) return;
  if (std::string problem = rule(read); !problem.empty()) {
    error_here(std::move(problem));
  } else {
    value = std::move(read);
  }
}

std::string ConfigParser::resolve(const std::string& path) const {
  const std::filesystem::path given(path);
  if (given.is_absolute()) return path;
  return (std::filesystem::path(file_).parent_path() / given).lexically_normal().string();
}

void ConfigParser::path(std::string& value) {
  std::string read;
  if (!read_string(read, false)) return;
  if (read.find('\0') != std::string::npos) {
    error_here("must not have a NUL in it");
  } else {
    value = resolve(read);
  }
}

void ConfigParser::choice(std::size_t& index, std::span<const std::string_view> words) {
  std::string read;
  if (!read_string(read, false)) return;
  const auto found = std::find(words.begin(), words.end(), read);
  if (found != words.end()) {
    index = static_cast<std::size_t>(found - words.begin());
    return;
  }
  std::string list;
  for (const std::string_view word : words) list += (list.empty() ? "" : ", ") + std::string(word);
  error_here("must be one of " + list);
}

}  // namespace postern::proxy
