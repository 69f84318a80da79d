#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace postern::proxy::access::api {

struct SchemaField;

/// The shape of a value in a document: one description from which bodies are checked
/// (field_check.h) and OpenAPI is written (openapi.h). An immutable value.
struct Schema {
  enum class Type {
    kText,
    kTime,      ///< RFC 3339
    kDuration,  ///< Go's: "4h", "1h30m"
    kFlag,
    kInteger,
    kList,        ///< of `items`
    kMap,         ///< any keys, `items` as values
    kObject,      ///< `fields` and no others
    kObjectMeta,  ///< metav1.ObjectMeta
    kAny,         ///< whatever it is
  };

  Type type = Type::kText;
  std::string description;
  std::vector<SchemaField> fields;      ///< of kObject
  std::shared_ptr<const Schema> items;  ///< of kList and kMap
  std::vector<std::string> values;      ///< of kText: the only ones; none: any
  /// Of kObject: others than `fields` are somebody else's to judge (rbac/load.h).
  bool open = false;

  /// The field of an object; nullptr where it has none of that name.
  const SchemaField* field(std::string_view name) const;
};
/// One field of an object's schema.
struct SchemaField {
  std::string name;
  Schema schema;
  bool required = false;
};

// What schemas are written with.
Schema text(std::string description);
Schema one_of(std::string description, std::vector<std::string> values);
Schema texts(std::string description);  ///< a list of texts
Schema time(std::string description);
Schema duration(std::string description);
Schema flag(std::string description);
Schema integer(std::string description);
Schema any(std::string description);
Schema list_of(std::string description, Schema items);
Schema map_of(std::string description, Schema items);
Schema object(std::string description, std::vector<SchemaField> fields);
Schema open_object(std::string description, std::vector<SchemaField> fields);
Schema object_meta();
/// A whole document: apiVersion, kind, metadata and these.
Schema document(std::string description, std::vector<SchemaField> fields);

/// A name in OpenAPI's words: "string", "integer", …
std::string_view type_name(Schema::Type type);

}  // namespace postern::proxy::access::api
