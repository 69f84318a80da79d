#include "proxy/observe/log.h"

#include "proxy/observe/log_limiter.h"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

namespace postern::proxy {
namespace {

constexpr std::chrono::system_clock::time_point kThen{
    std::chrono::microseconds(1'767'323'045'678'901)};  // 2026-01-02T03:04:05.678901Z

std::string json(std::string_view message, LogFields fields = {}) {
  return format_log_line(LogFormat::kJson, kThen, LogLevel::kInfo, message, fields);
}
std::string text(std::string_view message, LogFields fields = {}) {
  return format_log_line(LogFormat::kText, kThen, LogLevel::kWarn, message, fields);
}

TEST_CASE("a JSON line, byte for byte") {
  CHECK(json("request", {{"user", "alice"},
                         {"code", 200U},
                         {"delta", -3},
                         {"kept", true},
                         {"seconds", std::chrono::milliseconds(1500)}}) ==
        R"({"ts":"2026-01-02T03:04:05.678901Z","level":"info","msg":"request","user":"alice",)"
        R"("code":200,"delta":-3,"kept":true,"seconds":1.5})");
  CHECK(format_log_line(LogFormat::kJson, kThen, LogLevel::kError, "m", {}, 7) ==
        R"({"ts":"2026-01-02T03:04:05.678901Z","level":"error","msg":"m","suppressed":7})");
}

TEST_CASE("a text line, byte for byte") {
  CHECK(text("config loaded", {{"file", "/etc/postern/roles.yaml"}, {"why", "two words"}}) ==
        "2026-01-02T03:04:05.678901Z warn  config loaded file=/etc/postern/roles.yaml "
        "why=\"two words\"");
}

TEST_CASE("whatever text comes in: one line, valid JSON, nothing that a terminal acts on") {
  const std::vector<std::string> hostile = {
      "a\nb",
      "\x1b[31mred\x1b[0m",
      "quote\" backslash\\ ",
      std::string("nul\0byte", 8),
      "\x7f\xc2\x9b",                   // DEL, C1 CSI
      "\xe2\x80\xae rtl \xe2\x80\xa8",  // right-to-left override, line separator
      "\xff\xfe broken",
      "\",\"level\":\"error",
      "</script>",
  };
  for (const std::string& input : hostile) {
    CAPTURE(input);
    for (const std::string& line : {json(input, {{"key", input}}), text(input, {{"key", input}})}) {
      for (const char c : line) {
        const auto byte = static_cast<unsigned char>(c);
        CHECK(byte >= 0x20);
        CHECK(byte != 0x7f);
      }
      CHECK(line.find("\xe2\x80\xae") == std::string::npos);
      CHECK(line.find("\xc2\x9b") == std::string::npos);
    }
    const auto parsed = nlohmann::json::parse(json(input, {{"key", input}}));
    CHECK(parsed.size() == 4);
    CHECK(parsed.at("level") == "info");
    CHECK(parsed.at("key").is_string());
  }
}

TEST_CASE("credentials are cut out wherever they stand") {
  CHECK(redact("Authorization: Bearer abc.def-ghi_jkl") == "Authorization: Bearer [redacted]");
  CHECK(redact("bEARER xyz, then more") == "bEARER [redacted], then more");
  CHECK(redact("v5.channel.k8s.io, base64url.bearer.authorization.k8s.io.QUJD") ==
        "v5.channel.k8s.io, base64url.bearer.authorization.k8s.io.[redacted]");
  CHECK(redact("token pst_0123456789abcdef ended") == "token pst_[redacted] ended");
  CHECK(redact("/api?x=pst_secret&y=pst_other") == "/api?x=pst_[redacted]&y=pst_[redacted]");
  CHECK(redact("bearer of news") == "bearer [redacted] news");
  CHECK(redact("nothing to see, lowest_pst_ here") == "nothing to see, lowest_pst_ here");
  CHECK(redact("pst_a bearer b, pst_c; bearer d pst_e") ==
        "pst_[redacted] bearer [redacted], pst_[redacted]; bearer [redacted] pst_[redacted]");
  std::string many;
  while (many.size() < 1'000'000) many += "pst_ b ";  // squared it would take a minute
  CHECK(redact(many) == many);
  CHECK(redact("ends with bearer ") == "ends with bearer ");
  CHECK(json("Bearer sesame", {{"header", "Bearer sesame"}}).find("sesame") == std::string::npos);
}

TEST_CASE("long values are cut") {
  const std::string line = json("m", {{"body", std::string(100'000, 'x')}});
  CHECK(line.size() < 5000);
  CHECK(nlohmann::json::parse(line).at("body").get<std::string>().ends_with("xxx..."));
}

TEST_CASE("levels, counting and the rate limit") {
  Metrics metrics;
  std::vector<std::string> lines;
  LogOptions options;
  options.level = LogLevel::kWarn;
  options.write = [&lines](std::string_view line) { lines.emplace_back(line); };
  Log log(options, &metrics);

  log.info("left out");
  CHECK(lines.empty());
  CHECK_FALSE(log.enabled(LogLevel::kInfo));
  log.warn("written");
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].find(R"("level":"warn","msg":"written")") != std::string::npos);
  CHECK(lines[0].find('\n') == std::string::npos);

  for (int i = 0; i < 25; ++i) log.write_limited("192.0.2.1", LogLevel::kWarn, "bad head", {});
  CHECK(lines.size() == 11);
  log.write_limited("192.0.2.2", LogLevel::kWarn, "bad head", {});
  CHECK(lines.size() == 12);

  const std::string exposition = metrics.serialize();
  CHECK(exposition.find("postern_log_suppressed_total 15") != std::string::npos);
  CHECK(exposition.find(R"(postern_log_messages_total{level="info"} 1)") != std::string::npos);
}

TEST_CASE("the limiter lets some through, says how many it kept, and stays bounded") {
  LogLimiter limiter(2, std::chrono::seconds(60), 3);
  LogLimiter::Clock::time_point now{};
  CHECK(limiter.admit("a", now) == 0);
  CHECK(limiter.admit("a", now) == 0);
  CHECK_FALSE(limiter.admit("a", now));
  CHECK_FALSE(limiter.admit("a", now));
  now += std::chrono::seconds(60);
  CHECK(limiter.admit("a", now) == 2);
  CHECK(limiter.admit("a", now) == 0);

  for (int i = 0; i < 100; ++i) limiter.admit("key" + std::to_string(i), now);
  CHECK(limiter.size() <= 4);
  CHECK_FALSE(limiter.admit("yet another", now));
  now += std::chrono::seconds(120);
  CHECK(limiter.admit("fresh", now) == 0);
  CHECK(limiter.size() <= 4);
}

TEST_CASE("lines of several threads stay whole") {
  std::vector<std::string> lines;
  LogOptions options;
  options.write = [&lines](std::string_view line) { lines.emplace_back(line); };
  Log log(options);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&log, t] {
      for (int i = 0; i < 100; ++i) log.info("message", {{"thread", t}, {"i", i}});
    });
  }
  for (std::thread& thread : threads) thread.join();
  REQUIRE(lines.size() == 400);
  for (const std::string& line : lines) CHECK(nlohmann::json::accept(line));
}

}  // namespace
}  // namespace postern::proxy
