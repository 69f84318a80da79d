// Strict body readers against readers of whole trees: what is accepted means the same to both.

#include "kube/object_meta.h"
#include "kube/text.h"

#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <yaml-cpp/yaml.h>

namespace {

using namespace postern::kube;

void require(bool condition) {
  if (!condition) std::abort();
}

std::string text_at(const nlohmann::json& object, const char* key) {
  const auto member = object.find(key);
  return member == object.end() ? "" : member->get<std::string>();
}

void compare_json(const BodyFacts& facts, std::string_view body) {
  const nlohmann::json tree = nlohmann::json::parse(body);
  require(tree.is_object());
  require(facts.kind == text_at(tree, "kind"));
  const auto metadata = tree.find("metadata");
  const nlohmann::json none = nlohmann::json::object();
  const nlohmann::json& object = metadata == tree.end() ? none : *metadata;
  require(object.is_object());
  require(facts.name == text_at(object, "name"));
  require(facts.generate_name == text_at(object, "generateName"));
  require(facts.namespace_ == text_at(object, "namespace"));
}

std::string text_at(const YAML::Node& mapping, const char* key) {
  const YAML::Node member = mapping[key];
  return member.IsDefined() ? member.Scalar() : "";
}

void compare_yaml(const BodyFacts& facts, std::string_view body) {
  if (nlohmann::json::accept(body)) return compare_json(facts, body);
  const YAML::Node tree = YAML::Load(std::string(body));
  require(tree.IsMap());
  require(facts.kind == text_at(tree, "kind"));
  const YAML::Node metadata = tree["metadata"];
  if (!metadata.IsDefined()) return require(facts.name.empty());
  require(facts.name == text_at(metadata, "name"));
  require(facts.generate_name == text_at(metadata, "generateName"));
  require(facts.namespace_ == text_at(metadata, "namespace"));
}

void read_patch(std::string_view body) {
  const auto operations = json_patch_operations(body);
  if (!operations) return;
  const nlohmann::json tree = nlohmann::json::parse(body);
  require(tree.is_array() && tree.size() == operations->size());
  for (std::size_t i = 0; i < tree.size(); ++i) require(tree[i]["op"] == (*operations)[i]);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view body(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] % 4 == 3) {
    read_patch(body);
    return 0;
  }
  const auto encoding = static_cast<BodyEncoding>(data[0] % 4);
  const auto facts = read_body_facts(encoding, body);
  if (!facts) {
    require(facts.error().code == 400);
    return 0;
  }
  require(is_printable(facts->name) && is_printable(facts->generate_name) &&
          is_printable(facts->namespace_));
  if (encoding == BodyEncoding::kJson) compare_json(*facts, body);
  if (encoding == BodyEncoding::kYaml) compare_yaml(*facts, body);
  return 0;
}
