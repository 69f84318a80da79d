#pragma once

#include "proxy/config_error.h"
#include "rbac/yaml_tree.h"

#include <string>
#include <string_view>

namespace postern::proxy {

/// One YAML document, or what is wrong with it as YAML: syntax (with its place), several documents,
/// none, anchors, aliases, tags, more than 64 levels or 1 MiB.
Loaded<rbac::YamlNode> parse_yaml_document(const std::string& file, std::string_view yaml);

}  // namespace postern::proxy
