#pragma once

#include "proxy/config.h"
#include "proxy/config_visitor.h"

namespace postern::proxy {

/// The file's two identifying keys and the configuration behind them.
struct ConfigurationDocument {
  std::string api_version;
  std::string kind;
  ProxyConfiguration configuration;
};

inline constexpr std::string_view kConfigApiVersion = "config.postern.dev/v1alpha1";
inline constexpr std::string_view kConfigKind = "ProxyConfiguration";

/// Walks over the whole document. The tables of keys are in config_fields.cc.
void visit_document(ConfigVisitor& visitor, ConfigurationDocument& document);

}  // namespace postern::proxy
