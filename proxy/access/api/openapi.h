#pragma once

#include <string>
#include <string_view>

namespace postern::proxy::access::api {

/// The group version's key in the index at /openapi/v3.
inline constexpr std::string_view kOpenApiKey = "apis/access.postern.dev/v1alpha1";

/// Where the document is, with a hash of it, so that clients keep it until it changes.
const std::string& openapi_url();

/// The OpenAPI v3 document of the access API, made from the schemas of the kinds: what `kubectl
/// explain` prints and what tells clients that dryRun and fieldValidation are understood. Made
/// once.
const std::string& openapi_document();

}  // namespace postern::proxy::access::api
