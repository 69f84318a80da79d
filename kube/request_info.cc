#include "kube/request_info.h"

#include "kube/api_grammar.h"
#include "kube/forbidden.h"
#include "kube/percent.h"
#include "kube/query_keys.h"
#include "kube/request_target.h"
#include "kube/selector.h"
#include "kube/text.h"

#include <algorithm>
#include <array>
#include <span>

namespace postern::kube {
namespace {

using Segments = std::span<const std::string>;

constexpr std::array<std::string_view, 5> kMethods = {"GET", "POST", "PUT", "PATCH", "DELETE"};
constexpr long kMaxWatchSeconds = 3600;
constexpr std::size_t kUsualPath = 128;

Status method_not_allowed() {
  return Status::method_not_allowed(
      "the server does not allow this method on the requested resource");
}

std::string verb_of_method(std::string_view method) {
  if (method == "POST") return "create";
  if (method == "PUT") return "update";
  return ascii_lower(method);
}

/// Names in groups other than core are path segments without more rules (`system:node`, `*`).
bool is_possible_name(const RequestInfo& info, std::string_view name) {
  return info.api_prefix == "api" ? is_core_name(name) : is_path_segment_name(name);
}

/// Takes prefix, group and version off the front; false: not a resource path (steps 2 to 4 of the
/// resolver).
bool take_group_version(Segments& rest, RequestInfo& info) {
  if (rest.size() < 3 || (rest[0] != "api" && rest[0] != "apis")) return false;
  if (rest[0] == "apis") {
    if (rest.size() < 4) return false;
    info.api_group = rest[1];
  }
  info.api_prefix = rest[0];
  info.api_version = rest[info.api_prefix == "apis" ? 2 : 1];
  rest = rest.subspan(info.api_prefix == "apis" ? 3 : 2);
  return true;
}

/// `namespaces/NAME/REST`: takes the first two off unless they are the object (step 6). 404 for
/// core namespaces below a namespace, which kube-apiserver would tell apart by the route only.
Result<void> take_namespace(Segments& rest, RequestInfo& info) {
  if (rest[0] != "namespaces" || rest.size() < 2) return {};
  info.namespace_ = rest[1];
  if (rest.size() == 2 || rest[2] == "status" || rest[2] == "finalize") return {};
  rest = rest.subspan(2);
  if (rest[0] == "namespaces" && info.api_group.empty()) return fail(resource_not_found());
  return {};
}

Result<void> check_name(RequestInfo& info) {
  if (info.name.empty()) return {};
  if (info.subresource == "proxy" && info.api_prefix == "api") {
    const std::string segment = info.name;
    const auto split = split_proxy_name(segment);
    if (!split) return fail(object_not_found(info.api_group, info.resource, segment));
    info.proxy_scheme = split->scheme;
    info.proxy_port = split->port;
    info.name = split->name;
    return {};
  }
  if (!is_possible_name(info, info.name)) {
    return fail(object_not_found(info.api_group, info.resource, info.name));
  }
  return {};
}

Result<void> check_words(const RequestInfo& info) {
  const bool known_group = info.api_prefix == "api" || is_api_group(info.api_group);
  if (!known_group || !is_api_version(info.api_version) || !is_dns_label(info.resource) ||
      (!info.subresource.empty() && !is_dns_label(info.subresource))) {
    return fail(resource_not_found());
  }
  if (!info.namespace_.empty() && !is_dns_label(info.namespace_)) {
    return fail(Status::bad_request("the path names a namespace that cannot exist"));
  }
  return {};
}

Result<void> check_method(const RequestInfo& info) {
  const std::string_view method = info.method;
  bool allowed = false;
  if (!info.subresource.empty()) {
    allowed = subresource_has_method(info.subresource, method);
  } else if (info.name.empty()) {
    allowed = method == "GET" || method == "POST" || method == "DELETE";
  } else {
    allowed = method != "POST";
  }
  if (!allowed) return fail(method_not_allowed());
  return {};
}

/// The resource, name, subresource and subpath from what is left of the path (step 7).
Result<void> read_resource(Segments rest, bool trailing_slash, RequestInfo& info) {
  info.resource = rest[0];
  if (rest.size() > 1) info.name = rest[1];
  if (rest.size() > 2) info.subresource = rest[2];
  if (info.subresource == "proxy") {
    info.subpath.assign(rest.begin() + 3, rest.end());
    if (trailing_slash) info.subpath.emplace_back();
  } else if (rest.size() > 3) {
    return fail(Status::bad_request("the path goes on behind a subresource"));
  } else if (trailing_slash) {
    return fail(Status::bad_request("the path ends with a slash"));
  }
  if (auto words = check_words(info); !words) return words;
  if (auto name = check_name(info); !name) return name;
  return check_method(info);
}

std::string canonical_path(const RequestTarget& target) {
  std::string path;
  path.reserve(kUsualPath);
  for (const std::string& segment : target.segments) {
    path += '/';
    append_path_segment(path, segment);
  }
  if (path.empty() || target.trailing_slash) path += '/';
  return path;
}

/// Steps 8 and 9: a read or delete without a name is of the collection.
void settle_verb(RequestInfo& info) {
  if (!info.name.empty()) return;
  if (info.verb == "get") info.verb = info.query.get_bool("watch") ? "watch" : "list";
  if (info.verb == "delete") info.verb = "deletecollection";
}

void clamp_watch_timeout(Query& query) {
  const std::string_view text = query.get("timeoutSeconds");
  const bool number = !text.empty() && std::all_of(text.begin(), text.end(),
                                                   [](char c) { return c >= '0' && c <= '9'; });
  if (!number) return;
  const std::size_t zeros = std::min(text.find_first_not_of('0'), text.size() - 1);
  const std::string digits(text.substr(zeros));
  if (digits.size() > 9 || std::stol(digits) > kMaxWatchSeconds) {
    query.set("timeoutSeconds", std::to_string(kMaxWatchSeconds));
  }
}

/// A selector that does not parse is kube-apiserver's to refuse; it confines nothing.
void read_field_selector(RequestInfo& info) {
  if (!info.query.has("fieldSelector")) return;
  const auto selector = parse_field_selector(info.query.get("fieldSelector"));
  if (!selector) return;
  const auto value_of = [&](std::string_view field) {
    const auto value = required_value(*selector, field);
    return value && is_path_segment_name(*value) ? *value : std::string();
  };
  info.field_selector_name = value_of("metadata.name");
  info.field_selector_namespace = value_of("metadata.namespace");
}

Result<void> read_query(std::string_view text, RequestInfo& info) {
  auto query = info.subresource == "proxy" ? Query::parse_opaque(text) : Query::parse(text);
  if (!query) return fail(query.error());
  info.query = std::move(*query);
  if (info.subresource == "proxy") return {};
  if (info.is_resource_request) settle_verb(info);
  info.query.retain([&](std::string_view key) { return takes_query_key(info, key); });
  if (info.verb == "watch") {
    info.query.set("watch", "true");
    clamp_watch_timeout(info.query);
  } else {
    info.query.erase("watch");
  }
  if (info.is_collection()) read_field_selector(info);
  return {};
}

/// `/api/` and `/apis/` are what old clients ask for discovery; "/" has no segments. Below them a
/// slash at the end is no path of ours; elsewhere (`/logs/`, `/debug/pprof/`) it is
/// kube-apiserver's own, and nobody's here.
Result<void> check_last_slash(const RequestTarget& target) {
  if (!target.trailing_slash) return {};
  const bool discovery = target.segments[0] == "api" || target.segments[0] == "apis";
  if (!discovery) return fail(Status::forbidden("this path is not served through postern"));
  if (target.segments.size() == 1) return {};
  return fail(Status::bad_request("the path ends with a slash"));
}

Result<void> read_path(const RequestTarget& target, RequestInfo& info) {
  info.path = canonical_path(target);
  Segments rest = target.segments;
  info.is_resource_request = take_group_version(rest, info);
  if (!info.is_resource_request) {
    info.verb = ascii_lower(info.method);
    return check_last_slash(target);
  }
  if (rest[0] == "watch" || rest[0] == "proxy") {
    return fail(
        Status::forbidden("the deprecated paths below /watch/ and /proxy/ are not served; "
                          "use ?watch=true or the proxy subresource"));
  }
  info.verb = verb_of_method(info.method);
  if (auto taken = take_namespace(rest, info); !taken) return taken;
  return read_resource(rest, target.trailing_slash, info);
}

}  // namespace

std::string RequestInfo::target() const {
  const std::string text = query.encode();
  return text.empty() ? path : path + '?' + text;
}

Result<RequestInfo> parse_request_info(std::string_view method, std::string_view target) {
  if (std::find(kMethods.begin(), kMethods.end(), method) == kMethods.end()) {
    return fail(method_not_allowed());
  }
  const auto parsed = parse_request_target(target);
  if (!parsed) return fail(parsed.error());
  RequestInfo info;
  info.method = method;
  if (auto path = read_path(*parsed, info); !path) return fail(path.error());
  if (auto query = read_query(parsed->query, info); !query) return fail(query.error());
  return info;
}

}  // namespace postern::kube
