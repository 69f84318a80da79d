#include "kube/percent.h"

#include <doctest/doctest.h>

using namespace postern::kube;

TEST_CASE("percent: decoding") {
  CHECK(percent_decode("a%20b%2Fc%c3%A9") == "a b/c\xc3\xa9");
  CHECK(percent_decode("a+b") == "a+b");
  CHECK(percent_decode("") == "");
  for (const char* bad : {"%", "%2", "%zz", "a%2", "%%41", "%4g"}) {
    CAPTURE(bad);
    CHECK_FALSE(percent_decode(bad).has_value());
  }
}

TEST_CASE("percent: encoding keeps what Go's PathEscape keeps") {
  CHECK(encode_path_segment("nginx-1_a.b~c:80@x=y+z$&") == "nginx-1_a.b~c:80@x=y+z$&");
  CHECK(encode_path_segment("a b/c%d?e#f;g\xc3\xa9") == "a%20b%2Fc%25d%3Fe%23f%3Bg%C3%A9");
  CHECK(encode_query_component("a=b&c d+e\n") == "a%3Db%26c%20d%2Be%0A");
}

TEST_CASE("percent: what is encoded decodes to itself, every byte") {
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  CHECK(percent_decode(encode_path_segment(all)) == all);
  CHECK(percent_decode(encode_query_component(all)) == all);
}
