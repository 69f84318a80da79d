#include "proxy/session/route.h"

namespace postern::proxy {
namespace {

constexpr std::string_view kClusterPrefix = "/clusters/";

}  // namespace

Route route_of(std::string_view target, std::string_view default_cluster) {
  if (!target.starts_with(kClusterPrefix)) {
    return {default_cluster, target, false};
  }
  const std::string_view rest = target.substr(kClusterPrefix.size());
  const std::size_t slash = rest.find('/');
  if (slash == std::string_view::npos) {
    return {rest.substr(0, rest.find('?')), "/", true};
  }
  return {rest.substr(0, slash), rest.substr(slash), true};
}

bool may_name_cluster(std::string_view name) {
  return name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
}

}  // namespace postern::proxy
