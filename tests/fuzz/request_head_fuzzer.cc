#include "proxy/http/codec.h"

#include <cstdint>
#include <cstdlib>
#include <string>

/// Any bytes as a request head: finding its end must not depend on how they come in, and what the
/// parser takes must be unambiguous, so that writing it anew and reading that gives the same.

using namespace postern::proxy::http;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

std::size_t find_byte_by_byte(std::string_view wire) {
  std::size_t scanned = 0;
  for (std::size_t size = 0; size <= wire.size(); ++size) {
    if (const std::size_t end = find_head_end(wire.substr(0, size), scanned)) return end;
  }
  return 0;
}

void check_round_trip(const RequestHead& head) {
  auto writer = HeadWriter::request("GET", head.target);
  std::size_t written = 0;
  for (const Field& field : head.fields) {
    require(field.name.data() >= head.block.data() &&
            field.value.data() + field.value.size() <= head.block.data() + head.block.size());
    if (iequals(field.name, "Content-Length") || iequals(field.name, "Transfer-Encoding")) continue;
    writer.field(field.name, field.value);
    ++written;
  }
  if (head.framing == Framing::kLength) writer.content_length(head.content_length);
  if (head.framing == Framing::kChunked) writer.chunked();
  const auto again = parse_request_head(writer.take(), {.max_bytes = 1 << 20, .max_fields = 200});
  if (head.minor_version == 0) return;  // written as 1.1, where more is asked for
  require(again.has_value());
  require(again->target == head.target && again->framing == head.framing &&
          again->content_length == head.content_length && again->upgrade == head.upgrade &&
          again->keep_alive == head.keep_alive && again->expect_continue == head.expect_continue);
  require(again->fields.size() == written + (head.framing == Framing::kNone ? 0 : 1));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view wire(reinterpret_cast<const char*>(data), size);
  std::size_t scanned = 0;
  const std::size_t end = find_head_end(wire, scanned);
  require(end == find_byte_by_byte(wire));
  const auto head = parse_request_head(wire.substr(0, end == 0 ? size : end), {});
  if (!head) {
    require(head.error().code == 400 || head.error().code == 417 || head.error().code == 431);
    return 0;
  }
  require(end != 0 && head->fields.count("Host") <= 1 && head->fields.count("Content-Length") <= 1);
  require(head->minor_version == 0 || head->fields.count("Host") == 1);
  require(head->framing != Framing::kChunked || head->fields.count("Content-Length") == 0);
  check_round_trip(*head);
  return 0;
}
