#include "proxy/upstream/failure_by_code.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

// Tested by tests/proxy/upstream/failure_by_code_test.cc
namespace postern::proxy {
namespace {

constexpr int kMostRetrySeconds = 3600;

struct Failure {
  unsigned code;
  std::string_view reason;
  std::string_view message;
};

constexpr std::array kFailures = std::to_array<Failure>({
    {400, "BadRequest", "the server rejected our request for an unknown reason"},
    {403, "Forbidden", "the server does not allow access to the requested resource"},
    {404, "NotFound", "the server could not find the requested resource"},
    {405, "MethodNotAllowed", "the server does not allow this method on the requested resource"},
    {406, "NotAcceptable", "the server was unable to respond with a content type that is accepted"},
    {409, "Conflict", "the server reported a conflict"},
    {410, "Expired", "the server no longer has what the request refers to"},
    {413, "RequestEntityTooLarge", "the server takes no request of this size"},
    {415, "UnsupportedMediaType", "the server does not know the media type of the request's body"},
    {422, "Invalid", "the server rejected our request due to an error in our request"},
    {429, "TooManyRequests",
     "the server has received too many requests and has asked us to try again later"},
    {500, "InternalError", "an error on the server has prevented the request from succeeding"},
    {503, "ServiceUnavailable", "the server is currently unable to handle the request"},
    {504, "Timeout",
     "the server was unable to return a response in the time allotted, but may still be processing "
     "the request"},
});

const Failure* find(unsigned code) {
  const auto* const found = std::find_if(kFailures.begin(), kFailures.end(),
                                         [code](const Failure& one) { return one.code == code; });
  return found == kFailures.end() ? nullptr : found;
}

}  // namespace

std::string_view reason_of_code(unsigned code) {
  const Failure* const known = find(code);
  return known == nullptr ? std::string_view() : known->reason;
}

int retry_after_of(const http::ResponseHead& head) {
  const std::string_view text = head.fields.get("Retry-After").value_or("");
  int seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole && seconds > 0 ? std::min(seconds, kMostRetrySeconds) : 0;
}

kube::Status failure_by_code(unsigned code, int retry_after_seconds) {
  const std::string answered = "the API server answered " + std::to_string(code);
  if (code < 400 || code > 599 || code == 401) return kube::Status::bad_gateway(answered);
  kube::Status status;
  status.code = static_cast<std::uint16_t>(code);
  const Failure* const known = find(code);
  status.reason = known == nullptr ? "" : known->reason;
  status.message = known == nullptr ? answered : known->message;
  status.retry_after_seconds = retry_after_seconds;
  return status;
}

bool is_about_the_call(unsigned code, std::string_view reason) {
  return code < 500 || reason == "ServiceUnavailable" || reason == "Timeout" ||
         reason == "ServerTimeout";
}

}  // namespace postern::proxy
