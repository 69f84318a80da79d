#pragma once

#include "tests/kube/filter/json_tree.h"
#include "tests/kube/filter/oracle.h"

#include <optional>
#include <string>
#include <string_view>

// What the oracles of lists, watches and single objects share.
namespace postern::kube::filter::testing {

/// Thrown where the filter must refuse the body.
struct Refused {};

inline void require(bool condition) {
  if (!condition) throw Refused{};
}

/// The text of a string or "" for null; anything else is refused.
std::string text_of(const Node& node);

/// Requires what a walk requires of every member that it passes: no token that is too long.
void require_short(const Node::Member& member);

/// One object, read member by member in the order in which it is written: what has been refused to
/// the client is not looked at any further.
class ObjectOracle {
 public:
  ObjectOracle(const FilterOptions& options, const Allows& allows)
      : options_(options), allows_(allows) {}

  /// When a decision is due besides at the object's end: set for a watch, whose event must be known
  /// to be about an object first.
  bool may_decide = true;
  /// A watch reads the kind, too; it must be known before a decision, and be no Table's.
  bool needs_kind = false;
  /// A list drops an object without metadata at once.
  bool null_metadata_drops = true;
  /// Whether the object is walked as it arrives; tokens have a cap then.
  bool walked = true;

  void read(const Node& object);
  /// Decides now, if that was not done.
  bool decide();
  bool decided() const { return allowed_.has_value(); }
  bool dropped() const { return allowed_ == false; }
  const std::string& kind() const { return kind_; }

 private:
  struct Reference {
    bool seen = false;
    bool present = false;
    std::string api_version, kind, ns, name;
  };

  void require_within_caps(const Node::Member& member) const;
  void read_metadata(const Node& metadata);
  void read_reference(const Node& node, Reference& reference);
  void maybe_decide(bool head_complete);

  const FilterOptions& options_;
  const Allows& allows_;
  std::optional<bool> allowed_;
  bool head_complete_ = false;
  bool seen_kind_ = false;
  std::string kind_, name_, ns_;
  Reference regarding_, related_;
};

/// The ListMeta that a client may see, and the upstream's token.
std::string rewritten_metadata(const Node& metadata, std::string_view body,
                               const FilterOptions& options, bool drop_token, std::string& token);

}  // namespace postern::kube::filter::testing
