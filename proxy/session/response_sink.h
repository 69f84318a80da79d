#pragma once

#include "proxy/session/client_connection.h"

#include <cstddef>
#include <string>

namespace postern::proxy {

/// The client's side of a streamed answer: payload is gathered and leaves in few writes, the head
/// together with the first of it.
///
/// Flow: append to payload(), flush() now and then, finish() once. Whoever stops without finish()
/// has to abort the connection: the missing end tells the client that the answer is not whole.
class ResponseSink {
 public:
  /// Bytes of payload that are sent although more of it is here already.
  static constexpr std::size_t kWorthAFlush = 32 * 1024;

  enum class Mode {
    kLength,  ///< the head has a Content-Length; payload goes out as it is
    kChunked,
    kUntilClose,  ///< HTTP/1.0 clients: the connection's end is the answer's end
  };

  /// `head` is a complete response head that fits the mode; it leaves with the first flush.
  ResponseSink(ClientConnection& client, std::string head, Mode mode);

  std::string& payload() { return buffer_; }
  std::size_t payload_size() const { return buffer_.size() - payload_start_; }
  /// Bytes of the answer have left: from now on only an aborted connection can tell of an error.
  bool started() const { return started_; }
  /// finish() makes a whole answer of whatever has been sent, on a connection that goes on.
  bool ends_anywhere() const { return mode_ == Mode::kChunked; }
  /// Payload bytes that have left so far.
  std::uint64_t sent() const { return sent_; }

  /// Sends head and payload gathered so far; nothing when there is nothing. Drops the memory when
  /// it grew large, so that an idle stream holds little.
  Task<error_code> flush();
  /// Sends the rest and the end of the answer.
  Task<error_code> finish();

  /// The same in two parts, for the data path: false when not everything went out without a wait;
  /// then send_rest() comes next, before anything else.
  bool flush_now();
  bool finish_now();
  /// flush_now() in the middle of a bulk: fills the TLS records that leave, and keeps what would be
  /// alone in the last one (less than 16 KiB) for the next flush. A record of a few bytes costs as
  /// much as a full one but for its encryption.
  bool flush_records_now();
  Task<error_code> send_rest();

 private:
  void open_chunk();
  void close_chunk();
  void cut_to_records();
  bool send_now();
  void begin_next();

  ClientConnection& client_;
  Mode mode_;
  std::string buffer_;
  std::string later_;  ///< payload for after buffer_ has left
  std::size_t payload_start_ = 0;
  std::size_t written_ = 0;  ///< of buffer_, by send_now()
  std::uint64_t sent_ = 0;
  bool head_pending_ = true;
  bool in_bulk_ = false;  ///< of the flush that is under way
  bool started_ = false;
};

}  // namespace postern::proxy
