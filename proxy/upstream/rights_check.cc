#include "proxy/upstream/rights_check.h"

#include "kube/text.h"
#include "proxy/upstream/impersonation.h"
#include "proxy/upstream/upstream.h"

#include <algorithm>
#include <utility>

// Tested by tests/proxy/upstream/rights_check_test.cc
namespace postern::proxy {
namespace {

constexpr const char* kAuthenticationGroup = "authentication.k8s.io";
constexpr const char* kPath = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
constexpr const char* kPurpose = "acting in users' names";
constexpr std::size_t kMaxReviewBytes = 256 * 1024;

Task<Result<bool>> is_allowed(UpstreamPool& pool, AccessQuestion question) {
  if (question.version.empty()) question.version = "*";
  const auto response = co_await fetch(
      pool, "POST", kPath, {{"Content-Type", "application/json"}, {"Accept", "application/json"}},
      access_review_body(question), kMaxReviewBytes);
  if (!response) co_return fail(response.error());
  co_return parse_access_review(response->status, response->body);
}

std::string resource_of(const AccessQuestion& question) {
  return question.subresource.empty() ? question.resource
                                      : question.resource + "/" + question.subresource;
}

std::string joined(const std::vector<std::string>& items, const std::string& tail = "") {
  std::string text;
  for (const std::string& item : items) {
    if (!text.empty()) text += ", ";
    text += item + tail;
  }
  return text;
}

std::string list_of(const std::vector<std::string>& items) {
  std::vector<std::string> quoted;
  for (const std::string& item : items) quoted.push_back(kube::quoted(item));
  return "[" + joined(quoted) + "]";
}

/// An RBAC rule that would give what is missing.
struct Rule {
  std::string group;
  std::vector<std::string> resources;
  std::vector<std::string> verbs;
  std::string namespace_;
  std::string name;
  std::string purpose;

  bool fits(const Rule& other) const {
    return group == other.group && namespace_ == other.namespace_ && name == other.name &&
           purpose == other.purpose;
  }
};

Rule rule_of(const AccessQuestion& question, const std::string& purpose) {
  return {question.group,      {resource_of(question)}, {question.verb},
          question.namespace_, question.name,           purpose};
}

/// Puts those together that differ in `different` alone (verbs or resources), in the order in which
/// they come first.
std::vector<Rule> merged(const std::vector<Rule>& rules, std::vector<std::string> Rule::*different,
                         std::vector<std::string> Rule::*same) {
  std::vector<Rule> all;
  for (const Rule& rule : rules) {
    const auto found = std::find_if(all.begin(), all.end(), [&](const Rule& each) {
      return each.fits(rule) && each.*same == rule.*same;
    });
    if (found == all.end()) {
      all.push_back(rule);
    } else {
      auto& into = (*found).*different;
      into.insert(into.end(), (rule.*different).begin(), (rule.*different).end());
    }
  }
  return all;
}

MissingRight missing(const Rule& rule) {
  MissingRight right;
  right.what =
      joined(rule.verbs) + " " + joined(rule.resources, rule.group.empty() ? "" : "." + rule.group);
  if (!rule.name.empty()) right.what += " " + kube::quoted(rule.name);
  right.purpose = rule.purpose;
  right.namespace_ = rule.namespace_;
  right.rule = "{apiGroups: " + list_of({rule.group}) + ", resources: " + list_of(rule.resources) +
               ", verbs: " + list_of(rule.verbs);
  if (!rule.name.empty()) right.rule += ", resourceNames: " + list_of({rule.name});
  right.rule += "}";
  return right;
}

MissingRight missing(const AccessQuestion& question, const std::string& purpose) {
  return missing(rule_of(question, purpose));
}

AccessQuestion impersonate(const std::string& resource, const std::string& name = "") {
  AccessQuestion question;
  question.verb = "impersonate";
  question.resource = resource;
  question.name = name;
  return question;
}

/// How constrained impersonation puts the same question.
AccessQuestion constrained(AccessQuestion question) {
  question.verb = question.resource == "serviceaccounts" ? "impersonate:serviceaccount"
                                                         : "impersonate:user-info";
  question.group = kAuthenticationGroup;
  return question;
}

void add_service_account(std::vector<AccessQuestion>& questions, const std::string& account) {
  const std::size_t slash = account.find('/');
  if (slash == std::string::npos) return;
  AccessQuestion question = impersonate("serviceaccounts", account.substr(slash + 1));
  question.namespace_ = account.substr(0, slash);
  questions.push_back(std::move(question));
}

AccessQuestion extra_question() {
  AccessQuestion question = impersonate("userextras");
  question.group = kAuthenticationGroup;
  question.subresource = kRequestExtraKey;
  return question;
}

Task<Result<bool>> may_impersonate(UpstreamPool& pool, AccessQuestion question) {
  const auto plainly = co_await is_allowed(pool, question);
  if (!plainly || *plainly) co_return plainly;
  co_return co_await is_allowed(pool, constrained(std::move(question)));
}

/// Either any name of the resource, or each of these.
Task<Result<void>> ask_names(UpstreamPool& pool, std::string resource,
                             std::vector<std::string> names, std::vector<MissingRight>& into) {
  const auto any = co_await may_impersonate(pool, impersonate(resource));
  if (!any) co_return fail(any.error());
  if (*any) co_return Result<void>();
  if (names.empty()) into.push_back(missing(impersonate(resource), kPurpose));
  for (const std::string& name : names) {
    const auto allowed = co_await may_impersonate(pool, impersonate(resource, name));
    if (!allowed) co_return fail(allowed.error());
    if (!*allowed) into.push_back(missing(impersonate(resource, name), kPurpose));
  }
  co_return Result<void>();
}

}  // namespace

std::string MissingRight::sentence(const std::string& account) const {
  const std::string where =
      namespace_.empty() ? "a ClusterRole" : "a Role of the namespace " + namespace_;
  return account + " may not " + what + ", which " + purpose + " needs: give it this rule in " +
         where + ": " + rule;
}

Task<Result<std::vector<MissingRight>>> missing_rights(UpstreamPool& pool,
                                                       std::vector<NeededRight> needed) {
  std::vector<Rule> denied;
  for (const NeededRight& right : needed) {
    const auto allowed = co_await is_allowed(pool, right.question);
    if (!allowed) co_return fail(allowed.error());
    if (!*allowed) denied.push_back(rule_of(right.question, right.purpose));
  }
  denied = merged(denied, &Rule::verbs, &Rule::resources);
  denied = merged(denied, &Rule::resources, &Rule::verbs);
  std::vector<MissingRight> found;
  for (const Rule& rule : denied) found.push_back(missing(rule));
  co_return found;
}

Task<Result<std::vector<MissingRight>>> missing_impersonation(UpstreamPool& pool,
                                                              NeededImpersonation needed) {
  std::vector<MissingRight> found;
  auto asked = co_await ask_names(pool, "users", needed.users, found);
  if (!asked) co_return fail(asked.error());
  asked = co_await ask_names(pool, "groups", needed.groups, found);
  if (!asked) co_return fail(asked.error());
  std::vector<AccessQuestion> questions;
  for (const std::string& account : needed.service_accounts) {
    add_service_account(questions, account);
  }
  if (needed.access_request_extra) questions.push_back(extra_question());
  for (const AccessQuestion& question : questions) {
    const auto allowed = co_await may_impersonate(pool, question);
    if (!allowed) co_return fail(allowed.error());
    if (!*allowed) found.push_back(missing(question, kPurpose));
  }
  co_return found;
}

}  // namespace postern::proxy
