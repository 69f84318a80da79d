#include "cli/kubeconfig/kubeconfig_file.h"

#include "cli/output/yaml.h"
#include "proxy/net/atomic_file.h"
#include "proxy/read_file.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

namespace postern::cli {
namespace {

constexpr std::size_t kMaxFile = std::size_t{16} * 1024 * 1024;

/// kubectl's lock of a kubeconfig (client-go tools/clientcmd lockFile): a file beside it that only
/// one can make. Removed at the end.
class FileLock {
 public:
  explicit FileLock(const std::string& path) : path_(path + ".lock") {
    constexpr int kAttempts = 50;
    constexpr std::chrono::milliseconds kPause{100};  // nothing tells when a file is removed
    for (int i = 0; i < kAttempts; ++i) {
      const int descriptor = ::open(path_.c_str(), O_CREAT | O_EXCL | O_CLOEXEC, 0600);
      held_ = descriptor >= 0;
      if (held_) ::close(descriptor);
      if (held_ || errno != EEXIST) return;
      std::this_thread::sleep_for(kPause);
    }
  }
  ~FileLock() {
    if (held_) ::unlink(path_.c_str());
  }
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;
  bool held() const { return held_; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  bool held_ = false;
};

bool exists(const std::string& path) {
  return ::access(path.c_str(), F_OK) == 0;
}

Outcome<std::string> read(const std::string& path) {
  if (!exists(path)) return std::string();
  auto text = proxy::read_file(path, kMaxFile);
  if (!text) return failed(text.error().front().to_string());
  return std::move(*text);
}

/// Where a symbolic link leads in the end.
std::string resolved(const std::string& path) {
  std::error_code error;
  const auto real = std::filesystem::weakly_canonical(path, error);
  return error ? path : real.string();
}

/// Entries of `more` whose names are not there yet.
void merge_list(Json& into, const Json& more) {
  for (const Json& item : more) {
    const std::string name = text_at(item, {"name"});
    const bool known = std::any_of(into.begin(), into.end(), [&name](const Json& present) {
      return text_at(present, {"name"}) == name;
    });
    if (!known) into.push_back(item);
  }
}

}  // namespace

std::vector<std::string> kubeconfig_files(const Surroundings& surroundings) {
  std::vector<std::string> files;
  std::string_view rest = surroundings.kubeconfig;
  while (!rest.empty()) {
    const std::string_view path = rest.substr(0, rest.find(':'));
    rest.remove_prefix(std::min(path.size() + 1, rest.size()));
    if (!path.empty()) files.emplace_back(path);
  }
  if (files.empty() && !surroundings.home.empty()) {
    files.push_back(surroundings.home + "/.kube/config");
  }
  return files;
}

std::string kubeconfig_to_write(const Surroundings& surroundings) {
  const auto files = kubeconfig_files(surroundings);
  if (files.empty()) return "";
  const auto present = std::find_if(files.begin(), files.end(), exists);
  return present == files.end() ? files.back() : *present;
}

Outcome<void> check_place(const std::string& path) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (!std::filesystem::exists(status) || std::filesystem::is_regular_file(status)) return {};
  return failed(path + ": is no regular file");
}

Outcome<void> write_entry(const std::string& path, const KubeconfigEntry& entry) {
  const std::string file = resolved(path);
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(file).parent_path(), error);
  const FileLock lock(file);
  if (!lock.held()) {
    return failed(lock.path() + ": " + std::strerror(errno) +
                  (errno == EEXIST ? "; if nobody is writing the kubeconfig, remove it" : ""));
  }
  const auto text = read(file);
  if (!text) return tl::unexpected(text.error());
  const auto edited = edit_kubeconfig(*text, entry, file);
  if (!edited) return tl::unexpected(edited.error());
  struct stat status {};
  const bool was_there = ::stat(file.c_str(), &status) == 0;
  const mode_t mode = was_there ? (status.st_mode & 07777) : 0600;
  if (auto written = proxy::write_file_atomically(file, *edited, mode); !written) {
    return failed(written.error());
  }
  if (was_there && (status.st_uid != ::geteuid() || status.st_gid != ::getegid()) &&
      ::chown(file.c_str(), status.st_uid, status.st_gid) != 0) {
    return failed(file + ": its owner cannot be kept: " + std::strerror(errno));
  }
  return {};
}

Outcome<Json> read_merged(const std::vector<std::string>& files) {
  Json merged{{"clusters", Json::array()}, {"contexts", Json::array()}, {"users", Json::array()}};
  for (const std::string& file : files) {
    const auto text = read(file);
    if (!text) return tl::unexpected(text.error());
    const auto documents = read_yaml(*text, file);
    if (!documents) return tl::unexpected(documents.error());
    if (documents->empty()) continue;
    const Json& config = documents->front();
    for (const char* const list : {"clusters", "contexts", "users"}) {
      merge_list(merged[list], find(config, {list}));
    }
    const std::string current = text_at(config, {"current-context"});
    if (!merged.contains("current-context") && !current.empty()) {
      merged["current-context"] = current;
    }
  }
  return merged;
}

}  // namespace postern::cli
