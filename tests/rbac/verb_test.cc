#include "rbac/verb.h"

#include <doctest/doctest.h>

using namespace postern::rbac;

TEST_CASE("verbs have the names of rules") {
  CHECK(parse_verb("get") == Verb::kGet);
  CHECK(parse_verb("deletecollection") == Verb::kDeleteCollection);
  CHECK(parse_verb("finalize") == Verb::kFinalize);
  CHECK_FALSE(parse_verb("*").has_value());
  CHECK_FALSE(parse_verb("Get").has_value());
  CHECK_FALSE(parse_verb("log").has_value());
  CHECK(verb_names(kReadVerbs) == "get,list,watch");
  CHECK(verb_name(Verb::kPortForward) == "portforward");
  CHECK(verb_names(VerbSet()).empty());
}

TEST_CASE("explicit-only verbs are not among the ordinary ones") {
  for (const Verb verb : {Verb::kProxy, Verb::kToken, Verb::kApprove, Verb::kBind, Verb::kEscalate,
                          Verb::kFinalize}) {
    CHECK_FALSE(kOrdinaryVerbs.contains(verb));
    CHECK(kAllVerbs.contains(verb));
  }
}

TEST_CASE("deny works by effect") {
  CHECK(denied_by_effect(Verb::kGet) == kReadVerbs);
  CHECK(denied_by_effect(Verb::kWatch) == kReadVerbs);
  CHECK(denied_by_effect(Verb::kList) == kReadVerbs);
  CHECK(denied_by_effect(Verb::kUpdate) == (Verb::kUpdate | Verb::kPatch));
  CHECK(denied_by_effect(Verb::kPatch) == (Verb::kUpdate | Verb::kPatch));
  CHECK(denied_by_effect(Verb::kDelete) == (Verb::kDelete | Verb::kDeleteCollection));
  CHECK(denied_by_effect(Verb::kDeleteCollection) == VerbSet(Verb::kDeleteCollection));
  CHECK(denied_by_effect(Verb::kExec) == VerbSet(Verb::kExec));
}
