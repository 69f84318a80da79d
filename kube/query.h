#pragma once

#include "kube/result.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postern::kube {

/// A query string after strict parsing: decoded pairs in the client's order. A plain value.
class Query {
 public:
  static constexpr std::size_t kMaxPairs = 64;

  /// Parses the text behind '?'; keys that Kubernetes does not have are dropped, `pretty` with
  /// them.
  ///
  /// 400 on a bad escape, ';', control characters, text that is not UTF-8, more than kMaxPairs
  /// pairs or a repeated key, known or not: Go drops such pairs or takes the first, other parsers
  /// do not. Only the keys that Kubernetes repeats may be (`command`, `dryRun`, `ports`,
  /// `exclude`), and only `command` may hold control characters and any bytes but NUL: they are a
  /// program's arguments.
  static Result<Query> parse(std::string_view text);

  /// Parses a query that is somebody else's (behind a `proxy` subresource): every key is kept and
  /// may be repeated; 400 on a bad escape, ';', NUL or more than kMaxPairs pairs.
  static Result<Query> parse_opaque(std::string_view text);

  bool has(std::string_view key) const;
  /// The first value, or "" where the key is absent.
  std::string_view get(std::string_view key) const;
  /// Kubernetes' boolean: absent, "0" and any case of "false" are false; everything else is true,
  /// the empty value too (apimachinery pkg/runtime/conversion.go).
  bool get_bool(std::string_view key) const;
  /// Replaces every value of the key, in the place of the first; appends a key that is not there.
  void set(std::string_view key, std::string_view value);
  void erase(std::string_view key);
  /// Keeps the pairs whose key `keep(key)` likes.
  template <typename Keep>
  void retain(Keep keep) {
    std::erase_if(pairs_, [&](const auto& pair) { return !keep(std::string_view(pair.first)); });
  }
  const std::vector<std::pair<std::string, std::string>>& pairs() const { return pairs_; }
  /// `a=b&c=d` in our own percent-encoding; "" when empty.
  std::string encode() const;

 private:
  std::vector<std::pair<std::string, std::string>> pairs_;
};

}  // namespace postern::kube
