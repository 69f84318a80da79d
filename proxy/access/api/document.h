#pragma once

#include "kube/result.h"
#include "proxy/access/api/json.h"

#include <string_view>

namespace postern::proxy::access::api {

/// A request body as one tree, read strictly: what two parsers could read differently is 400.
/// Repeated keys (also by escapes), a byte order mark, comments, more than 64 levels, a second
/// document; in YAML aliases, anchors, tags, merge keys, and plain scalars that some parser takes
/// for something else (`0x10`, `1_000`, `12:30`).
///
/// `content_type` as sent; absent is JSON. 415 for anything but JSON and YAML, protobuf and CBOR
/// included. An empty body is 400. Pure, safe from any thread, never throws for bad input.
Result<Json> read_document(std::string_view content_type, std::string_view body);

/// The two halves of it.
Result<Json> read_json(std::string_view text);
Result<Json> read_yaml(std::string_view text);

/// A tree as YAML, keys sorted, as kube-apiserver answers `Accept: application/yaml`.
std::string yaml_text(const Json& value);

}  // namespace postern::proxy::access::api
