#include "proxy/access/api/schema.h"

#include <algorithm>
#include <utility>

namespace postern::proxy::access::api {
namespace {

Schema of_type(Schema::Type type, std::string description) {
  Schema schema;
  schema.type = type;
  schema.description = std::move(description);
  return schema;
}

Schema holding(Schema::Type type, std::string description, Schema items) {
  Schema schema = of_type(type, std::move(description));
  schema.items = std::make_shared<const Schema>(std::move(items));
  return schema;
}

}  // namespace

const SchemaField* Schema::field(std::string_view name) const {
  const auto found = std::find_if(fields.begin(), fields.end(),
                                  [name](const SchemaField& one) { return one.name == name; });
  return found == fields.end() ? nullptr : &*found;
}

Schema text(std::string description) {
  return of_type(Schema::Type::kText, std::move(description));
}

Schema one_of(std::string description, std::vector<std::string> values) {
  Schema schema = text(std::move(description));
  schema.values = std::move(values);
  return schema;
}

Schema texts(std::string description) {
  return list_of(std::move(description), text(""));
}

Schema time(std::string description) {
  return of_type(Schema::Type::kTime, std::move(description));
}

Schema duration(std::string description) {
  return of_type(Schema::Type::kDuration, std::move(description));
}

Schema flag(std::string description) {
  return of_type(Schema::Type::kFlag, std::move(description));
}

Schema integer(std::string description) {
  return of_type(Schema::Type::kInteger, std::move(description));
}

Schema any(std::string description) {
  return of_type(Schema::Type::kAny, std::move(description));
}

Schema list_of(std::string description, Schema items) {
  return holding(Schema::Type::kList, std::move(description), std::move(items));
}

Schema map_of(std::string description, Schema items) {
  return holding(Schema::Type::kMap, std::move(description), std::move(items));
}

Schema object(std::string description, std::vector<SchemaField> fields) {
  Schema schema = of_type(Schema::Type::kObject, std::move(description));
  schema.fields = std::move(fields);
  return schema;
}

Schema open_object(std::string description, std::vector<SchemaField> fields) {
  Schema schema = object(std::move(description), std::move(fields));
  schema.open = true;
  return schema;
}

Schema object_meta() {
  return of_type(Schema::Type::kObjectMeta, "Standard object's metadata.");
}

Schema document(std::string description, std::vector<SchemaField> fields) {
  Schema schema = object(std::move(description), {});
  schema.fields.push_back({"apiVersion", text("access.postern.dev/v1alpha1")});
  schema.fields.push_back({"kind", text("The kind of this document.")});
  schema.fields.push_back({"metadata", object_meta()});
  for (SchemaField& field : fields) {
    schema.fields.push_back(std::move(field));
  }
  return schema;
}

std::string_view type_name(Schema::Type type) {
  switch (type) {
    case Schema::Type::kText:
    case Schema::Type::kTime:
    case Schema::Type::kDuration:
      return "string";
    case Schema::Type::kFlag:
      return "boolean";
    case Schema::Type::kInteger:
      return "integer";
    case Schema::Type::kList:
      return "array";
    case Schema::Type::kMap:
    case Schema::Type::kObject:
    case Schema::Type::kObjectMeta:
    case Schema::Type::kAny:
      break;
  }
  return "object";
}

}  // namespace postern::proxy::access::api
