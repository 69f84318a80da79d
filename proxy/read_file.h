#pragma once

#include "proxy/config_error.h"

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <sys/stat.h>

namespace postern::proxy {

/// The whole of a regular file (or what a symbolic link to one, a pipe or a device gives), at most
/// `max_bytes`. The error names the file and the reason.
inline Loaded<std::string> read_file(const std::string& path, std::size_t max_bytes) {
  const auto refuse = [&path](std::string why) {
    return tl::unexpected(ConfigErrors{{path, 0, 0, "", std::move(why)}});
  };
  const auto reason = [] { return std::string(std::strerror(errno)); };
  const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path.c_str(), "re"), &std::fclose);
  if (!file) return refuse("cannot be opened: " + reason());
  struct stat status {};
  if (fstat(fileno(file.get()), &status) != 0) return refuse("cannot be read: " + reason());
  if (S_ISDIR(status.st_mode)) return refuse("is a directory");
  std::string text;
  char piece[16 * 1024];
  while (const std::size_t count = std::fread(piece, 1, sizeof(piece), file.get())) {
    text.append(piece, count);
    if (text.size() > max_bytes) {
      return refuse("is larger than " + std::to_string(max_bytes) + " bytes");
    }
  }
  if (std::ferror(file.get()) != 0) return refuse("cannot be read: " + reason());
  return text;
}

}  // namespace postern::proxy
