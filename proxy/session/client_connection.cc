#include "proxy/session/client_connection.h"

#include <boost/asio/post.hpp>
#include <openssl/ssl.h>
#include <utility>

namespace postern::proxy {
namespace {

constexpr std::chrono::milliseconds kLingerTime{1000};
constexpr std::size_t kLingerBytes = 1024 * 1024;
constexpr std::size_t kReadAheadBytes = 64 * 1024;
/// A client that takes so much within the stall limit does not stall. More than a TLS record, of
/// which a part may be under way.
constexpr std::size_t kProgressBytes = 256 * 1024;

/// A TLS record has begun to come: its client has sent something.
bool holds_part_of_record(Stream& stream) {
  return stream.is_open() && stream.tls() != nullptr && SSL_has_pending(stream.tls()) == 1;
}

}  // namespace

std::string status_response(const kube::Status& status, std::string_view audit_id, bool keep_alive,
                            std::string_view allow) {
  const std::string body = status.to_json();
  auto head = http::HeadWriter::response(status.code);
  head.field("Content-Type", "application/json").field("X-Content-Type-Options", "nosniff");
  head.field("Cache-Control", "no-cache, private");
  if (!audit_id.empty()) {
    head.field("Audit-Id", audit_id);
  }
  if (status.code == 405) {
    head.field("Allow", allow);
  }
  if (status.retry_after_seconds > 0) {
    head.field("Retry-After", std::to_string(status.retry_after_seconds));
  }
  if (!keep_alive) {
    head.field("Connection", "close");
  }
  head.content_length(body.size());
  return head.take() + body;
}

ClientConnection::ClientConnection(Worker& worker, Stream& stream, const ClientLimits& limits)
    : worker_(worker),
      stream_(stream),
      limits_(limits),
      peer_address_(stream.peer().address().to_string()),
      deadline_(worker.deadlines(), [this] { expire(); }) {}

void ClientConnection::expire() {
  if (waits_for_request_) {
    stop_waiting();
  } else {
    stream_.close();
  }
}

void ClientConnection::stop_waiting() {
  if (!waits_for_request_) {
    return;
  }
  gave_up_waiting_ = true;
  // Only the wait for readability is pending, never an operation of TLS: the stream stays usable.
  error_code ignored;
  stream_.socket().cancel(ignored);
}

Stream::ReadOutcome ClientConnection::read_now() {
  auto buffer = worker_.buffers().take();
  const auto outcome = stream_.try_read(buffer.span());
  if (outcome.status == Stream::ReadStatus::kData) {
    pending_.append(buffer.span().data(), outcome.size);
  }
  return outcome;
}

Task<Stream::ReadOutcome> ClientConnection::read_more() {
  for (;;) {
    const auto outcome = read_now();
    if (outcome.status != Stream::ReadStatus::kWouldBlock) {
      co_return outcome;
    }
    if (const error_code error = co_await stream_.wait_readable()) {
      co_return Stream::ReadOutcome{Stream::ReadStatus::kError, 0, error};
    }
  }
}

Task<Stream::ReadOutcome> ClientConnection::read_ahead() {
  if (pending_.size() >= kReadAheadBytes) {
    co_return Stream::ReadOutcome{Stream::ReadStatus::kWouldBlock, 0, {}};
  }
  co_return co_await read_more();
}

/// Waits for the first bytes of a request; false when none came.
Task<bool> ClientConnection::await_request(std::chrono::milliseconds idle_time) {
  gave_up_waiting_ = false;
  if (!pending_.empty()) {
    // Requests that came together are answered one in a turn: whoever sends thousands at once would
    // keep the worker from everybody else.
    co_await asio::post(worker_.executor(), kAwait);
    co_return stream_.is_open();
  }
  waits_for_request_ = true;
  waiting_since_ = Clock::now();
  deadline_.expires_after(idle_time);
  // Clients take their time between requests: to try to read first would mostly be in vain.
  const error_code interrupted = co_await stream_.wait_readable();
  if (!interrupted && !gave_up_waiting_) {
    const auto outcome = read_now();
    if (outcome.status == Stream::ReadStatus::kWouldBlock) co_await read_more();
  }
  waits_for_request_ = false;
  if (gave_up_waiting_ && pending_.empty()) {
    read_now();  // what came in that very moment
  }
  if (gave_up_waiting_ && pending_.empty() && holds_part_of_record(stream_)) {
    deadline_.expires_after(limits_.head_time);
    co_await read_more();
  }
  deadline_.disarm();
  gave_up_waiting_ = gave_up_waiting_ && pending_.empty();
  co_return !pending_.empty();
}

Task<Result<std::optional<http::RequestHead>>> ClientConnection::read_head(
    std::optional<std::chrono::milliseconds> idle_time) {
  std::size_t scanned = 0;
  std::size_t head_size = 0;
  fault_ = Fault::kNone;
  is_head_ = false;
  const bool begun = co_await await_request(idle_time.value_or(limits_.idle_time));
  if (!begun) {
    co_return std::nullopt;
  }
  deadline_.expires_after(limits_.head_time);
  while ((head_size = http::find_head_end(pending_, scanned)) == 0) {
    if (pending_.size() > limits_.head.max_bytes) {
      deadline_.disarm();
      co_return fail(kube::Status::head_too_large("the request head is too large"));
    }
    const auto outcome = co_await read_more();
    if (outcome.status != Stream::ReadStatus::kData) {
      fault_ = deadline_.expired() ? Fault::kHeadTimeout : Fault::kHeadTruncated;
      deadline_.disarm();
      co_return std::nullopt;
    }
  }
  deadline_.disarm();
  auto head =
      http::parse_request_head(std::string_view(pending_).substr(0, head_size), limits_.head);
  if (!head) {
    co_return fail(std::move(head.error()));
  }
  pending_.erase(0, head_size);
  body_ = http::BodyDecoder(head->framing, head->content_length);
  awaits_continue_ = head->expect_continue;
  is_head_ = head->method == "HEAD";
  co_return std::optional<http::RequestHead>(std::move(*head));
}

Task<Result<bool>> ClientConnection::read_body_piece(std::string& into) {
  const std::size_t before = into.size();
  while (!body_.done()) {
    if (auto decoded = decode_body(into); !decoded) {
      fault_ = Fault::kBodyFraming;
      co_return fail(std::move(decoded.error()));
    }
    if (body_.done() || into.size() > before) {
      break;  // pass on what is there before waiting for more
    }
    deadline_.expires_after(limits_.stall_time);
    const auto outcome = co_await read_more();
    const bool timed_out = deadline_.expired();
    deadline_.disarm();
    if (outcome.status != Stream::ReadStatus::kData) {
      fault_ = timed_out ? Fault::kBodyTimeout : Fault::kBodyTruncated;
      co_return fail(kube::Status::bad_request("the request body ended early"));
    }
  }
  co_return into.size() > before || !body_.done();
}

/// Takes the payload out of all that has been read; erases once, however small the client's chunks
/// are.
Result<void> ClientConnection::decode_body(std::string& into) {
  std::size_t offset = 0;
  while (offset < pending_.size() && !body_.done()) {
    std::size_t consumed = 0;
    auto piece = body_.decode(std::string_view(pending_).substr(offset), consumed);
    if (!piece) {
      return fail(std::move(piece.error()));
    }
    into.append(*piece);
    offset += consumed;
  }
  pending_.erase(0, offset);
  if (pending_.empty() && pending_.capacity() > kReadAheadBytes / 4) {
    std::string().swap(pending_);  // an idle connection holds little
  }
  return {};
}

Task<Result<std::string>> ClientConnection::read_body(BodyHold& hold) {
  std::string body;
  for (;;) {
    auto more = co_await read_body_piece(body);
    if (!more) {
      co_return fail(std::move(more.error()));
    }
    if (body.size() > limits_.body_bytes) {
      co_return fail(kube::Status::too_large("the request body is larger than " +
                                             std::to_string(limits_.body_bytes) + " bytes"));
    }
    if (!hold.grow_to(body.size())) {
      co_return fail(kube::Status::too_many_requests(
          "too many large request bodies are under way at the moment, yours or all together", 1));
    }
    if (!*more) {
      co_return body;
    }
  }
}

Task<void> ClientConnection::admit_body() {
  if (std::exchange(awaits_continue_, false) && pending_.empty()) {
    co_await write("HTTP/1.1 100 Continue\r\n\r\n");
  }
}

Task<bool> ClientConnection::discard_body() {
  if (body_.done()) {
    co_return true;
  }
  if (awaits_continue_) {
    co_return false;  // the body may come or not: the next bytes would be ambiguous
  }
  std::string dropped;
  std::uint64_t total = 0;
  while (total <= limits_.drain_bytes) {
    dropped.clear();
    const auto more = co_await read_body_piece(dropped);
    if (!more) {
      co_return false;
    }
    total += dropped.size();
    if (!*more) {
      co_return true;
    }
  }
  co_return false;
}

Task<error_code> ClientConnection::write(std::string_view data) {
  data.remove_prefix(stream_.try_write(data));
  error_code error;
  while (!data.empty() && !error) {
    const std::string_view piece = data.substr(0, kProgressBytes);
    deadline_.expires_after(limits_.stall_time);
    error = co_await stream_.write(piece);
    deadline_.disarm();
    data.remove_prefix(piece.size());
  }
  co_return error;
}

Task<error_code> ClientConnection::write_status(const kube::Status& status,
                                                std::string_view audit_id, bool keep_alive,
                                                std::string_view allow) {
  std::string response = status_response(status, audit_id, keep_alive, allow);
  if (is_head_) {
    response.resize(response.find("\r\n\r\n") + 4);
  }
  co_return co_await write(response);
}

Task<void> ClientConnection::linger() {
  deadline_.expires_after(kLingerTime);
  co_await stream_.shutdown_send();
  std::size_t total = 0;
  while (total < kLingerBytes && stream_.is_open()) {
    pending_.clear();
    const auto outcome = co_await read_more();
    if (outcome.status != Stream::ReadStatus::kData) {
      break;
    }
    total += outcome.size;
  }
  deadline_.disarm();
  stream_.close();
}

}  // namespace postern::proxy
