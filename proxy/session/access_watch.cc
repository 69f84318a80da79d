#include "proxy/session/access_watch.h"

#include "proxy/access/api/access_api.h"
#include "proxy/session/answer.h"
#include "proxy/session/long_running.h"
#include "proxy/session/response_sink.h"
#include "proxy/session/watch_end.h"

#include <chrono>
#include <memory>
#include <optional>
#include <random>
#include <utility>

namespace postern::proxy {
namespace {

using access::api::WatchQueue;
using access::api::WatchStart;
using access::api::WatchWriter;

constexpr std::chrono::seconds kBookmarkInterval{60};
constexpr std::chrono::seconds kShortestWatch{1800};
constexpr std::size_t kFlushBytes = 32 * 1024;

/// As kube-apiserver: at random between half an hour and an hour, so that clients do not all come
/// back at once.
std::chrono::seconds default_timeout() {
  thread_local std::minstd_rand random(std::random_device{}());
  return kShortestWatch + std::chrono::seconds(random() % 1800U);
}

/// Lets a coroutine of this worker sleep until another thread has news, or a time comes.
class Alarm {
 public:
  explicit Alarm(Worker& worker) : worker_(worker), bell_(std::make_shared<Bell>(worker)) {}

  /// For other threads: rings on this worker, if the alarm is still there then.
  std::function<void()> ringer() const {
    return [&worker = worker_, bell = std::weak_ptr<Bell>(bell_)] {
      worker.post([bell] {
        if (const auto there = bell.lock()) there->ring();
      });
    };
  }
  void ring() { bell_->ring(); }
  /// Ends when it rings, or has rung since the last time.
  Task<void> wait_until(Clock::time_point time) {
    if (!bell_->rung) {
      bell_->timer.expires_at(time);
      const auto [error] = co_await bell_->timer.async_wait(kAwait);
      static_cast<void>(error);
    }
    bell_->rung = false;
  }

 private:
  struct Bell {
    explicit Bell(Worker& worker) : timer(worker.executor()) {}
    void ring() {
      rung = true;
      timer.cancel();
    }
    Timer timer;
    bool rung = false;
  };

  Worker& worker_;
  std::shared_ptr<Bell> bell_;  // nobody else keeps it
};

/// One watch while it is written out. What its coroutines give says whether it goes on: false when
/// the client is gone.
class WatchPump {
 public:
  WatchPump(Worker& worker, ResponseSink& sink, ProxiedRequest& request, WatchStart start,
            WatchWriter writer, const access::api::WatchOptions& options)
      : sink_(sink),
        request_(request),
        start_(std::move(start)),
        writer_(std::move(writer)),
        bookmarks_(options.bookmarks),
        initial_end_(options.initial_end),
        alarm_(worker),
        ends_(Clock::now() + options.timeout.value_or(default_timeout())),
        next_bookmark_(Clock::now() + kBookmarkInterval) {
    start_.queue->on_news(alarm_.ringer());
  }
  ~WatchPump() { start_.queue->on_news(nullptr); }
  WatchPump(const WatchPump&) = delete;
  WatchPump& operator=(const WatchPump&) = delete;

  void interrupt() {
    interrupted_ = true;
    alarm_.ring();
  }

  Task<Result<void>> run() {
    bool goes_on = co_await write_initial();
    while (goes_on && !interrupted_) {
      goes_on = co_await write_news();
      if (finished_) co_return Result<void>();
      // Woken while it wrote, it does not sleep.
      if (goes_on) co_await alarm_.wait_until(bookmarks_ ? std::min(ends_, next_bookmark_) : ends_);
    }
    co_return fail(client_is_gone());  // the exchange knows why
  }

 private:
  static access::TimePoint now() { return std::chrono::system_clock::now(); }

  Task<bool> flush() {
    const error_code error = co_await sink_.flush();
    request_.answer_started = sink_.started();
    co_return !error;
  }

  Task<bool> write_initial() {
    for (const access::api::ObjectPtr& object : start_.initial) {
      sink_.payload().append(writer_.event("ADDED", *object, object->meta().version, now()));
      if (sink_.payload_size() < kFlushBytes) continue;
      const bool goes_on = co_await flush();
      if (!goes_on || interrupted_) co_return goes_on;
    }
    start_.initial = {};
    if (initial_end_) sink_.payload().append(writer_.bookmark(start_.version, true));
    co_return co_await flush();
  }

