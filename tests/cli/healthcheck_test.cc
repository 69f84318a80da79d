#include "tests/cli/fixture.h"

#include <doctest/doctest.h>

namespace postern::cli {
namespace {

using testing::Program;
using Words = std::vector<std::string>;

TEST_CASE_FIXTURE(Program,
                  "healthcheck: questions that are none are told before anybody is asked") {
  for (const Words& words : {
           Words{"--url", ""},
           Words{"--url", "127.0.0.1:8081"},
           Words{"--url", "ftp://127.0.0.1/"},
           Words{"--url", "http://"},
           Words{"--url", "http:///readyz"},
           Words{"--url", "https://"},
           Words{"--url", "http://somebody@127.0.0.1:1/"},
           Words{"--url", "http://127.0.0.1:1/a b"},
           Words{"--url", "http://127.0.0.1:1/\r\nX-Y: z"},
           Words{"--url", "http://127.0.0.1:1/readyz#part"},
           Words{"--timeout", "soon"},
           Words{"--ca-file", "ca.crt"},
           Words{"--ca-pin", "sha256:" + std::string(64, 'a')},
           Words{"--url", "https://127.0.0.1:1", "--ca-pin", "sha256:abc"},
           Words{"--url", "https://127.0.0.1:1", "--ca-pin", "sha256:" + std::string(64, 'a'),
                 "--ca-file", "ca.crt"},
           Words{"--tls-server-name", "postern"},
       }) {
    CAPTURE(words.front());
    CAPTURE(words.back());
    Words all = words;
    all.insert(all.begin(), "healthcheck");
    CHECK(run(all) == kUsage);
    CHECK(out().empty());
    CHECK(err().starts_with("error: "));
  }
}

TEST_CASE_FIXTURE(Program, "healthcheck: a server that is not there") {
  for (const char* url :
       {"http://127.0.0.1:1/readyz", "http://127.0.0.1:1", "https://127.0.0.1:1"}) {
    CAPTURE(url);
    CHECK(run({"healthcheck", "--url", url}) == kFailed);
    CHECK(out().empty());
    CHECK(err().starts_with("error: cannot reach 127.0.0.1:1: "));
  }
}

TEST_CASE_FIXTURE(Program, "healthcheck: authorities that cannot be read") {
  CHECK(run({"healthcheck", "--url", "https://127.0.0.1:1", "--ca-file", file("none")}) == kFailed);
  CHECK(err().find("none") != std::string::npos);
  const std::string path = write("ca.crt", "no certificate");
  CHECK(run({"healthcheck", "--url", "https://127.0.0.1:1", "--ca-file", path}) == kFailed);
  CHECK(err().find(path) != std::string::npos);
}

}  // namespace
}  // namespace postern::cli
