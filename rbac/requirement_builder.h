#pragma once

#include "rbac/requirement.h"

#include <algorithm>
#include <initializer_list>
#include <string>
#include <string_view>

namespace postern::rbac {

/// One request while its needs are worked out, for requirement_of() alone. Lives within that call,
/// as does what it refers to. Subresources are in requirement_subresource.cc.
class RequirementBuilder {
 public:
  explicit RequirementBuilder(const kube::ResourceAttributes& attributes)
      : info_(attributes.info),
        kind_(*attributes.resource),
        body_(attributes.body),
        patch_type_(attributes.patch_type) {}

  Requirement build();

 private:
  bool is(std::string_view group, std::string_view plural) const {
    return kind_.group == group && kind_.resource == plural;
  }
  bool verb_is(std::initializer_list<std::string_view> verbs) const {
    return std::find(verbs.begin(), verbs.end(), info_.verb) != verbs.end();
  }
  bool is_read() const { return verb_is({"get", "list", "watch"}); }

  bool scope_is_right() const;
  void fill();
  bool is_by_reference() const;
  Need object() const;
  bool name_is_possible();
  void object_needs(VerbSet verbs);
  void also(Verb verb);
  void bad_request(std::string message);
  void fill_collection();
  void fill_main();
  void fill_create();
  bool check_body(std::string_view kind);
  void add_door();
  void add_trust_map();
  void add_secret();
  void fill_subresource();
  bool fill_pod_subresource(std::string_view sub);
  void fill_body_named(VerbSet verbs);

  const kube::RequestInfo& info_;
  const kube::ApiResource& kind_;
  const kube::BodyFacts* body_;
  std::string_view patch_type_;
  Requirement made_;
};

}  // namespace postern::rbac
