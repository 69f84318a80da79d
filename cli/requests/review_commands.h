#pragma once

#include "cli/client/access_client.h"
#include "cli/context.h"
#include "cli/failure.h"
#include "cli/objects/get_command.h"

#include <string>
#include <vector>

namespace postern::cli {

/// `postern request ls`.
struct RequestListArguments {
  GetArguments get;
  bool mine = false;
  bool reviewable = false;  ///< only those that await a review by the caller
  bool all = false;         ///< also those that have expired
  std::string state;        ///< "": any
};

/// `postern request review`.
struct ReviewArguments {
  std::string name;
  bool approve = false;
  bool deny = false;
  std::string reason;
  std::string assume_start;
  std::string digest;  ///< of what was seen before; "": of what is shown now
  bool yes = false;    ///< do not ask
};

Outcome<void> run_request_list(const RequestListArguments& arguments, const Context& context);

/// Everything that a reviewer ought to know. `output`: "", json, yaml or name.
Outcome<void> run_request_show(const std::string& name, const std::string& output,
                               const Context& context);

/// Approves or denies exactly what was shown: shows the request, asks on a terminal (unless `yes`
/// or `digest`), and sends its uid and digest with the review.
Outcome<void> run_request_review(const ReviewArguments& arguments, const Context& context);

/// Ends approved requests for good.
Outcome<void> run_request_revoke(const std::vector<std::string>& names, const std::string& reason,
                                 const Context& context);

}  // namespace postern::cli
