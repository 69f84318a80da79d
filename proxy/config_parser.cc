#include "proxy/config_parser.h"

#include "kube/text.h"

#include <algorithm>
#include <climits>
#include <set>
#include <utility>

namespace postern::proxy {
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

void ConfigParser::unavailable(std::string_view why) {
  const bool empty = !node_->is_scalar() && node_->is_empty();
  if (!empty) error_here(std::string(why));
}

}  // namespace postern::proxy
