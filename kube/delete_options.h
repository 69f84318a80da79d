#pragma once

#include "kube/object_meta.h"
#include "kube/query.h"
#include "kube/result.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postern::kube {

/// metav1.DeleteOptions, as far as postern passes them on with each of the deletes that a
/// deletecollection becomes.
struct DeleteOptions {
  std::optional<std::int64_t> grace_period_seconds;
  std::optional<bool> orphan_dependents;
  std::optional<std::string> propagation_policy;
  std::vector<std::string> dry_run;
  std::optional<std::string> precondition_uid;
  std::optional<std::string> precondition_resource_version;

  /// Takes over what a query says; 400 for what is no number. (kube-apiserver reads a query only
  /// where there is no body; what is said in both counts here, the query's last.)
  Result<void> add_query(const Query& query);

  /// The JSON body of one delete. `uid` is that of the object that was listed, so that one which
  /// was made anew under its name meanwhile stays; it stands in for a uid of the client's own
  /// (which is checked before).
  std::string to_json(std::string_view uid) const;
};

/// Reads a body in JSON, YAML or protobuf; an empty one gives the defaults. 400 for unknown or
/// repeated fields, `ignoreStoreReadErrorWithClusterBreakingPotential` among them.
Result<DeleteOptions> read_delete_options(BodyEncoding encoding, std::string_view body);

}  // namespace postern::kube
