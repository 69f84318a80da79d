#pragma once

#include "rbac/verb.h"

#include <optional>
#include <string_view>

namespace postern::rbac {

/// Kinds that give access by themselves (design §2 "No standing access out of a grant"; Kubernetes
/// facts, "Side doors").

/// The verb that writing this kind needs beside the ordinary one.
std::optional<Verb> write_door(std::string_view group, std::string_view plural);
/// Whether deleting objects of this kind takes a guard away, and so needs the same verb.
bool guards(std::string_view group, std::string_view plural);
/// Reviews about oneself, which everybody may ask.
bool is_self_review(std::string_view group, std::string_view plural);
/// Reviews about others, which probe their rights and tokens.
bool is_foreign_review(std::string_view group, std::string_view plural);
/// Whether a PUT might create the object: kinds whose strategy says AllowCreateOnUpdate, and kinds
/// of Kubernetes' own groups that are not known to refuse it. Custom resources never do.
bool put_could_create(std::string_view group, std::string_view plural);

/// Whether a Secret of this name may be a bootstrap token: one that logs in at the API server as a
/// member of groups that it names itself (kubernetes
/// plugin/pkg/auth/authenticator/token/bootstrap). `name` may also be the base of a generated one.
bool is_bootstrap_token(std::string_view namespace_, std::string_view name);

/// Whether a ConfigMap of this name says whom a cluster takes for whom: the client CAs that API
/// servers behind kube-apiserver trust (and postern, with `clusterClientCA`), and the users and
/// groups that AWS identities are on EKS.
bool is_trust_map(std::string_view namespace_, std::string_view name);

inline constexpr std::string_view kServiceAccountToken = "kubernetes.io/service-account-token";

}  // namespace postern::rbac
