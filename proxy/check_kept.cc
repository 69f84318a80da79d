#include "proxy/check_kept.h"

#include "proxy/access/store/sqlite_check.h"
#include "proxy/crypto/continue_token.h"
#include "proxy/net/make_certificate.h"

#include <filesystem>
#include <stdexcept>
#include <system_error>
#include <utility>

// Tested by tests/proxy/check_kept_test.cc
namespace postern::proxy {
namespace {

constexpr std::uint16_t kUnavailable = 503;

bool is_there(const std::string& path) {
  std::error_code error;
  return std::filesystem::exists(std::filesystem::symlink_status(path, error));
}

std::string master_key_problem(const std::string& path) {
  if (!is_there(path)) return "";  // a start makes one
  try {
    MasterKey::load_or_create(path);
    return "";
  } catch (const std::runtime_error& error) {
    return error.what();
  }
}

}  // namespace

FileFindings check_kept(const ProxyConfiguration& configuration) {
  FileFindings found;
  const std::string& folder = configuration.data_dir;
  const auto add_error = [&](const char* key, std::string problem) {
    if (problem.empty()) return;
    found.errors.push_back({configuration.source, 0, 0, key, std::move(problem)});
  };
  // Replicas have all of it in the cluster.
  if (configuration.storage.type == StorageConfiguration::kKubernetes) return found;
  add_error("dataDir", master_key_problem(folder + "/master.key"));
  if (configuration.tls.cert_file.empty()) {
    const auto authority = check_authority(folder);
    if (!authority) add_error("dataDir", authority.error());
  }
  if (configuration.storage.type != StorageConfiguration::kSqlite) return found;
  const auto database = access::check_sqlite_store(folder + "/postern.db");
  if (!database && database.error().code == kUnavailable) {
    found.warnings.push_back("storage: " + database.error().message +
                             "; the database was not looked at");
  } else if (!database) {
    add_error("storage", database.error().message);
  }
  return found;
}

}  // namespace postern::proxy
