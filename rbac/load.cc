#include "rbac/load.h"

#include "kube/text.h"
#include "rbac/load_sections.h"

#include <iterator>
#include <set>
#include <utility>

namespace postern::rbac {
namespace {

constexpr std::size_t kMaxFileBytes = 8 * 1024 * 1024;

LoadMessage file_message(std::string_view file, int line, int column, std::string message) {
  LoadMessage made;
  made.file = file;
  made.line = line;
  made.column = column;
  made.message = std::move(message);
  return made;
}

void load_document(const std::string& file, int number, const YamlNode& node, LoadResult& result) {
  DocumentLog log(file, number, result);
  const Place place{node, ""};
  MapReader document(log, place);
  if (log.failed()) {
    return;
  }
  const auto kind = document.require("kind");
  if (!kind) {
    return;
  }
  const std::string name = read_string(log, *kind);
  if (name == "role") {
    Role role = read_role(log, document);
    if (!log.failed()) {
      result.roles.push_back(std::move(role));
    }
  } else if (name == "user") {
    User user = read_user(log, document);
    if (!log.failed()) {
      result.users.push_back(std::move(user));
    }
  } else {
    log.error(*kind, "must be role or user, not " + kube::quoted(name));
  }
}

template <typename T>
void append(std::vector<T>& to, std::vector<T>& from) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

LoadMessage reference_message(const std::string& origin, std::string object, std::string message) {
  LoadMessage made;
  made.file = origin;
  made.object = std::move(object);
  made.message = std::move(message);
  return made;
}

}  // namespace

std::string LoadMessage::str() const {
  std::string text = file;
  if (line > 0) {
    text += ":" + std::to_string(line) + ":" + std::to_string(column);
  }
  for (const std::string* part : {&object, &key_path}) {
    if (!part->empty()) {
      text += ": " + *part;
    }
  }
  return kube::printable(text + ": " + message);
}

void LoadResult::merge(LoadResult other) {
  append(roles, other.roles);
  append(users, other.users);
  append(warnings, other.warnings);
  append(errors, other.errors);
}

LoadResult load_documents(std::string_view file_name, std::string_view text) {
  LoadResult result;
  if (text.size() > kMaxFileBytes) {
    result.errors.push_back(file_message(file_name, 0, 0, "is larger than 8 MiB"));
    return result;
  }
  const auto documents = parse_yaml(text);
  if (!documents) {
    const YamlError& error = documents.error();
    result.errors.push_back(file_message(file_name, error.line, error.column, error.message));
    return result;
  }
  const std::string file(file_name);
  for (const auto& [number, node] : *documents) {
    load_document(file, number, node, result);
  }
  return result;
}

std::vector<LoadMessage> check_references(
    const std::vector<Role>& roles, const std::vector<User>& users,
    const std::map<std::string, std::vector<std::string>>& group_roles) {
  std::vector<LoadMessage> messages;
  std::set<std::string_view> role_names;
  for (const Role& role : roles) {
    if (!role_names.insert(role.name).second) {
      messages.push_back(
          reference_message(role.origin, "role/" + role.name, "another role has this name"));
    }
  }
  std::set<std::string_view> user_names;
  for (const User& user : users) {
    if (!user_names.insert(user.name).second) {
      messages.push_back(
          reference_message(user.origin, "user/" + user.name, "another user has this name"));
    }
    for (const std::string& name : user.roles) {
      if (role_names.count(name) == 0) {
        messages.push_back(reference_message(user.origin, "user/" + user.name,
                                             "there is no role " + kube::quoted(name)));
      }
    }
  }
  for (const auto& [group, names] : group_roles) {
    for (const std::string& name : names) {
      if (role_names.count(name) == 0) {
        messages.push_back(reference_message("authentication.groupRoles", group,
                                             "there is no role " + kube::quoted(name)));
      }
    }
  }
  return messages;
}

}  // namespace postern::rbac
