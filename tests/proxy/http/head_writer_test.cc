#include "proxy/http/codec.h"

#include <doctest/doctest.h>
#include <stdexcept>

using namespace postern::proxy::http;

TEST_CASE("heads as they go out") {
  CHECK(HeadWriter::request("GET", "/api/v1/pods?limit=1")
            .field("Host", "kubernetes.default.svc")
            .field("Impersonate-Extra-access.postern.dev%2Frequest", "r-1")
            .take() ==
        "GET /api/v1/pods?limit=1 HTTP/1.1\r\nHost: kubernetes.default.svc\r\n"
        "Impersonate-Extra-access.postern.dev%2Frequest: r-1\r\n\r\n");
  CHECK(HeadWriter::response(403)
            .field("Content-Type", "application/json")
            .content_length(0)
            .take() ==
        "HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\nContent-Length: 0\r\n\r\n");
  CHECK(HeadWriter::response(200).chunked().take() ==
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
  CHECK(HeadWriter::response(299).field("Empty", "").take() == "HTTP/1.1 299 \r\nEmpty: \r\n\r\n");
  CHECK(HeadWriter::response(200).content_length(18446744073709551615ULL).take() ==
        "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\n");
}

TEST_CASE("nothing can start a line of its own") {
  auto writer = HeadWriter::request("GET", "/");
  const std::string nul("\0", 1);
  for (const std::string& bad :
       {std::string("alice\r\nImpersonate-Group: system:masters"), std::string("a\nb"),
        std::string("a\rb"), "a" + nul + "b", std::string("a\x7F"), std::string("\x1B[0m"),
        std::string(" a"), std::string("a "), std::string("\ta"), std::string("a\t")}) {
    CAPTURE(bad);
    CHECK_THROWS_AS(writer.field("Impersonate-User", bad), std::logic_error);
  }
  for (const char* name : {"", "a b", "a:", "a\r\n", "a\n", "\xC3\xA9", "a\"", "a(",
                           "Content-Length", "transfer-encoding"}) {
    CAPTURE(name);
    CHECK_THROWS_AS(writer.field(name, "x"), std::logic_error);
  }
  CHECK(writer.field("X", "a b\tc \xC3\xA9").take() ==
        "GET / HTTP/1.1\r\nX: a b\tc \xC3\xA9\r\n\r\n");
}

TEST_CASE("first lines are checked as well") {
  for (const char* target : {"", "api", "*", "/a b", "/a\r\nX: y", "/\xC3\xA9", "http://x/"}) {
    CAPTURE(target);
    CHECK_THROWS_AS(HeadWriter::request("GET", target), std::logic_error);
  }
  for (const char* method : {"", "G T", "GET\r\n", "GET/"})
    CHECK_THROWS_AS(HeadWriter::request(method, "/"), std::logic_error);
  for (const unsigned status : {0U, 99U, 600U, 1000U})
    CHECK_THROWS_AS(HeadWriter::response(status), std::logic_error);
}

TEST_CASE("a message has one framing") {
  auto writer = HeadWriter::response(200);
  writer.content_length(5);
  CHECK_THROWS_AS(writer.chunked(), std::logic_error);
  CHECK_THROWS_AS(writer.content_length(5), std::logic_error);
}

TEST_CASE("chunks") {
  std::string out = "x";
  append_chunk(out, "");
  CHECK(out == "x");
  append_chunk(out, std::string(255, 'a'));
  CHECK(out == "xff\r\n" + std::string(255, 'a') + "\r\n");
}

TEST_CASE("reason phrases") {
  CHECK(reason_phrase(200) == "OK");
  CHECK(reason_phrase(431) == "Request Header Fields Too Large");
  CHECK(reason_phrase(299).empty());
}

TEST_CASE("names and tokens in any case") {
  CHECK(iequals("Content-TYPE", "content-type"));
  CHECK_FALSE(iequals("a", "ab"));
  CHECK_FALSE(iequals("@", "`"));  // only letters have a case
  CHECK_FALSE(iequals("[", "{"));
  CHECK(has_token("keep-alive, Upgrade", "upgrade"));
  CHECK(has_token("\tupgrade\t", "Upgrade"));
  CHECK_FALSE(has_token("xupgrade", "upgrade"));
  CHECK_FALSE(has_token("upgrade x", "upgrade"));
  CHECK_FALSE(has_token("", "upgrade"));
  CHECK(has_token(",,upgrade,", "upgrade"));
}
