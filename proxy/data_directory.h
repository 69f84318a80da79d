#pragma once

#include "proxy/config_error.h"
#include "proxy/crypto/continue_token.h"

#include <string>

namespace postern::proxy {

/// Makes `dataDir`, with everything above it, unless it is there; a new one is its owner's alone.
Loaded<void> make_data_directory(const std::string& path);

/// The master key that is kept there; made by the first start.
Loaded<MasterKey> load_master_key(const std::string& data_directory);

}  // namespace postern::proxy
