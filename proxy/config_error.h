#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

namespace postern::proxy {

/// Something wrong in a file that an operator wrote, and where.
struct ConfigError {
  std::string file;     ///< as the operator named it; "" where there is none
  int line = 0;         ///< from 1; 0: unknown
  int column = 0;       ///< from 1; 0: unknown
  std::string key;      ///< key path as in `kubeClusters[1].name`; "" for the file as a whole
  std::string message;  ///< what is wrong and what would be right

  /// `FILE:LINE:COLUMN: KEY: MESSAGE`, without the parts that are unknown.
  std::string to_string() const {
    std::string text = file;
    if (line > 0) text += ":" + std::to_string(line);
    if (line > 0 && column > 0) text += ":" + std::to_string(column);
    if (!text.empty()) text += ": ";
    if (!key.empty()) text += key + ": ";
    return text + message;
  }
  friend bool operator==(const ConfigError&, const ConfigError&) = default;
};

/// Everything that is wrong, at once: an operator should not have to fix errors one by one.
using ConfigErrors = std::vector<ConfigError>;

/// A value read from an operator's file, or everything that is wrong with it.
template <typename T>
using Loaded = tl::expected<T, ConfigErrors>;

}  // namespace postern::proxy
