#include "proxy/access/api/fields.h"

#include "proxy/access/api/api_errors.h"
#include "proxy/access/api/wire_values.h"

namespace postern::proxy::access::api {

Fields::Fields(const Json& document, std::string_view part, std::vector<kube::StatusCause>& causes)
    : part_(&document), path_(part), causes_(causes) {
  std::string_view rest = part;
  while (part_ != nullptr && !rest.empty()) {
    const std::size_t dot = std::min(rest.find('.'), rest.size());
    const auto found = part_->find(std::string(rest.substr(0, dot)));
    part_ = found == part_->end() ? nullptr : &*found;
    rest.remove_prefix(std::min(dot + 1, rest.size()));
  }
}

const Json* Fields::find(const char* name) const {
  if (part_ == nullptr || !part_->is_object()) return nullptr;
  const auto found = part_->find(name);
  return found == part_->end() ? nullptr : &*found;
}

std::string Fields::path(const char* name) const {
  return path_.empty() ? name : path_ + "." + name;
}

void Fields::require(const char* name) const {
  if (!has(name)) causes_.push_back(required_value(path(name)));
}

std::string Fields::text(const char* name) const {
  const Json* value = find(name);
  return value != nullptr && value->is_string() ? value->get<std::string>() : std::string();
}

std::vector<std::string> Fields::texts(const char* name) const {
  std::vector<std::string> found;
  if (const Json* value = find(name); value != nullptr && value->is_array()) {
    for (const Json& item : *value) {
      if (item.is_string()) found.push_back(item);
    }
  }
  return found;
}

std::map<std::string, std::string> Fields::map(const char* name) const {
  std::map<std::string, std::string> found;
  if (const Json* value = find(name); value != nullptr && value->is_object()) {
    for (const auto& [key, member] : value->items()) {
      if (member.is_string()) found[key] = member;
    }
  }
  return found;
}

bool Fields::flag(const char* name) const {
  const Json* value = find(name);
  return value != nullptr && value->is_boolean() && value->get<bool>();
}

std::optional<std::int64_t> Fields::integer(const char* name) const {
  const Json* value = find(name);
  if (value == nullptr || !value->is_number_integer()) return std::nullopt;
  return value->get<std::int64_t>();
}

std::optional<TimePoint> Fields::time(const char* name) const {
  const std::string written = text(name);
  if (written.empty()) return std::nullopt;
  const auto parsed = parse_time(written);
  if (!parsed) {
    causes_.push_back(
        invalid_value(path(name), written, "must be a time like 2026-11-23T12:00:00Z (RFC 3339)"));
  }
  return parsed;
}

std::optional<std::chrono::seconds> Fields::duration(const char* name) const {
  const std::string written = text(name);
  if (written.empty()) return std::nullopt;
  const auto parsed = parse_duration(written);
  if (!parsed) {
    causes_.push_back(
        invalid_value(path(name), written, "must be a duration of whole seconds like 1h30m"));
  }
  return parsed;
}

}  // namespace postern::proxy::access::api
