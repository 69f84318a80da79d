#pragma once

#include "kube/object_meta.h"

/// read_body_facts() by encoding.
namespace postern::kube {

Result<BodyFacts> read_json_facts(std::string_view body);
Result<BodyFacts> read_yaml_facts(std::string_view body);
Result<BodyFacts> read_protobuf_facts(std::string_view body);

}  // namespace postern::kube
