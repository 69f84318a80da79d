#include "proxy/access/api/document.h"

#include "kube/object_meta.h"

namespace postern::proxy::access::api {

Result<Json> read_document(std::string_view content_type, std::string_view body) {
  const auto encoding = kube::body_encoding(content_type);
  if (!encoding) {
    return fail(encoding.error());
  }
  switch (*encoding) {
    case kube::BodyEncoding::kJson:
      return read_json(body);
    case kube::BodyEncoding::kYaml:
      return read_yaml(body);
    case kube::BodyEncoding::kProtobuf:
      break;
  }
  return fail(kube::Status::unsupported_media_type(
      "the body of the request was in an unknown format - accepted media types include: "
      "application/json, application/yaml"));
}

}  // namespace postern::proxy::access::api
