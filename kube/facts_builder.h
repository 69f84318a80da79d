#pragma once

#include "kube/object_meta.h"

#include <array>
#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace postern::kube {

/// The annotation that says whose token a Secret of a service account shall hold.
inline constexpr std::string_view kServiceAccountAnnotation = "kubernetes.io/service-account.name";

/// Collects BodyFacts from the events of a JSON or YAML parser, and refuses what two parsers could
/// read differently.
///
/// Flow: for every value one of start_object(), start_array(), text() or scalar(); before each
/// member's value key(); after each object or array end(); at the end of the document finish().
/// The first call that returns false is the end of it: error() says why.
class FactsBuilder {
 public:
  FactsBuilder();

  bool start_object();
  bool start_array();
  void end();
  bool key(std::string_view name);
  bool text(std::string_view value);
  /// A null, boolean or number, or something that could be one of them.
  bool scalar(bool is_null);

  /// The facts, or 400.
  Result<BodyFacts> finish();
  /// Why a call returned false; "" when none did.
  const std::string& error() const { return error_; }

 private:
  /// The objects that are looked at; everything else is kElsewhere.
  enum class Place : std::size_t { kRoot, kMetadata, kAnnotations, kElsewhere };
  struct Object {
    std::set<std::string, std::less<>> keys;
    std::string key;  ///< of the member whose value is due
  };

  bool refuse(std::string why);
  bool enter(Place place);
  bool is_at(Place place, std::string_view key) const;
  std::string* wanted_text();

  std::vector<Place> stack_;
  std::array<Object, 3> objects_;
  BodyFacts facts_;
  bool done_ = false;
  bool has_items_ = false;
  bool type_is_text_ = true;
  std::string error_;
};

/// What holds for facts however they were written: no lists, no names that cannot be shown. Gives
/// the facts back, or 400.
Result<BodyFacts> checked_facts(BodyFacts facts, bool has_items);

}  // namespace postern::kube
