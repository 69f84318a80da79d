#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

namespace postern::proxy {

/// How a file looks from outside; equal stamps mean that it was not changed. Symbolic links are
/// followed, so that Kubernetes' swap of a mounted volume's `..data` link shows.
class FileStamp {
 public:
  static FileStamp of(const std::string& path);
  friend bool operator==(const FileStamp&, const FileStamp&) = default;

 private:
  bool exists_ = false;
  /// device, inode, size, mtime and ctime in nanoseconds
  std::tuple<std::uint64_t, std::uint64_t, std::int64_t, std::int64_t, std::int64_t> what_{};
};

/// Groups of files, and what is to be done when one of them changes. Not thread-safe; FileWatch
/// gives it a thread.
///
/// Looking at files instead of inotify: works with mounted volumes, network file systems and files
/// that do not exist yet, and costs a stat() each.
class WatchedGroups {
 public:
  using Clock = std::chrono::steady_clock;
  using Action = std::function<void()>;

  /// `action` is called after any of the files has changed and then looked the same twice in a row:
  /// whoever writes several files, or one slowly, is given the time of one look.
  void add(std::vector<std::string> paths, Action action);
  /// `action` is called every `interval`, the first time after one.
  void add_timer(std::chrono::milliseconds interval, Action action, Clock::time_point now);

  /// Looks at every file once, and does what is due.
  void look(Clock::time_point now);
  /// Does the action of every group, changed or not.
  void do_all();

 private:
  struct Group {
    std::vector<std::string> paths;
    Action action;
    std::vector<FileStamp> acted_on;  ///< as they were when the action was last done
    std::vector<FileStamp> seen;      ///< as they were at the last look
    void act();
  };
  struct Timer {
    std::chrono::milliseconds interval;
    Action action;
    Clock::time_point due;
  };
  static std::vector<FileStamp> stamps(const std::vector<std::string>& paths);

  std::vector<Group> groups_;
  std::vector<Timer> timers_;
};

/// Looks at files on a thread of its own, and calls what belongs to those that changed.
///
/// Flow: add what is to be watched, start(), stop() (or destruction). Actions run on the watch's
/// thread, one at a time; an exception out of one is swallowed, since it is the last line before
/// std::terminate: actions report their errors themselves.
class FileWatch {
 public:
  explicit FileWatch(std::chrono::milliseconds interval = std::chrono::milliseconds(300))
      : interval_(interval) {}
  ~FileWatch() { stop(); }
  FileWatch(const FileWatch&) = delete;
  FileWatch& operator=(const FileWatch&) = delete;

  /// Before start().
  WatchedGroups& groups() { return groups_; }
  void start();
  /// Waits for an action that is running. Idempotent.
  void stop();
  /// Does every action soon, whether or not files have changed (SIGHUP). Any thread.
  void do_all();

 private:
  void run();

  const std::chrono::milliseconds interval_;
  WatchedGroups groups_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  bool do_all_ = false;
  std::thread thread_;
};

}  // namespace postern::proxy
