#include "proxy/net/tunnel.h"

#include <boost/asio/co_spawn.hpp>
#include <utility>

namespace postern::proxy {

Tunnel::Tunnel(Worker& worker, Stream& downstream, Stream& upstream, TunnelOptions options)
    : worker_(worker),
      downstream_(downstream),
      upstream_(upstream),
      options_(options),
      silence_(worker.deadlines(), [this] { end_with(End::kIdle, {}); }),
      other_direction_over_(worker.executor()) {}

Task<Tunnel::Result> Tunnel::run(std::string from_downstream, std::string from_upstream) {
  note_progress();
  asio::co_spawn(worker_.executor(),
                 pump(upstream_, downstream_, std::move(from_upstream), bytes_to_downstream_),
                 [this](std::exception_ptr bug) {
                   other_direction_bug_ = std::move(bug);
                   if (other_direction_bug_) stop();
                   other_direction_over_.set();
                 });
  std::exception_ptr bug;
  try {
    co_await pump(downstream_, upstream_, std::move(from_downstream), bytes_to_upstream_);
  } catch (...) {
    bug = std::current_exception();
    stop();
  }
  // Even a bug waits for the other direction, which uses what is ours.
  co_await other_direction_over_.wait();
  silence_.disarm();
  if (bug) std::rethrow_exception(bug);
  if (other_direction_bug_) std::rethrow_exception(other_direction_bug_);
  co_return result_.value_or(Result{});
}

void Tunnel::stop() {
  end_with(End::kStopped, {});
}

Task<void> Tunnel::pump(Stream& from, Stream& to, std::string first, std::uint64_t& bytes) {
  error_code error = co_await forward(to, first, bytes);
  first = {};
  while (!error) {
    error = co_await from.wait_readable();
    if (error) break;
    const BufferPool::Buffer buffer = worker_.buffers().take();
    const Stream::ReadOutcome outcome = from.try_read(buffer.span());
    if (outcome.status == Stream::ReadStatus::kEnd) {
      co_await pass_on_end(to);
      co_return;
    }
    error = outcome.error;
    if (outcome.status != Stream::ReadStatus::kData) continue;
    error = co_await forward(to, {buffer.span().data(), outcome.size}, bytes);
  }
  end_with(End::kFailed, error);
}

Task<error_code> Tunnel::forward(Stream& to, std::string_view data, std::uint64_t& bytes) {
  const error_code error = co_await to.write(data);
  if (error) co_return error;
  bytes += data.size();
  note_progress();
  co_return error;
}

Task<void> Tunnel::pass_on_end(Stream& to) {
  half_closed_ = true;
  note_progress();
  // shutdown_send() gives up soon when the socket is full; here there is time.
  if (to.is_open()) co_await to.socket().async_wait(TcpSocket::wait_write, kAwait);
  co_await to.shutdown_send();
}

void Tunnel::end_with(End end, const error_code& error) {
  if (!result_) result_ = Result{end, error};
  silence_.disarm();
  if (end == End::kIdle) {
    downstream_.close();
    upstream_.close();
  } else {
    downstream_.abort();
    upstream_.abort();
  }
}

void Tunnel::note_progress() {
  if (result_) return;
  if (half_closed_) {
    silence_.expires_after(options_.half_closed_idle);
  } else if (options_.idle) {
    silence_.expires_after(*options_.idle);
  }
}

}  // namespace postern::proxy
