#include "proxy/http/trace_context.h"

#include <doctest/doctest.h>
#include <string>

namespace postern::proxy::http {
namespace {

TEST_CASE("traceparent: the W3C's examples and what is none") {
  const std::string good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  CHECK(is_traceparent(good));
  CHECK(is_traceparent("cc" + good.substr(2)));
  CHECK(is_traceparent("cc" + good.substr(2) + "-what-the-future-holds"));
  const std::string bad[] = {
      "",
      good.substr(0, 54),
      good + "-",
      good + "0",
      "ff" + good.substr(2),
      "0g" + good.substr(2),
      "cc" + good.substr(2) + "x",
      "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
      "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
      "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
      "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0g",
      "00-4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7-01",
  };
  for (const std::string& value : bad) {
    CAPTURE(value);
    CHECK(!is_traceparent(value));
  }
}

TEST_CASE("tracestate") {
  CHECK(is_tracestate("rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"));
  CHECK(is_tracestate("rojo=1, congo=2 ,,tenant@vendor=x"));
  CHECK(!is_tracestate(""));
  CHECK(!is_tracestate(","));
  CHECK(!is_tracestate("rojo"));
  CHECK(!is_tracestate("=1"));
  CHECK(!is_tracestate("Rojo=1"));
  CHECK(!is_tracestate("rojo=a=b"));
  CHECK(!is_tracestate("rojo=\x01"));
  CHECK(!is_tracestate("a=" + std::string(600, 'x')));
  std::string many = "a0=1";
  for (int i = 1; i < 33; ++i) many += ",a" + std::to_string(i) + "=1";
  CHECK(!is_tracestate(many));
}

TEST_CASE("the trace's ID") {
  const std::string value = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  Fields fields;
  CHECK(trace_id(fields).empty());
  fields.add({"Traceparent", value});
  CHECK(trace_id(fields) == "4bf92f3577b34da6a3ce929d0e0e4736");
  fields.add({"traceparent", value});
  CHECK(trace_id(fields).empty());
}

}  // namespace
}  // namespace postern::proxy::http