  /// What has happened since the last time; the end, when there will be nothing more.
  Task<bool> write_news() {
    const WatchQueue::Batch batch = start_.queue->take();
    for (const access::api::WatchEvent& event : batch.events) {
      sink_.payload().append(writer_.event(event.type, *event.object, event.version, now()));
      if (sink_.payload_size() < kFlushBytes) continue;
      const bool goes_on = co_await flush();
      if (!goes_on) co_return false;
    }
    if (batch.ended || Clock::now() >= ends_) co_return co_await finish(batch);
    add_bookmark(batch.version);
    co_return co_await flush();
  }

  void add_bookmark(access::Version version) {
    if (!bookmarks_ || Clock::now() < next_bookmark_) return;
    next_bookmark_ = Clock::now() + kBookmarkInterval;
    sink_.payload().append(writer_.bookmark(version, false));
  }

  Task<bool> finish(const WatchQueue::Batch& batch) {
    if (batch.error) {
      sink_.payload().append(WatchWriter::error(*batch.error));
    } else if (bookmarks_) {
      sink_.payload().append(writer_.bookmark(batch.version, false));
    }
    const error_code error = co_await sink_.finish();
    request_.answer_started = true;
    finished_ = !error;
    co_return finished_;
  }

  ResponseSink& sink_;
  ProxiedRequest& request_;
  WatchStart start_;
  WatchWriter writer_;
  bool bookmarks_;
  bool initial_end_;
  Alarm alarm_;
  Clock::time_point ends_;
  Clock::time_point next_bookmark_;
  bool interrupted_ = false;
  bool finished_ = false;  ///< the whole answer is sent
};

Task<Result<WatchStart>> open_watch(WorkerState& state, access::Caller caller,
                                    const access::api::WatchCall& call) {
  const access::api::AccessApi& api = *state.shared().access_api;
  co_return co_await api.service.ask<Result<WatchStart>>(
      state.worker(),
      [&hub = api.watches, caller = std::move(caller), kind = call.kind,
       options = call.options](access::AccessState&) { return hub.open(caller, *kind, options); });
}

ResponseSink begin_watch(ClientConnection& client, ProxiedRequest& request) {
  const bool chunked = request.head.minor_version != 0;
  if (!chunked) request.head.keep_alive = false;
  request.code = 200;
  auto writer = http::HeadWriter::response(200);
  writer.field("Content-Type", "application/json").field("X-Content-Type-Options", "nosniff");
  writer.field("Cache-Control", "no-cache, private").field("Audit-Id", request.audit_id);
  settle_connection(writer, request);
  if (chunked) writer.chunked();
  return {client, writer.take(),
          chunked ? ResponseSink::Mode::kChunked : ResponseSink::Mode::kUntilClose};
}

/// From its first byte to its end.
Task<Result<void>> stream_watch(WorkerState& state, ClientConnection& client,
                                ProxiedRequest& request, WatchStart start, WatchWriter writer,
                                access::api::WatchOptions options) {
  ResponseSink sink = begin_watch(client, request);
  WatchPump pump(state.worker(), sink, request, std::move(start), std::move(writer), options);
  LongRunningExchange exchange(state, client, request, [&pump](StreamEnd) { pump.interrupt(); });
  const Result<void> outcome = co_await exchange.run(pump.run());
  if (exchange.end() == StreamEnd::kNone) {
    co_return outcome;
  }
  keep_if_whole(request, sink);
  co_return co_await end_watch(sink, exchange.end(), outcome);
}

}  // namespace

Task<Result<void>> begin_access_watch(WorkerState& state, ClientConnection& client,
                                      ProxiedRequest& request, access::Caller caller,
                                      access::api::Media media, access::api::WatchCall call) {
  auto start = co_await open_watch(state, std::move(caller), call);
  if (!start) {
    co_return fail(std::move(start.error()));
  }
  request.rest = stream_watch(state, client, request, std::move(*start),
                              WatchWriter(*call.kind, std::move(media)), call.options);
  co_return Result<void>();
}

}  // namespace postern::proxy
