#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postern::proxy::http {

/// One header line. Names keep the peer's spelling; compare with `iequals`.
struct Field {
  std::string_view name;
  std::string_view value;  ///< without surrounding spaces
};

/// Header lines in the order in which they came: views into the head's own block.
class Fields {
 public:
  Fields() { fields_.reserve(16); }
  void add(Field field) { fields_.push_back(field); }
  /// The value of the only field of this name; nullopt when absent. The parser has refused
  /// duplicates of the fields in which they are ambiguous (the lists in request_head.cc and
  /// response_head.cc), so the first is the only one there.
  std::optional<std::string_view> get(std::string_view name) const;
  std::size_t count(std::string_view name) const;
  std::vector<std::string_view> all(std::string_view name) const;
  /// Whether any line of this name has the token in its comma-separated list.
  bool has_token(std::string_view name, std::string_view token) const;
  auto begin() const { return fields_.begin(); }
  auto end() const { return fields_.end(); }
  std::size_t size() const { return fields_.size(); }

 private:
  std::vector<Field> fields_;
};

/// How a message's body ends.
enum class Framing { kNone, kLength, kChunked, kUntilClose };

/// A request's first line and header block, after the strict checks. Owns the bytes that its views
/// are of; movable, not copyable.
struct RequestHead {
  std::string block;  ///< the raw head; every view below is into it
  std::string_view method;
  std::string_view target;
  int minor_version = 1;  ///< HTTP/1.0 or 1.1
  Fields fields;
  Framing framing = Framing::kNone;
  std::uint64_t content_length = 0;
  bool keep_alive = true;  ///< by version and Connection
  bool upgrade = false;    ///< Connection has `upgrade` and exactly one Upgrade field is there
  bool expect_continue = false;

  RequestHead() = default;
  RequestHead(RequestHead&&) = default;
  RequestHead& operator=(RequestHead&&) = default;
  RequestHead(const RequestHead&) = delete;
  RequestHead& operator=(const RequestHead&) = delete;
};

/// A response's status line and header block, after the strict checks. Owns its bytes.
struct ResponseHead {
  std::string block;
  unsigned status = 0;
  int minor_version = 1;
  Fields fields;
  Framing framing = Framing::kNone;
  std::uint64_t content_length = 0;
  bool keep_alive = true;

  ResponseHead() = default;
  ResponseHead(ResponseHead&&) = default;
  ResponseHead& operator=(ResponseHead&&) = default;
  ResponseHead(const ResponseHead&) = delete;
  ResponseHead& operator=(const ResponseHead&) = delete;
};

/// ASCII case-insensitive equality, as for header names and tokens.
bool same_letters(std::string_view a, std::string_view b);  ///< of texts of the same length
inline bool iequals(std::string_view a, std::string_view b) {
  return a.size() == b.size() && same_letters(a, b);
}
/// Whether a comma-separated list (`Connection`) has this token, in any case.
bool has_token(std::string_view list, std::string_view token);

}  // namespace postern::proxy::http
