#include "transcript.h"

#include <doctest/doctest.h>
#include <random>

/// Request heads as they stand on the wire. `D60` and the like are rows of the attack matrix, group
/// D "Framing and headers".

using namespace postern::proxy::http;
using namespace postern::proxy::http::test;

namespace {

constexpr HeadLimits kLimits;

/// A good head with these lines put in behind the Host field.
std::string with_lines(std::string_view lines) {
  return "POST /api/v1/namespaces/dev/pods HTTP/1.1\r\nHost: proxy\r\n" + std::string(lines) +
         "\r\n";
}

unsigned code_of(std::string_view head, const HeadLimits& limits = kLimits) {
  const auto parsed = parse_request_head(head, limits);
  return parsed ? 200 : parsed.error().code;
}

}  // namespace

TEST_CASE("a request head in full") {
  const std::string wire =
      "GET /api/v1/pods?limit=500 HTTP/1.1\r\n"
      "Host: 127.0.0.1:8443\r\n"
      "User-Agent: kubectl/v1.33.0 (linux/amd64) kubernetes/abc\r\n"
      "Accept:application/json;as=Table;v=v1;g=meta.k8s.io,application/json\r\n"
      "Kubectl-Command:   kubectl get  \t \r\n"
      "Empty:\r\n"
      "\r\n";
  std::size_t scanned = 0;
  REQUIRE(find_head_end(wire + "GET /next", scanned) == wire.size());
  const auto head = parse_request_head(wire, kLimits);
  REQUIRE(head);
  CHECK(head->method == "GET");
  CHECK(head->target == "/api/v1/pods?limit=500");
  CHECK(head->minor_version == 1);
  CHECK(head->fields.size() == 5);
  CHECK(head->fields.get("host") == "127.0.0.1:8443");
  CHECK(head->fields.get("ACCEPT") ==
        "application/json;as=Table;v=v1;g=meta.k8s.io,application/json");
  CHECK(head->fields.get("kubectl-command") == "kubectl get");
  CHECK(head->fields.get("Empty") == "");
  CHECK_FALSE(head->fields.get("Absent"));
  CHECK(head->framing == Framing::kNone);
  CHECK(head->keep_alive);
  CHECK_FALSE(head->upgrade);
  CHECK_FALSE(head->expect_continue);
}

TEST_CASE("a head stays valid when it moves, however short") {
  auto parsed = parse_request_head("GET / HTTP/1.0\r\n\r\n", kLimits);
  REQUIRE(parsed);
  RequestHead first = std::move(*parsed);
  const RequestHead second = std::move(first);
  first = RequestHead();
  CHECK(second.method == "GET");
  CHECK(second.target == "/");
  CHECK(second.method.data() >= second.block.data());
  CHECK(second.method.data() < second.block.data() + second.block.size());
}

