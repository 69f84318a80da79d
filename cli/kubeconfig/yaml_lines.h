#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postern::cli {

/// The lines of a YAML document whose top level is a mapping in block style, for changes in place.
/// It knows lines and indentation, not YAML: who uses it checks afterwards that the text means what
/// it should. Every method gives false, and changes nothing, for text that it does not understand.
class YamlLines {
 public:
  explicit YamlLines(std::string_view text);

  /// Puts an item into the list under the top-level key `list`, in place of the one that has
  /// `name: NAME`, else at the list's end; makes the list where there is none. `item` is a list of
  /// one item in block style, without indentation, ending with a newline.
  bool put_item(std::string_view list, std::string_view name, const std::string& item);
  /// Sets the value of a top-level key that has one on its own line; `value` ends with a newline.
  bool put_scalar(std::string_view key, const std::string& value);

  std::string text() const;

 private:
  struct Range {
    std::size_t begin = 0;
    std::size_t end = 0;  ///< behind the last line
  };
  std::optional<std::size_t> find_key(std::string_view key) const;
  /// The lines that belong to the key in line `at`, without it.
  Range block_behind(std::size_t at) const;
  std::optional<std::vector<Range>> items_in(Range block) const;
  bool has_name(Range item, std::string_view name) const;
  void append_key(const std::string& text);
  void replace(Range range, const std::string& text);

  std::vector<std::string> lines_;  ///< with their newlines
};

}  // namespace postern::cli
