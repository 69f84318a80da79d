#include "proxy/upstream/endpoint_source.h"

#include "kube/kubeconfig.h"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string_view>
#include <utility>

// Tested by tests/proxy/upstream/cluster_endpoint_test.cc
namespace postern::proxy {
namespace {

bool is_host_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_';
}

/// Unreserved characters of RFC 3986 and '/': what no proxy on the way reads in another manner.
bool is_path_character(char c) {
  return is_host_character(c) || c == '/' || c == '~';
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

bool is_ipv6(const std::string& text) {
  boost::system::error_code error;
  return boost::asio::ip::make_address_v6(text, error), !error;
}

WatchedFile watched(const kube::KubeconfigValue& value) {
  if (value.absent()) return {};
  return value.path.empty() ? WatchedFile::inline_text(value.text, value.key)
                            : WatchedFile::at(value.path);
}

/// Splits HOST[:PORT], with brackets around an IPv6 address; "" for a host that is none.
std::string parse_host(std::string_view authority, std::string_view& port) {
  if (authority.starts_with('[')) {
    const std::size_t end = authority.find(']');
    if (end == std::string_view::npos) return "";
    port = authority.substr(end + 1);
    std::string host(authority.substr(1, end - 1));
    return is_ipv6(host) ? host : "";
  }
  const std::size_t colon = std::min(authority.find(':'), authority.size());
  port = authority.substr(colon);
  const std::string_view host = authority.substr(0, colon);
  return std::all_of(host.begin(), host.end(), is_host_character) ? std::string(host) : "";
}

std::string from_environment(const std::string& given, const char* name) {
  if (!given.empty()) return given;
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

}  // namespace

tl::expected<ServerUrl, std::string> parse_server_url(const std::string& url) {
  constexpr std::string_view kScheme = "https://";
  const auto refuse = [&](const std::string& why) {
    return tl::unexpected("\"" + url + "\" " + why);
  };
  if (url.find('@') != std::string::npos) {  // not repeated: it may hold a password
    return tl::unexpected(std::string("names a user: credentials belong into the user's entry"));
  }
  if (!url.starts_with(kScheme)) return refuse("is not an https:// URL");
  if (url.find_first_of("?#") != std::string::npos) return refuse("has a query or a fragment");
  const std::string_view rest = std::string_view(url).substr(kScheme.size());
  const std::size_t slash = std::min(rest.find('/'), rest.size());

  ServerUrl server;
  std::string_view port;
  server.host = parse_host(rest.substr(0, slash), port);
  if (server.host.empty()) return refuse("has no host name or address that can be used");
  if (!port.empty()) {
    const auto number = port.front() == ':' ? parse_port(port.substr(1)) : std::nullopt;
    if (!number) return refuse("has a port that is not a number from 1 to 65535");
    server.port = *number;
  }
  server.base_path = rest.substr(slash);
  while (server.base_path.ends_with('/')) server.base_path.pop_back();
  const std::string& path = server.base_path;
  if (!std::all_of(path.begin(), path.end(), is_path_character) ||
      path.find("//") != std::string::npos || path.find("/.") != std::string::npos) {
    return refuse("has a path with more in it than plain segments");
  }
  return server;
}

Loaded<EndpointSource> kubeconfig_source(const std::string& path, const std::string& context) {
  WatchedFile file = WatchedFile::at(path);
  if (auto read = file.read(); !read) return tl::unexpected(std::move(read.error()));
  const std::string directory = std::filesystem::path(path).parent_path().string();
  const auto parsed = kube::parse_kubeconfig(file.text(), context, directory);
  if (!parsed) {
    ConfigErrors errors;
    for (const kube::KubeconfigError& error : parsed.error()) {
      errors.push_back({path, error.line, error.column, error.key, error.message});
    }
    return tl::unexpected(std::move(errors));
  }
  EndpointSource source;
  source.origin = path;
  source.context = context;
  source.kubeconfig = std::move(file);
  source.server = parsed->server;
  source.server_key = parsed->server_key;
  source.tls_server_name = parsed->tls_server_name;
  source.insecure_skip_tls_verify = parsed->insecure_skip_tls_verify;
  source.ca = watched(parsed->certificate_authority);
  source.certificate = watched(parsed->client_certificate);
  source.key = watched(parsed->client_key);
  source.token = watched(parsed->token);
  return source;
}

EndpointSource without_credential(EndpointSource source) {
  source.certificate = WatchedFile();
  source.key = WatchedFile();
  source.token = WatchedFile();
  source.issued_token = true;
  return source;
}

Loaded<EndpointSource> in_cluster_source(const InClusterSource& from) {
  const std::string host = from_environment(from.host, "KUBERNETES_SERVICE_HOST");
  const std::string port = from_environment(from.port, "KUBERNETES_SERVICE_PORT");
  if (host.empty() || port.empty()) {
    return tl::unexpected(ConfigErrors{
        {"", 0, 0, "inCluster",
         "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set: this is no pod"}});
  }
  EndpointSource source;
  source.origin = from.directory;
  source.server = "https://" + (is_ipv6(host) ? "[" + host + "]" : host) + ":" + port;
  source.server_key = "KUBERNETES_SERVICE_HOST";
  source.ca = WatchedFile::at(from.directory + "/ca.crt");
  source.token = WatchedFile::at(from.directory + "/token");
  return source;
}

}  // namespace postern::proxy