TEST_CASE("D60-D64: framing that two readers could understand differently") {
  const std::pair<const char*, const char*> rows[] = {
      {"D60", "Transfer-Encoding: gzip\r\n"},
      {"D60", "Transfer-Encoding: identity\r\n"},
      {"D61", "Transfer-Encoding: xchunked\r\n"},
      {"D61", "Transfer-Encoding: chunkedx\r\n"},
      {"D61", "Transfer-Encoding: \"chunked\"\r\n"},
      {"D62", "Transfer-Encoding: chunked, gzip\r\n"},
      {"D62", "Transfer-Encoding: gzip, chunked\r\n"},
      {"D62", "Transfer-Encoding: chunked, chunked\r\n"},
      {"D62", "Transfer-Encoding: chunked,\r\n"},
      {"D62", "Transfer-Encoding: ,chunked\r\n"},
      {"D62", "Transfer-Encoding: chunked;q=1\r\n"},
      {"D62", "Transfer-Encoding:\r\n"},
      {"D62", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"},
      {"D62", "Transfer-Encoding: chunked\r\ntransfer-encoding: identity\r\n"},
      {"D62", "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"},
      {"D62", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"},
      {"D63", "Content-Length: 5, 5\r\n"},
      {"D63", "Content-Length: 5,\r\n"},
      {"D64", "Content-Length: 5\r\nContent-Length: 6\r\n"},
      {"D64", "Content-Length: 5\r\nCONTENT-LENGTH: 5\r\n"},
      {"D64", "Content-Length:\r\n"},
      {"D64", "Content-Length: -1\r\n"},
      {"D64", "Content-Length: +5\r\n"},
      {"D64", "Content-Length: 0x5\r\n"},
      {"D64", "Content-Length: 5 \t5\r\n"},
      {"D64", "Content-Length: 5.0\r\n"},
      {"D64", "Content-Length: 1e3\r\n"},
      {"D64", "Content-Length: 12345678901\r\n"},
      {"D64", "Content-Length: 99999999999999999999999\r\n"},
      {"D64", "Content-Length: five\r\n"},
  };
  for (const auto& [row, lines] : rows) {
    CAPTURE(row);
    CAPTURE(lines);
    CHECK(code_of(with_lines(lines)) == 400);
  }
  CHECK(code_of(with_lines("Content-Length: 5\r\n")) == 200);
  CHECK(code_of(with_lines("Content-Length: 0000000005\r\n")) == 200);
  CHECK(code_of(with_lines("Transfer-Encoding: Chunked\r\n")) == 200);
  const auto length = parse_request_head(with_lines("Content-Length: 9999999999\r\n"), kLimits);
  REQUIRE(length);
  CHECK(length->framing == Framing::kLength);
  CHECK(length->content_length == 9999999999);
  const auto chunked = parse_request_head(with_lines("Transfer-Encoding: chunked\r\n"), kLimits);
  REQUIRE(chunked);
  CHECK(chunked->framing == Framing::kChunked);
}

TEST_CASE("D65: exactly one Host, and a plain one") {
  const std::string start = "GET / HTTP/1.1\r\n";
  CHECK(code_of(start + "\r\n") == 400);
  CHECK(code_of(start + "Host: a\r\nHost: a\r\n\r\n") == 400);
  CHECK(code_of(start + "Host: a\r\nhost: b\r\n\r\n") == 400);
  CHECK(code_of(start + "Host:\r\n\r\n") == 400);
  for (const char* host :
       {"a b", "a/b", "user@a", "a,b", "a?b", "a#b", "%61", "a\\b", "\xC3\xA9"}) {
    CAPTURE(host);
    CHECK(code_of(start + "Host: " + host + "\r\n\r\n") == 400);
  }
  for (const char* host : {"a", "a.example.com:8443", "127.0.0.1", "[::1]:8443", "my_host"}) {
    CAPTURE(host);
    CHECK(code_of(start + "Host: " + host + "\r\n\r\n") == 200);
  }
}

TEST_CASE("D68: folded lines") {
  CHECK(code_of(with_lines("X-A: b\r\n Impersonate-Group: system:masters\r\n")) == 400);
  CHECK(code_of(with_lines("X-A: b\r\n\tImpersonate-Group: system:masters\r\n")) == 400);
  CHECK(code_of("GET / HTTP/1.1\r\n Host: a\r\n\r\n") == 400);
  CHECK(code_of(with_lines("X-A: b\r\n \r\n")) == 400);
}

TEST_CASE("D69-D71, D73: identity fields come through for others to refuse or drop") {
  const auto head = parse_request_head(
      with_lines(
          "impersonate-GROUP: system:masters\r\nImpersonate-Group: a\r\n"
          "Impersonate-User: root\r\nImpersonate-Extra-Scopes: x\r\nX-Remote-User: admin\r\n"),
      kLimits);
  REQUIRE(head);
  CHECK(head->fields.all("Impersonate-Group") ==
        std::vector<std::string_view>{"system:masters", "a"});
  CHECK(head->fields.count("impersonate-user") == 1);
  CHECK(code_of(with_lines("Impersonate-User: a\r\nImpersonate-User: b\r\n")) == 400);
  CHECK(code_of(with_lines("Impersonate-Uid: 1\r\nImpersonate-UID: 2\r\n")) == 400);
}

TEST_CASE("D72: names of fields") {
  for (const char* line :
       {"Impersonate_User: root", "X A: b", "X-A : b", "X-A\t: b", ": b", "X-A", "=X: b", "X(a): b",
        "X-\xC3\xA9: b", "X.A: b", "X%41: b", "X\"A: b", " : b", "X-A;: b", "X/A: b"}) {
    CAPTURE(line);
    CHECK(code_of(with_lines(std::string(line) + "\r\n")) == 400);
  }
  CHECK(code_of(with_lines("x-9-A: b:c: d\r\n")) == 200);
}

TEST_CASE("fields that may be there once") {
  for (const char* name :
       {"Authorization", "Accept", "Accept-Encoding", "Content-Type", "Content-Encoding", "Expect",
        "Upgrade", "Sec-WebSocket-Key", "Sec-WebSocket-Version", "Sec-WebSocket-Protocol"}) {
    CAPTURE(name);
    const std::string value = std::string(name) == "Expect" ? "100-continue" : "a";
    const std::string line = std::string(name) + ": " + value + "\r\n";
    CHECK(code_of(with_lines(line)) == 200);
    CHECK(code_of(with_lines(line + line)) == 400);
  }
  CHECK(code_of(with_lines("X-Stream-Protocol-Version: v5.channel.k8s.io\r\n"
                           "X-Stream-Protocol-Version: v4.channel.k8s.io\r\n")) == 200);
}

TEST_CASE("D74, D75: Connection, over all its lines") {
  const auto parse = [](const std::string& lines, int minor = 1) {
    auto head = parse_request_head(
        "GET / HTTP/1." + std::to_string(minor) + "\r\nHost: a\r\n" + lines + "\r\n", kLimits);
    REQUIRE(head);
    return std::move(*head);
  };
  CHECK(parse("").keep_alive);
  CHECK_FALSE(parse("Connection: close\r\n").keep_alive);
  CHECK_FALSE(parse("Connection: foo , Close\r\n").keep_alive);
  CHECK_FALSE(parse("Connection: keep-alive\r\nConnection: close\r\n").keep_alive);
  CHECK(parse("Connection: closed\r\n").keep_alive);
  CHECK_FALSE(parse("", 0).keep_alive);
  CHECK(parse("Connection: Keep-Alive\r\n", 0).keep_alive);
  CHECK_FALSE(parse("Connection: keep-alive, close\r\n", 0).keep_alive);

  CHECK(parse("Connection: Upgrade\r\nUpgrade: SPDY/3.1\r\n").upgrade);
  CHECK(parse("Connection: keep-alive\r\nConnection: upgrade, Impersonate-User\r\n"
              "Upgrade: websocket\r\n")
            .upgrade);
  CHECK_FALSE(parse("Connection: Upgrade\r\n").upgrade);
  CHECK_FALSE(parse("Upgrade: h2c\r\n").upgrade);
  CHECK_FALSE(parse("Connection: xupgrade\r\nUpgrade: websocket\r\n").upgrade);
  CHECK_FALSE(parse("Connection: Upgrade\r\nUpgrade: websocket\r\n", 0).upgrade);
}

TEST_CASE("HTTP/1.0: no chunks, no expectations, Host may be absent") {
  CHECK(code_of("GET / HTTP/1.0\r\n\r\n") == 200);
  CHECK(code_of("GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n") == 400);
  CHECK(code_of("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n") == 400);
  CHECK(code_of("POST / HTTP/1.0\r\nContent-Length: 3\r\n\r\n") == 200);
  const auto head = parse_request_head("POST / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n", kLimits);
  REQUIRE(head);
  CHECK(head->minor_version == 0);
  CHECK_FALSE(head->expect_continue);
}

TEST_CASE("D81: limits") {
  const std::string big = with_lines("X-A: " + std::string(200 * 1024, 'a') + "\r\n");
  CHECK(code_of(big) == 431);
  HeadLimits limits;
  limits.max_bytes = big.size();
  CHECK(code_of(big, limits) == 200);
  limits.max_bytes = big.size() - 1;
  CHECK(code_of(big, limits) == 431);
  std::string many;
  for (int i = 0; i < 99; ++i) many += "X-" + std::to_string(i) + ": a\r\n";
  CHECK(code_of(with_lines(many)) == 200);  // with Host, 100
  CHECK(code_of(with_lines(many + "One: more\r\n")) == 431);
}

TEST_CASE("D82: bytes that have no place in a head") {
  const std::string nul("\0", 1);
  for (const std::string& bad : {nul, std::string("\n"), std::string("\r"), std::string("\x01"),
                                 std::string("\x7F"), std::string("\x1B[0m"), std::string("\v")}) {
    CAPTURE(bad);
    CHECK(code_of(with_lines("X-A: a" + bad + "b\r\n")) == 400);
    CHECK(code_of(with_lines("X-" + bad + "A: ab\r\n")) == 400);
    CHECK(code_of("GET /" + bad + " HTTP/1.1\r\nHost: a\r\n\r\n") == 400);
    CHECK(code_of("GET / HTTP/1.1" + bad + "\r\nHost: a\r\n\r\n") == 400);
    CHECK(code_of("G" + bad + "ET / HTTP/1.1\r\nHost: a\r\n\r\n") == 400);
  }
  CHECK(code_of(with_lines("X-A: a\tb\r\n")) == 200);
  CHECK(code_of(with_lines("X-A: \xC3\xA9\r\n")) == 200);
  CHECK(code_of(with_lines("X-A: a\r\r\n")) == 400);
  CHECK(code_of("GET / HTTP/1.1\nHost: a\n\n") == 400);
  CHECK(code_of("GET / HTTP/1.1\r\nHost: a\n\r\n") == 400);
  CHECK(code_of("GET / HTTP/1.1\r\nHost: a\r\n\n") == 400);
  CHECK(code_of("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n") == 400);
}

TEST_CASE("D83: expectations") {
  const auto head = parse_request_head(with_lines("Expect: 100-Continue\r\n"), kLimits);
  REQUIRE(head);
  CHECK(head->expect_continue);
  CHECK(code_of(with_lines("Expect: 200-ok\r\n")) == 417);
  CHECK(code_of(with_lines("Expect:\r\n")) == 417);
}

TEST_CASE("request lines: one target form, two versions (A18, A20-A22)") {
  for (const char* line : {"GET http://evil.example/api HTTP/1.1",
                           "GET https:/api/v1/pods HTTP/1.1",
                           "OPTIONS * HTTP/1.1",
                           "CONNECT host:443 HTTP/1.1",
                           "GET  / HTTP/1.1",
                           "GET /  HTTP/1.1",
                           " GET / HTTP/1.1",
                           "GET / HTTP/1.1 ",
                           "GET / a HTTP/1.1",
                           "GET /",
                           "GET",
                           "",
                           " ",
                           "GET /\t HTTP/1.1",
                           "GET /\xC3\xA9 HTTP/1.1",
                           "GET / HTTP/2.0",
                           "GET / HTTP/1.2",
                           "GET / HTTP/0.9",
                           "GET / http/1.1",
                           "GET / HTTP/1.1x",
                           "GET / HTTP/11",
                           "GET / HTTP/1",
                           "GET / ",
                           "GE-T / HTTP/1.1",
                           "G\"T / HTTP/1.1",
                           "GET? HTTP/1.1",
                           "1 / HTTP/1.1"}) {
    CAPTURE(line);
    CHECK(code_of(std::string(line) + "\r\nHost: a\r\n\r\n") == 400);
  }
  CHECK(code_of(std::string(33, 'A') + " / HTTP/1.1\r\nHost: a\r\n\r\n") == 400);
  const auto lower = parse_request_head("get / HTTP/1.1\r\nHost: a\r\n\r\n", kLimits);
  REQUIRE(lower);
  CHECK(lower->method == "get");  // C57: 405 is for the one who knows methods
}

TEST_CASE("a head that is not all there, or has more behind it") {
  const std::string good = with_lines("X-A: b\r\n");
  for (std::size_t size = 0; size < good.size(); ++size)
    CHECK(code_of(std::string_view(good).substr(0, size)) == 400);
  CHECK(code_of(good) == 200);
  CHECK(code_of(good + "x") == 400);
  CHECK(code_of(good + good) == 400);
}

TEST_CASE("every split of the bytes finds the same head") {
  for (const std::string& wire :
       {with_lines("X-A: b\r\n") + "body\r\n\r\n", with_lines(""), std::string("\r\nGET /"),
        std::string("GET / HTTP/1.1\nHost"), std::string("GET / HTTP/1.1\r\nHost: a\r\n\nrest"),
        std::string("GET / HTTP/1.1\r\n\r\n\r\n\r\n"), std::string("\nx"), std::string("no line"),
        std::string("a\r\r\n\r\n")}) {
    CAPTURE(wire);
    const std::size_t whole = find_in_pieces({wire});
    CHECK(find_in_pieces(byte_by_byte(wire)) == whole);
    for (std::size_t cut = 0; cut <= wire.size(); ++cut) {
      const std::string_view text = wire;
      CHECK(find_in_pieces({text.substr(0, cut), text.substr(cut)}) == whole);
    }
  }
  CHECK(find_in_pieces({"\r\nGET /"}) == 2);              // an empty first line: refused at once
  CHECK(find_in_pieces({"GET / HTTP/1.1\nHost"}) == 15);  // a bare LF, too
  CHECK(find_in_pieces({"GET / HTTP/1.1\r\nHost: a\r\n"}) == 0);
}

TEST_CASE("a slow client's bytes are looked at once") {
  std::string buffer;
  std::size_t scanned = 0;
  for (int i = 0; i < 1000; ++i) {
    buffer += "X-A: b\r\n";
    CHECK(find_head_end(buffer, scanned) == 0);
    CHECK(scanned == buffer.size());
  }
}

TEST_CASE("pipelined requests are taken one after the other") {
  const std::string wire =
      with_lines("Content-Length: 5\r\n") + "helloGET /two HTTP/1.1\r\nHost: b\r\n\r\n";
  std::size_t scanned = 0;
  const std::size_t first = find_head_end(wire, scanned);
  const auto head = parse_request_head(std::string_view(wire).substr(0, first), kLimits);
  REQUIRE(head);
  const auto body = decode_pieces(BodyDecoder(head->framing, head->content_length),
                                  {std::string_view(wire).substr(first)});
  CHECK(body.payload == "hello");
  scanned = 0;
  CHECK(find_head_end(body.rest, scanned) == body.rest.size());
  const auto second = parse_request_head(body.rest, kLimits);
  REQUIRE(second);
  CHECK(second->target == "/two");
}

TEST_CASE("what the writer writes, the parser reads back") {
  std::mt19937 random(7);
  const auto pick = [&](std::string_view from, std::size_t size) {
    std::string text;
    while (text.size() < size) text += from[random() % from.size()];
    return text;
  };
  for (std::uint64_t round = 0; round < 200; ++round) {
    const std::string target = "/" + pick("abc/?=&%20~!", random() % 40);
    auto writer = HeadWriter::request("PATCH", target);
    writer.field("Host", "a");
    std::vector<std::pair<std::string, std::string>> fields;
    for (std::size_t i = 0; i < random() % 8; ++i) {
      fields.emplace_back("X-" + pick("abcXYZ019-", 1 + random() % 9),
                          "v" + pick("abc \t:;,=\"\xC3\xA9", random() % 30) + "v");
      writer.field(fields.back().first, fields.back().second);
    }
    writer.content_length(round);
    const std::string wire = writer.take();
    std::size_t scanned = 0;
    REQUIRE(find_head_end(wire, scanned) == wire.size());
    const auto head = parse_request_head(wire, kLimits);
    REQUIRE(head);
    CHECK(head->target == target);
    CHECK(head->content_length == round);
    REQUIRE(head->fields.size() == fields.size() + 2);
    for (std::size_t i = 0; i < fields.size(); ++i) {
      const Field& field = *(head->fields.begin() + static_cast<std::ptrdiff_t>(i) + 1);
      CHECK(field.name == fields[i].first);
      CHECK(field.value == fields[i].second);
    }
  }
}
