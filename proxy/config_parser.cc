#include "proxy/config_parser.h"

#include "kube/text.h"
#include "proxy/config_values.h"

#include <algorithm>
#include <climits>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <utility>

namespace postern::proxy {
namespace {

constexpr std::size_t kMaxDocumentBytes = 1024 * 1024;

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

Loaded<rbac::YamlNode> parse_yaml_document(const std::string& file, std::string_view yaml) {
  const auto refuse = [&file](int line, int column, std::string why) {
    return tl::unexpected(ConfigErrors{{file, line, column, "", std::move(why)}});
  };
  if (yaml.size() > kMaxDocumentBytes) return refuse(0, 0, "is larger than 1 MiB");
  if (!kube::is_utf8(yaml)) return refuse(0, 0, "is not UTF-8");
  auto documents = rbac::parse_yaml(yaml);
  if (!documents) {
    const rbac::YamlError& error = documents.error();
    return refuse(error.line, error.column, kube::printable(error.message));
  }
  if (documents->empty()) return refuse(0, 0, "has no YAML document");
  if (documents->size() > 1) {
    const rbac::YamlNode& second = (*documents)[1].second;
    return refuse(second.line, second.column, "a second YAML document");
  }
  return std::move(documents->front().second);
}

/// Goes to a value below the one at hand and back.
class ConfigParser::Scope {
 public:
  Scope(ConfigParser& parser, const rbac::YamlNode& node, std::string key)
      : parser_(parser),
        node_(std::exchange(parser.node_, &node)),
        key_(std::exchange(parser.key_, std::move(key))) {
    if (!node.is_null()) parser_.places_.insert_or_assign(parser_.key_, place_of(node));
  }
  ~Scope() {
    parser_.node_ = node_;
    parser_.key_ = std::move(key_);
  }
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

 private:
  ConfigParser& parser_;
  const rbac::YamlNode* node_;
  std::string key_;
};

ConfigParser::ConfigParser(std::string file, const rbac::YamlNode& root)
    : file_(std::move(file)), node_(&root) {}

void ConfigParser::error_at(Place place, std::string key, std::string message) {
  errors_.push_back({file_, place.line, place.column, std::move(key), std::move(message)});
}

void ConfigParser::error_here(std::string message) {
  error_at(place_of(*node_), key_, std::move(message));
}

void ConfigParser::add_error(const std::string& key, std::string message) {
  auto place = places_.find(key);
  // A key that is missing is shown where the mapping is that lacks it.
  std::string above = key;
  while (place == places_.end() && above.rfind('.') != std::string::npos) {
    above.resize(above.rfind('.'));
    place = places_.find(above);
  }
  error_at(place == places_.end() ? Place() : place->second, key, std::move(message));
}

ConfigErrors ConfigParser::take_errors() {
  // In the file's order; those without a place are about keys that are missing, and come last.
  std::stable_sort(errors_.begin(), errors_.end(), [](const ConfigError& a, const ConfigError& b) {
    const auto place = [](const ConfigError& e) {
      return std::pair(e.line == 0 ? INT_MAX : e.line, e.column);
    };
    return place(a) < place(b);
  });
  return std::move(errors_);
}

std::vector<ConfigParser::Entry> ConfigParser::entries() {
  std::vector<Entry> found;
  if (!node_->is_map()) {
    error_here("must be a mapping");
    return found;
  }
  std::set<std::string> seen;
  for (const rbac::YamlMember& member : node_->members) {
    if (!member.key.is_scalar()) {
      error_at(place_of(member.key), key_, "a key must be a text");
      continue;
    }
    const std::string& name = member.key.text;
    if (!seen.insert(name).second) {
      const std::string path = key_.empty() ? name : key_ + "." + name;
      error_at(place_of(member.key), kube::printable(path), "the key is repeated");
      continue;
    }
    found.push_back({name, member.value});
  }
  return found;
}

void ConfigParser::mapping(const std::vector<BoundField>& fields) {
  const auto found = entries();
  if (!node_->is_map()) return;
  const auto path_of = [this](std::string_view name) {
    return key_.empty() ? std::string(name) : key_ + "." + std::string(name);
  };
  std::set<std::string_view> present;
  for (const Entry& entry : found) {
    const auto field = std::find_if(fields.begin(), fields.end(), [&](const BoundField& candidate) {
      return candidate.key == entry.key;
    });
    if (field == fields.end()) {
      error_at(place_of(entry.value), kube::printable(path_of(entry.key)), "is no known key");
      continue;
    }
    if (entry.value.is_null()) continue;
    present.insert(field->key);
    const Scope scope(*this, entry.value, path_of(entry.key));
    field->visit();
  }
  for (const BoundField& field : fields) {
    if (field.required && !present.contains(field.key)) {
      error_at(place_of(*node_), path_of(field.key), "is required");
    }
  }
}

const std::vector<rbac::YamlNode>& ConfigParser::items() {
  // Empty for what is no sequence.
  if (!node_->is_sequence()) error_here("must be a list");
  return node_->items;
}

void ConfigParser::list(std::size_t, const std::function<void(std::size_t)>& item) {
  const std::string path = key_;
  std::size_t index = 0;
  for (const rbac::YamlNode& node : items()) {
    const Scope scope(*this, node, path + "[" + std::to_string(index) + "]");
    item(index++);
  }
}

bool ConfigParser::is_short_form(bool) {
  return node_->is_scalar();
}

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

void ConfigParser::texts(std::vector<std::string>& values, TextRule rule) {
  values.clear();  // what is given takes the place of the default
  list(0, [&](std::size_t) {
    std::string read;
    text(read, rule);
    values.push_back(std::move(read));
  });
}

void ConfigParser::paths(std::vector<std::string>& values) {
  list(0, [&](std::size_t) {
    std::string read;
    path(read);
    values.push_back(std::move(read));
  });
}

void ConfigParser::text_map(std::map<std::string, std::string>& values, TextRule key_rule,
                            TextRule value_rule) {
  const std::string path = key_;
  for (const Entry& entry : entries()) {
    const Scope scope(*this, entry.value, path + "." + kube::printable(entry.key));
    if (std::string problem = key_rule(entry.key); !problem.empty()) {
      error_here("the key " + problem);
    } else if (entry.value.is_null()) {
      error_here("must be a text");
    } else {
      text(values[entry.key], value_rule);
    }
  }
}

void ConfigParser::texts_map(std::map<std::string, std::vector<std::string>>& values,
                             TextRule rule) {
  const std::string path = key_;
  for (const Entry& entry : entries()) {
    const Scope scope(*this, entry.value, path + "." + kube::printable(entry.key));
    if (std::string problem = rule(entry.key); !problem.empty()) {
      error_here("the key " + problem);
    } else {
      texts(values[entry.key], rule);
    }
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

void ConfigParser::unavailable(std::string_view why) {
  const bool empty = !node_->is_scalar() && node_->is_empty();
  if (!empty) error_here(std::string(why));
}

}  // namespace postern::proxy
