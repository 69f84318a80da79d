#pragma once

#include "proxy/access/store/sqlite_check.h"
#include "proxy/access/store/sqlite_store.h"
#include "tests/proxy/access/store/stores.h"

#include <doctest/doctest.h>
#include <functional>
#include <sqlite3.h>
#include <string>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace postern::proxy::access::testing {

using Texts = std::vector<std::string>;

/// SQLite without the store, for files that the store did not write.
class Raw {
 public:
  explicit Raw(const std::string& path) { REQUIRE(sqlite3_open(path.c_str(), &handle_) == 0); }
  ~Raw() { sqlite3_close(handle_); }
  Raw(const Raw&) = delete;
  Raw& operator=(const Raw&) = delete;

  int run(const std::string& sql) {
    return sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr);
  }
  std::string ask(const std::string& sql) {
    std::string answer;
    const auto keep = [](void* to, int, char** texts, char**) {
      *static_cast<std::string*>(to) = texts[0] == nullptr ? "" : texts[0];
      return 0;
    };
    REQUIRE(sqlite3_exec(handle_, sql.c_str(), keep, &answer, nullptr) == 0);
    return answer;
  }

 private:
  sqlite3* handle_ = nullptr;
};

/// Why it cannot be opened. Whatever who only looks says before is the same.
inline kube::Status refusal(const std::string& path) {
  const auto looked = check_sqlite_store(path);
  auto store = open_sqlite_store({path, {}, 0});
  REQUIRE_FALSE(store);
  if (!looked) CHECK(looked.error().message == store.error().message);
  return store.error();
}

inline bool says(const kube::Status& status, const std::string& text) {
  const bool found = status.message.find(text) != std::string::npos;
  if (!found) MESSAGE(status.message);
  return found;
}

inline unsigned mode_of(const std::string& path) {
  struct stat facts {};
  REQUIRE(::stat(path.c_str(), &facts) == 0);
  return facts.st_mode & 07777U;
}

/// What a child process says; it ends with the function.
inline std::string said_by_child(const std::function<std::string()>& work) {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const std::string text = work();
    [[maybe_unused]] const ssize_t written = ::write(ends[1], text.data(), text.size());
    ::_exit(0);
  }
  ::close(ends[1]);
  std::string said(4096, '\0');
  const ssize_t size = ::read(ends[0], said.data(), said.size());
  ::close(ends[0]);
  REQUIRE(::waitpid(child, nullptr, 0) == child);
  said.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return said;
}

}  // namespace postern::proxy::access::testing
