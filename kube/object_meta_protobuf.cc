#include "kube/facts_builder.h"
#include "kube/object_meta_encodings.h"
#include "kube/protobuf_envelope.h"
#include "kube/protobuf_reader.h"
#include "kube/text.h"

#include <optional>
#include <set>
#include <utility>

namespace postern::kube {
namespace {

using Bytes = std::optional<std::string_view>;

// Field numbers of apimachinery pkg/runtime, pkg/apis/meta/v1 and k8s.io/api/core/v1
// generated.proto. Every message that has an ObjectMeta has it as field 1.
constexpr std::uint32_t kTypeMetaApiVersion = 1;
constexpr std::uint32_t kTypeMetaKind = 2;
constexpr std::uint32_t kObjectMetadata = 1;
constexpr std::uint32_t kSecretType = 3;
constexpr std::uint32_t kMetaName = 1;
constexpr std::uint32_t kMetaGenerateName = 2;
constexpr std::uint32_t kMetaNamespace = 3;
constexpr std::uint32_t kMetaAnnotations = 12;
constexpr std::uint32_t kEntryKey = 1;
constexpr std::uint32_t kEntryValue = 2;

/// Stores a field that must be bytes and come only once.
bool once(const ProtobufField& field, Bytes& out) {
  if (!field.is_bytes || out) return false;
  out = field.bytes;
  return true;
}

bool to_text(const Bytes& bytes, std::string& out) {
  out = bytes.value_or("");
  return is_utf8(out);
}

bool read_type_meta(std::string_view message, BodyFacts& facts) {
  Bytes api_version;
  Bytes kind;
  ProtobufReader reader(message);
  for (ProtobufField field; reader.next(field);) {
    bool good = false;
    if (field.number == kTypeMetaApiVersion) good = once(field, api_version);
    if (field.number == kTypeMetaKind) good = once(field, kind);
    if (!good) return false;
  }
  return !reader.failed() && to_text(api_version, facts.api_version) && to_text(kind, facts.kind);
}

bool read_annotation(std::string_view message, std::set<std::string_view>& keys, BodyFacts& facts) {
  Bytes key;
  Bytes value;
  ProtobufReader reader(message);
  for (ProtobufField field; reader.next(field);) {
    bool good = false;
    if (field.number == kEntryKey) good = once(field, key);
    if (field.number == kEntryValue) good = once(field, value);
    if (!good) return false;
  }
  if (reader.failed() || !keys.insert(key.value_or("")).second) return false;
  return key != kServiceAccountAnnotation || to_text(value, facts.service_account_name);
}

bool read_object_meta(std::string_view message, BodyFacts& facts) {
  Bytes name;
  Bytes generate_name;
  Bytes namespace_;
  std::set<std::string_view> annotations;
  ProtobufReader reader(message);
  for (ProtobufField field; reader.next(field);) {
    bool good = true;
    if (field.number == kMetaName) good = once(field, name);
    if (field.number == kMetaGenerateName) good = once(field, generate_name);
    if (field.number == kMetaNamespace) good = once(field, namespace_);
    if (field.number == kMetaAnnotations) {
      good = field.is_bytes && read_annotation(field.bytes, annotations, facts);
    }
    if (!good) return false;
  }
  return !reader.failed() && to_text(name, facts.name) &&
         to_text(generate_name, facts.generate_name) && to_text(namespace_, facts.namespace_);
}

bool read_object(std::string_view message, BodyFacts& facts) {
  Bytes metadata;
  Bytes type;
  ProtobufReader reader(message);
  for (ProtobufField field; reader.next(field);) {
    bool good = true;
    if (field.number == kObjectMetadata) good = once(field, metadata);
    if (field.number == kSecretType && facts.kind == "Secret") good = once(field, type);
    if (!good) return false;
  }
  return !reader.failed() && metadata && read_object_meta(*metadata, facts) &&
         to_text(type, facts.type);
}

/// Of the bodies that clients send, only a DELETE's options have no ObjectMeta.
bool has_metadata(std::string_view kind) {
  return kind != "DeleteOptions";
}

}  // namespace

Result<BodyFacts> read_protobuf_facts(std::string_view body) {
  const Status broken = Status::bad_request("the body is not one Kubernetes protobuf object");
  const auto envelope = open_protobuf_envelope(body);
  BodyFacts facts;
  if (!envelope || !read_type_meta(envelope->type_meta, facts)) return fail(broken);
  if (facts.kind.empty()) return fail(Status::bad_request("the body does not say its kind"));
  if (facts.kind.ends_with("List")) {
    return fail(Status::bad_request("a list cannot be written as one object"));
  }
  if (has_metadata(facts.kind) && !read_object(envelope->raw, facts)) return fail(broken);
  return checked_facts(std::move(facts), false);
}

}  // namespace postern::kube
