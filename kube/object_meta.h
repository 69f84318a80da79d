#pragma once

#include "kube/result.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace postern::kube {

/// How a request body is written.
enum class BodyEncoding { kJson, kYaml, kProtobuf };

/// What a decision needs to know of a request body: who it makes, and the few fields that give
/// access by themselves.
struct BodyFacts {
  std::string api_version;
  std::string kind;
  std::string name;
  std::string generate_name;
  std::string namespace_;
  /// `type` at the top level, read for Secrets ("kubernetes.io/service-account-token" gives
  /// access).
  std::string type;
  /// metadata.annotations["kubernetes.io/service-account.name"], read for Secrets.
  std::string service_account_name;
};

/// The encoding of a Content-Type: absent means JSON, as kube-apiserver takes it. 415 for any other
/// type, for a parameter that changes meaning, or for two of them.
Result<BodyEncoding> body_encoding(std::string_view content_type);

/// Reads the facts from a whole body (at most 3 MiB, the caller's limit), strictly: duplicate keys
/// at any level that is looked at (also by escapes), a byte order mark, a second document, comments
/// in JSON, aliases, anchors and tags in YAML, repeated fields or a second `raw` in protobuf → 400.
/// A field that is null or of another type where a string is wanted → 400. Never deeper than 128
/// levels. Sources: apimachinery runtime/serializer/{json,protobuf}, k8s.io/api generated.proto.
Result<BodyFacts> read_body_facts(BodyEncoding encoding, std::string_view body);

/// The operations of a JSON Patch (RFC 6902) body, e.g. {"test","replace"}; 400 when it is none.
Result<std::vector<std::string>> json_patch_operations(std::string_view body);

}  // namespace postern::kube
