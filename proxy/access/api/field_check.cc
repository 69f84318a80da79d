#include "proxy/access/api/field_check.h"

#include "kube/text.h"
#include "proxy/access/api/api_errors.h"
#include "proxy/access/api/kinds.h"

#include <algorithm>
#include <array>
#include <utility>

namespace postern::proxy::access::api {
namespace {

/// metav1.ObjectMeta; `description` is what roles written for Teleport have there.
constexpr std::array<std::string_view, 17> kMetaFields = {"annotations",
                                                          "creationTimestamp",
                                                          "deletionGracePeriodSeconds",
                                                          "deletionTimestamp",
                                                          "description",
                                                          "expires",
                                                          "finalizers",
                                                          "generateName",
                                                          "generation",
                                                          "id",
                                                          "labels",
                                                          "managedFields",
                                                          "name",
                                                          "namespace",
                                                          "ownerReferences",
                                                          "resourceVersion",
                                                          "revision"};
constexpr std::array<std::string_view, 2> kOtherMetaFields = {"selfLink", "uid"};

std::string_view found_type(const Json& value) {
  switch (value.type()) {
    case Json::value_t::object:
      return "object";
    case Json::value_t::array:
      return "array";
    case Json::value_t::string:
      return "string";
    case Json::value_t::boolean:
      return "boolean";
    case Json::value_t::number_integer:
    case Json::value_t::number_unsigned:
      return "integer";
    case Json::value_t::number_float:
      return "number";
    default:
      return "null";
  }
}

bool is_meta_field(std::string_view name) {
  return std::find(kMetaFields.begin(), kMetaFields.end(), name) != kMetaFields.end() ||
         std::find(kOtherMetaFields.begin(), kOtherMetaFields.end(), name) !=
             kOtherMetaFields.end();
}

/// Line breaks and tabs are text; everything else that terminals act on is not.
bool is_text(std::string_view value) {
  std::string plain(value);
  std::replace_if(
      plain.begin(), plain.end(), [](char c) { return c == '\n' || c == '\t'; }, ' ');
  return kube::is_printable(plain);
}

/// So many faults, and unknown fields, are told of one document: whoever sends a million of them
/// knows by then.
constexpr std::size_t kMaxFaults = 64;
/// Of a path, and of a value that is quoted.
constexpr std::size_t kMaxShown = 256;

std::string_view shown(std::string_view text) {
  return text.substr(0, kMaxShown);
}

/// Walks a document and its schema together, collecting what is wrong. It takes time and memory by
/// the document's size, however deep, long or wrong that is: the path is one text that grows and
/// shrinks, and the walk ends with the last fault that is told.
class Checker {
 public:
  std::vector<kube::StatusCause> causes;
  std::vector<std::string> unknown;

  void check(Json& value, const Schema& schema) {
    switch (schema.type) {
      case Schema::Type::kText:
      case Schema::Type::kTime:
      case Schema::Type::kDuration:
        return check_text(value, schema);
      case Schema::Type::kFlag:
        return expect(value.is_boolean(), value, schema);
      case Schema::Type::kInteger:
        return expect(value.is_number_integer(), value, schema);
      case Schema::Type::kList:
        return check_list(value, schema);
      case Schema::Type::kMap:
        return check_map(value, schema);
      case Schema::Type::kObject:
        return check_object(value, schema);
      case Schema::Type::kObjectMeta:
        return check_meta(value, schema);
      case Schema::Type::kAny:
        return check_any(value);
    }
  }

 private:
  /// One step down the path, for as long as it lives.
  class Step {
   public:
    Step(std::string& path, std::string_view name) : path_(path), before_(path.size()) {
      path_.append(path_.empty() ? "" : ".").append(name);
    }
    Step(std::string& path, std::size_t index) : path_(path), before_(path.size()) {
      path_.append("[").append(std::to_string(index)).append("]");
    }
    ~Step() { path_.resize(before_); }
    Step(const Step&) = delete;
    Step& operator=(const Step&) = delete;

   private:
    std::string& path_;
    const std::size_t before_;
  };

  std::string path() const { return std::string(shown(path_)); }
  bool is_full() const { return causes.size() >= kMaxFaults; }
  void note_unknown(std::string_view name) {
    if (unknown.size() >= kMaxFaults) return;
    const Step step(path_, name);
    unknown.push_back(path());
  }

  void expect(bool fits, const Json& value, const Schema& schema) {
    if (!fits) {
      causes.push_back(wrong_type(path(), found_type(value), type_name(schema.type)));
    }
  }

  void check_printable(const std::string& value) {
    if (!is_text(value)) {
      causes.push_back(invalid_value(path(), shown(value),
                                     "has control, bidirectional or invisible characters"));
    }
  }

  void check_text(const Json& value, const Schema& schema) {
    if (!value.is_string()) {
      return expect(false, value, schema);
    }
    const auto& words = value.get_ref<const std::string&>();
    check_printable(words);
    if (!schema.values.empty() &&
        std::find(schema.values.begin(), schema.values.end(), words) == schema.values.end()) {
      causes.push_back(unsupported_value(path(), shown(words), schema.values));
    }
  }

