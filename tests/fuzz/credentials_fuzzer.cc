#include "proxy/authn/bearer_tokens.h"
#include "proxy/observe/health.h"
#include "proxy/observe/log.h"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

// Header values, health queries and log texts of any kind: what comes out keeps its promises.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace postern::proxy;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const std::string_view first = std::string_view(text).substr(0, size / 2);
  const std::string_view second = std::string_view(text).substr(size / 2);

  http::Fields fields;
  fields.add({"Authorization", first});
  fields.add({"Sec-WebSocket-Protocol", second});
  if (const auto tokens = bearer_tokens(fields)) {
    for (const std::string& token : *tokens) {
      if (!token_problem(token).empty()) std::abort();
    }
  }
  static const HealthRegistry health;
  for (const char* path : {"/livez?", "/readyz?", "/healthz?", "/livez/"}) {
    const HealthAnswer answer = health.answer(path + text);
    if (answer.status != 200 && answer.status != 404) std::abort();
  }
  for (const LogFormat format : {LogFormat::kJson, LogFormat::kText}) {
    const std::string line = format_log_line(format, {}, LogLevel::kInfo, first, {{"key", second}});
    for (const char c : line) {
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) std::abort();
    }
  }
  return 0;
}
