#include "cli/profile/profile_store.h"

#include "cli/output/json_text.h"
#include "proxy/net/atomic_file.h"
#include "proxy/read_file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace postern::cli {
namespace {

constexpr std::size_t kMaxFile = std::size_t{1024} * 1024;
constexpr int kNotFound = 404;

bool exists(const std::string& path) {
  return ::access(path.c_str(), F_OK) == 0;
}

Outcome<std::string> read(const std::string& path) {
  if (auto checked = check_private(path); !checked) return tl::unexpected(checked.error());
  auto text = proxy::read_file(path, kMaxFile);
  if (!text) return failed(text.error().front().to_string());
  return std::move(*text);
}

Outcome<void> write(const std::string& path, const Json& value) {
  auto written = proxy::write_file_atomically(path, json_text(value) + "\n", 0600);
  if (!written) return failed(written.error());
  return {};
}

}  // namespace

Outcome<void> check_private(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return failed(path + ": " + std::strerror(errno));
  if (status.st_uid != ::geteuid()) return failed(path + ": belongs to somebody else");
  if ((status.st_mode & 077) != 0) {
    return failed(fmt::format("{0}: others may read or write it; chmod go= {0}", path));
  }
  return {};
}

ProfileStore::ProfileStore(const Surroundings& surroundings)
    : folder_(surroundings.variable("POSTERN_HOME")) {
  if (folder_.empty() && !surroundings.home.empty()) folder_ = surroundings.home + "/.postern";
}

std::string ProfileStore::file_of(const std::string& proxy) const {
  std::string name = proxy;
  std::replace(name.begin(), name.end(), ':', '_');
  return folder_ + "/" + name + ".proxy.json";
}

Outcome<void> ProfileStore::prepare() const {
  if (auto made = make_folder(); !made) return made;
  if (::access(folder_.c_str(), W_OK | X_OK) == 0) return {};
  return failed(folder_ + ": " + std::strerror(errno));
}

Outcome<void> ProfileStore::make_folder() const {
  if (folder_.empty()) return failed("HOME is not set; say with POSTERN_HOME where to keep logins");
  if (::mkdir(folder_.c_str(), 0700) == 0) return {};
  if (errno != EEXIST) return failed(folder_ + ": " + std::strerror(errno));
  return check_private(folder_);
}

Outcome<Json> ProfileStore::read_config() const {
  if (folder_.empty()) return Json::object();
  const std::string path = folder_ + "/config.json";
  if (!exists(path)) return Json::object();
  const auto text = read(path);
  if (!text) return tl::unexpected(text.error());
  Json config = Json::parse(*text, nullptr, false);
  if (!config.is_object()) return failed(path + ": is no JSON object");
  return config;
}

Outcome<std::string> ProfileStore::current() const {
  const auto config = read_config();
  if (!config) return tl::unexpected(config.error());
  return text_at(*config, {"current"});
}

Outcome<bool> ProfileStore::request_on_refusal() const {
  const auto config = read_config();
  if (!config) return tl::unexpected(config.error());
  const Json& setting = find(*config, {"requestOnRefusal"});
  return !setting.is_boolean() || setting.get<bool>();
}

Outcome<void> ProfileStore::set_current(const std::string& proxy) const {
  if (auto made = make_folder(); !made) return made;
  auto config = read_config();
  if (!config) return tl::unexpected(config.error());
  if (proxy.empty()) {
    config->erase("current");
  } else {
    (*config)["current"] = proxy;
  }
  return write(folder_ + "/config.json", *config);
}

Outcome<Profile> ProfileStore::load(const std::string& proxy) const {
  std::string wanted = proxy;
  if (wanted.empty()) {
    auto chosen = current();
    if (!chosen) return tl::unexpected(chosen.error());
    wanted = std::move(*chosen);
  }
  if (wanted.empty()) {
    return tl::unexpected(Failure{
        kFailed, "no proxy is known here; log in with: postern login --proxy HOST:PORT --user NAME",
        kNotFound});
  }
  const std::string path = file_of(wanted);
  if (!exists(path)) {
    return tl::unexpected(Failure{
        kFailed,
        fmt::format("nobody is logged in at {0}; postern login --proxy {0} --user NAME", wanted),
        kNotFound});
  }
  const auto text = read(path);
  if (!text) return tl::unexpected(text.error());
  return profile_from_json(*text, path);
}

Outcome<std::vector<Profile>> ProfileStore::load_all() const {
  std::vector<Profile> profiles;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder_, error)) {
    const std::string path = entry.path().string();
    if (!path.ends_with(".proxy.json")) continue;
    const auto text = read(path);
    if (!text) return tl::unexpected(text.error());
    auto profile = profile_from_json(*text, path);
    if (!profile) return tl::unexpected(profile.error());
    profiles.push_back(std::move(*profile));
  }
  std::sort(profiles.begin(), profiles.end(),
            [](const Profile& a, const Profile& b) { return a.proxy < b.proxy; });
  return profiles;
}

Outcome<void> ProfileStore::save(const Profile& profile) const {
  if (auto made = make_folder(); !made) return made;
  return write(file_of(profile.proxy), to_json(profile));
}

Outcome<void> ProfileStore::remove(const std::string& proxy) const {
  const std::string path = file_of(proxy);
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
    return failed(path + ": " + std::strerror(errno));
  }
  return {};
}

}  // namespace postern::cli
