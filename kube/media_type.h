#pragma once

#include "kube/result.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postern::kube {

/// A parsed media type (RFC 9110 §8.3.1): type, subtype and parameter names in lower case,
/// parameter values unquoted and otherwise as they came.
struct MediaType {
  std::string type;
  std::string subtype;
  std::vector<std::pair<std::string, std::string>> parameters;

  /// `type/subtype`.
  std::string essence() const { return type + '/' + subtype; }
  /// The parameter's value, nullopt where it is absent.
  std::optional<std::string_view> parameter(std::string_view name) const;
};

/// Parses one media type or media range strictly; nullopt for anything else: an empty or repeated
/// parameter, a comma, a stray character. Besides RFC tokens a subtype may have '@', as in
/// Kubernetes' `application/com.github.proto-openapi.spec.v2@v1.0+protobuf`.
std::optional<MediaType> parse_media_type(std::string_view text);

/// Splits a comma-separated header value, commas in quoted strings aside. Elements come without the
/// spaces around them; empty ones are left out.
std::vector<std::string_view> split_header_list(std::string_view value);

/// The media type of a PATCH, in lower case and without parameters: `application/` and
/// `json-patch+json`, `merge-patch+json`, `strategic-merge-patch+json` or `apply-patch+yaml`. 415
/// for anything else, absent and CBOR included: it is sent upstream in this form, where
/// kube-apiserver compares it exactly.
Result<std::string> patch_media_type(std::string_view content_type);

/// What a body that came back is, by its Content-Type.
enum class ContentClass {
  kJson,           ///< application/json
  kYaml,           ///< application/yaml
  kProtobuf,       ///< application/vnd.kubernetes.protobuf
  kProtobufWatch,  ///< the same with stream=watch: length-delimited events
  kCbor,           ///< application/cbor and application/cbor-seq
  kPlainText,      ///< text/plain
  kOther,          ///< anything else, absent and malformed included
};

/// Classifies a response's Content-Type. Filters act on this, never on what was asked for.
/// Parameters but `charset=utf-8`, `stream=watch` and the conversion's `as`, `g`, `v` make it
/// kOther.
ContentClass classify_content_type(std::string_view content_type);

}  // namespace postern::kube
