#pragma once

#include <string_view>

namespace postern::proxy {

/// What a request target names: a cluster, and the rest as if that cluster were alone. Views into
/// the target and the default's name.
struct Route {
  std::string_view cluster;  ///< "": none is named, and there is no default one
  std::string_view target;
  bool named = false;  ///< by /clusters/NAME/, not by default
};

Route route_of(std::string_view target, std::string_view default_cluster);

/// Whether this can be a cluster's name at all: DNS labels, by which configurations name them.
bool may_name_cluster(std::string_view name);

}  // namespace postern::proxy
