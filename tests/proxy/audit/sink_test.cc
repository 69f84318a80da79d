#include "proxy/audit/sink.h"

#include "proxy/observe/log.h"
#include "proxy/observe/metrics.h"
#include "tests/proxy/temporary_directory.h"

#include <atomic>
#include <chrono>
#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>
#include <string>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace postern::proxy::audit {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

/// A sink with a folder of its own.
struct Running {
  testing::TemporaryDirectory directory;
  fs::path folder{directory.path()};
  std::string file = (folder / "audit.log").string();
  Metrics metrics;
  std::mutex mutex;
  std::vector<std::string> said;
  Log log{LogOptions{LogLevel::kInfo, LogFormat::kJson, [this](std::string_view line) {
                       const std::lock_guard lock(mutex);
                       said.emplace_back(line);
                     }}};
  SinkOptions options{.file = {.path = file}, .queue_bytes = 1000};
  std::optional<Sink> sink;

  Sink& start() {
    sink.emplace(options, log, metrics);
    REQUIRE(!sink->open());
    sink->start();
    return *sink;
  }
  std::string content() const {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  bool has_said(const std::string& text) {
    const std::lock_guard lock(mutex);
    return std::any_of(said.begin(), said.end(),
                       [&](const auto& line) { return line.find(text) != std::string::npos; });
  }
  bool written(Sink::Ticket ticket) {
    std::promise<bool> done;
    sink->when_written(ticket, [&done](bool ok) { done.set_value(ok); });
    auto answer = done.get_future();
    REQUIRE(answer.wait_for(20s) == std::future_status::ready);
    return answer.get();
  }
  double metric(const std::string& series) const {
    const std::string text = metrics.serialize();
    const auto at = text.find("\n" + series + " ");
    return at == std::string::npos ? -1 : std::stod(text.substr(at + series.size() + 2));
  }
};

bool wait_for(const std::function<bool()>& condition) {
  for (int i = 0; i < 2000 && !condition(); ++i) std::this_thread::sleep_for(10ms);
  return condition();
}

TEST_CASE("what was waited for is in the file, in order") {
  Running running;
  Sink& sink = running.start();
  sink.push("a\n", Level::kMetadata);
  const auto ticket = sink.push("b\n", Level::kRequest);
  CHECK(running.written(ticket));
  CHECK(running.content() == "a\nb\n");
  CHECK(running.written(ticket));  // once more: at once
  CHECK(running.metric("postern_audit_events_total{level=\"Metadata\"}") == 1);
  CHECK(running.metric("postern_audit_events_total{level=\"Request\"}") == 1);
  CHECK(running.metric("postern_audit_errors_total") == 0);
}

TEST_CASE("what was handed over is not lost at the end") {
  Running running;
  Sink& sink = running.start();
  std::string all;
  for (int i = 0; i < 100; ++i) {
    const std::string line = std::to_string(i) + "\n";
    all += line;
    sink.push(line, Level::kMetadata);
  }
  CHECK(sink.stop(20s));
  CHECK(running.content() == all);
}

TEST_CASE("many threads' lines stay whole") {
  Running running;
  running.options.queue_bytes = 10'000'000;
  Sink& sink = running.start();
  std::vector<std::thread> threads;
  for (char c = 'a'; c < 'e'; ++c) {
    threads.emplace_back([&sink, c] {
      const std::string line = std::string(100, c) + "\n";
      for (int i = 0; i < 1000; ++i) CHECK(sink.push(line, Level::kMetadata) != 0);
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(sink.stop(20s));
  std::ifstream in(running.file);
  std::size_t count = 0;
  for (std::string line; std::getline(in, line); ++count) {
    CHECK(line == std::string(100, line.front()));
  }
  CHECK(count == 4000);
}

TEST_CASE("a file that cannot be written: nothing new, nothing lost, and it works again after") {
  Running running;
  Sink& sink = running.start();
  CHECK(running.written(sink.push("before\n", Level::kMetadata)));
  fs::remove_all(running.folder);
  CHECK(!running.written(sink.push("during\n", Level::kMetadata)));
  CHECK(!sink.admits());
  CHECK(sink.fault());
  CHECK(!running.written(sink.push("later\n", Level::kMetadata)));
  CHECK(running.has_said("the audit log cannot be written"));
  CHECK(running.metric("postern_audit_errors_total") >= 1);
  fs::create_directories(running.folder);
  CHECK(wait_for([&] { return sink.admits(); }));
  CHECK(wait_for([&] { return running.content() == "during\nlater\n"; }));
  CHECK(!sink.fault());
  CHECK(running.metric("postern_audit_dropped_total{sink=\"file\"}") == 0);
}

TEST_CASE("a folder that goes is noticed without an event") {
  Running running;
  Sink& sink = running.start();
  fs::remove_all(running.folder);
  CHECK(wait_for([&] { return !sink.admits(); }));
  fs::create_directories(running.folder);
  CHECK(wait_for([&] { return sink.admits(); }));
}

TEST_CASE("the queue is bounded: half of it for what is new, the other for what is under way") {
  Running running;
  running.options.file.path = "/dev/full";
  Sink& sink = running.start();
  CHECK(sink.admits());
  const std::string line = std::string(99, 'x') + "\n";
  for (int i = 0; i < 10; ++i) CHECK(sink.push(line, Level::kMetadata) != 0);
  CHECK(sink.push(line, Level::kMetadata) == 0);
  CHECK(!sink.admits());
  CHECK(!running.written(0));
  CHECK(running.metric("postern_audit_dropped_total{sink=\"file\"}") == 1);
  CHECK(wait_for([&] { return running.has_said("No space left on device"); }));
  CHECK(sink.stop(20s));
  CHECK(running.has_said("audit events were lost"));
}

TEST_CASE("a reader who stalls costs no more memory, and a slow file takes everything in the end") {
  Running running;
  running.file = (running.folder / "pipe").string();
  running.options.file.path = running.file;
  running.options.queue_bytes = 100'000;
  REQUIRE(::mkfifo(running.file.c_str(), 0600) == 0);
  Sink& sink = running.start();  // opened for reading and writing: a pipe that nobody else has
  const std::string line = std::string(999, 'x') + "\n";
  std::size_t taken = 0;
  for (int i = 0; i < 400; ++i) {
    taken += sink.push(line, Level::kMetadata) != 0 ? 1U : 0U;
    std::this_thread::sleep_for(1ms);
  }
  CHECK(taken < 400);
  CHECK(!sink.admits());
  std::atomic<std::size_t> read_bytes{0};
  std::thread reader([&] {
    std::ifstream in(running.file);
    std::string one;
    while (read_bytes < taken * 1000 && std::getline(in, one)) read_bytes += one.size() + 1;
  });
  CHECK(sink.stop(20s));
  reader.join();
  CHECK(read_bytes == taken * 1000);
}

TEST_CASE("SIGHUP: the file is opened again by its path") {
  Running running;
  Sink& sink = running.start();
  CHECK(running.written(sink.push("a\n", Level::kMetadata)));
  fs::rename(running.file, running.folder / "rotated");
  sink.reopen();
  CHECK(wait_for([&] { return fs::exists(running.file); }));
  CHECK(running.written(sink.push("b\n", Level::kMetadata)));
  CHECK(running.content() == "b\n");
}

}  // namespace
}  // namespace postern::proxy::audit
