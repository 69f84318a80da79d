// parse_request_info() against kube-apiserver's resolver, written down once more in its plainest
// form: whatever postern accepts, the server behind it must understand in the same way.

#include "kube/percent.h"
#include "kube/request_info.h"

#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace {

using postern::kube::RequestInfo;

struct Understood {
  bool is_resource = false;
  std::string group, version, namespace_, resource, subresource, name;
};

void require(bool condition) {
  if (!condition) std::abort();
}

std::vector<std::string> split_path(std::string path) {
  const std::size_t first = path.find_first_not_of('/');
  if (first == std::string::npos) return {};
  path = path.substr(first, path.find_last_not_of('/') - first + 1);
  std::vector<std::string> parts(1);
  for (const char c : path) {
    if (c == '/') {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

/// apiserver pkg/endpoints/request/requestinfo.go, on the decoded path; nullopt-like empty result
/// for its special verbs.
Understood as_kube_apiserver(std::string_view target) {
  const auto decoded = postern::kube::percent_decode(target.substr(0, target.find('?')));
  require(decoded.has_value());
  std::vector<std::string> parts = split_path(*decoded);
  Understood result;
  if (parts.size() < 3 || (parts[0] != "api" && parts[0] != "apis")) return result;
  const bool groupless = parts[0] == "api";
  parts.erase(parts.begin());
  if (!groupless) {
    if (parts.size() < 3) return result;
    result.group = parts[0];
    parts.erase(parts.begin());
  }
  result.is_resource = true;
  result.version = parts[0];
  parts.erase(parts.begin());
  require(parts[0] != "watch" && parts[0] != "proxy");
  if (parts[0] == "namespaces" && parts.size() > 1) {
    result.namespace_ = parts[1];
    if (parts.size() > 2 && parts[2] != "status" && parts[2] != "finalize") {
      parts.erase(parts.begin(), parts.begin() + 2);
    }
  }
  result.resource = parts[0];
  if (parts.size() > 1) result.name = parts[1];
  if (parts.size() > 2) result.subresource = parts[2];
  return result;
}

void compare(const RequestInfo& info, std::string_view target) {
  const Understood server = as_kube_apiserver(target);
  require(info.is_resource_request == server.is_resource);
  if (!server.is_resource) return;
  std::string name = info.name;
  if (!info.proxy_scheme.empty()) {
    name = info.proxy_scheme + ":" + name + ":" + info.proxy_port;
  } else if (server.name != name) {
    require(info.subresource == "proxy");
    require(server.name == name + ":" + info.proxy_port ||
            server.name == ":" + name + ":" + info.proxy_port);
    name = server.name;
  }
  require(info.api_group == server.group && info.api_version == server.version &&
          info.namespace_ == server.namespace_ && info.resource == server.resource &&
          name == server.name && info.subresource == server.subresource);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  constexpr std::array<std::string_view, 6> kMethods = {"GET",   "POST",   "PUT",
                                                        "PATCH", "DELETE", "HEAD"};
  const std::string_view method = kMethods[data[0] % kMethods.size()];
  const std::string_view target(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto info = postern::kube::parse_request_info(method, target);
  if (!info) {
    require(info.error().code >= 400 && info.error().code < 500);
    return 0;
  }
  require(method != "HEAD");
  const std::string canonical = info->target();
  compare(*info, target);
  compare(*info, canonical);
  const auto again = postern::kube::parse_request_info(method, canonical);
  require(again.has_value() && again->target() == canonical && again->verb == info->verb &&
          again->field_selector_name == info->field_selector_name);
  for (const char c : canonical) require(c > 0x20 && c < 0x7f);
  return 0;
}
