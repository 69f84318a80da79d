#include "proxy/http/chars.h"
#include "proxy/http/codec.h"

#include <algorithm>
#include <charconv>
#include <stdexcept>

namespace postern::proxy::http {

namespace {

/// A request to an API server with its identity, or an answer's head, without growing.
constexpr std::size_t kUsualHead = 1024;

[[noreturn]] void bug(std::string_view what, std::string_view text) {
  throw std::logic_error("head writer: " + std::string(what) + " of " +
                         std::to_string(text.size()) + " bytes does not fit");
}

bool is_framing_name(std::string_view name) {
  return iequals(name, "Content-Length") || iequals(name, "Transfer-Encoding");
}

void append_number(std::string& out, std::uint64_t number, int base) {
  char digits[20];
  const auto [end, error] = std::to_chars(digits, digits + sizeof digits, number, base);
  out.append(digits, end);
}

}  // namespace

HeadWriter HeadWriter::request(std::string_view method, std::string_view target) {
  if (method.empty() || !all(chars::kAlpha, method)) bug("method", method);
  if (target.empty() || target.front() != '/' || !all(chars::kTarget, target))
    bug("target", target);
  HeadWriter writer;
  writer.text_.reserve(kUsualHead);
  writer.text_.append(method).append(" ").append(target).append(" HTTP/1.1\r\n");
  return writer;
}

HeadWriter HeadWriter::response(unsigned status) {
  if (status < 100 || status > 599) throw std::logic_error("head writer: status code");
  HeadWriter writer;
  writer.text_.reserve(kUsualHead);
  writer.text_.append("HTTP/1.1 ");
  append_number(writer.text_, status, 10);
  writer.text_.append(" ").append(reason_phrase(status)).append("\r\n");
  return writer;
}

HeadWriter& HeadWriter::field(std::string_view name, std::string_view value) {
  if (name.empty() || !all(chars::kToken, name) || is_framing_name(name)) bug("name", name);
  // A reader trims what it gets: a value with spaces at its edges would arrive as another one.
  if (!all(chars::kValue, value) || trim(value).size() != value.size()) bug("value", value);
  return line(name, value);
}

HeadWriter& HeadWriter::content_length(std::uint64_t length) {
  claim_framing();
  char digits[20];
  const auto [end, error] = std::to_chars(digits, digits + sizeof digits, length);
  return line("Content-Length", {digits, static_cast<std::size_t>(end - digits)});
}

HeadWriter& HeadWriter::chunked() {
  claim_framing();
  return line("Transfer-Encoding", "chunked");
}

std::string HeadWriter::take() {
  text_.append("\r\n");
  return std::move(text_);
}

void HeadWriter::claim_framing() {
  if (framed_) throw std::logic_error("head writer: framing given twice");
  framed_ = true;
}

HeadWriter& HeadWriter::line(std::string_view name, std::string_view value) {
  const std::size_t before = text_.size();
  text_.resize(before + name.size() + value.size() + 4);
  char* to = std::copy(name.begin(), name.end(), text_.data() + before);
  *to++ = ':';
  *to++ = ' ';
  to = std::copy(value.begin(), value.end(), to);
  *to++ = '\r';
  *to = '\n';
  return *this;
}

std::string_view reason_phrase(unsigned status) {
  switch (status) {
    // clang-format off
    case 100: return "Continue";
    case 101: return "Switching Protocols";
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 206: return "Partial Content";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 303: return "See Other";
    case 304: return "Not Modified";
    case 307: return "Temporary Redirect";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 406: return "Not Acceptable";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 411: return "Length Required";
    case 412: return "Precondition Failed";
    case 413: return "Request Entity Too Large";
    case 415: return "Unsupported Media Type";
    case 416: return "Requested Range Not Satisfiable";
    case 417: return "Expectation Failed";
    case 421: return "Misdirected Request";
    case 422: return "Unprocessable Entity";
    case 426: return "Upgrade Required";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 505: return "HTTP Version Not Supported";
    // clang-format on
    default:
      return "";
  }
}

void append_chunk(std::string& out, std::string_view data) {
  if (data.empty()) return;
  append_number(out, data.size(), 16);
  out.append("\r\n").append(data).append("\r\n");
}

}  // namespace postern::proxy::http
