#include "proxy/session/stream_boundary.h"

#include <algorithm>
#include <doctest/doctest.h>
#include <string>
#include <vector>

namespace postern::proxy {
namespace {

http::ResponseHead head(std::string_view content_type, std::string_view encoding = "") {
  http::ResponseHead made;
  made.fields.add({"content-type", content_type});
  if (!encoding.empty()) {
    made.fields.add({"content-encoding", encoding});
  }
  return made;
}

bool has_boundaries(const http::ResponseHead& answer) {
  return StreamBoundary(answer).is_here();
}

/// What goes out when the end is asked for after `before` bytes, in pieces of `piece` bytes.
std::string ended(const std::string& stream, std::size_t before, std::size_t piece) {
  StreamBoundary boundary(head("text/plain"));
  std::string out;
  const auto feed = [&](std::size_t begin, std::size_t end) {
    for (std::size_t at = begin; at < end && !boundary.reached(); at += piece) {
      const std::string_view next = std::string_view(stream).substr(at, std::min(piece, end - at));
      out += next.substr(0, boundary.pass(next));
    }
  };
  feed(0, before);
  if (boundary.is_here()) {
    return out;
  }
  CHECK(boundary.is_inside());
  boundary.end_at_next();
  feed(before, stream.size());
  CHECK(boundary.reached());
  CHECK(boundary.pass("more") == 0);
  return out;
}

TEST_CASE("what came back says whether it may be ended") {
  CHECK(has_boundaries(head("application/json")));
  CHECK(has_boundaries(head("application/json;stream=watch")));
  CHECK(has_boundaries(head("text/plain")));
  CHECK_FALSE(has_boundaries(head("application/vnd.kubernetes.protobuf;stream=watch")));
  CHECK_FALSE(has_boundaries(head("application/json", "gzip")));
}

TEST_CASE("a stream ends behind the line that was under way, however it is cut into pieces") {
  const std::string lines = "{\"a\":1}\n{\"b\":2}\n\n{\"c\":3}\n";
  const std::vector<std::size_t> ends = {0, 8, 16, 17, 25};
  for (std::size_t before = 0; before < lines.size(); ++before) {
    const std::size_t end = *std::lower_bound(ends.begin(), ends.end(), before);
    for (const std::size_t piece : {1UL, 3UL, 64UL}) {
      CHECK(ended(lines, before, piece) == lines.substr(0, end));
    }
  }
}

TEST_CASE("without a known form there is no boundary, and nothing is held back") {
  StreamBoundary boundary;
  CHECK_FALSE(boundary.is_here());
  CHECK_FALSE(boundary.is_inside());
  CHECK(boundary.pass("line\n") == 5);
  CHECK_FALSE(boundary.is_here());
}

}  // namespace
}  // namespace postern::proxy
