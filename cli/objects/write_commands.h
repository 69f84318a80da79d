#pragma once

#include "cli/context.h"
#include "cli/failure.h"

#include <string>
#include <vector>

namespace postern::cli {

/// `postern create -f`.
struct CreateArguments {
  std::vector<std::string> files;  ///< "-": standard input
  bool overwrite = false;
  bool dry_run = false;
  std::string output = "table";
};

/// Creates every document of the files, in their order; all are read before the first is sent. Goes
/// on behind a refused one; the failure says how many were.
Outcome<void> run_create(const CreateArguments& arguments, const Context& context);

/// `postern rm KIND/NAME…`
Outcome<void> run_remove(const std::vector<std::string>& words, const Context& context);

/// `postern edit KIND/NAME`: opens the object in $POSTERN_EDITOR, $VISUAL, $EDITOR or vi, and again
/// as long as the server refuses it. The file is kept when it could not be stored.
Outcome<void> run_edit(const std::string& word, const Context& context);

/// `postern export`: all roles and users as documents that `create -f` and `resources:` read. With
/// `everything`, also those that belong to files and presets.
Outcome<void> run_export(bool everything, const Context& context);

}  // namespace postern::cli
