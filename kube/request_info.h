#pragma once

#include "kube/result.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postern::kube {

/// A query string after strict parsing: decoded pairs in the client's order, unknown keys dropped.
/// Duplicates only of keys that Kubernetes repeats (`command`, `dryRun`, `ports`).
class Query {
 public:
  /// Parses the text behind '?'. 400 on a bad escape, ';', control characters, more than 64 pairs
  /// or a repeated key (kubernetes-api facts: Go drops such pairs silently, other parsers do not).
  static Result<Query> parse(std::string_view text);

  bool has(std::string_view key) const;
  /// The first value, or "" where the key is absent.
  std::string_view get(std::string_view key) const;
  /// Kubernetes' boolean: absent, "0" and any case of "false" are false; everything else is true
  /// (apimachinery pkg/runtime/conversion.go).
  bool get_bool(std::string_view key) const;
  void set(std::string_view key, std::string_view value);  ///< replaces every value of the key
  void erase(std::string_view key);
  const std::vector<std::pair<std::string, std::string>>& pairs() const { return pairs_; }
  /// `a=b&c=d` in our own percent-encoding; "" when empty.
  std::string encode() const;

 private:
  std::vector<std::pair<std::string, std::string>> pairs_;
};

/// What a request asks for, by kube-apiserver's own rules (apiserver
/// pkg/endpoints/request/requestinfo.go) on top of a closed grammar: whatever does not fit it is
/// refused, never repaired.
struct RequestInfo {
  std::string method;  ///< GET POST PUT PATCH DELETE
  /// Kubernetes' verb: get list watch create update patch delete deletecollection; for a
  /// non-resource path the lower-case method.
  std::string verb;
  bool is_resource_request = false;

  std::string api_prefix;  ///< "api" or "apis"
  std::string api_group;   ///< "" for core
  std::string api_version;
  std::string namespace_;  ///< "" for cluster-scoped and all-namespace requests
  std::string resource;    ///< plural; "" for non-resource and discovery paths
  std::string subresource;
  std::string
      name;  ///< from the path only; a fieldSelector's metadata.name is in field_selector_name
  /// Decoded segments behind the subresource (only proxy subresources may have them).
  std::vector<std::string> subpath;

  /// `metadata.name=X` of a list, watch or deletecollection that requires exactly X; else "".
  std::string field_selector_name;
  std::string field_selector_namespace;  ///< likewise for metadata.namespace

  std::string path;  ///< canonical: decoded segments, encoded again by us; what goes upstream
  Query query;       ///< canonical: what goes upstream

  bool is_collection() const {
    return is_resource_request && name.empty() && subresource.empty() && verb != "create";
  }
};

/// Parses method and request target (origin-form) of an HTTP request.
///
/// Errors: 400 for a target outside of the grammar, 405 for a method that Kubernetes does not have
/// there, 403 for the deprecated `watch`/`proxy` path prefixes (their verb ignores the method). A
/// `watch=true` on a request with a name is dropped, as kube-apiserver does. Source: requestinfo.go
/// and its test table; design "The wire".
Result<RequestInfo> parse_request_info(std::string_view method, std::string_view target);

}  // namespace postern::kube
