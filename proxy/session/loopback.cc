#include "proxy/session/loopback.h"

#include "kube/text.h"

#include <algorithm>
#include <boost/asio/ip/address.hpp>

// Tested by tests/proxy/session/loopback_test.cc
namespace postern::proxy {
namespace {

/// Without the port and without the brackets of an IPv6 address; "" for one that does not end.
std::string_view host_name(std::string_view host) {
  if (!host.starts_with('[')) return host.substr(0, host.find(':'));
  const std::size_t end = host.find(']');
  return end == std::string_view::npos ? std::string_view() : host.substr(1, end - 1);
}

bool is_loopback_address(std::string_view text) {
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(std::string(text), error);
  return !error && address.is_loopback();
}

}  // namespace

bool is_loopback_host(std::string_view host, const std::vector<std::string>& more) {
  const std::string name = kube::ascii_lower(host_name(host));
  if (name == "localhost" || name.ends_with(".localhost") || is_loopback_address(name)) return true;
  return std::any_of(more.begin(), more.end(), [&name](const std::string& known) {
    return kube::equals_ignore_case(name, known);
  });
}

Result<void> check_loopback_host(const http::Fields& fields, const std::vector<std::string>& more) {
  const auto host = fields.get("Host");
  if (host && is_loopback_host(*host, more)) return {};
  return fail(kube::Status::forbidden(
      "this listener answers under loopback names and those of loopbackHosts only"));
}

}  // namespace postern::proxy
