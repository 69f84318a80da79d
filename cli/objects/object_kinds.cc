#include "cli/objects/object_kinds.h"

#include "cli/client/access_client.h"
#include "kube/text.h"

#include <algorithm>

namespace postern::cli {
namespace {

constexpr std::string_view kGroup = "access.postern.dev/";

struct Alias {
  std::string_view name;
  std::string_view resource;
};
constexpr Alias kAliases[] = {
    {"ar", "accessrequests"},    {"request", "accessrequests"}, {"requests", "accessrequests"},
    {"arole", "accessroles"},    {"auser", "accessusers"},      {"kc", "kubeclusters"},
    {"cluster", "kubeclusters"}, {"clusters", "kubeclusters"},  {"kube_cluster", "kubeclusters"},
};

}  // namespace

const std::vector<ObjectKind>& object_kinds() {
  static const std::vector<ObjectKind> kKinds = {
      {"accessrequests", "AccessRequest", "request", ""},
      {"accessroles", "AccessRole", "role", "role"},
      {"accessusers", "AccessUser", "user", "user"},
      {"kubeclusters", "KubeCluster", "kubecluster", ""},
      {"sessions", "Session", "session", ""},
  };
  return kKinds;
}

Outcome<const ObjectKind*> find_object_kind(std::string_view name) {
  std::string wanted = kube::ascii_lower(name);
  if (const std::size_t dot = wanted.find(".access.postern.dev"); dot != std::string::npos) {
    wanted.resize(dot);
  }
  for (const Alias& alias : kAliases) {
    if (alias.name == wanted) wanted = alias.resource;
  }
  for (const ObjectKind& kind : object_kinds()) {
    const std::string word(kind.word);
    if (wanted == kind.resource || wanted == kube::ascii_lower(kind.kind) || wanted == word ||
        wanted == word + "s") {
      return &kind;
    }
  }
  return wrong_usage("there is no kind \"" + std::string(name) +
                     "\"; there are request, role, user, session and kubecluster");
}

Outcome<std::vector<ObjectChoice>> parse_choices(const std::vector<std::string>& words) {
  std::vector<ObjectChoice> choices;
  if (words.empty()) return wrong_usage("say what: KIND or KIND/NAME");
  if (words.front().find('/') == std::string::npos) {
    const auto kind = find_object_kind(words.front());
    if (!kind) return tl::unexpected(kind.error());
    return std::vector{ObjectChoice{*kind, {words.begin() + 1, words.end()}}};
  }
  for (const std::string& word : words) {
    const std::size_t slash = word.find('/');
    if (slash == std::string::npos || slash + 1 == word.size()) {
      return wrong_usage("\"" + word + "\" is not KIND/NAME");
    }
    const auto kind = find_object_kind(word.substr(0, slash));
    if (!kind) return tl::unexpected(kind.error());
    choices.push_back({*kind, {word.substr(slash + 1)}});
  }
  return choices;
}

Outcome<std::string> name_of_kind(std::string_view resource, const std::string& word) {
  const std::size_t slash = word.find('/');
  std::string name = slash == std::string::npos ? word : word.substr(slash + 1);
  // "" is what a script's empty variable becomes, and would name the list of all.
  if (name.empty()) return wrong_usage("is empty");
  if (slash == std::string::npos) return name;
  const auto kind = find_object_kind(word.substr(0, slash));
  if (!kind || (*kind)->resource != resource || name.find('/') != std::string::npos) {
    return wrong_usage(kube::quoted(word) + " is no name");
  }
  return name;
}

Outcome<Json> to_api_object(const Json& document, const std::string& origin) {
  const std::string word = text_at(document, {"kind"});
  if (text_at(document, {"apiVersion"}).starts_with(kGroup)) return document;
  for (const ObjectKind& kind : object_kinds()) {
    if (kind.document.empty() || word != kind.document) continue;
    Json object = new_object(kind.kind);
    for (const auto& [key, value] : document.items()) {
      if (key != "kind") object[key] = value;
    }
    return object;
  }
  return failed(origin + ": kind \"" + word +
                "\" is neither role nor user, and apiVersion is not access.postern.dev/v1alpha1");
}

Outcome<const ObjectKind*> kind_of(const Json& object, const std::string& origin) {
  const std::string name = text_at(object, {"kind"});
  for (const ObjectKind& kind : object_kinds()) {
    if (kind.kind == name) return &kind;
  }
  return failed(origin + ": there is no kind \"" + name + "\" in access.postern.dev");
}

Json to_document(const Json& object, const ObjectKind& kind) {
  Json document{{"kind", kind.document}};
  const std::string version = text_at(object, {"version"});
  if (!version.empty()) document["version"] = version;
  document["metadata"] = {{"name", text_at(object, {"metadata", "name"})}};
  for (const char* const key : {"description", "labels", "expires"}) {
    const Json& value = find(object, {"metadata", key});
    if (!value.is_null()) document["metadata"][key] = value;
  }
  document["spec"] = find(object, {"spec"});
  return document;
}

std::string object_name(const ObjectKind& kind, const std::string& name) {
  return std::string(kind.word) + "/" + kube::printable(name);
}

}  // namespace postern::cli
