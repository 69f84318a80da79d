#include "proxy/http/chars.h"
#include "proxy/http/codec.h"
#include "proxy/http/field_block.h"

#include <array>

namespace postern::proxy::http {

namespace {

/// Fields of which postern or an API server reads one value: two of them are two meanings.
constexpr std::array kSingletons = std::to_array<std::string_view>({
    "Host",
    "Content-Length",
    "Transfer-Encoding",
    "Authorization",
    "Accept",
    "Accept-Encoding",
    "Content-Type",
    "Content-Encoding",
    "Expect",
    "Upgrade",
    "Impersonate-User",
    "Impersonate-Uid",
    "Sec-WebSocket-Protocol",
    "Sec-WebSocket-Key",
    "Sec-WebSocket-Version",
});

kube::Status to_status(const HeadFault& fault) {
  std::string message = "malformed HTTP request: " + std::string(fault.text);
  return fault.kind == HeadFault::Kind::kTooLarge ? kube::Status::head_too_large(std::move(message))
                                                  : kube::Status::bad_request(std::move(message));
}

/// `METHOD SP target SP HTTP/1.x`
MaybeFault parse_request_line(std::string_view line, RequestHead& head) {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return malformed("request line");
  head.method = line.substr(0, first);
  if (head.method.empty() || head.method.size() > 32 || !all(chars::kAlpha, head.method))
    return malformed("method");
  head.target = line.substr(first + 1, last - first - 1);
  // Absolute-form, authority-form and `*` are for proxies of another kind.
  if (head.target.empty() || head.target.front() != '/' || !all(chars::kTarget, head.target))
    return malformed("request target");
  const auto version = parse_version(line.substr(last + 1));
  if (!version) return malformed("HTTP version");
  head.minor_version = *version;
  return std::nullopt;
}

MaybeFault check_host(const RequestHead& head) {
  const auto host = head.fields.get("Host");
  if (!host) {
    if (head.minor_version == 0) return std::nullopt;
    return malformed("no Host field");
  }
  if (host->empty() || !all(chars::kHost, *host)) return malformed("Host field");
  return std::nullopt;
}

MaybeFault interpret(RequestHead& head) {
  if (auto fault = check_singletons(head.fields, kSingletons)) return fault;
  if (auto fault = check_host(head)) return fault;
  BodyLength body;
  if (auto fault = parse_body_length(head.fields, head.minor_version, body)) return fault;
  head.framing = body.framing;
  head.content_length = body.content_length;
  head.keep_alive = keeps_alive(head.fields, head.minor_version);
  // HTTP/1.0 knows neither upgrades nor expectations; both are ignored there (RFC 9110 §7.8,
  // §10.1.1).
  const bool modern = head.minor_version == 1;
  head.upgrade = modern && head.fields.get("Upgrade").has_value() &&
                 head.fields.has_token("Connection", "upgrade");
  head.expect_continue = modern && head.fields.get("Expect").has_value();
  return std::nullopt;
}

bool has_unknown_expectation(const RequestHead& head) {
  return head.expect_continue && !iequals(head.fields.get("Expect").value_or(""), "100-continue");
}

}  // namespace

Result<RequestHead> parse_request_head(std::string_view bytes, const HeadLimits& limits) {
  if (bytes.size() > limits.max_bytes)
    return fail(to_status({HeadFault::Kind::kTooLarge, "head too large"}));
  RequestHead head;
  assign_block(head.block, bytes);
  std::string_view rest = head.block;
  const auto line = take_line(rest);
  if (!line) return fail(to_status(malformed("request line without CRLF")));
  if (auto fault = parse_request_line(*line, head)) return fail(to_status(*fault));
  if (auto fault = parse_field_lines(rest, limits, chars::kClientName, head.fields))
    return fail(to_status(*fault));
  if (auto fault = interpret(head)) return fail(to_status(*fault));
  if (has_unknown_expectation(head))
    return fail(kube::Status::expectation_failed("unknown expectation in the Expect header field"));
  return head;
}

}  // namespace postern::proxy::http