  void check_list(Json& value, const Schema& schema) {
    if (!value.is_array()) {
      return expect(false, value, schema);
    }
    for (std::size_t i = 0; i < value.size() && !is_full(); ++i) {
      const Step step(path_, i);
      check(value[i], *schema.items);
    }
  }

  void check_map(Json& value, const Schema& schema) {
    if (!value.is_object()) {
      return expect(false, value, schema);
    }
    drop_nulls(value);
    for (auto& [key, member] : value.items()) {
      if (is_full()) return;
      check_printable(key);
      const Step step(path_, key);
      check(member, *schema.items);
    }
  }

  static void drop_nulls(Json& value) {
    for (auto member = value.begin(); member != value.end();) {
      member = member->is_null() ? value.erase(member) : std::next(member);
    }
  }

  void check_object(Json& value, const Schema& schema) {
    if (!value.is_object()) {
      return expect(false, value, schema);
    }
    drop_nulls(value);
    for (auto member = value.begin(); member != value.end() && !is_full();) {
      const SchemaField* field = schema.field(member.key());
      if (field == nullptr && !schema.open) {
        note_unknown(member.key());
        member = value.erase(member);
        continue;
      }
      const Step step(path_, member.key());
      if (field != nullptr) {
        check(*member, field->schema);
      } else {
        check_any(*member);
      }
      ++member;
    }
    for (const SchemaField& field : schema.fields) {
      if (field.required && !value.contains(field.name)) {
        const Step step(path_, field.name);
        causes.push_back(required_value(path()));
      }
    }
  }

  void check_meta(Json& value, const Schema& schema) {
    if (!value.is_object()) {
      return expect(false, value, schema);
    }
    drop_nulls(value);
    for (auto member = value.begin(); member != value.end() && !is_full();) {
      if (!is_meta_field(member.key())) {
        note_unknown(member.key());
        member = value.erase(member);
        continue;
      }
      const Step step(path_, member.key());
      check_meta_field(member.key(), *member);
      ++member;
    }
  }

  void check_meta_field(std::string_view name, Json& value) {
    static const Schema kWord = text("");
    static const Schema kWords = map_of("", text(""));
    if (name == "labels" || name == "annotations") {
      return check(value, kWords);
    }
    if (name == "name" || name == "generateName" || name == "uid" || name == "resourceVersion" ||
        name == "namespace" || name == "description") {
      return check(value, kWord);
    }
    check_any(value);
  }

  void check_any(const Json& value) {
    if (value.is_string()) {
      check_printable(value.get_ref<const std::string&>());
    } else if (value.is_array()) {
      for (std::size_t i = 0; i < value.size() && !is_full(); ++i) {
        const Step step(path_, i);
        check_any(value[i]);
      }
    } else if (value.is_object()) {
      for (const auto& [key, member] : value.items()) {
        if (is_full()) return;
        check_printable(key);
        const Step step(path_, key);
        check_any(member);
      }
    }
  }

  std::string path_;
};

/// 400 unless the document says that it is of this kind, or nothing.
Result<void> check_type(const Json& document, std::string_view kind) {
  const auto says = [&document](const char* key, std::string_view wanted) {
    const auto found = document.find(key);
    return found == document.end() || found->is_null() || (found->is_string() && *found == wanted);
  };
  if (says("apiVersion", kApiVersion) && says("kind", kind)) {
    return {};
  }
  return fail(kube::Status::bad_request("the object in the body has to be of kind " +
                                        std::string(kind) + ", apiVersion " +
                                        std::string(kApiVersion)));
}

std::string name_in(const Json& document) {
  const auto meta = document.find("metadata");
  if (meta == document.end() || !meta->is_object()) {
    return {};
  }
  const auto name = meta->find("name");
  return name != meta->end() && name->is_string() ? name->get<std::string>() : std::string();
}

kube::Status strictly_refused(std::string_view kind, const std::vector<std::string>& unknown) {
  std::string message(kind);
  message.append(" in version \"").append(kVersion).append("\" cannot be handled as a ");
  message.append(kind).append(": strict decoding error: ");
  for (std::size_t i = 0; i < unknown.size(); ++i) {
    message.append(i == 0 ? "" : ", ").append("unknown field ").append(kube::quoted(unknown[i]));
  }
  return kube::Status::bad_request(std::move(message));
}

}  // namespace

Result<CheckedDocument> check_document(Json document, const ExpectedKind& expected,
                                       FieldValidation validation) {
  if (!document.is_object()) {
    return fail(kube::Status::bad_request("the body has to be an object"));
  }
  if (auto type = check_type(document, expected.kind); !type) {
    return fail(std::move(type.error()));
  }
  Checker checker;
  checker.check(document, expected.schema);
  if (!checker.unknown.empty() && validation == FieldValidation::kStrict) {
    return fail(strictly_refused(expected.kind, checker.unknown));
  }
  if (!checker.causes.empty()) {
    return fail(invalid(expected.kind, name_in(document), std::move(checker.causes)));
  }
  CheckedDocument checked;
  if (validation == FieldValidation::kWarn) {
    for (const std::string& path : checker.unknown) {
      checked.warnings.push_back("unknown field " + kube::quoted(path));
    }
  }
  checked.document = std::move(document);
  return checked;
}

}  // namespace postern::proxy::access::api
