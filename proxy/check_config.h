#pragma once

#include "proxy/config.h"

#include <string>
#include <vector>

namespace postern::proxy {

/// What is to be said of the files, folders and addresses that a configuration names.
struct FileFindings {
  ConfigErrors errors;                ///< all at once
  std::vector<std::string> warnings;  ///< of roles and users: keys that have no meaning here
};

/// Reads everything that a start would read (roles, users, tokens, CAs, certificates, kubeconfigs
/// and what they name) and looks at what it would write to and listen on (check_places.h); keeps
/// and makes nothing, and connects to nobody.
FileFindings check_files(const ProxyConfiguration& configuration);

/// What is allowed but hardly meant: e.g. no authenticator at all. Sentences.
std::vector<std::string> configuration_warnings(const ProxyConfiguration& configuration);

}  // namespace postern::proxy
