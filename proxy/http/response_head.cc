#include "proxy/http/chars.h"
#include "proxy/http/codec.h"
#include "proxy/http/field_block.h"

#include <array>

namespace postern::proxy::http {

namespace {

/// Fields of a response of which one value is read: by the filters, for upgrades, for framing.
constexpr std::array<std::string_view, 7> kSingletons = {
    "Content-Length", "Transfer-Encoding",    "Content-Type",           "Content-Encoding",
    "Upgrade",        "Sec-WebSocket-Accept", "Sec-WebSocket-Protocol",
};

tl::unexpected<kube::Status> bad_gateway(std::string_view text) {
  return fail(
      kube::Status::bad_gateway("malformed HTTP response from upstream: " + std::string(text)));
}

/// `HTTP/1.x SP 3DIGIT SP [reason]`
MaybeFault parse_status_line(std::string_view line, ResponseHead& head) {
  const auto version = parse_version(line.substr(0, 8));
  if (!version) return malformed("HTTP version");
  head.minor_version = *version;
  if (line.size() < 13 || line[8] != ' ' || line[12] != ' ' || !all(chars::kValue, line.substr(13)))
    return malformed("status line");
  for (const char c : line.substr(9, 3)) {
    if (c < '0' || c > '9') return malformed("status code");
    head.status = head.status * 10 + static_cast<unsigned>(c - '0');
  }
  if (head.status < 100 || head.status > 599) return malformed("status code");
  return std::nullopt;
}

/// RFC 9112 §6.3, and stricter: a body length where no body can be is refused, for somebody else
/// may believe it.
MaybeFault decide_framing(ResponseHead& head, std::string_view request_method) {
  BodyLength body;
  if (auto fault = parse_body_length(head.fields, head.minor_version, body)) return fault;
  head.content_length = body.content_length;
  if (head.status < 200 || head.status == 204) {
    if (body.framing == Framing::kChunked || body.content_length != 0)
      return malformed("body length on a response that has no body");
    head.framing = Framing::kNone;
  } else if (request_method == "HEAD" || head.status == 304) {
    head.framing = Framing::kNone;
  } else {
    head.framing = body.framing == Framing::kNone ? Framing::kUntilClose : body.framing;
  }
  return std::nullopt;
}

}  // namespace

Result<ResponseHead> parse_response_head(std::string_view bytes, std::string_view request_method,
                                         const HeadLimits& limits) {
  if (bytes.size() > limits.max_bytes) return bad_gateway("head too large");
  ResponseHead head;
  assign_block(head.block, bytes);
  std::string_view rest = head.block;
  const auto line = take_line(rest);
  if (!line) return bad_gateway("status line without CRLF");
  if (auto fault = parse_status_line(*line, head)) return bad_gateway(fault->text);
  if (auto fault = parse_field_lines(rest, limits, chars::kToken, head.fields))
    return bad_gateway(fault->text);
  if (auto fault = check_singletons(head.fields, kSingletons)) return bad_gateway(fault->text);
  if (auto fault = decide_framing(head, request_method)) return bad_gateway(fault->text);
  head.keep_alive =
      head.framing != Framing::kUntilClose && keeps_alive(head.fields, head.minor_version);
  return head;
}

}  // namespace postern::proxy::http
