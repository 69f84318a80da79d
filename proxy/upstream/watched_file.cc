#include "proxy/upstream/watched_file.h"

#include "proxy/read_file.h"

#include <utility>

// Tested by tests/proxy/upstream/cluster_endpoint_test.cc
namespace postern::proxy {
namespace {

constexpr std::size_t kMaxBytes = 1024UL * 1024;

}  // namespace

WatchedFile WatchedFile::inline_text(std::string text, std::string origin) {
  WatchedFile file;
  file.text_ = std::move(text);
  file.origin_ = std::move(origin);
  return file;
}

WatchedFile WatchedFile::at(std::string path) {
  WatchedFile file;
  file.origin_ = path;
  file.path_ = std::move(path);
  return file;
}

WatchedFile::Stamp WatchedFile::stamp() const {
  struct stat status {};
  if (stat(path_.c_str(), &status) != 0) return {};
  return {status.st_dev, status.st_ino, status.st_size, status.st_mtim.tv_sec,
          status.st_mtim.tv_nsec};
}

bool WatchedFile::changed() const {
  return !path_.empty() && stamp() != read_stamp_;
}

Loaded<void> WatchedFile::read() {
  if (path_.empty()) return {};
  // The stamp is from before the reading: a change in between is seen the next time.
  const Stamp before = stamp();
  auto text = read_file(path_, kMaxBytes);
  if (!text) return tl::unexpected(std::move(text.error()));
  text_ = std::move(*text);
  read_stamp_ = before;
  return {};
}

}  // namespace postern::proxy
