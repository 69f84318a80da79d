#include "rbac/resource_id.h"

#include <cstdint>
#include <cstdlib>
#include <string_view>

// Any text is an ID or a 400 with a sentence; an ID is written as it was read.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace postern::rbac;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto id = ResourceId::parse(text);
  if (!id) {
    if (id.error().code != 400 || id.error().message.empty()) std::abort();
    return 0;
  }
  if (id->str() != text || id->cluster().empty() || id->kind().empty()) std::abort();
  const auto again = ResourceId::parse(id->str());
  if (!again || !(*again == *id) || again->scope() != id->scope()) std::abort();
  const bool kube = id->scope() != ResourceId::Scope::kOther;
  if (kube == id->kube_cluster().empty()) std::abort();
  if (id->scope() == ResourceId::Scope::kNamespaced && id->namespace_pattern().text().empty()) {
    std::abort();
  }
  if (id->name_pattern().text().empty()) std::abort();
  return 0;
}
