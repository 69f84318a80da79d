#include "proxy/http/codec.h"

#include <cstdint>
#include <cstdlib>
#include <string_view>

/// Any bytes as a response head, to GET and to HEAD: refused with 502, or with a framing that its
/// fields give.

using namespace postern::proxy::http;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void check(std::string_view wire, std::string_view method) {
  const auto head = parse_response_head(wire, method, {});
  if (!head) {
    require(head.error().code == 502);
    return;
  }
  require(head->status >= 100 && head->status <= 599);
  for (const Field& field : head->fields) {
    require(!field.name.empty());
    require(field.value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos);
  }
  const bool bodiless =
      method == "HEAD" || head->status < 200 || head->status == 204 || head->status == 304;
  require(bodiless == (head->framing == Framing::kNone));
  require(head->framing != Framing::kUntilClose || !head->keep_alive);
  require(head->framing != Framing::kChunked || head->fields.count("Transfer-Encoding") == 1);
  require(head->framing != Framing::kLength || head->fields.count("Content-Length") == 1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view wire(reinterpret_cast<const char*>(data), size);
  std::size_t scanned = 0;
  const std::size_t end = find_head_end(wire, scanned);
  const std::string_view head = wire.substr(0, end == 0 ? size : end);
  check(head, "GET");
  check(head, "HEAD");
  return 0;
}
