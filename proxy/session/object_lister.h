#pragma once

#include "proxy/session/worker_state.h"
#include "rbac/user_info.h"

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace postern::proxy {

/// What is to be listed, and in whose name: `subject` is the user with the roles that count here,
/// not those that the user's session has.
struct ObjectQuestion {
  rbac::UserInfo user;
  std::shared_ptr<const rbac::Policy> policy;
  std::shared_ptr<const rbac::Subject> subject;

  std::string kube_cluster;
  const kube::ApiResource* resource = nullptr;  ///< in a catalogue that the caller keeps
  std::string namespace_;                       ///< "": all
  std::string label_selector;
  std::string name;  ///< "": any
  /// Of the request that it is a part of, so that the cluster's audit log joins with ours.
  std::string audit_id;
};

/// An object's metadata, as far as searches show it or go by it.
struct ObjectSummary {
  std::string name;
  std::string namespace_;
  std::map<std::string, std::string> labels;
  std::string controller_kind;  ///< of the owner that controls it: "ReplicaSet"; "" without one
  std::string controller_name;
};
/// A page of what the caller may see.
struct ObjectPage {
  std::vector<ObjectSummary> objects;
  /// The API server's own token for the next page, which names a hidden object: never for a client
  /// as it is. "" at the end.
  std::string next;
};

/// One page of a list that postern makes on somebody's behalf: decided, impersonated and filtered
/// as if the user had asked. The page's bytes are held, at most kMaxPageBytes of them (502).
///
/// Errors: those of a request: 403 when the roles reach nothing there, 404 for a cluster that is
/// not to be seen, 410 for a token that is too old, 502 … 504.
Task<Result<ObjectPage>> list_objects(WorkerState& state, const ObjectQuestion& question,
                                      std::string token, std::size_t page_size);

inline constexpr std::size_t kMaxPageBytes = std::size_t{32} * 1024 * 1024;

}  // namespace postern::proxy
