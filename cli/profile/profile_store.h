#pragma once

#include "cli/profile/profile.h"
#include "cli/surroundings.h"

#include <string>
#include <vector>

namespace postern::cli {

/// Profiles in `~/.postern` ($POSTERN_HOME): a folder of mode 0700 with `config.json` (which proxy
/// is the current one, settings) and one file per proxy, each of mode 0600 and written as a whole.
/// What others may read or write is refused, for it holds tokens.
class ProfileStore {
 public:
  explicit ProfileStore(const Surroundings& surroundings);

  const std::string& folder() const { return folder_; }
  /// Makes the folder, and says what would keep save() from writing there. For those who are about
  /// to spend something that works once.
  Outcome<void> prepare() const;

  /// The profile of a proxy (HOST:PORT), or of the current one for "". Http status 404 in the
  /// failure when there is none.
  Outcome<Profile> load(const std::string& proxy) const;
  /// All that there are, by proxy.
  Outcome<std::vector<Profile>> load_all() const;
  Outcome<void> save(const Profile& profile) const;
  Outcome<void> remove(const std::string& proxy) const;

  /// HOST:PORT; "" when there is no current one.
  Outcome<std::string> current() const;
  Outcome<void> set_current(const std::string& proxy) const;
  /// `requestOnRefusal` of config.json: whether `postern kubectl` may ask for what was refused.
  Outcome<bool> request_on_refusal() const;

 private:
  std::string file_of(const std::string& proxy) const;
  Outcome<void> make_folder() const;
  Outcome<Json> read_config() const;

  std::string folder_;
};

/// A regular file of ours that nobody else may read or write; a failure that says what to do.
Outcome<void> check_private(const std::string& path);

}  // namespace postern::cli
