#pragma once

#include "cli/failure.h"
#include "cli/json.h"
#include "cli/kubeconfig/edit_kubeconfig.h"
#include "cli/surroundings.h"

#include <string>
#include <vector>

namespace postern::cli {

/// The files of $KUBECONFIG, or `~/.kube/config`; none where HOME is not set either.
std::vector<std::string> kubeconfig_files(const Surroundings& surroundings);

/// The one that kubectl writes new entries to: the first of them that exists, else the last; ""
/// where there are none.
std::string kubeconfig_to_write(const Surroundings& surroundings);

/// A failure where what has this name is no file and must not become one: /dev/null, a pipe.
Outcome<void> check_place(const std::string& path);

/// Puts an entry into a file that may not be there yet: under kubectl's own lock (`FILE.lock`),
/// written as a whole, with its mode and owner; symbolic links stay. See edit_kubeconfig().
Outcome<void> write_entry(const std::string& path, const KubeconfigEntry& entry);

/// All files as one, as kubectl sees them: of entries under one name, and of current-context, the
/// first counts. Files that do not exist count as empty.
Outcome<Json> read_merged(const std::vector<std::string>& files);

}  // namespace postern::cli
