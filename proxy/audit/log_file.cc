#include "proxy/audit/log_file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fmt/chrono.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <utility>
#include <vector>

// Tested by tests/proxy/audit/log_file_test.cc
namespace postern::proxy::audit {
namespace {

namespace fs = std::filesystem;

/// A pipe that is writable takes so much without blocking (POSIX PIPE_BUF).
constexpr std::size_t kPipeBytes = 4096;
constexpr int kPipeMillis = 5000;
constexpr std::chrono::minutes kCleanUp{10};

std::string because(std::string_view what, const std::string& path, int error) {
  return fmt::format("{} {}: {}", path, what, std::strerror(error));
}

std::string stem_of(std::string_view name) {
  return fs::path(name).stem().string() + "-";
}

/// The files beside `path` that are its backups, oldest first: their names have the time in them.
std::vector<fs::path> backups_of(const fs::path& path) {
  const std::string name = path.filename().string();
  const std::string prefix = stem_of(name);
  const std::size_t length = backup_name(name, {}).size();
  std::vector<fs::path> found;
  std::error_code error;
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    const std::string one = at->path().filename().string();
    if (one.size() == length && one.starts_with(prefix) &&
        at->path().extension() == path.extension()) {
      found.push_back(at->path());
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace

std::string backup_name(std::string_view name, std::chrono::system_clock::time_point time) {
  const auto millis = std::chrono::floor<std::chrono::milliseconds>(time);
  const auto second = std::chrono::floor<std::chrono::seconds>(millis);
  return fmt::format("{}{:%Y-%m-%dT%H-%M-%S}.{:03}{}", stem_of(name),
                     fmt::gmtime(std::chrono::system_clock::to_time_t(second)),
                     (millis - second).count(), fs::path(name).extension().string());
}

LogFile::LogFile(LogFileOptions options) : options_(std::move(options)) {}

LogFile::~LogFile() {
  close();
}

void LogFile::close() {
  if (descriptor_ >= 0 && !is_stream()) {
    if (regular_) ::fsync(descriptor_);
    ::close(descriptor_);
  }
  descriptor_ = -1;
}

Fault LogFile::open() {
  if (descriptor_ >= 0) return std::nullopt;
  if (is_stream()) {
    descriptor_ = STDOUT_FILENO;
    return std::nullopt;
  }
  descriptor_ =
      ::open(options_.path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
  if (descriptor_ < 0 && errno == EINVAL) {
    descriptor_ = ::open(options_.path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC | O_NOCTTY);
  }
  struct stat status {};
  if (descriptor_ < 0 || ::fstat(descriptor_, &status) != 0) {
    return because("cannot be opened", options_.path, errno);
  }
  regular_ = S_ISREG(status.st_mode);
  size_ = regular_ ? static_cast<std::uint64_t>(status.st_size) : 0;
  auto fault = end_open_line();
  if (fault) close();  // the next try begins with that line again
  return fault;
}

Fault LogFile::end_open_line() {
  char last = '\n';
  if (!regular_ || size_ == 0 ||
      ::pread(descriptor_, &last, 1, static_cast<off_t>(size_ - 1)) != 1 || last == '\n') {
    return std::nullopt;
  }
  return append("\n");
}

Fault LogFile::write(std::string_view lines) {
  if (auto fault = check()) return fault;
  const bool too_large =
      regular_ && options_.max_bytes > 0 && size_ > 0 && size_ + lines.size() > options_.max_bytes;
  if (too_large) {
    if (auto fault = rotate()) return fault;
  }
  return is_stream() ? append_stream(lines) : append(lines);
}

Fault LogFile::append(std::string_view lines) {
  std::size_t done = 0;
  while (done < lines.size()) {
    const ssize_t count = ::write(descriptor_, lines.data() + done, lines.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      const int error = count < 0 ? errno : EIO;
      // Not half a line: the lines are tried again as a whole.
      if (regular_ && done > 0 && ::ftruncate(descriptor_, static_cast<off_t>(size_)) != 0) {
        close();
      }
      return because("cannot be written to", options_.path, error);
    }
    done += static_cast<std::size_t>(count);
  }
  size_ += lines.size();
  return std::nullopt;
}

/// Never waits for longer than kPipeMillis for a reader who stalls.
Fault LogFile::append_stream(std::string_view lines) {
  while (!lines.empty()) {
    pollfd ready{descriptor_, POLLOUT, 0};
    if (::poll(&ready, 1, kPipeMillis) == 0) return "nobody reads the standard output";
    const ssize_t count = ::write(descriptor_, lines.data(), std::min(lines.size(), kPipeBytes));
    if (count < 0 && errno != EINTR && errno != EAGAIN) {
      return because("cannot be written to", "the standard output", errno);
    }
    lines.remove_prefix(count > 0 ? static_cast<std::size_t>(count) : 0);
  }
  return std::nullopt;
}

bool LogFile::was_replaced() const {
  struct stat open_file {};
  struct stat named {};
  return ::stat(options_.path.c_str(), &named) != 0 || ::fstat(descriptor_, &open_file) != 0 ||
         named.st_dev != open_file.st_dev || named.st_ino != open_file.st_ino;
}

Fault LogFile::check() {
  if (is_stream()) return open();
  if (descriptor_ >= 0 && was_replaced()) close();
  if (auto fault = open()) return fault;
  if (!regular_) return std::nullopt;
  struct statvfs system {};
  if (::fstatvfs(descriptor_, &system) == 0) {
    if ((system.f_flag & ST_RDONLY) != 0) {
      return because("cannot be written to", options_.path, EROFS);
    }
    if (system.f_blocks > 0 && system.f_bavail == 0) {
      return because("cannot be written to", options_.path, ENOSPC);
    }
  }
  if (std::chrono::steady_clock::now() >= next_clean_up_) remove_old_backups();
  return std::nullopt;
}

Fault LogFile::rotate() {
  const fs::path path(options_.path);
  auto time = std::chrono::system_clock::now();
  fs::path backup = path.parent_path() / backup_name(path.filename().string(), time);
  std::error_code error;
  while (fs::exists(backup, error)) {
    time += std::chrono::milliseconds(1);
    backup = path.parent_path() / backup_name(path.filename().string(), time);
  }
  if (::rename(path.c_str(), backup.c_str()) != 0) {
    return because("cannot be replaced by a new one", options_.path, errno);
  }
  close();
  remove_old_backups();
  return open();
}

void LogFile::remove_old_backups() {
  next_clean_up_ = std::chrono::steady_clock::now() + kCleanUp;
  if (!regular_) return;
  const fs::path path(options_.path);
  const std::vector<fs::path> backups = backups_of(path);
  std::size_t first_kept = 0;
  if (options_.max_backups > 0 && backups.size() > options_.max_backups) {
    first_kept = backups.size() - options_.max_backups;
  }
  std::string oldest;
  if (options_.max_age.count() > 0) {
    oldest =
        backup_name(path.filename().string(), std::chrono::system_clock::now() - options_.max_age);
  }
  std::error_code ignored;
  for (std::size_t i = 0; i < backups.size(); ++i) {
    if (i < first_kept || backups[i].filename().string() < oldest) fs::remove(backups[i], ignored);
  }
}

}  // namespace postern::proxy::audit
