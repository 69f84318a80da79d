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

TEST_CASE_FIXTURE(Fixture, "in a bulk only whole TLS records leave, and nothing is lost") {
  constexpr std::size_t kRecord = 16 * 1024;
  for (const auto mode : {ResponseSink::Mode::kChunked, ResponseSink::Mode::kLength}) {
    stream.written.clear();
    ResponseSink sink(client, "HEAD\r\n\r\n", mode);
    std::string all;
    for (std::size_t piece = 1; piece <= 40; ++piece) {
      const std::string text(piece * 1777, static_cast<char>('a' + piece % 26));
      all += text;
      sink.payload().append(text);
      const std::size_t before = stream.written.size();
      if (sink.payload_size() >= 2 * kRecord) {
        CHECK(sink.flush_records_now());
        CHECK(stream.written.size() > before);
        CHECK(stream.written.size() % kRecord == 0);
        CHECK(sink.payload_size() < kRecord);
      }
    }
    CHECK(sink.finish_now());
    const std::string body = stream.written.substr(8);
    CHECK((mode == ResponseSink::Mode::kChunked ? decode_chunked(body) : body) == all);
    CHECK(sink.sent() == all.size());
  }
}

TEST_CASE_FIXTURE(Fixture, "what does not go out at once goes out before anything else") {
  stream.takes_at_once = 1000;
  ResponseSink sink(client, "HEAD\r\n\r\n", ResponseSink::Mode::kChunked);
  const std::string text(70'000, 'x');
  sink.payload().append(text);
  CHECK_FALSE(sink.flush_records_now());
  CHECK(stream.written.size() == 1000);
  CHECK_FALSE(run_to_end(worker, sink.send_rest()));
  CHECK(stream.written.size() == 4 * 16 * 1024);
  sink.payload().append("end");
  CHECK_FALSE(sink.finish_now());
  CHECK_FALSE(run_to_end(worker, sink.send_rest()));
  CHECK(decode_chunked(stream.written.substr(8)) == text + "end");
}

TEST_CASE_FIXTURE(Fixture, "in a bulk less than a record leaves as it is") {
  ResponseSink sink(client, "HEAD\r\n\r\n", ResponseSink::Mode::kChunked);
  sink.payload().append("abc");
  CHECK(sink.flush_records_now());
  CHECK(stream.written == "HEAD\r\n\r\n00000003\r\nabc\r\n");
}

TEST_CASE_FIXTURE(Fixture, "a lost client is an error") {
  ResponseSink sink(client, "HEAD\r\n\r\n", ResponseSink::Mode::kChunked);
  sink.payload().append("abc");
  stream.write_error = asio::error::connection_reset;
  CHECK(run_to_end(worker, sink.flush()) == asio::error::connection_reset);
}

}  // namespace
}  // namespace postern::proxy
