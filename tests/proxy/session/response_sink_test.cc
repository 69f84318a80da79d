#include "proxy/session/response_sink.h"

#include "proxy/http/codec.h"
#include "tests/proxy/session/fake_stream.h"
#include "tests/proxy/session/run.h"

#include <doctest/doctest.h>

namespace postern::proxy {
namespace {

struct Fixture {
  Worker worker{0};
  FakeStream stream{worker.executor()};
  ClientLimits limits;
  ClientConnection client{worker, stream, limits};
};

std::string decode_chunked(std::string_view body) {
  http::BodyDecoder decoder(http::Framing::kChunked, 0);
  std::string payload;
  while (!body.empty() && !decoder.done()) {
    std::size_t consumed = 0;
    const auto piece = decoder.decode(body, consumed);
    REQUIRE(piece);
    payload.append(*piece);
    body.remove_prefix(consumed);
  }
  REQUIRE(decoder.done());
  CHECK(body.empty());
  return payload;
}

TEST_CASE_FIXTURE(Fixture, "chunked: head with the first payload, one chunk a flush, an end") {
  ResponseSink sink(client, "HEAD\r\n\r\n", ResponseSink::Mode::kChunked);
  CHECK_FALSE(sink.started());
  sink.payload().append("abc");
  CHECK(sink.payload_size() == 3);
  CHECK_FALSE(run_to_end(worker, sink.flush()));
  CHECK(stream.written == "HEAD\r\n\r\n00000003\r\nabc\r\n");
  CHECK(sink.started());
  CHECK_FALSE(run_to_end(worker, sink.flush()));  // nothing new: nothing written
  CHECK(stream.written.size() == 8 + 10 + 5);
  sink.payload().append(std::string(100'000, 'x'));
  CHECK_FALSE(run_to_end(worker, sink.flush()));
  sink.payload().append("end");
  CHECK_FALSE(run_to_end(worker, sink.finish()));
  CHECK(decode_chunked(stream.written.substr(8)) == "abc" + std::string(100'000, 'x') + "end");
  CHECK(sink.sent() == 100'006);
}

TEST_CASE_FIXTURE(Fixture, "chunked: a first flush without payload sends the head alone") {
  ResponseSink sink(client, "HEAD\r\n\r\n", ResponseSink::Mode::kChunked);
  CHECK_FALSE(run_to_end(worker, sink.flush()));
  CHECK(stream.written == "HEAD\r\n\r\n");
  CHECK_FALSE(run_to_end(worker, sink.finish()));
  CHECK(stream.written == "HEAD\r\n\r\n0\r\n\r\n");
}

TEST_CASE_FIXTURE(Fixture, "with a length payload goes out as it is") {
  ResponseSink sink(client, "HEAD\r\n\r\n", ResponseSink::Mode::kLength);
  sink.payload().append("abc");
  CHECK_FALSE(run_to_end(worker, sink.flush()));
  sink.payload().append("def");
  CHECK_FALSE(run_to_end(worker, sink.finish()));
  CHECK(stream.written == "HEAD\r\n\r\nabcdef");
}

TEST_CASE_FIXTURE(Fixture, "a lost client is an error") {
  ResponseSink sink(client, "HEAD\r\n\r\n", ResponseSink::Mode::kChunked);
  sink.payload().append("abc");
  stream.write_error = asio::error::connection_reset;
  CHECK(run_to_end(worker, sink.flush()) == asio::error::connection_reset);
}

}  // namespace
}  // namespace postern::proxy
