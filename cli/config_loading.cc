#include "cli/config_loading.h"

#include "kube/text.h"

#include <ostream>
#include <utility>

namespace postern::cli {

void tell_errors(const proxy::ConfigErrors& errors, const Surroundings& surroundings) {
  for (const proxy::ConfigError& error : errors) {
    surroundings.err << "error: " << kube::printable(error.to_string()) << "\n";
  }
}

std::optional<proxy::ProxyConfiguration> load_configuration(const std::string& file,
                                                            const Surroundings& surroundings) {
  auto loaded = file.empty()
                    ? proxy::default_configuration(surroundings.home, surroundings.kubeconfig)
                    : proxy::load_configuration(file);
  if (loaded) return std::move(*loaded);
  tell_errors(loaded.error(), surroundings);
  return std::nullopt;
}

}  // namespace postern::cli
