#include "kube/delete_options.h"

#include <nlohmann/json.hpp>
#include <protozero/pbf_reader.hpp>
#include <set>

namespace postern::kube {
namespace {

using nlohmann::json;

Status malformed(const std::string& what) {
  return Status::bad_request("the delete options could not be read: " + what);
}

Result<void> read_preconditions(const json& preconditions, DeleteOptions& options) {
  if (!preconditions.is_object()) {
    return fail(malformed("preconditions is not an object"));
  }
  for (const auto& [key, value] : preconditions.items()) {
    if (!value.is_string() || (key != "uid" && key != "resourceVersion")) {
      return fail(malformed("preconditions." + key));
    }
    (key == "uid" ? options.precondition_uid : options.precondition_resource_version) =
        value.get<std::string>();
  }
  return {};
}

Result<void> read_dry_run(const json& values, DeleteOptions& options) {
  if (!values.is_array()) {
    return fail(malformed("dryRun is not a list"));
  }
  for (const json& value : values) {
    if (!value.is_string()) {
      return fail(malformed("dryRun has something else than strings"));
    }
    options.dry_run.push_back(value.get<std::string>());
  }
  return {};
}

Result<void> read_member(const std::string& key, const json& value, DeleteOptions& options) {
  if (key == "kind" || key == "apiVersion") {
    return {};
  }
  if (key == "gracePeriodSeconds" && value.is_number_integer()) {
    options.grace_period_seconds = value.get<std::int64_t>();
    return {};
  }
  if (key == "orphanDependents" && value.is_boolean()) {
    options.orphan_dependents = value.get<bool>();
    return {};
  }
  if (key == "propagationPolicy" && value.is_string()) {
    options.propagation_policy = value.get<std::string>();
    return {};
  }
  if (key == "preconditions") {
    return read_preconditions(value, options);
  }
  if (key == "dryRun") {
    return read_dry_run(value, options);
  }
  return fail(malformed("field " + key + " is unknown or of another type"));
}

Result<DeleteOptions> read_json(std::string_view body) {
  if (auto strict = read_body_facts(BodyEncoding::kJson, body); !strict) {
    return fail(std::move(strict.error()));
  }
  const json document = json::parse(body, nullptr, false);
  if (!document.is_object()) {
    return fail(malformed("not an object"));
  }
  DeleteOptions options;
  for (const auto& [key, value] : document.items()) {
    if (value.is_null()) {
      continue;
    }
    if (auto read = read_member(key, value, options); !read) {
      return fail(std::move(read.error()));
    }
  }
  return options;
}

Result<std::string_view> raw_of_protobuf(std::string_view body) {
  constexpr std::string_view kMagic("k8s\0", 4);
  if (!body.starts_with(kMagic)) {
    return fail(malformed("it is not in Kubernetes' protobuf encoding"));
  }
  body.remove_prefix(kMagic.size());
  protozero::pbf_reader unknown(protozero::data_view(body.data(), body.size()));
  std::optional<std::string_view> raw;
  while (unknown.next()) {
    if (unknown.tag() == 2 && !raw) {
      const auto view = unknown.get_view();
      raw = std::string_view(view.data(), view.size());
    } else if (unknown.tag() == 2) {
      return fail(malformed("raw is repeated"));
    } else {
      unknown.skip();
    }
  }
  return raw.value_or(std::string_view());
}

void read_preconditions(protozero::pbf_reader reader, DeleteOptions& options) {
  while (reader.next()) {
    switch (reader.tag()) {
      case 1:
        options.precondition_uid = reader.get_string();
        break;
      case 2:
        options.precondition_resource_version = reader.get_string();
        break;
      default:
        reader.skip();
    }
  }
}

// apimachinery pkg/apis/meta/v1/generated.proto, message DeleteOptions.
Result<DeleteOptions> read_protobuf(std::string_view body) {
  const auto raw = raw_of_protobuf(body);
  if (!raw) {
    return fail(raw.error());
  }
  DeleteOptions options;
  std::set<std::uint32_t> seen;
  protozero::pbf_reader reader(protozero::data_view(raw->data(), raw->size()));
  while (reader.next()) {
    if (reader.tag() != 5 && !seen.insert(reader.tag()).second) {
      return fail(malformed("a field is repeated"));
    }
    switch (reader.tag()) {
      case 1:
        options.grace_period_seconds = reader.get_int64();
        break;
      case 2:
        read_preconditions(reader.get_message(), options);
        break;
      case 3:
        options.orphan_dependents = reader.get_bool();
        break;
      case 4:
        options.propagation_policy = reader.get_string();
        break;
      case 5:
        options.dry_run.push_back(reader.get_string());
        break;
      default:
        return fail(malformed("field " + std::to_string(reader.tag()) + " is unknown"));
    }
  }
  return options;
}

}  // namespace

std::string DeleteOptions::to_json(std::string_view uid) const {
  json document = {{"kind", "DeleteOptions"},
                   {"apiVersion", "v1"},
                   {"preconditions", {{"uid", std::string(uid)}}}};
  if (precondition_resource_version) {
    document["preconditions"]["resourceVersion"] = *precondition_resource_version;
  }
  if (grace_period_seconds) document["gracePeriodSeconds"] = *grace_period_seconds;
  if (orphan_dependents) document["orphanDependents"] = *orphan_dependents;
  if (propagation_policy) document["propagationPolicy"] = *propagation_policy;
  if (!dry_run.empty()) document["dryRun"] = dry_run;
  return document.dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<DeleteOptions> read_delete_options(BodyEncoding encoding, std::string_view body) {
  if (body.empty()) {
    return DeleteOptions();
  }
  if (encoding == BodyEncoding::kYaml) {
    return fail(Status::unsupported_media_type("delete options are read in JSON and protobuf"));
  }
  try {
    return encoding == BodyEncoding::kJson ? read_json(body) : read_protobuf(body);
  } catch (const protozero::exception&) {
    return fail(malformed("the protobuf encoding is broken"));
  }
}

}  // namespace postern::kube
