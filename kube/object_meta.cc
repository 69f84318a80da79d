#include "kube/object_meta.h"

#include "kube/media_type.h"
#include "kube/object_meta_encodings.h"
#include "kube/text.h"

namespace postern::kube {
namespace {

Status unknown_format() {
  return Status::unsupported_media_type(
      "the body of the request was in an unknown format - accepted media types include: "
      "application/json, application/yaml, application/vnd.kubernetes.protobuf");
}

bool has_only_utf8_charset(const MediaType& media_type) {
  if (media_type.parameters.empty()) return true;
  return media_type.parameters.size() == 1 &&
         equals_ignore_case(media_type.parameter("charset").value_or(""), "utf-8");
}

}  // namespace

Result<BodyEncoding> body_encoding(std::string_view content_type) {
  if (content_type.empty()) return BodyEncoding::kJson;
  const auto media_type = parse_media_type(content_type);
  if (!media_type || !has_only_utf8_charset(*media_type)) return fail(unknown_format());
  const std::string essence = media_type->essence();
  if (essence == "application/json") return BodyEncoding::kJson;
  if (essence == "application/yaml") return BodyEncoding::kYaml;
  if (essence == "application/vnd.kubernetes.protobuf" && media_type->parameters.empty()) {
    return BodyEncoding::kProtobuf;
  }
  const auto patch = patch_media_type(content_type);
  if (!patch) return fail(unknown_format());
  return patch->ends_with("+yaml") ? BodyEncoding::kYaml : BodyEncoding::kJson;
}

Result<BodyFacts> read_body_facts(BodyEncoding encoding, std::string_view body) {
  switch (encoding) {
    case BodyEncoding::kJson:
      return read_json_facts(body);
    case BodyEncoding::kYaml:
      return read_yaml_facts(body);
    case BodyEncoding::kProtobuf:
      return read_protobuf_facts(body);
  }
  return fail(unknown_format());
}

}  // namespace postern::kube
