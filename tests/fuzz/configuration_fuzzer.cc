#include "proxy/config.h"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

// Any text gives a configuration or errors; a configuration printed is the same when read again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace postern::proxy;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto configuration = parse_configuration("/etc/config.yaml", text);
  if (!configuration) {
    if (configuration.error().empty()) std::abort();
    for (const ConfigError& error : configuration.error()) {
      if (error.to_string().empty() || error.message.empty()) std::abort();
    }
    return 0;
  }
  const std::string yaml = to_yaml(*configuration);
  const auto again = parse_configuration("/etc/config.yaml", yaml);
  if (!again || to_yaml(*again) != yaml) std::abort();
  return 0;
}
