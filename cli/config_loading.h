#pragma once

#include "cli/command_line.h"
#include "proxy/config.h"

#include <optional>
#include <string>

namespace postern::cli {

/// The configuration of a file, or the one that holds without a file. nullopt: what is wrong has
/// been told, and the exit code is kUsage.
std::optional<proxy::ProxyConfiguration> load_configuration(const std::string& file,
                                                            const Surroundings& surroundings);

/// Writes `error: …` lines, safe for terminals.
void tell_errors(const proxy::ConfigErrors& errors, const Surroundings& surroundings);

}  // namespace postern::cli
