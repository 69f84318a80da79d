#pragma once

#include <cstddef>
#include <string_view>

namespace postern::kube {

/// How many YAML documents a text has, counted up to `limit`; a text that stops being YAML counts
/// as far as it was. Never throws.
///
/// To be asked before YAML::LoadAll(): yaml-cpp 0.7 finds empty documents without end in texts like
/// `, a: b`.
std::size_t count_yaml_documents(std::string_view text, std::size_t limit);

}  // namespace postern::kube
