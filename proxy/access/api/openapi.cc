#include "proxy/access/api/openapi.h"

#include "proxy/access/api/json.h"
#include "proxy/access/api/kinds.h"
#include "rbac/request/sha256.h"

#include <algorithm>
#include <utility>

namespace postern::proxy::access::api {
namespace {

constexpr std::string_view kSchemas = "#/components/schemas/";
constexpr std::string_view kOurSchemas = "dev.postern.access.v1alpha1.";
constexpr std::string_view kMetaSchemas = "io.k8s.apimachinery.pkg.apis.meta.v1.";

Json group_version_kind(std::string_view kind) {
  return {{"group", kGroup}, {"version", kVersion}, {"kind", kind}};
}

std::string our_schema(std::string_view kind) {
  return std::string(kOurSchemas).append(kind);
}

Json reference(std::string_view name) {
  return {{"$ref", std::string(kSchemas).append(name)}};
}

/// A reference with a text beside it, as kube-apiserver writes them.
Json described_reference(std::string_view name, const std::string& description) {
  return {{"description", description}, {"allOf", Json::array({reference(name)})}};
}

Json schema_json(const Schema& schema);

Json object_json(const Schema& schema) {
  Json json = {{"type", "object"}};
  for (const SchemaField& field : schema.fields) {
    json["properties"][field.name] = schema_json(field.schema);
    if (field.required) json["required"].push_back(field.name);
  }
  if (schema.open) json["x-kubernetes-preserve-unknown-fields"] = true;
  return json;
}

Json typed_json(const Schema& schema) {
  switch (schema.type) {
    case Schema::Type::kTime:
      return {{"type", "string"}, {"format", "date-time"}};
    case Schema::Type::kInteger:
      return {{"type", "integer"}, {"format", "int64"}};
    case Schema::Type::kList:
      return {{"type", "array"}, {"items", schema_json(*schema.items)}};
    case Schema::Type::kMap:
      return {{"type", "object"}, {"additionalProperties", schema_json(*schema.items)}};
    case Schema::Type::kObject:
      return object_json(schema);
    case Schema::Type::kAny:
      return {{"x-kubernetes-preserve-unknown-fields", true}};
    default:
      return {{"type", type_name(schema.type)}};
  }
}

Json schema_json(const Schema& schema) {
  if (schema.type == Schema::Type::kObjectMeta) {
    return described_reference(std::string(kMetaSchemas) + "ObjectMeta", schema.description);
  }
  Json json = typed_json(schema);
  if (!schema.description.empty()) json["description"] = schema.description;
  if (!schema.values.empty()) json["enum"] = schema.values;
  return json;
}

Json document_schema(std::string_view kind, const Schema& schema) {
  Json json = schema_json(schema);
  json["x-kubernetes-group-version-kind"] = Json::array({group_version_kind(kind)});
  return json;
}

Json list_schema(const KindInfo& kind) {
  const Schema shape = object(
      "A list of " + kind.resource + ".",
      {{"apiVersion", text("access.postern.dev/v1alpha1")}, {"kind", text(kind.kind + "List")}});
  Json json = document_schema(kind.kind + "List", shape);
  json["properties"]["metadata"] =
      described_reference(std::string(kMetaSchemas) + "ListMeta", "Standard list metadata.");
  json["properties"]["items"] = {{"type", "array"}, {"items", reference(our_schema(kind.kind))}};
  json["required"] = {"items"};
  return json;
}

Schema meta_schema() {
  return object("ObjectMeta is metadata that all objects have.",
                {{"name", text("The name; of requests and sessions made by postern.")},
                 {"generateName", text("A beginning for a name that the server makes.")},
                 {"uid", text("Another object under the same name has another one.")},
                 {"resourceVersion", text("Changes with each change of the object.")},
                 {"creationTimestamp", time("Since when there is the object.")},
                 {"labels", map_of("What selectors choose by.", text(""))},
                 {"annotations", map_of("For people and tools.", text(""))}});
}

Json meta_schemas() {
  Json schemas = Json::object();
  const std::string prefix(kMetaSchemas);
  schemas[prefix + "ObjectMeta"] = schema_json(meta_schema());
  schemas[prefix + "ListMeta"] =
      schema_json(object("ListMeta is metadata of lists.",
                         {{"resourceVersion", text("Watch from here.")},
                          {"continue", text("There is more: list again with it.")}}));
  schemas[prefix + "DeleteOptions"] = schema_json(open_object(
      "DeleteOptions may be provided when deleting.",
      {{"dryRun", texts("All: nothing is deleted.")},
       {"preconditions",
        object("What the object has to be.",
               {{"uid", text("Its uid.")}, {"resourceVersion", text("Its resourceVersion.")}})}}));
  schemas[prefix + "Patch"] = {
      {"description", "A JSON patch (RFC 6902) or a merge patch (RFC 7396)."}, {"type", "object"}};
  schemas[prefix + "Status"] = schema_json(
      open_object("Status is what calls give that give no object.",
                  {{"status", text("Success or Failure.")}, {"message", text("For people.")}}));
  return schemas;
}

Json schemas() {
  Json all = meta_schemas();
  for (const KindInfo& kind : kinds()) {
    all[our_schema(kind.kind)] = document_schema(kind.kind, kind.schema);
    if (kind.has_verb("list")) all[our_schema(kind.kind + "List")] = list_schema(kind);
    for (const SubresourceInfo& sub : kind.subresources) {
      all[our_schema(sub.kind)] = document_schema(sub.kind, sub.schema);
    }
  }
  return all;
}

Json parameter(const char* name, const char* description, const char* type) {
  return {{"name", name},
          {"in", "query"},
          {"description", description},
          {"schema", {{"type", type}, {"uniqueItems", true}}}};
}

Json write_parameters() {
  return Json::array(
      {parameter("dryRun", "All: everything is done but keeping the outcome.", "string"),
       parameter("fieldManager", "Who writes; not kept.", "string"),
       parameter("fieldValidation",
                 "What becomes of unknown fields: Ignore, Warn (unless said otherwise) or Strict.",
                 "string")});
}

Json list_parameters() {
  return Json::array(
      {parameter("allowWatchBookmarks", "Tell of progress.", "boolean"),
       parameter("continue", "From where the page before ended.", "string"),
       parameter("fieldSelector", "By fields.", "string"),
       parameter("labelSelector", "By labels.", "string"),
       parameter("limit", "At most so many.", "integer"),
       parameter("resourceVersion", "Not older than, or from where a watch begins.", "string"),
       parameter("resourceVersionMatch", "Exact or NotOlderThan.", "string"),
       parameter("sendInitialEvents", "Begin a watch with what is there.", "boolean"),
       parameter("timeoutSeconds", "Ends a watch.", "integer"),
       parameter("watch", "Tell of changes.", "boolean")});
}

Json body_of(std::string_view schema, std::initializer_list<const char*> types) {
  Json content = Json::object();
  for (const char* type : types) content[type] = {{"schema", reference(schema)}};
  return {{"content", std::move(content)}, {"required", true}};
}

Json responses(const char* code, std::string_view schema) {
  Json answer = body_of(schema, {"application/json", "application/yaml"});
  answer.erase("required");
  answer["description"] = "OK";
  return {{code, std::move(answer)}};
}

struct Operation {
  const char* action;  ///< x-kubernetes-action
  std::string id;
  std::string_view kind;
  std::string gives;  ///< schema of the answer
  const char* code = "200";
};

Json operation_json(const Operation& operation, Json parameters) {
  return {{"operationId", operation.id},
          {"tags", {"accessPostern_v1alpha1"}},
          {"x-kubernetes-action", operation.action},
          {"x-kubernetes-group-version-kind", group_version_kind(operation.kind)},
          {"parameters", std::move(parameters)},
          {"responses", responses(operation.code, operation.gives)}};
}

std::string id_of(const char* action, std::string_view kind) {
  return std::string(action) + "AccessPosternV1alpha1" + std::string(kind);
}

Json collection_path(const KindInfo& kind) {
  Json path = Json::object();
  const std::string schema = our_schema(kind.kind);
  if (kind.has_verb("list")) {
    path["get"] = operation_json({"list", id_of("list", kind.kind), kind.kind, schema + "List"},
                                 list_parameters());
  }
  if (kind.has_verb("create")) {
    path["post"] = operation_json({"post", id_of("create", kind.kind), kind.kind, schema, "201"},
                                  write_parameters());
    path["post"]["requestBody"] = body_of(schema, {"*/*"});
  }
  return path;
}

Json name_parameter() {
  return {{"name", "name"},
          {"in", "path"},
          {"required", true},
          {"description", "Its name."},
          {"schema", {{"type", "string"}, {"uniqueItems", true}}}};
}

/// Clients look at PATCH to learn which parameters a kind's writes take (kubectl
/// QueryParamVerifierV3), so every kind that can be created has it; what cannot be changed answers
/// 405.
Json item_path(const KindInfo& kind) {
  Json path = {{"parameters", Json::array({name_parameter()})}};
  const std::string schema = our_schema(kind.kind);
  const std::string status = std::string(kMetaSchemas) + "Status";
  if (kind.has_verb("get")) {
    path["get"] =
        operation_json({"get", id_of("read", kind.kind), kind.kind, schema}, Json::array());
  }
  if (kind.has_verb("update")) {
    path["put"] =
        operation_json({"put", id_of("replace", kind.kind), kind.kind, schema}, write_parameters());
    path["put"]["requestBody"] = body_of(schema, {"*/*"});
  }
  if (kind.has_verb("create")) {
    path["patch"] =
        operation_json({"patch", id_of("patch", kind.kind), kind.kind, schema}, write_parameters());
    path["patch"]["requestBody"] =
        body_of(std::string(kMetaSchemas) + "Patch",
                {"application/json-patch+json", "application/merge-patch+json"});
  }
  if (kind.has_verb("delete")) {
    path["delete"] = operation_json({"delete", id_of("delete", kind.kind), kind.kind, status},
                                    Json::array({parameter("dryRun", "All.", "string")}));
    path["delete"]["requestBody"] = body_of(std::string(kMetaSchemas) + "DeleteOptions", {"*/*"});
  }
  return path;
}

Json subresource_path(const KindInfo& kind, const SubresourceInfo& sub) {
  Json path = {{"parameters", Json::array({name_parameter()})}};
  const std::string schema = our_schema(sub.kind);
  const bool writes = sub.verbs.front() == "create";
  const bool gives_object = sub.name == "reviews" || sub.name == "requests";
  const std::string gives = gives_object ? our_schema(kind.kind) : schema;
  const std::string id = id_of(writes ? "create" : "read", kind.kind + sub.kind);
  const char* method = writes ? "post" : "get";
  path[method] = operation_json({method, id, sub.kind, gives, writes ? "201" : "200"},
                                writes ? write_parameters() : Json::array());
  if (writes) path[method]["requestBody"] = body_of(schema, {"*/*"});
  return path;
}

Json paths() {
  Json all = Json::object();
  const std::string root = "/" + std::string(kOpenApiKey) + "/";
  for (const KindInfo& kind : kinds()) {
    all[root + kind.resource] = collection_path(kind);
    all[root + kind.resource + "/{name}"] = item_path(kind);
    for (const SubresourceInfo& sub : kind.subresources) {
      all[root + kind.resource + "/{name}/" + sub.name] = subresource_path(kind, sub);
    }
  }
  return all;
}

}  // namespace

const std::string& openapi_document() {
  static const std::string document =
      json_text({{"openapi", "3.0.0"},
                 {"info", {{"title", "postern"}, {"version", kVersion}}},
                 {"paths", paths()},
                 {"components", {{"schemas", schemas()}}}}) +
      "\n";
  return document;
}

const std::string& openapi_url() {
  static const std::string url = "/openapi/v3/" + std::string(kOpenApiKey) +
                                 "?hash=" + rbac::request::sha256_hex(openapi_document());
  return url;
}

}  // namespace postern::proxy::access::api
