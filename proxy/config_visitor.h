#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace postern::proxy {

/// Inclusive limits of a number.
struct NumberRange {
  std::uint64_t min = 0;
  std::uint64_t max = UINT64_MAX;
};
struct DurationRange {  ///< inclusive, too
  std::chrono::milliseconds min{0};
  std::chrono::milliseconds max{std::chrono::hours(24)};
};
/// Says what is wrong with a text ("must be …"), or "".
using TextRule = std::string (*)(std::string_view);

class ConfigVisitor;

/// One key of a mapping: how a visitor gets at the member behind it.
template <typename T>
struct ConfigField {
  std::string_view key;
  void (*visit)(ConfigVisitor&, T&);
  bool required = false;
};

/// Walks over a configuration value, key by key. The tables of ConfigField are the only place where
/// keys are named; what reads a file, what prints a configuration and what lists the keys for the
/// documentation are visitors over the same tables.
class ConfigVisitor {
 public:
  virtual ~ConfigVisitor() = default;

  virtual void boolean(bool& value) = 0;
  virtual void number(std::uint64_t& value, NumberRange range) = 0;
  /// Go's form: `300ms`, `1m30s`.
  virtual void duration(std::chrono::milliseconds& value, DurationRange range) = 0;
  /// Bytes, as a number or a Kubernetes quantity: `64Ki`, `4Mi`.
  virtual void bytes(std::uint64_t& value, NumberRange range) = 0;
  virtual void text(std::string& value, TextRule rule) = 0;
  /// A file or directory; a relative one is relative to the configuration's own directory.
  virtual void path(std::string& value) = 0;
  virtual void texts(std::vector<std::string>& values, TextRule rule) = 0;
  virtual void paths(std::vector<std::string>& values) = 0;
  virtual void text_map(std::map<std::string, std::string>& values, TextRule key_rule,
                        TextRule value_rule) = 0;
  virtual void texts_map(std::map<std::string, std::vector<std::string>>& values,
                         TextRule rule) = 0;
  /// One of these words; `index` is its place.
  virtual void choice(std::size_t& index, std::span<const std::string_view> words) = 0;
  /// A key that the contract has and this version does not: `why` says so. Only nothing, `{}` and
  /// `[]` are taken.
  virtual void unavailable(std::string_view why) = 0;

  /// A mapping with exactly these keys.
  template <typename T, std::size_t N>
  void section(T& value, const ConfigField<T> (&fields)[N]) {
    mapping(bind(value, fields));
  }
  /// Such a mapping that is there or not.
  template <typename T, std::size_t N>
  void optional_section(std::optional<T>& value, const ConfigField<T> (&fields)[N]) {
    if (!value && !makes_absent()) return;
    if (!value) value.emplace();
    mapping(bind(*value, fields));
  }
  /// A list of such mappings.
  template <typename T, std::size_t N>
  void sections(std::vector<T>& values, const ConfigField<T> (&fields)[N]) {
    list(values.size(), [&](std::size_t index) {
      if (index >= values.size()) values.resize(index + 1);
      mapping(bind(values[index], fields));
    });
  }
  /// A mapping, or a text that stands for the path in it: `tokenFile: F` is `tokenFile: {file: F}`.
  template <typename T, std::size_t N>
  void path_or_section(std::string& short_form, bool prefer_short, T& value,
                       const ConfigField<T> (&fields)[N]) {
    if (is_short_form(prefer_short)) {
      path(short_form);
    } else {
      mapping(bind(value, fields));
    }
  }

 protected:
  struct BoundField {
    std::string_view key;
    std::function<void()> visit;
    bool required;
  };
  virtual void mapping(const std::vector<BoundField>& fields) = 0;
  /// Calls `item` for each place of a list; it makes the places that are not there yet.
  virtual void list(std::size_t size, const std::function<void(std::size_t)>& item) = 0;
  /// Whether an optional mapping is made when it is visited: by all but those that only show.
  virtual bool makes_absent() const { return true; }
  /// Whether the value at hand is, or shall be, written as a text.
  virtual bool is_short_form(bool preferred) = 0;

 private:
  template <typename T, std::size_t N>
  std::vector<BoundField> bind(T& value, const ConfigField<T> (&fields)[N]) {
    std::vector<BoundField> bound;
    for (const ConfigField<T>& field : fields) {
      bound.push_back({field.key, [this, &value, visit = field.visit] { visit(*this, value); },
                       field.required});
    }
    return bound;
  }
};

}  // namespace postern::proxy
