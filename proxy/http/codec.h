#pragma once

#include "kube/result.h"
#include "proxy/http/message.h"

#include <cstdint>
#include <string>
#include <string_view>

/// A strict HTTP/1.1 codec without I/O: bytes in, heads and body pieces out. What is ambiguous is
/// refused (RFC 9112, and stricter). Nothing here repairs a message.
///
/// Why not a library's parser: Boost 1.81's lets through what two readers understand differently
/// (any Transfer-Encoding, none or two Host fields, folded lines, trailers merged into the header).
/// Making it safe takes a scan of the raw bytes that knows lines, names and framing: that scan is a
/// parser already. A second one over the same bytes costs time and, wherever the two disagree, is
/// the very hole that the first was to close. So there is one.
namespace postern::proxy::http {
/// How large a head may be.
struct HeadLimits {
  std::size_t max_bytes = std::size_t{64} * 1024;
  std::size_t max_fields = 100;
};

/// Finds the end of a head. Flow: after every read call find_head_end(buffer, scanned) until it
/// returns a position; then parse_…_head() of that much.
///
/// Returns the size of the head with its empty line, or 0 when it is not all there yet. `scanned`
/// carries the position between calls so that slow clients cost no rescans; it starts at 0 for each
/// head. A line that cannot be right (a bare LF, an empty first line) ends the head there and then:
/// what is returned is refused by the parser, without waiting for more. The caller answers 431 when
/// max_bytes are there without an end.
std::size_t find_head_end(std::string_view buffer, std::size_t& scanned);

/// Parses one whole request head.
///
/// 400 for anything ambiguous: bare LF or NUL, obs-fold, a space before a colon, a field name
/// outside of [A-Za-z0-9-], control characters in values, HTTP versions but 1.0 and 1.1, a count of
/// Host fields other than one (1.1), any Transfer-Encoding but exactly one `chunked` (and none with
/// HTTP/1.0), any Content-Length but one of [0-9]{1,10}, both of them, repeated Authorization,
/// Content-Type, Accept and the like (the list is in request_head.cc), targets outside of
/// ^/[!-~]*$, which takes in absolute-form, authority-form and `*`. 417 for an Expect other than
/// 100-continue. 431 above the limits. Whether the method exists is the caller's question.
Result<RequestHead> parse_request_head(std::string_view head, const HeadLimits& limits);

/// Parses one whole response head with the same rules (but names are any RFC token: load balancers
/// add `X_names`, and of a response only listed fields are passed on); errors are 502.
/// `request_method` and the status decide the framing (HEAD, 1xx, 204, 304 have no body; with 1xx
/// and 204 a length is an error). Without length and chunks the body lasts until the connection
/// ends.
Result<ResponseHead> parse_response_head(std::string_view head, std::string_view request_method,
                                         const HeadLimits& limits);

/// Takes the framing off a body.
///
/// Flow: decode(in, consumed) gives the next piece of payload (a view into `in`, possibly empty)
/// and says how much of `in` it used; call again with the rest until `in` is used up or done(). At
/// the peer's clean end of stream call finish(). Chunk extensions and trailers are read, bounded (8
/// KiB in all) and dropped.
class BodyDecoder {
 public:
  BodyDecoder() = default;
  BodyDecoder(Framing framing, std::uint64_t content_length);

  /// Status 400 (the caller turns it into 502 for a response) for broken framing.
  Result<std::string_view> decode(std::string_view in, std::size_t& consumed);
  /// The peer ended its stream: fine for kUntilClose, an error when the body was not complete.
  Result<void> finish();
  bool done() const { return state_ == State::kDone; }

 private:
  enum class State {
    kSize,
    kSizeExtension,
    kSizeLf,
    kData,
    kDataCr,
    kDataLf,
    kTrailerStart,
    kTrailerName,
    kTrailerValue,
    kTrailerLf,
    kEndLf,
    kDone,
    kFailed,
  };
  std::string_view take_data(std::string_view in, std::size_t& consumed);
  // Each takes one byte of framing and returns what is wrong with it, or nullptr.
  const char* step(char c);
  const char* step_size(char c);
  const char* step_extension(char c);
  const char* step_trailer(char c);
  const char* count_overhead();

  Framing framing_ = Framing::kNone;
  State state_ = State::kDone;
  std::uint64_t remaining_ = 0;
  std::size_t overhead_ = 0;  ///< extension and trailer bytes so far
  unsigned size_digits_ = 0;
};

/// Builds heads from our own values only: every name and value is checked, so that no CR or LF of
/// somebody else's can start a line. A value that does not fit (control characters, spaces at the
/// edges, a second framing) is a bug of ours and throws std::logic_error. Framing fields are
/// written by content_length() and chunked() alone.
class HeadWriter {
 public:
  static HeadWriter request(std::string_view method, std::string_view target);
  static HeadWriter response(unsigned status);
  HeadWriter& field(std::string_view name, std::string_view value);
  HeadWriter& content_length(std::uint64_t length);
  HeadWriter& chunked();
  /// The head with its empty line.
  std::string take();

 private:
  HeadWriter() = default;
  void claim_framing();
  HeadWriter& line(std::string_view name, std::string_view value);

  std::string text_;
  bool framed_ = false;
};

/// The reason phrase of a status code, "" for unknown ones.
std::string_view reason_phrase(unsigned status);

/// Appends `data` as one chunk (nothing for empty data).
void append_chunk(std::string& out, std::string_view data);
/// The end of a chunked body.
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

}  // namespace postern::proxy::http
