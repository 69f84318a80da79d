#pragma once

#include "kube/result.h"

#include <string>
#include <string_view>
#include <vector>

namespace postern::kube {

/// How a request body is written.
enum class BodyEncoding { kJson, kYaml, kProtobuf };

/// What a decision needs to know of a request body: who it makes, and the few fields that give
/// access by themselves. Strings are "" where the body has no such field.
struct BodyFacts {
  std::string api_version;
  std::string kind;  ///< "": the API server takes the path's kind
  std::string name;
  std::string generate_name;
  std::string namespace_;
  /// `type` at the top level when it is a string; meant for Secrets
  /// ("kubernetes.io/service-account-token" gives access).
  std::string type;
  /// metadata.annotations["kubernetes.io/service-account.name"]; meant for Secrets.
  std::string service_account_name;
};

/// The encoding of a Content-Type, a PATCH's included: absent means JSON, as kube-apiserver takes
/// it. 415 for any other type, for two of them, and for a parameter other than `charset=utf-8`.
Result<BodyEncoding> body_encoding(std::string_view content_type);

/// Reads the facts from a whole body (at most 3 MiB, the caller's limit), strictly: duplicate keys
/// at any level that is looked at (also by escapes), a byte order mark, a second document, comments
/// in JSON, aliases, anchors, tags and merge keys in YAML, repeated fields or a second `raw` in
/// protobuf → 400. A field that is null or of another type where a string is wanted, a name with
/// control characters, and a list (`kind: List`, `PodList`) → 400. Never deeper than 128 levels.
/// In YAML a plain scalar that some parser takes for a number, a date or a boolean is no string;
/// YAML that is JSON is read as JSON. Pure, safe from any thread; never throws for bad input.
/// Sources: apimachinery runtime/serializer/{json,protobuf}, k8s.io/api generated.proto.
Result<BodyFacts> read_body_facts(BodyEncoding encoding, std::string_view body);

/// The operations of a JSON Patch (RFC 6902) body in their order, e.g. {"test","replace"}; 400 when
/// it is none, has an unknown operation, a repeated key in one, or more than 10000 of them.
Result<std::vector<std::string>> json_patch_operations(std::string_view body);

}  // namespace postern::kube
