#include "proxy/upstream/reduced_failure.h"

#include "proxy/upstream/failure_by_code.h"

#include <nlohmann/json.hpp>
#include <string>

// Tested by tests/proxy/upstream/reduced_failure_test.cc
namespace postern::proxy {
namespace {

bool is_about_the_request(unsigned code) {
  return code == 404 || code == 405 || code == 406 || code == 413 || code == 415 || code == 429;
}

/// `pods "a" is forbidden: User "alice" cannot patch resource …`, of which admission plugins, who
/// have seen the object, write only the first half.
bool is_the_authorizers(std::string_view body) {
  const auto status = nlohmann::json::parse(body, nullptr, false);
  const auto found = status.is_object() ? status.find("message") : status.end();
  if (!status.is_object() || found == status.end() || !found->is_string()) return false;
  constexpr std::string_view kForbidden = " is forbidden: ";
  constexpr std::string_view kUser = "User \"";
  std::string_view message = found->get_ref<const std::string&>();
  const std::size_t at = message.find(kForbidden);
  if (at == std::string_view::npos) return false;
  message.remove_prefix(at + kForbidden.size());
  return message.starts_with(kUser) && message.find("\" cannot ") != std::string_view::npos;
}

}  // namespace

std::optional<kube::Status> reduced_failure(const http::ResponseHead& head, std::string_view body) {
  if (is_about_the_request(head.status)) return std::nullopt;
  if (head.status == 403 && is_the_authorizers(body)) return std::nullopt;
  kube::Status status;
  status.code = static_cast<std::uint16_t>(head.status);
  status.reason = reason_of_code(head.status);
  status.message =
      "the API server refused the write; its words are left out, because they may tell of the "
      "object, which you may not read (the verb get)";
  status.retry_after_seconds = retry_after_of(head);
  return status;
}

}  // namespace postern::proxy
