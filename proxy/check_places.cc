#include "proxy/check_places.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string_view>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

// Tested by tests/proxy/check_places_test.cc
namespace postern::proxy {
namespace {

namespace fs = std::filesystem;

/// Why something cannot be done; nullopt when it can.
using Problem = std::optional<std::string>;

Problem refused_by_system(const fs::path& path, std::string_view what, int error) {
  return path.string() + ": " + std::string(what) + ": " + std::strerror(error);
}

/// errno's value, or 0. By the real user, who is the effective one: faccessat2, which would ask for
/// the latter, is refused by the system call filters of older container engines.
int denied(const fs::path& path, int mode) {
  return ::access(path.c_str(), mode) == 0 ? 0 : errno;
}

Problem check_folder(const fs::path& folder) {
  struct stat facts {};
  if (::stat(folder.c_str(), &facts) != 0) {
    return refused_by_system(folder, "cannot be opened", errno);
  }
  if (!S_ISDIR(facts.st_mode)) return folder.string() + ": is not a directory";
  const int error = denied(folder, W_OK | X_OK);
  return error == 0 ? std::nullopt : refused_by_system(folder, "cannot be written to", error);
}

/// A folder that is made with those above it: the nearest one that is there must take it.
Problem check_folder_to_make(fs::path folder) {
  struct stat facts {};
  while (::stat(folder.c_str(), &facts) != 0 && errno == ENOENT && folder.has_relative_path()) {
    folder = folder.parent_path();
  }
  return check_folder(folder.empty() ? fs::path(".") : folder);
}

/// Whether `folder` is `below` or above it.
bool leads_to(const fs::path& folder, const fs::path& below) {
  const fs::path rest = below.lexically_normal().lexically_relative(folder.lexically_normal());
  return !rest.empty() && *rest.begin() != "..";
}

/// A file that is written, and made where it is not there. The folders that lead to `data_dir` are
/// made before it.
Problem check_file(const fs::path& file, const fs::path& data_dir) {
  struct stat facts {};
  if (::stat(file.c_str(), &facts) == 0) {
    if (S_ISDIR(facts.st_mode)) return file.string() + ": is a directory";
    const int error = denied(file, W_OK);
    return error == 0 ? std::nullopt : refused_by_system(file, "cannot be written to", error);
  }
  if (errno != ENOENT) return refused_by_system(file, "cannot be opened", errno);
  const fs::path folder = file.has_parent_path() ? file.parent_path() : fs::path(".");
  const bool is_made = ::stat(folder.c_str(), &facts) != 0 && leads_to(folder, data_dir);
  return is_made ? std::nullopt : check_folder(folder);
}

/// Of replicas with a certificate of their own, keys and objects are in the cluster.
bool is_written(const ProxyConfiguration& configuration) {
  return configuration.storage.type != StorageConfiguration::kKubernetes ||
         configuration.tls.cert_file.empty();
}

Problem check_data_dir(const ProxyConfiguration& configuration) {
  std::error_code error;
  const bool is_there = fs::is_directory(configuration.data_dir, error);
  if (is_there && !is_written(configuration)) return std::nullopt;
  return check_folder_to_make(configuration.data_dir);
}

/// Why one cannot listen there. The port is let go of at once, and nobody can connect to it.
boost::system::error_code try_address(const ListenAddress& listen) {
  namespace ip = boost::asio::ip;
  boost::system::error_code error;
  const ip::tcp::endpoint endpoint(ip::make_address(listen.host, error), listen.port);
  boost::asio::io_context context;
  ip::tcp::socket probe(context);
  if (!error) probe.open(endpoint.protocol(), error);
  // Else connections of a moment ago would keep the port.
  if (!error) probe.set_option(ip::tcp::socket::reuse_address(true), error);
  if (!error) probe.bind(endpoint, error);
  return error;
}

Problem check_address(const std::string& text) {
  const auto listen = parse_listen_address(text);
  if (!listen) return std::nullopt;  // told when the configuration was parsed; or there is none
  const auto error = try_address(*listen);
  if (!error || error == boost::asio::error::address_in_use) return std::nullopt;
  return "cannot listen on " + listen->to_string() + ": " + error.message();
}

}  // namespace

ConfigErrors check_places(const ProxyConfiguration& configuration) {
  ConfigErrors errors;
  const auto add = [&](const char* key, Problem problem) {
    if (problem) errors.push_back({configuration.source, 0, 0, key, std::move(*problem)});
    return !problem;
  };
  add("listen", check_address(configuration.listen));
  add("adminListen", check_address(configuration.admin_listen));
  add("loopbackListen", check_address(configuration.loopback_listen));
  const fs::path data_dir = configuration.data_dir;
  const bool has_folder = add("dataDir", check_data_dir(configuration));
  if (has_folder && configuration.storage.type == StorageConfiguration::kSqlite) {
    add("dataDir", check_file(data_dir / "postern.db", data_dir));
  }
  const AuditConfiguration& audit = configuration.audit;
  const bool follows = leads_to(data_dir, audit.path) && !has_folder;  // one error tells of both
  if (audit.enabled && audit.path != "/dev/stdout" && !follows) {
    add("audit.path", check_file(audit.path, data_dir));
  }
  return errors;
}

std::vector<std::string> taken_ports(const ProxyConfiguration& configuration) {
  std::vector<std::string> warnings;
  for (const auto& [key, text] : {std::pair("listen", &configuration.listen),
                                  std::pair("adminListen", &configuration.admin_listen),
                                  std::pair("loopbackListen", &configuration.loopback_listen)}) {
    const auto listen = parse_listen_address(*text);
    if (listen && try_address(*listen) == boost::asio::error::address_in_use) {
      warnings.push_back(std::string(key) + ": " + listen->to_string() +
                         " is taken at the moment; by the proxy that is to be restarted?");
    }
  }
  return warnings;
}

}  // namespace postern::proxy
