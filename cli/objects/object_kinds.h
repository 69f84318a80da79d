#pragma once

#include "cli/failure.h"
#include "cli/json.h"

#include <string>
#include <string_view>
#include <vector>

namespace postern::cli {

/// A resource of the access API.
struct ObjectKind {
  std::string_view resource;  ///< "accessroles"
  std::string_view kind;      ///< "AccessRole"
  std::string_view word;      ///< what people call it: "role"
  std::string_view document;  ///< the `kind` of Teleport-shaped documents; "" where there are none
};

const std::vector<ObjectKind>& object_kinds();

/// By any of its names: role, roles, accessrole(s), arole, …; a usage failure that lists the words
/// for anything else.
Outcome<const ObjectKind*> find_object_kind(std::string_view name);

/// KIND[/NAME], or KIND NAME… as kubectl takes them.
struct ObjectChoice {
  const ObjectKind* kind = nullptr;
  std::vector<std::string> names;  ///< none: all
};
Outcome<std::vector<ObjectChoice>> parse_choices(const std::vector<std::string>& words);

/// The name that a word means where only objects of this resource are asked for: NAME, or KIND/NAME
/// as -o name prints it. A usage failure for an empty one, other kinds, and what can be no name.
Outcome<std::string> name_of_kind(std::string_view resource, const std::string& word);

/// A document as people write it (`kind: role`, or an object of the API) as an object of the API.
/// `origin` is for the failure.
Outcome<Json> to_api_object(const Json& document, const std::string& origin);
/// The kind of an object of the API; a usage failure for others.
Outcome<const ObjectKind*> kind_of(const Json& object, const std::string& origin);

/// An AccessRole or AccessUser as a Teleport-shaped document, without what the server keeps.
Json to_document(const Json& object, const ObjectKind& kind);

/// `role/NAME`, for people.
std::string object_name(const ObjectKind& kind, const std::string& name);

}  // namespace postern::cli
