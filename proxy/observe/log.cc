#include "proxy/observe/log.h"

#include "proxy/observe/log_limiter.h"

#include <atomic>
#include <mutex>
#include <spdlog/async_logger.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <utility>

namespace postern::proxy {
namespace {

constexpr std::size_t kQueueLines = 8192;
constexpr std::uint32_t kLinesPerKey = 10;
constexpr std::chrono::seconds kInterval{60};
constexpr std::size_t kMaxKeys = 4096;

/// Hands lines to a function; the base class holds the lock.
class FunctionSink : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit FunctionSink(std::function<void(std::string_view)> write) : write_(std::move(write)) {}

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override {
    write_(std::string_view(message.payload.data(), message.payload.size()));
  }
  void flush_() override {}

 private:
  std::function<void(std::string_view)> write_;
};

constexpr spdlog::level::level_enum spdlog_level(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarn:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

}  // namespace

struct Log::Impl {
  std::shared_ptr<spdlog::details::thread_pool> pool;
  std::shared_ptr<spdlog::logger> logger;
  std::mutex limiter_mutex;
  LogLimiter limiter{kLinesPerKey, kInterval, kMaxKeys};
  std::atomic<std::size_t> overruns_counted{0};

  /// How many more lines the queue has dropped since the last call.
  std::size_t new_overruns() {
    if (!pool) return 0;
    const std::size_t now = pool->overrun_counter();
    std::size_t before = overruns_counted.load();
    while (before < now && !overruns_counted.compare_exchange_weak(before, now)) {
    }
    return before < now ? now - before : 0;
  }
};

Log::Log(LogOptions options, Metrics* metrics)
    : options_(std::move(options)), metrics_(metrics), impl_(std::make_unique<Impl>()) {
  if (options_.write) {
    impl_->logger =
        std::make_shared<spdlog::logger>("", std::make_shared<FunctionSink>(options_.write));
  } else {
    impl_->pool = std::make_shared<spdlog::details::thread_pool>(kQueueLines, 1);
    impl_->logger = std::make_shared<spdlog::async_logger>(
        "", std::make_shared<spdlog::sinks::stderr_sink_mt>(), impl_->pool,
        spdlog::async_overflow_policy::overrun_oldest);
    impl_->logger->set_pattern("%v");
  }
  impl_->logger->set_level(spdlog::level::trace);
}

Log::~Log() {
  impl_->logger.reset();
  impl_->pool.reset();  // joins the writer, which empties the queue first
}

void Log::debug(std::string_view message, LogFields fields) {
  write(LogLevel::kDebug, message, fields);
}
void Log::info(std::string_view message, LogFields fields) {
  write(LogLevel::kInfo, message, fields);
}
void Log::warn(std::string_view message, LogFields fields) {
  write(LogLevel::kWarn, message, fields);
}
void Log::error(std::string_view message, LogFields fields) {
  write(LogLevel::kError, message, fields);
}

void Log::write(LogLevel level, std::string_view message, LogFields fields) {
  put(level, message, fields, 0);
}

void Log::put(LogLevel level, std::string_view message, LogFields fields,
              std::uint64_t suppressed) {
  if (metrics_ != nullptr) metrics_->log_message(level);
  if (!enabled(level)) return;
  const std::string line = format_log_line(options_.format, std::chrono::system_clock::now(), level,
                                           message, fields, suppressed);
  impl_->logger->log(spdlog_level(level), spdlog::string_view_t(line.data(), line.size()));
  if (metrics_ != nullptr) {
    if (const std::size_t lost = impl_->new_overruns(); lost > 0) metrics_->log_suppressed(lost);
  }
}

void Log::write_limited(std::string_view key, LogLevel level, std::string_view message,
                        LogFields fields) {
  std::optional<std::uint64_t> admitted;
  {
    const std::lock_guard lock(impl_->limiter_mutex);
    admitted = impl_->limiter.admit(key, LogLimiter::Clock::now());
  }
  if (!admitted) {
    if (metrics_ != nullptr) metrics_->log_suppressed();
    return;
  }
  put(level, message, fields, *admitted);
}

}  // namespace postern::proxy
