#pragma once

#include "kube/filter/json_string.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace postern::kube::filter {

/// The parts of an event's object from which events of another kind are built anew: of a Table, a
/// bookmark's object or a Status. Where they stand is noted while the object is walked, so that
/// there is no second way through an object that may have millions of members.
class EventParts {
 public:
  enum class Part : std::uint8_t {
    kKind,
    kApiVersion,
    kColumnDefinitions,
    kRows,
    kStatus,
    kMessage,
    kReason,
    kDetails,
    kCode,
    // of the metadata
    kSelfLink,
    kResourceVersion,
    kContinue,
    kAnnotations,
  };

  /// Begins a new event.
  void reset() { seen_ = repeated_ = 0; }
  /// A key of the object / of its metadata; `after`: the offset behind it in the event.
  void on_object_key(std::string_view key, std::size_t after) {
    if (key.size() >= kShortestKey) note_object_key(key, after);
  }
  void on_metadata_key(std::string_view key, std::size_t after) {
    if (key.size() >= kShortestKey) note_metadata_key(key, after);
  }

  /// Cuts the parts out of the whole event, which must have been walked to its end and outlive what
  /// is asked of this. Bytes up to `readable`, behind the event, can be read.
  void read(std::string_view event, const char* readable);

  /// A part as written; "" when there is none. Not for kRows.
  std::string_view operator[](Part part) const {
    return (seen_ & bit(part)) != 0 ? values_[index(part)] : std::string_view();
  }
  /// The same; "null" when there is none.
  std::string_view or_null(Part part) const {
    const std::string_view value = (*this)[part];
    return value.empty() ? "null" : value;
  }
  /// The text from where the value of kRows begins, up to where it can be read, since a filter
  /// reads that once more anyway: its end is not looked for. "" when there is none.
  std::string_view rows() const { return (*this)[Part::kRows]; }
  /// Of the whole event.
  const char* end() const { return end_; }
  /// Whether one of `parts` stands there twice.
  template <class... Parts>
  bool repeats(Parts... parts) const {
    return (repeated_ & (bit(parts) | ...)) != 0;
  }
  /// Whether the metadata has anything of a ListMeta.
  bool has_list_metadata() const { return (seen_ & kListMetadata) != 0; }
  /// A ListMeta of it, in its order: for rewrite_list_metadata.
  std::string list_metadata() const;
  /// Whether a part of list_metadata() stands there twice.
  bool repeats_list_metadata() const {
    return repeats(Part::kSelfLink, Part::kResourceVersion, Part::kContinue);
  }

 private:
  static constexpr std::size_t kParts = 13;
  static constexpr std::size_t kShortestKey = 4;

  static constexpr std::size_t index(Part part) { return static_cast<std::size_t>(part); }
  static constexpr std::uint32_t bit(Part part) { return 1U << index(part); }
  static constexpr std::uint32_t kListMetadata =
      1U << static_cast<unsigned>(Part::kSelfLink) |
      1U << static_cast<unsigned>(Part::kResourceVersion) |
      1U << static_cast<unsigned>(Part::kContinue);
  void note_object_key(std::string_view key, std::size_t after);
  void note_metadata_key(std::string_view key, std::size_t after);
  void note(Part part, std::size_t after);

  std::uint32_t seen_ = 0;      ///< a bit for each part
  std::uint32_t repeated_ = 0;  ///< the same
  std::array<std::size_t, kParts> after_keys_{};
  std::array<std::string_view, kParts> values_;
  const char* end_ = nullptr;
};

/// Whether an apiVersion, as written, is of the group that Table is in.
inline bool is_meta_version(std::string_view version) {
  return is_word(version.substr(0, 13), "\"meta.k8s.io/");
}

}  // namespace postern::kube::filter
