#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace postern::kube::filter {

/// One member of an object.
struct Member {
  std::string_view key;    ///< decoded; until the next is read
  std::string_view value;  ///< as written
};

/// Reads the members of an object whose text is complete, in their order. Values are not read, only
/// passed over (as Walker does). `object` must outlive the reader.
class MemberReader {
 public:
  explicit MemberReader(std::string_view object);

  /// The next member; false at the end, or when the text is not an object: then failed() is true.
  bool next(Member& member);
  bool failed() const { return failed_; }

 private:
  bool quick_next(Member& member);
  bool fail();
  bool key(std::string_view& key);
  bool value(std::string_view& text);

  const char* p_;
  const char* end_;
  bool first_ = true;
  bool failed_ = false;
  std::string decoded_;
};

/// A member that read_members looks for. `value` stays as it is when there is none.
struct Wanted {
  std::string_view key;
  std::string_view* value;
};

/// Finds members of an object whose text is complete. false: it is not an object, or one of the
/// wanted keys stands there twice.
bool read_members(std::string_view object, std::initializer_list<Wanted> wanted);

/// The first element of an array whose text is complete, and how many there are (2 for more).
/// false: the text is not an array.
bool read_first_element(std::string_view array, std::string_view& first, int& count);

/// The value behind a key, whose colon `text` begins with. false: there is none.
bool read_value(std::string_view text, std::string_view& value);

/// Decodes `value` when it is a string; `null` is "". false: it is anything else.
bool read_text(std::string_view value, std::string& out);

}  // namespace postern::kube::filter
