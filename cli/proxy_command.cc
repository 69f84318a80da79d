#include "cli/proxy_command.h"

#include "cli/config_loading.h"
#include "proxy/check_config.h"
#include "proxy/check_credentials.h"
#include "proxy/check_kept.h"
#include "proxy/check_places.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <iterator>
#include <ostream>
#include <string_view>
#include <utility>
#include <vector>

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

void append(std::vector<std::string>& all, std::vector<std::string> more) {
  all.insert(all.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

/// What only a check looks at.
void look_around(const proxy::ProxyConfiguration& configuration, proxy::FileFindings& found) {
  append(found.warnings, proxy::configuration_warnings(configuration));
  append(found.warnings, proxy::taken_ports(configuration));
  append(found.warnings,
         proxy::credential_warnings(configuration, std::chrono::system_clock::now()));
  proxy::FileFindings kept = proxy::check_kept(configuration);
  append(found.warnings, std::move(kept.warnings));
  found.errors.insert(found.errors.end(), kept.errors.begin(), kept.errors.end());
}

}  // namespace

int run_proxy_command(const ProxyArguments& arguments, const Surroundings& surroundings) {
  auto configuration = load_configuration(arguments.config_file, surroundings);
  if (!configuration) return kUsage;
  override_choice(configuration->logging.level, kLevels, arguments.log_level);
  override_choice(configuration->logging.format, kFormats, arguments.log_format);

  proxy::FileFindings found = proxy::check_files(*configuration);
  // A start comes to what is kept by itself, and logs warnings.
  if (arguments.check_only) look_around(*configuration, found);
  if (!found.errors.empty()) {
    tell_errors(found.errors, surroundings);
    return kUsage;
  }
  if (!arguments.check_only) return surroundings.run_proxy(*configuration);
  for (const std::string& warning : found.warnings) {
    surroundings.err << "warning: " << warning << "\n";
  }
  surroundings.out << proxy::to_yaml(*configuration);
  return kDone;
}

}  // namespace postern::cli
