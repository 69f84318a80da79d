#include "kube/base64.h"

#include <doctest/doctest.h>
#include <string>

using namespace postern::kube;

TEST_CASE("base64: what Go reads, and nothing else") {
  CHECK(decode_base64("") == "");
  CHECK(decode_base64("aGk=") == "hi");
  CHECK(decode_base64("aA==") == "h");
  CHECK(decode_base64("aGV5") == "hey");
  CHECK(decode_base64("aG\nV5\r\n") == "hey");
  CHECK(decode_base64("+/+/") == "\xfb\xff\xbf");
  for (const char* bad : {"a", "ab", "abc", "aGk", "aGl=", "aB==", "a===", "====", "aG=k", "aGk=a",
                          "a b=", "aGk=aGk=", "-_-_"}) {
    CAPTURE(bad);
    CHECK_FALSE(decode_base64(bad).has_value());
  }
}

TEST_CASE("base64: what is written is read back, whatever its length") {
  CHECK(encode_base64("") == "");
  CHECK(encode_base64("h") == "aA==");
  CHECK(encode_base64("hi") == "aGk=");
  CHECK(encode_base64("hey") == "aGV5");
  CHECK(encode_base64("\xfb\xff\xbf") == "+/+/");
  std::string bytes;
  for (int i = 0; i < 520; ++i) {
    CAPTURE(i);
    CHECK(decode_base64(encode_base64(bytes)) == bytes);
    bytes += static_cast<char>(i * 7);
  }
}
