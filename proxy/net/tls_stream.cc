#include "proxy/net/tls_stream.h"

#include "proxy/net/tls_context.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <cerrno>
#include <limits>
#include <utility>

namespace postern::proxy {

namespace {

constexpr std::chrono::seconds kShutdownWait{2};
/// So many records are taken in one read: of tiny ones a buffer would hold too many for one turn.
constexpr unsigned kRecordsPerRead = 32;
/// Behind a read of so much there is probably more.
constexpr std::size_t kBulkBytes = std::size_t{8} * 1024;

int openssl_size(std::size_t size) {
  constexpr auto kMax = static_cast<std::size_t>(std::numeric_limits<int>::max());
  return static_cast<int>(std::min(size, kMax));
}

/// SSL_get_error() looks at the queue, so nothing old may be in it; nearly always nothing is.
void forget_old_errors() {
  if (ERR_peek_error() != 0) ERR_clear_error();
}

}  // namespace

TlsStream::TlsStream(TcpSocket socket, SslPtr ssl, std::shared_ptr<const void> context)
    : SocketStream(std::move(socket)), ssl_(std::move(ssl)), context_(std::move(context)) {
  SSL_set_fd(ssl_.get(), this->socket().native_handle());
  SSL_set_app_data(ssl_.get(), this);
  SSL_set_info_callback(ssl_.get(), on_message);
}

TlsStream::~TlsStream() {
  // OpenSSL takes a connection that ends without close_notify for a reason to throw its session
  // away; ends like that are ordinary, and the session is as good as before.
  if (!broken_) SSL_set_shutdown(ssl_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

TlsStream::Want TlsStream::classify(int result, error_code& error) {
  const int system_error = errno;
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_NONE:
      return Want::kNothing;
    case SSL_ERROR_WANT_READ:
      return Want::kRead;
    case SSL_ERROR_WANT_WRITE:
      return Want::kWrite;
    case SSL_ERROR_ZERO_RETURN:
      ended_ = true;
      error = asio::error::eof;
      return Want::kNothing;
    case SSL_ERROR_SYSCALL:
      error = system_error == 0 ? error_code(asio::ssl::error::stream_truncated)
                                : error_code(system_error, boost::system::system_category());
      return Want::kNothing;
    default:
      break;
  }
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (ERR_GET_REASON(code) == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
    error = asio::ssl::error::stream_truncated;
  } else {
    broken_ = true;
    error = error_code(static_cast<int>(code), asio::error::get_ssl_category());
  }
  return Want::kNothing;
}

void TlsStream::note_failure(const error_code& error, error_code& of_direction) {
  of_direction = error;
  if (broken_) read_error_ = write_error_ = error;
}

void TlsStream::on_message(const SSL* ssl, int where, int) {
  const bool counts = (where & (SSL_CB_LOOP | SSL_CB_ALERT)) != 0;
  if (counts) static_cast<TlsStream*>(SSL_get_app_data(ssl))->count_message();
}

void TlsStream::count_message() {
  if (!established_) return;
  const auto now = Clock::now();
  if (now - messages_since_ > kMessageTime) {
    messages_since_ = now;
    messages_ = 0;
  }
  if (++messages_ <= kMaxMessages) return;
  flooded_ = true;
  // The read that is under way takes no further record.
  SSL_set_shutdown(ssl_.get(), SSL_get_shutdown(ssl_.get()) | SSL_RECEIVED_SHUTDOWN);
}

Task<error_code> TlsStream::wait_for(Want want) {
  return wait(want == Want::kWrite ? TcpSocket::wait_write : TcpSocket::wait_read);
}

Task<error_code> TlsStream::handshake() {
  while (is_open()) {
    forget_old_errors();
    error_code error;
    const int result = SSL_do_handshake(ssl_.get());
    if (result == 1) {
      established_ = true;
      co_return error_code();
    }
    const Want want = classify(result, error);
    if (want != Want::kNothing) error = co_await wait_for(want);
    if (error) {
      note_failure(error, read_error_);
      co_return error;
    }
  }
  co_return asio::error::operation_aborted;
}

Task<error_code> TlsStream::wait_readable() {
  // What OpenSSL has read ahead does not make the socket readable. But if it has just said that it
  // needs more, what it holds is part of a record.
  const bool has_more = read_wants_ == Want::kNothing && SSL_has_pending(ssl_.get()) == 1;
  if (ended_ || read_error_ || has_more) return yield_turn();
  // The mode of the context releases buffers after use; what handling a session ticket takes stays.
  SSL_free_buffers(ssl_.get());
  return wait_for(read_wants_);
}

Stream::ReadOutcome TlsStream::try_read(std::span<char> into) {
  if (!is_open()) return {ReadStatus::kError, 0, asio::error::operation_aborted};
  if (ended_) return {ReadStatus::kEnd, 0, {}};
  if (read_error_) return {ReadStatus::kError, 0, read_error_};
  if (turn_is_over()) return {ReadStatus::kWouldBlock, 0, {}};
  std::size_t total = 0;
  unsigned records = 0;
  do {
    forget_old_errors();
    const auto rest = into.subspan(total);
    const int result = SSL_read(ssl_.get(), rest.data(), openssl_size(rest.size()));
    if (result > 0) {
      read_wants_ = Want::kNothing;
      total += static_cast<std::size_t>(result);
      continue;
    }
    error_code error;
    read_wants_ = classify(result, error);
    if (flooded_) {
      read_wants_ = Want::kNothing;
      ended_ = false;
      broken_ = true;
      error = asio::error::connection_aborted;
    }
    if (error && !ended_) note_failure(error, read_error_);
    break;
  } while (total < into.size() && ++records < kRecordsPerRead && SSL_has_pending(ssl_.get()) == 1);
  if (total > 0) {
    count_read();
    const bool is_bulk = total >= kBulkBytes;
    SSL_set_default_read_buffer_len(ssl_.get(), is_bulk ? kTlsBulkReadBuffer : kTlsReadBuffer);
    return {ReadStatus::kData, total, {}};
  }
  if (ended_) return {ReadStatus::kEnd, 0, {}};
  if (read_error_) return {ReadStatus::kError, 0, read_error_};
  return {ReadStatus::kWouldBlock, 0, {}};
}

std::size_t TlsStream::try_write(std::string_view data) {
  std::size_t written = 0;
  while (written < data.size() && is_open() && !write_error_) {
    forget_old_errors();
    const std::string_view rest = data.substr(written);
    const int result = SSL_write(ssl_.get(), rest.data(), openssl_size(rest.size()));
    if (result > 0) {
      write_wants_ = Want::kNothing;
      written += static_cast<std::size_t>(result);
      continue;
    }
    error_code error;
    write_wants_ = classify(result, error);
    if (!error) break;
    note_failure(error, write_error_);
  }
  return written;
}

Task<error_code> TlsStream::write(std::string_view data) {
  while (true) {
    data.remove_prefix(try_write(data));
    if (data.empty()) co_return error_code();
    if (write_error_) co_return write_error_;
    const error_code error = co_await wait_for(write_wants_);
    if (error) co_return error;
  }
}

Task<void> TlsStream::shutdown_send() {
  // An unfinished write is a truncated message: the peer shall see it as one.
  if (broken_ || write_error_ || write_wants_ != Want::kNothing) co_return;
  while (is_open() && SSL_is_init_finished(ssl_.get())) {
    forget_old_errors();
    error_code error;
    const int result = SSL_shutdown(ssl_.get());
    if (result >= 0 || classify(result, error) != Want::kWrite) co_return;
    error = co_await wait_writable_briefly();
    if (error) co_return;
  }
}

Task<error_code> TlsStream::wait_writable_briefly() {
  // Shared with the timer's handler, which may be on its way when the wait has ended.
  const auto give_up = std::make_shared<asio::cancellation_signal>();
  Timer timer(socket().get_executor(), kShutdownWait);
  timer.async_wait([give_up](error_code cancelled) {
    if (!cancelled) give_up->emit(asio::cancellation_type::terminal);
  });
  const auto [error] = co_await socket().async_wait(
      TcpSocket::wait_write, asio::bind_cancellation_slot(give_up->slot(), kAwait));
  co_return error;
}

}  // namespace postern::proxy
