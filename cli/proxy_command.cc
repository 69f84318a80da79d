#include "cli/proxy_command.h"

#include "cli/config_loading.h"
#include "proxy/check_config.h"

#include <algorithm>
#include <array>
#include <ostream>
#include <string_view>

namespace postern::cli {
namespace {

constexpr std::array<std::string_view, 4> kLevels = {"debug", "info", "warn", "error"};
constexpr std::array<std::string_view, 2> kFormats = {"json", "text"};

template <std::size_t N>
void override_choice(std::size_t& index, const std::array<std::string_view, N>& words,
                     const std::string& word) {
  const auto* const found = std::find(words.begin(), words.end(), word);
  if (found != words.end()) index = static_cast<std::size_t>(found - words.begin());
}

}  // namespace

int run_proxy_command(const ProxyArguments& arguments, const Surroundings& surroundings) {
  auto configuration = load_configuration(arguments.config_file, surroundings);
  if (!configuration) return kUsage;
  override_choice(configuration->logging.level, kLevels, arguments.log_level);
  override_choice(configuration->logging.format, kFormats, arguments.log_format);

  const proxy::FileFindings found = proxy::check_files(*configuration);
  if (!found.errors.empty()) {
    tell_errors(found.errors, surroundings);
    return kUsage;
  }
  if (!arguments.check_only) return surroundings.run_proxy(*configuration);  // it logs warnings
  for (const auto& warnings : {proxy::configuration_warnings(*configuration), found.warnings}) {
    for (const std::string& warning : warnings) surroundings.err << "warning: " << warning << "\n";
  }
  surroundings.out << proxy::to_yaml(*configuration);
  return kDone;
}

}  // namespace postern::cli
