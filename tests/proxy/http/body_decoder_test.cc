#include "transcript.h"

#include <doctest/doctest.h>
#include <random>

using namespace postern::proxy::http;
using namespace postern::proxy::http::test;

namespace {

Decoded decode(Framing framing, std::string_view wire, std::uint64_t length = 0) {
  return decode_pieces(BodyDecoder(framing, length), {wire});
}

/// The result for the whole text; checks that every cut and single bytes give the same.
Decoded decode_any_split(std::string_view wire) {
  const Decoded whole = decode(Framing::kChunked, wire);
  CHECK(decode_pieces(BodyDecoder(Framing::kChunked, 0), byte_by_byte(wire)) == whole);
  for (std::size_t cut = 0; cut <= wire.size(); ++cut) {
    const Decoded pieces =
        decode_pieces(BodyDecoder(Framing::kChunked, 0), {wire.substr(0, cut), wire.substr(cut)});
    CHECK(pieces == whole);
  }
  return whole;
}

}  // namespace

TEST_CASE("no body, and bodies of a length") {
  CHECK(BodyDecoder().done());
  CHECK(decode(Framing::kNone, "next") == Decoded{"", "next", true, false, true});
  CHECK(decode(Framing::kLength, "next", 0) == Decoded{"", "next", true, false, true});
  CHECK(decode(Framing::kLength, "hellonext", 5) == Decoded{"hello", "next", true, false, true});
  CHECK(decode(Framing::kLength, "hell", 5) == Decoded{"hell", "", false, false, false});
  CHECK(decode(Framing::kLength, "", 5) == Decoded{"", "", false, false, false});
}

TEST_CASE("a body that ends with the connection") {
  CHECK(decode(Framing::kUntilClose, "all of it") == Decoded{"all of it", "", false, false, true});
  CHECK(decode(Framing::kUntilClose, "") == Decoded{"", "", false, false, true});
}

TEST_CASE("payload is handed out in place, without copies") {
  const std::string wire = "5\r\nhello\r\n0\r\n\r\n";
  BodyDecoder decoder(Framing::kChunked, 0);
  std::size_t consumed = 0;
  const auto piece = decoder.decode(wire, consumed);
  REQUIRE(piece);
  CHECK(*piece == "hello");
  CHECK(piece->data() == wire.data() + 3);
  CHECK(consumed == 8);
}

TEST_CASE("chunked bodies, good ones, under any split") {
  const std::string rest = "GET /next";
  const std::pair<std::string, std::string> rows[] = {
      {"0\r\n\r\n", ""},
      {"5\r\nhello\r\n0\r\n\r\n", "hello"},
      {"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", "hello world"},
      {"a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n", "01234567890123456789"},
      {"00000005\r\nhello\r\n000\r\n\r\n", "hello"},
      {"5;name=value\r\nhello\r\n0;x=\"y z\"\r\n\r\n", "hello"},
      {"5;\r\nhello\r\n0\r\n\r\n", "hello"},
      {"2\r\n\r\n\r\n1\r\n0\r\n0\r\n\r\n", "\r\n0"},
      // D66, D67: trailers are read and forgotten
      {"5\r\nhello\r\n0\r\nAuthorization: Bearer x\r\n\r\n", "hello"},
      {"5\r\nhello\r\n0\r\nContent-Type: application/yaml\r\nX:\r\n\r\n", "hello"},
  };
  for (const auto& [wire, payload] : rows) {
    CAPTURE(wire);
    CHECK(decode_any_split(wire + rest) == Decoded{payload, rest, true, false, true});
  }
}

