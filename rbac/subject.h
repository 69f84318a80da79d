#pragma once

#include "rbac/user_info.h"

#include <memory>
#include <string>

namespace postern::rbac {

struct SubjectRules;  // the compiled rules; rbac/subject_rules.h

/// A user with everything that decides what they may do: roles compiled with their traits, and the
/// grants that the session has assumed. Immutable, safe from any thread; keeps what it needs of the
/// policy alive. Made by Policy::subject().
class Subject {
 public:
  Subject(UserInfo user, std::string fingerprint, std::shared_ptr<const SubjectRules> rules);

  const UserInfo& user() const { return user_; }
  /// Equal for subjects that may do the same, whichever policy made them: a digest of the roles,
  /// traits, grants and limits that count for this user.
  const std::string& fingerprint() const { return fingerprint_; }
  const SubjectRules& rules() const { return *rules_; }
  const std::shared_ptr<const SubjectRules>& shared_rules() const { return rules_; }

 private:
  UserInfo user_;
  std::string fingerprint_;
  std::shared_ptr<const SubjectRules> rules_;
};

}  // namespace postern::rbac
