// Kubeconfigs: a value that can be used, or at least one error with a message.

#include "kube/kubeconfig.h"

#include <cstdint>
#include <cstdlib>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto parsed = postern::kube::parse_kubeconfig(text, "", "/dir");
  if (parsed) {
    const bool certificate = !parsed->client_certificate.absent();
    const bool usable = !parsed->server.empty() && !parsed->context.empty() &&
                        certificate == !parsed->client_key.absent() &&
                        (certificate || !parsed->token.absent());
    if (!usable) std::abort();
  } else {
    if (parsed.error().empty()) std::abort();
    for (const auto& error : parsed.error()) {
      if (error.message.empty()) std::abort();
    }
  }
  return 0;
}