TEST_CASE("chunked bodies, broken ones, under any split") {
  const std::string nul("\0", 1);
  const std::string rows[] = {
      "\r\nhello",
      "g\r\n",
      "-5\r\nhello",
      "+5\r\nhello",
      " 5\r\nhello",
      "5 \r\nhello",
      "0x5\r\nhello",
      "5\nhello\r\n0\r\n\r\n",
      "5\rhello",
      "5\r\nhelloX\r\n0\r\n\r\n",
      "5\r\nhello\n0\r\n\r\n",
      "5\r\nhello\r0\r\n\r\n",
      "5\r\nhello0\r\n\r\n",
      "5;a\nb\r\nhello\r\n0\r\n\r\n",
      "5;a\rb\r\nhello\r\n0\r\n\r\n",
      "5;a" + nul + "b\r\nhello\r\n0\r\n\r\n",
      ";a=b\r\nhello",
      "1000000000000\r\n",
      "0000000000000\r\n\r\n",
      "fffffffffffffffff\r\n",
      "5,\r\nhello",
      "0\r\nbad trailer\r\n\r\n",
      "0\r\n folded: x\r\n\r\n",
      "0\r\nA: b\r\n folded\r\n\r\n",
      "0\r\nA : b\r\n\r\n",
      "0\r\n: b\r\n\r\n",
      "0\r\nA: b\n\r\n",
      "0\r\nA: b\r\r\n\r\n",
      "0\r\nA: " + nul + "\r\n\r\n",
      "0\r\n\n",
      "0\r\n\rX",
      "0\n\n",
  };
  for (const std::string& wire : rows) {
    CAPTURE(wire);
    const Decoded result = decode_any_split(wire);
    CHECK(result.error);
    CHECK_FALSE(result.whole);
    CHECK_FALSE(result.done);
  }
}

TEST_CASE("a chunked body that ends early is incomplete wherever it ends") {
  const std::string wire = "5;x=y\r\nhello\r\n0\r\nA: b\r\n\r\n";
  for (std::size_t size = 0; size < wire.size(); ++size) {
    const Decoded result = decode(Framing::kChunked, std::string_view(wire).substr(0, size));
    CHECK_FALSE(result.error);
    CHECK_FALSE(result.done);
    CHECK_FALSE(result.whole);
  }
}

TEST_CASE("after an error everything is an error") {
  BodyDecoder decoder(Framing::kChunked, 0);
  std::size_t consumed = 0;
  const auto first = decoder.decode("x", consumed);
  REQUIRE_FALSE(first);
  CHECK(first.error().code == 400);
  CHECK_FALSE(decoder.decode("5\r\nhello\r\n0\r\n\r\n", consumed));
  CHECK_FALSE(decoder.finish());
}

TEST_CASE("extensions and trailers are bounded together") {
  std::string extensions;
  for (int i = 0; i < 8; ++i) extensions += "1;" + std::string(1000, 'e') + "\r\nx\r\n";
  const std::string trailer = "T: " + std::string(150, 't') + "\r\n";
  CHECK(decode(Framing::kChunked, extensions + "0\r\n" + trailer + "\r\n").whole);
  CHECK(decode(Framing::kChunked, extensions + "0\r\n" + trailer + trailer + "\r\n").error);
  CHECK(decode(Framing::kChunked, "5;" + std::string(9000, 'e')).error);
  CHECK(decode(Framing::kChunked, "0\r\nA: " + std::string(9000, 't')).error);
  std::string lines = "0\r\n";
  for (int i = 0; i < 2000; ++i) lines += "A:b\r\n";
  CHECK(decode(Framing::kChunked, lines).error);
}

TEST_CASE("what append_chunk() writes is read back, however it is cut") {
  std::mt19937 random(11);
  for (int round = 0; round < 100; ++round) {
    std::string payload, wire;
    for (std::size_t i = 0; i < random() % 6; ++i) {
      std::string piece(random() % 300, '\0');
      for (char& c : piece) c = static_cast<char>(random());
      payload += piece;
      append_chunk(wire, piece);
    }
    wire += kLastChunk;
    wire += "rest";
    std::vector<std::string_view> pieces;
    std::string_view left = wire;
    while (!left.empty()) {
      const std::size_t size = std::min<std::size_t>(left.size(), 1 + random() % 50);
      pieces.push_back(left.substr(0, size));
      left.remove_prefix(size);
    }
    CHECK(decode_pieces(BodyDecoder(Framing::kChunked, 0), pieces) ==
          Decoded{payload, "rest", true, false, true});
  }
}
