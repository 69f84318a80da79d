#pragma once

#include "kube/kubeconfig.h"

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace postern::kube {

/// A mapping of a YAML document together with its key path; what is wrong with it goes to the
/// shared list of errors. Cheap to copy; the list must outlive it.
class YamlSection {
 public:
  using Errors = std::vector<KubeconfigError>;

  /// The document of a text; an empty section (and errors) when there is none.
  static YamlSection parse(std::string_view text, Errors& errors);

  bool empty() const { return node_ == nullptr; }
  bool has(const char* key) const;
  /// The text of a scalar member, "" where it is absent, null or (an error) something else.
  std::string text(const char* key) const;
  /// `true` or `false`; anything else is an error.
  bool flag(const char* key) const;
  /// A member that is a mapping. Absent: an empty section; something else: an error too.
  YamlSection section(const char* key) const;
  /// Of the list `list`, the entry whose `name` this is, and of that the mapping `member`. None,
  /// two or something else: an error.
  YamlSection named(const char* list, const std::string& name, const char* member) const;
  /// Any other key is an error, and so is one that comes twice.
  void allow_only(std::initializer_list<std::string_view> keys) const;

  std::string key_path(const char* key) const;
  void error(const char* key, std::string message) const;

 private:
  struct Node;  // YAML::Node
  YamlSection(std::shared_ptr<const Node> node, std::string path, Errors& errors);

  std::shared_ptr<const Node> node_;
  std::string path_;
  Errors* errors_;
};

}  // namespace postern::kube
