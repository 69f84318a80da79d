#pragma once

#include "kube/result.h"
#include "proxy/authn/authenticator.h"
#include "proxy/authn/identity.h"

#include <string>
#include <string_view>
#include <vector>

/// TokenReview (authentication.k8s.io/v1) as values: what a cluster is asked about a token, and
/// what its answer is worth. Source: k8s.io/api authentication/v1, k8s.io/apiserver
/// plugin/pkg/authenticator/token/webhook.
namespace postern::proxy {

/// `authentication.tokenReview`, as far as answers are read by it.
struct TokenReviewRules {
  std::string kube_cluster;  ///< the cluster that is asked, and the only one where the names count
  std::vector<std::string> audiences;  ///< at least one of them must be confirmed
  NamePrefix prefix;
};

/// The document that asks about `token`.
std::string token_review_body(std::string_view token, const TokenReviewRules& rules);

/// Reads the cluster's answer. A verdict is an identity, or a sentence for the log about why the
/// token proves nobody: it is not authenticated, none of the audiences is confirmed (an answer that
/// names none confirms none), or a name cannot be used.
///
/// No verdict, and nothing to be remembered: 503 when the cluster cannot say at the moment (429,
/// 5xx), 500 when it does not let postern ask or when its answer is no TokenReview. The messages
/// are for clients and name nobody.
Result<TokenVerdict> read_token_review(unsigned status, std::string_view body,
                                       const TokenReviewRules& rules);

}  // namespace postern::proxy
