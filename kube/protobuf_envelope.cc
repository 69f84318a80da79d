#include "kube/protobuf_envelope.h"

#include "kube/protobuf_reader.h"

#include <array>

namespace postern::kube {
namespace {

constexpr std::string_view kMagic("k8s\0", 4);

// Fields of runtime.Unknown.
constexpr std::size_t kTypeMeta = 1;
constexpr std::size_t kRaw = 2;
constexpr std::size_t kContentEncoding = 3;
constexpr std::size_t kContentType = 4;

}  // namespace

std::optional<ProtobufEnvelope> open_protobuf_envelope(std::string_view body) {
  if (!body.starts_with(kMagic)) return std::nullopt;
  std::array<std::optional<std::string_view>, kContentType + 1> fields;
  ProtobufReader reader(body.substr(kMagic.size()));
  for (ProtobufField field; reader.next(field);) {
    if (!field.is_bytes || field.number >= fields.size() || fields[field.number]) {
      return std::nullopt;
    }
    fields[field.number] = field.bytes;
  }
  const bool plain =
      fields[kContentEncoding].value_or("").empty() && fields[kContentType].value_or("").empty();
  if (reader.failed() || !fields[kRaw] || !plain) return std::nullopt;
  return ProtobufEnvelope{fields[kTypeMeta].value_or(""), *fields[kRaw]};
}

}  // namespace postern::kube
