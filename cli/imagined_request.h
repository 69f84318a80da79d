#pragma once

#include "kube/api_catalog.h"
#include "kube/object_meta.h"
#include "kube/request_info.h"

#include <optional>
#include <string>
#include <tl/expected.hpp>

namespace postern::cli {

/// What `auth can-i` asks about, taken apart.
struct Question {
  std::string verb;
  kube::ApiResource resource;
  std::string name;
  std::string namespace_;
  std::string subresource;
};

/// The request that kubectl would send for a question, after the proxy's own parser has read it.
struct ImaginedRequest {
  std::string method;
  std::string target;
  kube::RequestInfo info;
  std::optional<kube::BodyFacts> facts;  ///< of a request with a body
};

/// The error is a sentence: an unknown verb, a name that is missing or too much, a namespace for a
/// cluster-scoped kind, text that no request can carry.
tl::expected<ImaginedRequest, std::string> imagine_request(const Question& question);

}  // namespace postern::cli
