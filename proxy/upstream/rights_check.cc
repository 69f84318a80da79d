#include "proxy/upstream/rights_check.h"

#include "proxy/upstream/access_check.h"
#include "proxy/upstream/impersonation.h"
#include "proxy/upstream/upstream.h"

#include <utility>

// Tested by tests/proxy/upstream/access_check_test.cc
namespace postern::proxy {
namespace {

constexpr std::string_view kAuthenticationGroup = "authentication.k8s.io";
constexpr std::size_t kMaxReviewBytes = 256 * 1024;

Task<Result<bool>> may_impersonate(UpstreamPool& pool, AccessQuestion question) {
  question.verb = "impersonate";
  question.version = "*";
  const auto response =
      co_await fetch(pool, "POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
                     {{"Content-Type", "application/json"}, {"Accept", "application/json"}},
                     access_review_body(question), kMaxReviewBytes);
  if (!response) co_return fail(response.error());
  co_return parse_access_review(response->status, response->body);
}

/// What to ask, and the sentence for when the answer is no.
struct Right {
  AccessQuestion question;
  std::string missing;
};

AccessQuestion about(std::string resource, std::string name = "") {
  AccessQuestion question;
  question.resource = std::move(resource);
  question.name = std::move(name);
  return question;
}

std::string sentence(const std::string& what, const std::string& grant) {
  return "postern may not impersonate " + what +
         ": grant its identity the verb \"impersonate\" on " + grant;
}

void add_named(std::vector<Right>& rights, const std::string& resource, const std::string& singular,
               const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    rights.push_back({about(resource, name),
                      sentence(singular + " \"" + name + "\"",
                               "\"" + resource + "\" with the resource name \"" + name + "\"")});
  }
}

void add_service_account(std::vector<Right>& rights, const std::string& account) {
  const std::size_t slash = account.find('/');
  if (slash == std::string::npos) return;
  Right right{about("serviceaccounts", account.substr(slash + 1)), ""};
  right.question.namespace_ = account.substr(0, slash);
  right.missing = sentence("service account \"" + account + "\"",
                           "\"serviceaccounts\" in the namespace \"" + right.question.namespace_ +
                               "\" with the resource name \"" + right.question.name + "\"");
  rights.push_back(std::move(right));
}

void add_extra(std::vector<Right>& rights) {
  Right right{about("userextras"), ""};
  right.question.group = kAuthenticationGroup;
  right.question.subresource = kRequestExtraKey;
  right.missing = sentence("the extra \"" + std::string(kRequestExtraKey) + "\"",
                           "\"userextras/" + std::string(kRequestExtraKey) +
                               "\" in the API group \"" + std::string(kAuthenticationGroup) + "\"");
  rights.push_back(std::move(right));
}

std::vector<Right> list_rights(const NeededRights& needed) {
  std::vector<Right> rights;
  if (needed.users.empty()) {
    rights.push_back({about("users"), sentence("users", "\"users\"")});
  }
  add_named(rights, "users", "user", needed.users);
  add_named(rights, "groups", "group", needed.groups);
  for (const std::string& account : needed.service_accounts) add_service_account(rights, account);
  if (needed.access_request_extra) add_extra(rights);
  return rights;
}

}  // namespace

Task<Result<std::vector<std::string>>> missing_rights(UpstreamPool& pool, NeededRights needed) {
  std::vector<std::string> sentences;
  const std::vector<Right> rights = list_rights(needed);
  for (const Right& right : rights) {
    const auto allowed = co_await may_impersonate(pool, right.question);
    if (!allowed) co_return fail(allowed.error());
    if (!*allowed) sentences.push_back(right.missing);
  }
  co_return sentences;
}

}  // namespace postern::proxy
