#pragma once

#include "proxy/http/message.h"

#include <cstddef>
#include <string_view>

namespace postern::proxy {

/// Follows where the lines of a log, or the JSON events of a watch, end in a stream that is passed
/// on as it comes, so that postern can end it between two of them. Both end with a newline.
class StreamBoundary {
 public:
  /// No place is a boundary: what ends the stream early cuts it.
  StreamBoundary() = default;
  /// `head`: what came back. Of another encoding, no place is a boundary.
  explicit StreamBoundary(const http::ResponseHead& head);

  /// How much of the next piece may go out: all of it, or after end_at_next() up to and including
  /// the first boundary.
  std::size_t pass(std::string_view piece);
  /// What has gone out so far ends at a boundary. True before the first byte.
  bool is_here() const { return has_lines_ && here_; }
  /// It ends within an event or a line, whose rest is to come.
  bool is_inside() const { return has_lines_ && !here_; }
  /// From now on the stream ends at the next boundary.
  void end_at_next() { ending_ = true; }
  /// It has come to that boundary.
  bool reached() const { return ending_ && is_here(); }

 private:
  bool has_lines_ = false;
  bool ending_ = false;
  bool here_ = true;
};

}  // namespace postern::proxy
