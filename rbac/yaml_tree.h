#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

namespace postern::rbac {

struct YamlMember;

/// A YAML document as it was written: repeated keys kept, every node with its place.
struct YamlNode {
  enum class Kind { kNull, kScalar, kSequence, kMap };

  Kind kind = Kind::kNull;
  std::string text;                 ///< of a scalar
  bool quoted = false;              ///< a scalar in quotes: a string whatever it looks like
  int line = 0;                     ///< counted from 1
  int column = 0;                   ///< counted from 1
  std::vector<YamlNode> items;      ///< of a sequence
  std::vector<YamlMember> members;  ///< of a map, in order

  bool is_null() const { return kind == Kind::kNull; }
  bool is_scalar() const { return kind == Kind::kScalar; }
  bool is_sequence() const { return kind == Kind::kSequence; }
  bool is_map() const { return kind == Kind::kMap; }
  /// null, "", [] or {}.
  bool is_empty() const;
  /// The values without their places, unambiguously: equal text, equal values.
  std::string canonical() const;
};
/// A key with its value.
struct YamlMember {
  YamlNode key;
  YamlNode value;
};
/// Why a text is no YAML, and where; line and column from 1.
struct YamlError {
  std::string message;
  int line = 0;
  int column = 0;
};

/// Parses every document of a file; empty documents are left out, but counted: each comes with its
/// number. Refuses anchors, aliases, tags, and more than 64 levels.
tl::expected<std::vector<std::pair<int, YamlNode>>, YamlError> parse_yaml(std::string_view text);

}  // namespace postern::rbac
