#include "proxy/yaml_document.h"

#include "kube/text.h"

#include <utility>

namespace postern::proxy {
namespace {

constexpr std::size_t kMaxDocumentBytes = 1024 * 1024;

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

}  // namespace postern::proxy
