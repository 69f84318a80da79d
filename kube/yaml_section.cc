#include "kube/yaml_section.h"

#include "kube/text.h"
#include "kube/yaml_documents.h"

#include <algorithm>
#include <set>
#include <utility>
#include <yaml-cpp/yaml.h>

namespace postern::kube {

struct YamlSection::Node {
  YAML::Node yaml;
};

namespace {

KubeconfigError make_error(const YAML::Mark& mark, std::string key, std::string message) {
  KubeconfigError error;
  if (!mark.is_null()) {
    error.line = mark.line + 1;
    error.column = mark.column + 1;
  }
  error.key = std::move(key);
  error.message = std::move(message);
  return error;
}

/// A member without touching the mapping (yaml-cpp's operator[] on a mutable node adds).
YAML::Node member_of(const YAML::Node& mapping, const char* key) {
  for (const auto& entry : mapping) {
    if (entry.first.IsScalar() && entry.first.Scalar() == key) return entry.second;
  }
  return YAML::Node(YAML::NodeType::Undefined);
}

}  // namespace

YamlSection::YamlSection(std::shared_ptr<const Node> node, std::string path, Errors& errors)
    : node_(std::move(node)), path_(std::move(path)), errors_(&errors) {}

YamlSection YamlSection::parse(std::string_view text, Errors& errors) {
  const YamlSection none(nullptr, "", errors);
  try {
    const YAML::Node document = YAML::Load(std::string(text));
    if (document.IsMap() && count_yaml_documents(text, 2) == 1) {
      return {std::make_shared<const Node>(Node{document}), "", errors};
    }
    errors.push_back(make_error(YAML::Mark::null_mark(), "", "is not one YAML mapping"));
  } catch (const YAML::Exception& error) {
    errors.push_back(make_error(error.mark, "", "is not YAML: " + printable(error.msg)));
  }
  return none;
}

bool YamlSection::has(const char* key) const {
  if (empty()) return false;
  const YAML::Node member = member_of(node_->yaml, key);
  return member.IsDefined() && !member.IsNull();
}

std::string YamlSection::text(const char* key) const {
  if (!has(key)) return "";
  const YAML::Node member = member_of(node_->yaml, key);
  if (member.IsScalar()) return member.Scalar();
  error(key, "must be a string");
  return "";
}

bool YamlSection::flag(const char* key) const {
  const std::string value = text(key);
  if (!value.empty() && value != "true" && value != "false") error(key, "must be true or false");
  return value == "true";
}

YamlSection YamlSection::section(const char* key) const {
  const YamlSection none(nullptr, key_path(key), *errors_);
  if (!has(key)) return none;
  const YAML::Node member = member_of(node_->yaml, key);
  if (member.IsMap()) return {std::make_shared<const Node>(Node{member}), key_path(key), *errors_};
  error(key, "must be a mapping");
  return none;
}

YamlSection YamlSection::named(const char* list, const std::string& name,
                               const char* member) const {
  YamlSection found(nullptr, key_path(list), *errors_);
  const YAML::Node entries = empty() ? YAML::Node() : member_of(node_->yaml, list);
  if (entries.IsDefined() && !entries.IsNull() && !entries.IsSequence()) {
    error(list, "must be a list");
    return found;
  }
  std::size_t matches = 0;
  for (std::size_t i = 0; entries.IsSequence() && i < entries.size(); ++i) {
    const YAML::Node entry = entries[i];
    if (!entry.IsMap()) continue;
    const YAML::Node entry_name = member_of(entry, "name");
    if (!entry_name.IsDefined() || !entry_name.IsScalar() || entry_name.Scalar() != name) continue;
    if (++matches > 1) {
      error(list, "has the name " + quoted(name) + " more than once");
      continue;
    }
    const YamlSection whole(std::make_shared<const Node>(Node{entry}),
                            key_path(list) + "[" + std::to_string(i) + "]", *errors_);
    whole.allow_only({"name", member});
    if (!whole.has(member)) whole.error(member, "is missing");
    found = whole.section(member);
  }
  if (matches == 0) error(list, "has no entry with the name " + quoted(name));
  return found;
}

void YamlSection::allow_only(std::initializer_list<std::string_view> keys) const {
  if (empty()) return;
  std::set<std::string> seen;
  for (const auto& entry : node_->yaml) {
    const std::string key = entry.first.IsScalar() ? entry.first.Scalar() : "?";
    const std::string path = key_path(printable(key).c_str());
    if (!seen.insert(key).second) {
      errors_->push_back(make_error(entry.first.Mark(), path, "is given more than once"));
    } else if (std::find(keys.begin(), keys.end(), key) == keys.end()) {
      errors_->push_back(make_error(entry.first.Mark(), path, "is not a key that belongs here"));
    }
  }
}

std::string YamlSection::key_path(const char* key) const {
  return path_.empty() ? key : path_ + "." + key;
}

void YamlSection::error(const char* key, std::string message) const {
  YAML::Mark mark = YAML::Mark::null_mark();
  if (!empty()) {
    const YAML::Node member = member_of(node_->yaml, key);
    mark = member.IsDefined() ? member.Mark() : node_->yaml.Mark();
  }
  errors_->push_back(make_error(mark, key_path(key), std::move(message)));
}

}  // namespace postern::kube
