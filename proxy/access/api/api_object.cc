#include "proxy/access/api/api_object.h"

#include "proxy/access/api/wire_values.h"

#include <utility>

namespace postern::proxy::access::api {

Json metadata_json(const ObjectMeta& meta) {
  Json json = {{"name", meta.name},
               {"uid", meta.uid},
               {"resourceVersion", std::to_string(meta.version)},
               {"creationTimestamp", time_text(meta.created)}};
  if (!meta.generate_name.empty()) json["generateName"] = meta.generate_name;
  if (!meta.labels.empty()) json["labels"] = meta.labels;
  if (!meta.annotations.empty()) json["annotations"] = meta.annotations;
  return json;
}

Json ApiObject::metadata() const {
  return metadata_json(meta());
}

Json document_head(std::string_view kind, Json metadata) {
  return {{"apiVersion", kApiVersion}, {"kind", kind}, {"metadata", std::move(metadata)}};
}

}  // namespace postern::proxy::access::api
