#include "cli/kubeconfig/edit_kubeconfig.h"

#include "cli/kubeconfig/yaml_lines.h"
#include "cli/output/yaml.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace postern::cli {
namespace {

using Section = std::pair<std::string_view, Json>;

Json item_of(const KubeconfigEntry& entry, const char* what, const Json& value) {
  return {{what, value}, {"name", entry.name}};
}

/// What stands under which list, in the order in which kubectl writes them.
std::vector<Section> sections_of(const KubeconfigEntry& entry) {
  return {{"clusters", item_of(entry, "cluster", entry.cluster)},
          {"contexts", item_of(entry, "context", entry.context)},
          {"users", item_of(entry, "user", entry.user)}};
}

/// The edit as a change of values: what the text must mean in the end.
Outcome<Json> edited_value(Json config, const KubeconfigEntry& entry, const std::string& origin) {
  if (config.is_null()) config = {{"apiVersion", "v1"}, {"kind", "Config"}};
  if (!config.is_object()) return failed(origin + ": is no kubeconfig");
  for (auto& [list, item] : sections_of(entry)) {
    Json& items = config[std::string(list)];
    if (items.is_null()) items = Json::array();
    if (!items.is_array()) return failed(origin + ": " + std::string(list) + " is no list");
    const auto found = std::find_if(items.begin(), items.end(), [&entry](const Json& present) {
      return text_at(present, {"name"}) == entry.name;
    });
    if (found == items.end()) {
      items.push_back(item);
    } else {
      *found = item;
    }
  }
  if (entry.make_current) config["current-context"] = entry.name;
  return config;
}

/// The edit as a change of lines; nullopt where the text's style does not let it be made so.
std::optional<std::string> edited_text(std::string_view text, const KubeconfigEntry& entry) {
  YamlLines lines(text);
  for (const auto& [list, item] : sections_of(entry)) {
    if (!lines.put_item(list, entry.name, yaml_text(Json::array({item})))) return std::nullopt;
  }
  if (entry.make_current && !lines.put_scalar("current-context", yaml_text(entry.name))) {
    return std::nullopt;
  }
  return lines.text();
}

/// Equal whatever the order of keys.
bool same(const Json& a, const Json& b) {
  return nlohmann::json::parse(a.dump()) == nlohmann::json::parse(b.dump());
}

bool means(const std::string& text, const Json& value, const std::string& origin) {
  const auto documents = read_yaml(text, origin);
  return documents && documents->size() == 1 && same(documents->front(), value);
}

}  // namespace

const Json& named_entry(const Json& config, std::string_view list, std::string_view name,
                        std::string_view what) {
  static const Json kNothing;
  for (const Json& item : find(config, {list})) {
    if (text_at(item, {"name"}) == name) return find(item, {what});
  }
  return kNothing;
}

Outcome<std::string> edit_kubeconfig(std::string_view text, const KubeconfigEntry& entry,
                                     const std::string& origin) {
  auto documents = read_yaml(text, origin);
  if (!documents) return tl::unexpected(documents.error());
  if (documents->size() > 1) return failed(origin + ": has several documents");
  const bool is_new = documents->empty();
  const auto wanted = edited_value(is_new ? Json() : std::move(documents->front()), entry, origin);
  if (!wanted) return tl::unexpected(wanted.error());
  if (!is_new) {
    auto edited = edited_text(text, entry);
    if (edited && means(*edited, *wanted, origin)) return std::move(*edited);
  }
  return yaml_text(*wanted);
}

}  // namespace postern::cli
