#pragma once

#include "kube/query.h"
#include "kube/result.h"

#include <string>
#include <string_view>
#include <vector>

namespace postern::kube {

/// What a request asks for, by kube-apiserver's own rules (apiserver
/// pkg/endpoints/request/requestinfo.go) on top of a closed grammar: whatever does not fit it is
/// refused, never repaired.
struct RequestInfo {
  std::string method;  ///< GET POST PUT PATCH DELETE
  /// Kubernetes' verb: get list watch create update patch delete deletecollection; for a
  /// non-resource path the lower-case method. Of a subresource it is the method's: GET
  /// …/pods/x/exec is `get`, POST is `create`.
  std::string verb;
  bool is_resource_request = false;

  std::string api_prefix;  ///< "api" or "apis"
  std::string api_group;   ///< "" for core
  std::string api_version;
  /// "" for cluster-scoped and all-namespace requests. Of a request for a namespace object itself
  /// (`/api/v1/namespaces/dev`, its status and finalize) it is that object's name, as in
  /// kube-apiserver.
  std::string namespace_;
  std::string resource;  ///< plural; "" for non-resource and discovery paths
  std::string subresource;
  /// From the path only; a fieldSelector's metadata.name is in field_selector_name. Of a core
  /// `proxy` subresource it is the bare name: `https:web:443` is "web".
  std::string name;
  std::string proxy_scheme;  ///< of a core `proxy` subresource: "", "http" or "https"
  std::string proxy_port;    ///< likewise: number or port name, "" for none
  /// Decoded segments behind the subresource (only proxy subresources may have them). A last empty
  /// one stands for a trailing slash.
  std::vector<std::string> subpath;

  /// `metadata.name=X` of a list, watch or deletecollection that requires exactly X; else "". It is
  /// there also when kube-apiserver is going to refuse another parameter (`limit=abc`) with 400.
  std::string field_selector_name;
  std::string field_selector_namespace;  ///< likewise for metadata.namespace

  std::string path;  ///< canonical: decoded segments, encoded again by us; what goes upstream
  Query query;       ///< canonical: what goes upstream

  bool is_collection() const {
    return is_resource_request && name.empty() && subresource.empty() && verb != "create";
  }
  /// Path and query as one request target.
  std::string target() const;
};

/// Parses method and request target (origin-form) of an HTTP request.
///
/// Errors: 405 for a method that Kubernetes does not have there (HEAD everywhere); 403 for the
/// deprecated `watch`/`proxy` path prefixes (their verb ignores the method); 404 for a group,
/// version, plural or subresource that cannot exist (`/api/v1/namespaces/dev/Pods`) and for a core
/// object whose name cannot (`nginx-1:80`); 400 for everything else outside of the grammar.
///
/// Canonical query: keys that the request does not have are dropped (a `watch=true` on a request
/// with a name, too), `watch` is written as `watch=true` or not at all, `timeoutSeconds` of a watch
/// is at most 3600; other values are left for kube-apiserver to judge. Source: requestinfo.go and
/// its test table; design "The wire".
Result<RequestInfo> parse_request_info(std::string_view method, std::string_view target);

}  // namespace postern::kube
