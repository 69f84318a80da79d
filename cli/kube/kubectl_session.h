#pragma once

#include "cli/connect.h"
#include "cli/kube/kubectl_target.h"
#include "cli/temporary_file.h"

#include <memory>
#include <set>
#include <string>
#include <vector>

namespace postern::cli {

/// A session for one run of kubectl, a child of the caller's, and a kubeconfig with its token.
/// Both are gone when this is. The connection must outlive it.
class KubectlSession {
 public:
  /// The child works with what the caller's own session has assumed.
  static Outcome<std::unique_ptr<KubectlSession>> make(const Connection& connection,
                                                       const KubectlTarget& target,
                                                       const Context& context);
  ~KubectlSession();
  KubectlSession(const KubectlSession&) = delete;
  KubectlSession& operator=(const KubectlSession&) = delete;

  /// The kubeconfig's path.
  const std::string& kubeconfig() const { return file_.path(); }
  /// Names of the requests that it works with.
  const std::vector<std::string>& assumed() const { return assumed_; }

  /// Resource IDs that were refused in this session and not told before, in their order.
  Outcome<std::vector<std::string>> new_refusals();
  Outcome<void> assume(const std::string& request);

 private:
  KubectlSession(const Connection& connection, TemporaryFile file, Connection own, std::string name,
                 std::vector<std::string> assumed);

  const Connection& parent_;
  TemporaryFile file_;
  Connection own_;  ///< by the child's token
  std::string name_;
  std::vector<std::string> assumed_;
  std::set<std::string> told_;
};

}  // namespace postern::cli
