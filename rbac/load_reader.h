#pragma once

#include "rbac/load.h"
#include "rbac/yaml_tree.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace postern::rbac {

/// A place in a document: its node and its key path.
struct Place {
  const YamlNode& node;
  std::string path;
};

/// Collects what is wrong with one document. The readers below report here and give a harmless
/// value, so that one pass finds every error.
class DocumentLog {
 public:
  DocumentLog(std::string file, int document, LoadResult& into)
      : file_(std::move(file)), document_(document), into_(into) {}

  void name_object(std::string object) { object_ = std::move(object); }
  void error(const Place& place, std::string message);
  void warn(const Place& place, std::string message);
  bool failed() const { return failed_; }
  const std::string& file() const { return file_; }

 private:
  LoadMessage message_at(const Place& place, std::string message) const;

  std::string file_;
  int document_;
  std::string object_;
  LoadResult& into_;
  bool failed_ = false;
};

/// Reads a map key by key. A node that is no map is an error and reads as an empty one; so does a
/// repeated key. What was not taken by the end is an unknown key.
class MapReader {
 public:
  MapReader(DocumentLog& log, Place place);

  /// The value under the key, once; nullopt where it is absent or null.
  std::optional<Place> take(std::string_view key);
  /// The value under the key, an error where it is absent or null.
  std::optional<Place> require(std::string_view key);
  /// Every key that has not been taken yet, taken.
  std::vector<std::pair<std::string, Place>> take_rest();
  /// Reports what has not been taken.
  void finish();

  const Place& place() const { return place_; }

 private:
  DocumentLog& log_;
  Place place_;
  std::set<std::string, std::less<>> taken_;
};

/// A string; numbers and the like as they are written.
std::string read_string(DocumentLog& log, const Place& place);
bool read_bool(DocumentLog& log, const Place& place);
std::uint32_t read_count(DocumentLog& log, const Place& place);
/// "8h", "30m", "1h30m", "7d", "0".
std::chrono::seconds read_duration(DocumentLog& log, const Place& place);
/// A sequence's items as places; a null is none, anything else an error.
std::vector<Place> read_items(DocumentLog& log, const Place& place);
/// A sequence of strings.
std::vector<std::string> read_strings(DocumentLog& log, const Place& place);
TraitTemplate read_template(DocumentLog& log, const Place& place);
std::vector<TraitTemplate> read_templates(DocumentLog& log, const Place& place);
PatternTemplate read_pattern(DocumentLog& log, const Place& place,
                             std::size_t max_bytes = kMaxPatternBytes);
std::vector<PatternTemplate> read_patterns(DocumentLog& log, const Place& place);

}  // namespace postern::rbac
