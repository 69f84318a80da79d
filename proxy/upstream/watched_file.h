#pragma once

#include "proxy/config_error.h"

#include <cstdint>
#include <string>
#include <tuple>

namespace postern::proxy {

/// A small text that stands in a configuration or in a file of its own, which may be replaced at
/// any time (a rotated token or certificate). Not thread-safe.
class WatchedFile {
 public:
  WatchedFile() = default;
  /// Text that never changes; `origin` is its key path, for messages.
  static WatchedFile inline_text(std::string text, std::string origin);
  static WatchedFile at(std::string path);

  /// There is no text at all.
  bool absent() const { return path_.empty() && text_.empty(); }
  /// There is a file that may change.
  bool is_file() const { return !path_.empty(); }
  /// Whether the file looks different (device, inode, size or time) from what was read last; false
  /// for inline text.
  bool changed() const;
  /// Reads the file again, or says why not; the text of before then stays.
  Loaded<void> read();
  const std::string& text() const { return text_; }
  /// The path, or the key path of inline text.
  const std::string& origin() const { return origin_; }

 private:
  using Stamp = std::tuple<std::uint64_t, std::uint64_t, std::int64_t, std::int64_t, long>;
  Stamp stamp() const;

  std::string path_;
  std::string origin_;
  std::string text_;
  Stamp read_stamp_{};
};

}  // namespace postern::proxy
