#pragma once

#include "kube/result.h"
#include "proxy/access/api/json.h"

#include <string_view>

namespace postern::proxy::access::api {

/// What a PATCH carries: decoded and checked, to be applied to whatever is there then.
class Patch {
 public:
  /// Merge patches (RFC 7396) and JSON patches (RFC 6902). 415 for strategic merge patches, which
  /// need Go types, and for server-side apply; 400 for a body that is none, 413 for one of more
  /// than 256 operations.
  static Result<Patch> read(std::string_view content_type, std::string_view body);

  /// The patched document. 422 when the patch does not fit it: a `test` that fails, a path that is
  /// not there. 413 when it makes the document too large or too deep.
  Result<Json> apply(const Json& document) const;

 private:
  Json patch_;
  bool is_merge_ = true;
};

}  // namespace postern::proxy::access::api
