#pragma once

#include "kube/filter/filter.h"
#include "kube/filter/head_text.h"
#include "kube/filter/json_string.h"
#include "kube/filter/walk_step.h"

#include <array>
#include <cstdint>
#include <string_view>

namespace postern::kube::filter {

/// Collects, from a walk over one object, what a predicate must know of it: the direct children
/// `name` and `namespace` of `metadata`, and for events the references. Reused from item to item.
///
/// A key that matters must not stand there twice. `null` for a name or namespace is "", as Go reads
/// it.
class ObjectHead {
 public:
  explicit ObjectHead(bool event_references) : event_references_(event_references) {}

  void reset();

  /// Collects from an object whose text is complete, instead of a walk. Returns the reason when it
  /// cannot be read, or nullptr.
  const char* read(std::string_view object);
  /// The same of the object that `text` begins with; `rest` is what follows it.
  const char* read(std::string_view text, std::string_view& rest);

  /// A key of the object / of its metadata. What comes then goes to the functions below.
  Want on_object_key(std::string_view key);
  Want on_metadata_key(std::string_view key);
  /// `after`: behind the closing quote, where `raw` is a part of the chunk.
  bool on_text(std::string_view raw, const char* after);

  bool on_raw(const RawValue& value);
  void on_metadata_end() { seen_ |= kSeenMetadataEnd; }
  /// The chunk ends, with what was read in it.
  void keep();

  /// Whether nothing that may still come can change item(), after a value. With event references
  /// only the end of the object says so.
  bool complete() const {
    constexpr unsigned kBoth = kSeenName | kSeenNamespace;
    return !event_references_ && ((seen_ & kSeenMetadataEnd) != 0 || (seen_ & kBoth) == kBoth);
  }
  /// Whether there is a name to decide by.
  bool named() const { return !name_.empty(); }
  /// Views into this object.
  const Item& item();
  /// Set when a function failed; static text.
  const char* reason() const { return reason_; }

 private:
  /// What of an object was seen, as bits.
  enum Seen : std::uint8_t {
    kSeenMetadata = 1,
    kSeenName = 2,
    kSeenNamespace = 4,
    kSeenMetadataEnd = 8,
    kSeenRegarding = 16,
    kSeenRelated = 32
  };

  struct Reference {
    bool present = false;  ///< the texts are this object's
    enum Field : unsigned { kApiVersion, kKind, kNamespace, kName, kFields };
    std::array<HeadText, kFields> fields;

    /// kFields for any other key.
    static unsigned field_of(std::string_view key);
    void clear();
    void keep();
  };

  Want on_reference_key(std::string_view key);
  Want once(Seen what, Want want, const char* reason);
  bool read_metadata(std::string_view text, std::string_view& rest);
  bool read_reference(const RawValue& value, Reference& reference);
  static ObjectReference view(const Reference& reference);

  const bool event_references_;
  std::uint8_t seen_ = 0;
  const char* reason_ = nullptr;
  HeadText* text_ = nullptr;
  Reference* reference_ = nullptr;
  HeadText name_;
  HeadText namespace_;
  Reference regarding_;
  Reference related_;
  Item item_;
};

// What is called for every member of every item is inline.

inline void ObjectHead::reset() {
  name_.clear();
  namespace_.clear();
  seen_ = 0;
  if (event_references_) regarding_.present = related_.present = false;
}

inline Want ObjectHead::once(Seen what, Want want, const char* reason) {
  if ((seen_ & what) != 0) {
    reason_ = reason;
    return Want::kRefuse;
  }
  seen_ |= what;
  return want;
}

inline Want ObjectHead::on_object_key(std::string_view key) {
  if (is_word(key, "metadata")) return once(kSeenMetadata, Want::kObject, "duplicate metadata key");
  return event_references_ ? on_reference_key(key) : Want::kSkip;
}

inline bool ObjectHead::on_text(std::string_view raw, const char* after) {
  const bool stays = raw.data() + raw.size() + 1 == after;
  if (text_->read(raw, stays)) return true;
  reason_ = "a name cannot be decoded";
  return false;
}

inline Want ObjectHead::on_metadata_key(std::string_view key) {
  if (is_word(key, "name")) {
    text_ = &name_;
    return once(kSeenName, Want::kText, "duplicate name key");
  }
  if (is_word(key, "namespace")) {
    text_ = &namespace_;
    return once(kSeenNamespace, Want::kText, "duplicate namespace key");
  }
  return Want::kSkip;
}

}  // namespace postern::kube::filter
