#pragma once

#include <optional>
#include <string_view>

namespace postern::kube {

/// What Kubernetes' protobuf bodies are wrapped in: `k8s\0` and a runtime.Unknown (apimachinery
/// pkg/runtime/generated.proto). Views into the body.
struct ProtobufEnvelope {
  std::string_view type_meta;  ///< a runtime.TypeMeta; "" when absent
  std::string_view raw;        ///< the object's own message
};

/// Strictly: every field known and at most once, `raw` there, no content encoding or type of its
/// own. nullopt for anything else.
std::optional<ProtobufEnvelope> open_protobuf_envelope(std::string_view body);

}  // namespace postern::kube
