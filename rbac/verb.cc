#include "rbac/verb.h"

#include <array>
#include <utility>

namespace postern::rbac {
namespace {

constexpr std::array<std::pair<std::string_view, Verb>, 16> kVerbs = {{
    {"get", Verb::kGet},
    {"list", Verb::kList},
    {"watch", Verb::kWatch},
    {"create", Verb::kCreate},
    {"update", Verb::kUpdate},
    {"patch", Verb::kPatch},
    {"delete", Verb::kDelete},
    {"deletecollection", Verb::kDeleteCollection},
    {"exec", Verb::kExec},
    {"portforward", Verb::kPortForward},
    {"proxy", Verb::kProxy},
    {"token", Verb::kToken},
    {"approve", Verb::kApprove},
    {"bind", Verb::kBind},
    {"escalate", Verb::kEscalate},
    {"finalize", Verb::kFinalize},
}};

}  // namespace

std::optional<Verb> parse_verb(std::string_view text) {
  for (const auto& [name, verb] : kVerbs) {
    if (name == text) {
      return verb;
    }
  }
  return std::nullopt;
}

std::string_view verb_name(Verb verb) {
  for (const auto& [name, candidate] : kVerbs) {
    if (candidate == verb) {
      return name;
    }
  }
  return "";
}

std::string verb_names(VerbSet verbs) {
  std::string names;
  for (const auto& [name, verb] : kVerbs) {
    if (verbs.contains(verb)) {
      names += names.empty() ? "" : ",";
      names += name;
    }
  }
  return names;
}

VerbSet denied_by_effect(VerbSet verbs) {
  constexpr VerbSet kChange = Verb::kUpdate | Verb::kPatch;
  if (verbs.intersects(kReadVerbs)) {
    verbs |= kReadVerbs;
  }
  if (verbs.intersects(kChange)) {
    verbs |= kChange;
  }
  if (verbs.contains(Verb::kDelete)) {
    verbs |= Verb::kDeleteCollection;
  }
  return verbs;
}

}  // namespace postern::rbac
