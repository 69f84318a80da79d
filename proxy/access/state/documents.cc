#include "proxy/access/state/documents.h"

#include "kube/text.h"
#include "rbac/request/check_roles.h"
#include "rbac/yaml_tree.h"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <utility>

// Tested by tests/proxy/access/state/documents_test.cc
namespace postern::proxy::access {
namespace {

using nlohmann::json;

bool is_number(std::string_view text) {
  const std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
  const bool leading_zero = digits.size() > 1 && digits.front() == '0';
  return !digits.empty() && digits.size() < 16 && !leading_zero && text != "-0" &&
         digits.find_first_not_of("0123456789") == std::string_view::npos;
}

/// Only what JSON writes in the same way becomes a number or a truth value: everything else stays
/// the text that it was, which is how rbac/load.h reads it.
json scalar_json(const rbac::YamlNode& node) {
  if (!node.quoted && (node.text == "true" || node.text == "false")) {
    return node.text == "true";
  }
  if (!node.quoted && is_number(node.text)) {
    return json(std::stoll(node.text));
  }
  return node.text;
}

json node_json(const rbac::YamlNode& node) {
  switch (node.kind) {
    case rbac::YamlNode::Kind::kNull:
      return nullptr;
    case rbac::YamlNode::Kind::kScalar:
      return scalar_json(node);
    case rbac::YamlNode::Kind::kSequence: {
      json items = json::array();
      for (const rbac::YamlNode& item : node.items) {
        items.push_back(node_json(item));
      }
      return items;
    }
    case rbac::YamlNode::Kind::kMap:
      break;
  }
  json members = json::object();
  for (const rbac::YamlMember& member : node.members) {
    members[member.key.text] = node_json(member.value);
  }
  return members;
}

std::string dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

/// The documents of a text as JSON, by the origin that the loader gives to what it reads of them.
std::map<std::string, std::string> documents_by_origin(const std::string& file,
                                                       std::string_view text) {
  std::map<std::string, std::string> documents;
  if (const auto parsed = rbac::parse_yaml(text)) {
    for (const auto& [number, node] : *parsed) {
      documents.emplace(file + ":" + std::to_string(node.line), dump(node_json(node)));
    }
  }
  return documents;
}

std::vector<std::string> texts_about(const std::string& object,
                                     const std::vector<rbac::LoadMessage>& messages) {
  std::vector<std::string> texts;
  for (const rbac::LoadMessage& message : messages) {
    if (message.object == object) {
      texts.push_back(message.key_path + ": " + message.message);
    }
  }
  return texts;
}

std::map<std::string, std::string> string_members(const json& holder, const char* key) {
  std::map<std::string, std::string> members;
  const auto found = holder.find(key);
  if (found != holder.end() && found->is_object()) {
    for (const auto& [name, value] : found->items()) {
      members[name] = value.is_string() ? value.get<std::string>() : value.dump();
    }
  }
  return members;
}

RoleObject role_object(rbac::Role role, std::string document, Origin origin,
                       const std::vector<rbac::LoadMessage>& warnings) {
  RoleObject object;
  object.meta.name = role.name;
  object.meta.labels = role.labels;
  object.origin = origin;
  object.file = origin == Origin::kFile ? role.origin : "";
  object.document = std::move(document);
  object.warnings = texts_about("role/" + role.name, warnings);
  object.role = std::make_shared<const rbac::Role>(std::move(role));
  return object;
}

UserObject user_object(rbac::User user, std::string document, Origin origin,
                       const std::vector<rbac::LoadMessage>& warnings) {
  UserObject object;
  object.meta.name = user.name;
  object.origin = origin;
  object.file = origin == Origin::kFile ? user.origin : "";
  object.document = std::move(document);
  object.warnings = texts_about("user/" + user.name, warnings);
  object.user = std::make_shared<const rbac::User>(std::move(user));
  return object;
}

std::vector<kube::StatusCause> causes_of(const std::vector<rbac::LoadMessage>& errors) {
  std::vector<kube::StatusCause> causes;
  for (const rbac::LoadMessage& error : errors) {
    causes.push_back({"FieldValueInvalid", error.message, error.key_path});
  }
  return causes;
}

/// A document of the API, taken apart: what the loader reads, and the rest of the metadata.
struct Taken {
  std::string name;
  std::string document;
  std::map<std::string, std::string> labels;
  std::map<std::string, std::string> annotations;
};

Result<Taken> take_apart(std::string_view kind, std::string_view text) {
  json document = json::parse(text, nullptr, false);
  if (!document.is_object()) {
    return fail(kube::Status::bad_request("the document is no JSON object"));
  }
  Taken taken;
  const auto metadata = document.find("metadata");
  if (metadata != document.end() && metadata->is_object()) {
    taken.labels = string_members(*metadata, "labels");
    taken.annotations = string_members(*metadata, "annotations");
    metadata->erase("annotations");
    if (const auto name = metadata->find("name"); name != metadata->end() && name->is_string()) {
      taken.name = name->get<std::string>();
    }
  }
  for (const auto& [key, value] : taken.annotations) {
    if (!kube::is_utf8(key) || !kube::is_utf8(value)) {
      return fail(invalid_object(kind, taken.name,
                                 {{"FieldValueInvalid", "must be UTF-8", "metadata.annotations"}}));
    }
  }
  taken.document = dump(document);
  return taken;
}

}  // namespace

kube::Status invalid_object(std::string_view kind, std::string_view name,
                            std::vector<kube::StatusCause> causes) {
  std::string faults;
  for (const kube::StatusCause& cause : causes) {
    faults += (faults.empty() ? "" : ", ") + cause.field + ": " + cause.message;
  }
  if (causes.size() > 1) {
    faults = "[" + faults + "]";
  }
  kube::Status status = kube::Status::unprocessable(std::string(kind) + ".access.postern.dev " +
                                                    kube::quoted(name) + " is invalid: " + faults);
  status.details_name = std::string(name);
  status.details_group = "access.postern.dev";
  status.details_kind = std::string(kind);
  status.causes = std::move(causes);
  return status;
}

LoadedFile load_file_objects(const std::string& file, std::string_view text) {
  rbac::LoadResult result = rbac::load_documents(file, text);
  std::map<std::string, std::string> documents = documents_by_origin(file, text);
  LoadedFile loaded;
  loaded.errors = std::move(result.errors);
  loaded.warnings = std::move(result.warnings);
  for (rbac::LoadMessage& error : rbac::request::check_expressions(result.roles)) {
    loaded.errors.push_back(std::move(error));
  }
  for (rbac::Role& role : result.roles) {
    std::string& document = documents[role.origin];
    loaded.objects.roles.push_back(
        role_object(std::move(role), std::move(document), Origin::kFile, loaded.warnings));
  }
  for (rbac::User& user : result.users) {
    std::string& document = documents[user.origin];
    loaded.objects.users.push_back(
        user_object(std::move(user), std::move(document), Origin::kFile, loaded.warnings));
  }
  return loaded;
}

std::vector<RoleObject> presets_beside(const std::vector<RoleObject>& roles) {
  std::map<std::string, std::string> documents =
      documents_by_origin("presets", rbac::preset_documents());
  std::vector<RoleObject> presets;
  for (rbac::Role& preset : rbac::preset_roles()) {
    const bool replaced = std::any_of(roles.begin(), roles.end(), [&](const RoleObject& role) {
      return role.meta.name == preset.name;
    });
    if (!replaced) {
      std::string& document = documents[preset.origin];
      presets.push_back(role_object(std::move(preset), std::move(document), Origin::kPreset, {}));
    }
  }
  return presets;
}

Result<RoleObject> read_role(std::string_view json) {
  auto taken = take_apart("AccessRole", json);
  if (!taken) {
    return fail(std::move(taken.error()));
  }
  rbac::LoadResult result = rbac::load_documents("document", taken->document);
  for (rbac::LoadMessage& error : rbac::request::check_expressions(result.roles)) {
    result.errors.push_back(std::move(error));
  }
  if (!result.ok()) {
    return fail(invalid_object("AccessRole", taken->name, causes_of(result.errors)));
  }
  if (result.roles.size() != 1 || !result.users.empty()) {
    return fail(
        invalid_object("AccessRole", taken->name, {{"FieldValueInvalid", "must be role", "kind"}}));
  }
  rbac::Role& role = result.roles.front();
  role.origin = "store";
  RoleObject object =
      role_object(std::move(role), std::move(taken->document), Origin::kStore, result.warnings);
  object.meta.annotations = std::move(taken->annotations);
  return object;
}

Result<UserObject> read_user(std::string_view json) {
  auto taken = take_apart("AccessUser", json);
  if (!taken) {
    return fail(std::move(taken.error()));
  }
  rbac::LoadResult result = rbac::load_documents("document", taken->document);
  if (!result.ok()) {
    return fail(invalid_object("AccessUser", taken->name, causes_of(result.errors)));
  }
  if (result.users.size() != 1 || !result.roles.empty()) {
    return fail(
        invalid_object("AccessUser", taken->name, {{"FieldValueInvalid", "must be user", "kind"}}));
  }
  rbac::User& user = result.users.front();
  user.origin = "store";
  UserObject object =
      user_object(std::move(user), std::move(taken->document), Origin::kStore, result.warnings);
  object.meta.labels = std::move(taken->labels);
  object.meta.annotations = std::move(taken->annotations);
  return object;
}

}  // namespace postern::proxy::access
