#pragma once

#include "proxy/config_error.h"
#include "proxy/config_visitor.h"
#include "rbac/yaml_tree.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace postern::proxy {

/// Fills a configuration from a YAML document and collects everything that does not fit: unknown
/// and repeated keys, wrong types, values out of their limits. A key with no value (null) counts as
/// left out, as in Kubernetes.
class ConfigParser : public ConfigVisitor {
 public:
  /// `root` must outlive the parser.
  ConfigParser(std::string file, const rbac::YamlNode& root);

  void boolean(bool& value) override;
  void number(std::uint64_t& value, NumberRange range) override;
  void duration(std::chrono::milliseconds& value, DurationRange range) override;
  void bytes(std::uint64_t& value, NumberRange range) override;
  void text(std::string& value, TextRule rule) override;
  void path(std::string& value) override;
  void texts(std::vector<std::string>& values, TextRule rule) override;
  void paths(std::vector<std::string>& values) override;
  void text_map(std::map<std::string, std::string>& values, TextRule key_rule,
                TextRule value_rule) override;
  void texts_map(std::map<std::string, std::vector<std::string>>& values, TextRule rule) override;
  void choice(std::size_t& index, std::span<const std::string_view> words) override;
  void unavailable(std::string_view why) override;

  /// Adds an error about a key path, at its place, or at that of the mapping that lacks it.
  void add_error(const std::string& key, std::string message);
  bool has_key(const std::string& key) const { return places_.contains(key); }
  ConfigErrors take_errors();

 protected:
  void mapping(const std::vector<BoundField>& fields) override;
  void list(std::size_t size, const std::function<void(std::size_t)>& item) override;
  bool is_short_form(bool preferred) override;

 private:
  class Scope;
  struct Entry {
    std::string key;
    const rbac::YamlNode& value;
  };
  struct Place {
    int line = 0;
    int column = 0;
  };

  void error_at(Place place, std::string key, std::string message);
  void error_here(std::string message);
  static Place place_of(const rbac::YamlNode& node) { return {node.line, node.column}; }
  /// The entries of the mapping at hand; errors for keys that are no text or repeated.
  std::vector<Entry> entries();
  /// The scalar at hand as text, if it is a string; an error otherwise.
  bool read_string(std::string& out, bool may_be_empty);
  /// The scalar at hand as written, plain or quoted; an error otherwise.
  bool read_scalar(std::string& out, std::string_view wanted);
  std::string resolve(const std::string& path) const;
  /// The items of the list at hand; an error for anything else.
  const std::vector<rbac::YamlNode>& items();

  std::string file_;
  const rbac::YamlNode* node_;  ///< the value at hand
  std::string key_;             ///< its path
  std::map<std::string, Place> places_;
  ConfigErrors errors_;
};

}  // namespace postern::proxy
