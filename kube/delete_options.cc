#include "kube/delete_options.h"

#include "kube/protobuf_envelope.h"
#include "kube/protobuf_reader.h"

#include <charconv>
#include <nlohmann/json.hpp>
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

bool read_preconditions(std::string_view message, DeleteOptions& options) {
  ProtobufReader reader(message);
  for (ProtobufField field; reader.next(field);) {
    auto& into =
        field.number == 1 ? options.precondition_uid : options.precondition_resource_version;
    if (!field.is_bytes || field.number > 2 || into) return false;
    into = std::string(field.bytes);
  }
  return !reader.failed();
}

/// One field; false when it is unknown or of another type.
bool read_field(const ProtobufField& field, DeleteOptions& options) {
  const std::uint32_t number = field.number;
  const bool integer = number == 1 || number == 3;
  if (number > 5 || (integer ? !field.is_varint : !field.is_bytes)) return false;
  if (number == 1) options.grace_period_seconds = static_cast<std::int64_t>(field.value);
  if (number == 2) return read_preconditions(field.bytes, options);
  if (number == 3) options.orphan_dependents = field.value != 0;
  if (number == 4) options.propagation_policy = std::string(field.bytes);
  if (number == 5) options.dry_run.emplace_back(field.bytes);
  return true;
}

// apimachinery pkg/apis/meta/v1/generated.proto, message DeleteOptions.
Result<DeleteOptions> read_protobuf(std::string_view body) {
  constexpr std::uint32_t kDryRun = 5;
  const auto envelope = open_protobuf_envelope(body);
  if (!envelope) {
    return fail(malformed("it is not in Kubernetes' protobuf encoding"));
  }
  DeleteOptions options;
  std::set<std::uint32_t> seen;
  ProtobufReader reader(envelope->raw);
  for (ProtobufField field; reader.next(field);) {
    if (field.number != kDryRun && !seen.insert(field.number).second) {
      return fail(malformed("a field is repeated"));
    }
    if (!read_field(field, options)) {
      return fail(
          malformed("field " + std::to_string(field.number) + " is unknown or of another type"));
    }
  }
  if (reader.failed()) {
    return fail(malformed("the protobuf encoding is broken"));
  }
  return options;
}

}  // namespace

Result<void> DeleteOptions::add_query(const Query& query) {
  for (const auto& [key, value] : query.pairs()) {
    if (key == "dryRun") dry_run.push_back(value);
    if (key == "propagationPolicy") propagation_policy = value;
    if (key == "orphanDependents") orphan_dependents = query.get_bool(key);
    if (key == "gracePeriodSeconds") {
      std::int64_t seconds = 0;
      const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), seconds);
      if (error != std::errc() || end != value.data() + value.size()) {
        return fail(malformed("gracePeriodSeconds is no number"));
      }
      grace_period_seconds = seconds;
    }
  }
  return {};
}

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
  return encoding == BodyEncoding::kJson ? read_json(body) : read_protobuf(body);
}

}  // namespace postern::kube
