#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postern::kube::filter::testing {

/// A JSON value with the place where it stands in the text, so that an oracle can cut it out byte
/// by byte; nlohmann does the parsing.
struct Node {
  enum class Type { kNull, kString, kOther, kObject, kArray };
  struct Member;

  Type type = Type::kNull;
  std::size_t begin = 0;
  std::size_t end = 0;
  std::string text;             ///< of a string, decoded
  std::vector<Member> members;  ///< in their order, repeated keys too
  std::vector<Node> elements;

  std::string_view raw(std::string_view document) const {
    return document.substr(begin, end - begin);
  }
  bool is_null() const { return type == Type::kNull; }
  bool is_string() const { return type == Type::kString; }
  bool is_object() const { return type == Type::kObject; }
  bool is_array() const { return type == Type::kArray; }
  /// How often a key stands in this object.
  int count(std::string_view key) const;
  /// The only member of that name; nullptr when there is none.
  const Node* find(std::string_view key) const;
};

struct Node::Member {
  std::string key;
  std::size_t key_length = 0;  ///< as written, without its quotes
  Node value;
};

/// Parses the JSON value that begins at or after `begin`. `strict`: nothing but white space may
/// follow. Nothing when it is not valid JSON.
std::optional<Node> parse_tree(std::string_view document, std::size_t begin, bool strict);

}  // namespace postern::kube::filter::testing
