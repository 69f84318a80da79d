#pragma once

#include "kube/object_meta.h"
#include "kube/result.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postern::kube {

/// `spec` of a SelfSubjectAccessReview (authorization.k8s.io/v1): exactly one of the two questions.
struct AccessReviewSpec {
  struct Resource {
    std::string namespace_;
    std::string verb;
    std::string group;
    std::string version;
    std::string resource;
    std::string subresource;
    std::string name;
  };
  struct NonResource {
    std::string path;
    std::string verb;
  };
  std::optional<Resource> resource;
  std::optional<NonResource> non_resource;
};

/// Reads the body of a POST to selfsubjectaccessreviews, JSON or protobuf (what typed clients
/// send). 400 for anything else in it, for field or label selectors (which postern does not judge),
/// and for none or both of the questions; 415 for YAML.
Result<AccessReviewSpec> read_access_review(BodyEncoding encoding, std::string_view body);

/// Reads `spec.namespace` of a SelfSubjectRulesReview; 400 when it is missing.
Result<std::string> read_rules_review(BodyEncoding encoding, std::string_view body);

/// The answered review.
struct AccessReviewAnswer {
  bool allowed = false;
  bool denied = false;  ///< by postern; false leaves room for other authorizers' opinion
  std::string reason;
  /// `metadata.annotations`: what there is to say beyond what the type has fields for.
  std::vector<std::pair<std::string, std::string>> annotations;
};
std::string access_review_json(const AccessReviewSpec& spec, const AccessReviewAnswer& answer);

}  // namespace postern::kube
