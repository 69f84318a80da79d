#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace postern::cli {

/// A file of mode 0600 with a name of its own, removed when this goes out of scope. Errors are
/// sentences with the path.
class TemporaryFile {
 public:
  /// In `folder`; "": $TMPDIR, or /tmp.
  static tl::expected<TemporaryFile, std::string> make(const std::string& prefix,
                                                       const std::string& suffix,
                                                       const std::string& folder);
  ~TemporaryFile();
  TemporaryFile(TemporaryFile&& other) noexcept;
  TemporaryFile& operator=(TemporaryFile&&) = delete;
  TemporaryFile(const TemporaryFile&) = delete;

  const std::string& path() const { return path_; }
  /// Replaces what is in it.
  tl::expected<void, std::string> write(std::string_view content);
  /// Lets it stay.
  void keep() { kept_ = true; }

 private:
  explicit TemporaryFile(std::string path) : path_(std::move(path)) {}
  std::string path_;
  bool kept_ = false;
};

}  // namespace postern::cli
