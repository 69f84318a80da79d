#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace postern::rbac {

/// What a rule may allow or deny. Bits, so that a rule's verbs are one word. Source: design §2
/// "Rule verbs".
enum class Verb : std::uint32_t {
  kGet = 1U << 0,
  kList = 1U << 1,
  kWatch = 1U << 2,
  kCreate = 1U << 3,
  kUpdate = 1U << 4,
  kPatch = 1U << 5,
  kDelete = 1U << 6,
  kDeleteCollection = 1U << 7,
  kExec = 1U << 8,
  kPortForward = 1U << 9,
  // Explicit-only: `*` includes them in a total wildcard alone.
  kProxy = 1U << 10,
  kToken = 1U << 11,
  kApprove = 1U << 12,
  kBind = 1U << 13,
  kEscalate = 1U << 14,
  kFinalize = 1U << 15,
};

/// A set of verbs. A value; the default is empty and matches nothing.
class VerbSet {
 public:
  constexpr VerbSet() = default;
  constexpr VerbSet(Verb verb) : bits_(static_cast<std::uint32_t>(verb)) {}
  constexpr VerbSet operator|(VerbSet other) const { return from_bits(bits_ | other.bits_); }
  constexpr VerbSet operator&(VerbSet other) const { return from_bits(bits_ & other.bits_); }
  constexpr VerbSet& operator|=(VerbSet other) { return *this = *this | other; }
  constexpr bool intersects(VerbSet other) const { return (bits_ & other.bits_) != 0; }
  constexpr bool contains(VerbSet other) const { return (bits_ & other.bits_) == other.bits_; }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr std::uint32_t bits() const { return bits_; }
  static constexpr VerbSet from_bits(std::uint32_t bits) {
    VerbSet set;
    set.bits_ = bits;
    return set;
  }
  friend constexpr bool operator==(VerbSet, VerbSet) = default;

 private:
  std::uint32_t bits_ = 0;
};

constexpr VerbSet operator|(Verb a, Verb b) {
  return VerbSet(a) | VerbSet(b);
}

inline constexpr VerbSet kReadVerbs = Verb::kGet | Verb::kList | Verb::kWatch;
/// What `*` means in a rule that is no total wildcard.
inline constexpr VerbSet kOrdinaryVerbs = kReadVerbs | Verb::kCreate | Verb::kUpdate |
                                          Verb::kPatch | Verb::kDelete | Verb::kDeleteCollection |
                                          Verb::kExec | Verb::kPortForward;
/// What `*` means in a total wildcard, and in every deny rule.
inline constexpr VerbSet kAllVerbs = kOrdinaryVerbs | Verb::kProxy | Verb::kToken | Verb::kApprove |
                                     Verb::kBind | Verb::kEscalate | Verb::kFinalize;

/// The verb written as `text` in a role; nullopt for `*` and for what is no verb.
std::optional<Verb> parse_verb(std::string_view text);
std::string_view verb_name(Verb verb);
/// "get,list,watch", in the order of the enum.
std::string verb_names(VerbSet verbs);

/// What a denied set reaches by its effect: get = list = watch, update = patch, delete includes
/// deletecollection. (Eviction, attach and the like are mapped to verbs of their own before.)
VerbSet denied_by_effect(VerbSet verbs);

}  // namespace postern::rbac
