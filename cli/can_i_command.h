#pragma once

#include "cli/command_line.h"

#include <string>
#include <vector>

namespace postern::cli {

/// `postern auth can-i`.
struct CanIArguments {
  std::string verb;
  std::string object;  ///< KIND[/NAME]
  std::string namespace_;
  std::string subresource;
  std::string user;
  std::vector<std::string> groups;
  std::string impersonate_user;
  std::vector<std::string> impersonate_groups;
  std::string config_file;
  std::string cluster;
  bool cluster_scoped = false;
  bool discover = false;
  bool explain = false;
  std::string output = "text";
};

/// With `--as`: decides one imagined request with the roles and users of the configuration, exactly
/// as the proxy would, and says which role and rule allowed or denied it. Nothing is sent, but with
/// `discover` the cluster's list of kinds is read. kDone for yes, kDenied for no, kUsage for a
/// question that is none.
int run_can_i(const CanIArguments& arguments, const Surroundings& surroundings);

}  // namespace postern::cli
