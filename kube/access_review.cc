#include "kube/access_review.h"

#include "kube/protobuf_envelope.h"
#include "kube/protobuf_reader.h"

#include <nlohmann/json.hpp>

namespace postern::kube {
namespace {

using Json = nlohmann::ordered_json;

Status malformed(const std::string& what) {
  return Status::bad_request("the review could not be read: " + what);
}

/// The strings of `object`; anything that is not a string, or not among the known keys, is refused.
Result<void> read_strings(const nlohmann::json& object,
                          const std::vector<std::pair<std::string_view, std::string*>>& fields) {
  for (const auto& [key, value] : object.items()) {
    bool known = false;
    for (const auto& [name, target] : fields) {
      if (key == name) {
        known = true;
        if (!value.is_string()) {
          return fail(malformed(key + " is not a string"));
        }
        *target = value.get<std::string>();
      }
    }
    if (!known) {
      return fail(malformed("postern does not judge " + key));
    }
  }
  return {};
}

Result<nlohmann::json> spec_of_json(std::string_view body) {
  // read_body_facts() refuses duplicate keys and everything else that two readers could differ on.
  if (auto strict = read_body_facts(BodyEncoding::kJson, body); !strict) {
    return fail(std::move(strict.error()));
  }
  auto document = nlohmann::json::parse(body, nullptr, false);
  if (!document.is_object() || !document.contains("spec") || !document["spec"].is_object()) {
    return fail(malformed("it has no spec"));
  }
  return document["spec"];
}

Result<AccessReviewSpec> access_review_of_json(std::string_view body) {
  auto spec = spec_of_json(body);
  if (!spec) {
    return fail(std::move(spec.error()));
  }
  AccessReviewSpec review;
  for (const auto& [key, value] : spec->items()) {
    if (value.is_null()) {
      continue;
    }
    if (!value.is_object()) {
      return fail(malformed(key + " is not an object"));
    }
    Result<void> read;
    if (key == "resourceAttributes") {
      auto& r = review.resource.emplace();
      read = read_strings(value, {{"namespace", &r.namespace_},
                                  {"verb", &r.verb},
                                  {"group", &r.group},
                                  {"version", &r.version},
                                  {"resource", &r.resource},
                                  {"subresource", &r.subresource},
                                  {"name", &r.name}});
    } else if (key == "nonResourceAttributes") {
      auto& n = review.non_resource.emplace();
      read = read_strings(value, {{"path", &n.path}, {"verb", &n.verb}});
    } else {
      return fail(malformed("unknown field spec." + key));
    }
    if (!read) {
      return fail(std::move(read.error()));
    }
  }
  return review;
}

Status broken_protobuf() {
  return malformed("it is not in Kubernetes' protobuf encoding");
}

/// `spec` of a protobuf body: field 2 of the object.
Result<std::string_view> spec_of_protobuf(std::string_view body) {
  constexpr std::uint32_t kSpec = 2;
  const auto envelope = open_protobuf_envelope(body);
  if (!envelope) {
    return fail(broken_protobuf());
  }
  std::optional<std::string_view> spec;
  ProtobufReader reader(envelope->raw);
  for (ProtobufField field; reader.next(field);) {
    if (field.number != kSpec) {
      continue;
    }
    if (!field.is_bytes || spec) {
      return fail(malformed("spec is repeated or no message"));
    }
    spec = field.bytes;
  }
  if (reader.failed()) {
    return fail(broken_protobuf());
  }
  if (!spec) {
    return fail(malformed("it has no spec"));
  }
  return *spec;
}

/// String fields by number; others and repetitions are refused.
Result<void> read_fields(std::string_view message, const std::vector<std::string*>& fields) {
  std::vector<bool> seen(fields.size(), false);
  ProtobufReader reader(message);
  for (ProtobufField field; reader.next(field);) {
    const std::size_t index = field.number - 1;
    if (index >= fields.size() || seen[index] || !field.is_bytes) {
      return fail(malformed("it has a field that postern does not judge"));
    }
    seen[index] = true;
    *fields[index] = std::string(field.bytes);
  }
  if (reader.failed()) {
    return fail(broken_protobuf());
  }
  return {};
}

Result<AccessReviewSpec> access_review_of_protobuf(std::string_view body) {
  const auto spec = spec_of_protobuf(body);
  if (!spec) {
    return fail(spec.error());
  }
  AccessReviewSpec review;
  ProtobufReader reader(*spec);
  for (ProtobufField field; reader.next(field);) {
    Result<void> read;
    if (field.is_bytes && field.number == 1 && !review.resource) {
      auto& r = review.resource.emplace();
      read = read_fields(field.bytes, {&r.namespace_, &r.verb, &r.group, &r.version, &r.resource,
                                       &r.subresource, &r.name});
    } else if (field.is_bytes && field.number == 2 && !review.non_resource) {
      auto& n = review.non_resource.emplace();
      read = read_fields(field.bytes, {&n.path, &n.verb});
    } else {
      return fail(malformed("spec has an unknown or repeated field"));
    }
    if (!read) {
      return fail(std::move(read.error()));
    }
  }
  if (reader.failed()) {
    return fail(broken_protobuf());
  }
  return review;
}

Result<std::string> namespace_of_protobuf(std::string_view body) {
  const auto spec = spec_of_protobuf(body);
  if (!spec) {
    return fail(spec.error());
  }
  std::string namespace_;
  if (auto read = read_fields(*spec, {&namespace_}); !read) {
    return fail(std::move(read.error()));
  }
  return namespace_;
}

Status not_in_yaml() {
  return Status::unsupported_media_type("reviews are read in JSON and protobuf");
}

}  // namespace

Result<AccessReviewSpec> read_access_review(BodyEncoding encoding, std::string_view body) {
  if (encoding == BodyEncoding::kYaml) {
    return fail(not_in_yaml());
  }
  auto review = encoding == BodyEncoding::kJson ? access_review_of_json(body)
                                                : access_review_of_protobuf(body);
  if (review && review->resource.has_value() == review->non_resource.has_value()) {
    return fail(malformed("exactly one of resourceAttributes and nonResourceAttributes is needed"));
  }
  return review;
}

Result<std::string> read_rules_review(BodyEncoding encoding, std::string_view body) {
  if (encoding == BodyEncoding::kYaml) {
    return fail(not_in_yaml());
  }
  std::string namespace_;
  if (encoding == BodyEncoding::kProtobuf) {
    auto read = namespace_of_protobuf(body);
    if (!read) {
      return fail(std::move(read.error()));
    }
    namespace_ = std::move(*read);
  } else {
    auto spec = spec_of_json(body);
    if (!spec) {
      return fail(std::move(spec.error()));
    }
    if (auto read = read_strings(*spec, {{"namespace", &namespace_}}); !read) {
      return fail(std::move(read.error()));
    }
  }
  if (namespace_.empty()) {
    return fail(malformed("spec.namespace is missing"));
  }
  return namespace_;
}

std::string access_review_json(const AccessReviewSpec& spec, const AccessReviewAnswer& answer) {
  Json review = {{"kind", "SelfSubjectAccessReview"},
                 {"apiVersion", "authorization.k8s.io/v1"},
                 {"metadata", Json::object()},
                 {"spec", Json::object()},
                 {"status", {{"allowed", answer.allowed}}}};
  if (spec.resource) {
    Json& attributes = review["spec"]["resourceAttributes"] = Json::object();
    for (const auto& [key, value] :
         {std::pair<const char*, const std::string*>{"namespace", &spec.resource->namespace_},
          {"verb", &spec.resource->verb},
          {"group", &spec.resource->group},
          {"version", &spec.resource->version},
          {"resource", &spec.resource->resource},
          {"subresource", &spec.resource->subresource},
          {"name", &spec.resource->name}}) {
      if (!value->empty()) {
        attributes[key] = *value;
      }
    }
  }
  if (spec.non_resource) {
    review["spec"]["nonResourceAttributes"] = {{"path", spec.non_resource->path},
                                               {"verb", spec.non_resource->verb}};
  }
  for (const auto& [key, value] : answer.annotations) {
    review["metadata"]["annotations"][key] = value;
  }
  if (answer.denied) {
    review["status"]["denied"] = true;
  }
  if (!answer.reason.empty()) {
    review["status"]["reason"] = answer.reason;
  }
  return review.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace postern::kube
