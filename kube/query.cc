#include "kube/query.h"

#include "kube/percent.h"
#include "kube/query_keys.h"
#include "kube/text.h"

#include <algorithm>
#include <array>

namespace postern::kube {
namespace {

using Pair = std::pair<std::string, std::string>;

constexpr std::array<std::string_view, 4> kRepeatable = {"command", "dryRun", "exclude", "ports"};

std::optional<std::string> decode_component(std::string_view text) {
  std::string with_spaces(text);
  std::replace(with_spaces.begin(), with_spaces.end(), '+', ' ');
  return percent_decode(with_spaces);
}

bool has_control_character(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  });
}

Result<Pair> parse_pair(std::string_view text) {
  const std::size_t equals = text.find('=');
  const auto key = decode_component(text.substr(0, equals));
  const auto value = decode_component(equals == std::string_view::npos ? std::string_view()
                                                                       : text.substr(equals + 1));
  if (!key || !value) return fail(Status::bad_request("the query has a broken percent escape"));
  if (value->find('\0') != std::string::npos || has_control_character(*key)) {
    return fail(Status::bad_request("the query has a control character"));
  }
  return Pair(*key, *value);
}

/// Splits at '&'. Empty pieces (`a=1&&b=2`) say nothing and are skipped.
Result<std::vector<Pair>> parse_pairs(std::string_view text) {
  std::vector<Pair> pairs;
  if (text.find(';') != std::string_view::npos) {
    return fail(Status::bad_request("the query has a semicolon"));
  }
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('&'), text.size());
    const std::string_view piece = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (piece.empty()) continue;
    if (pairs.size() == Query::kMaxPairs) {
      return fail(Status::bad_request("the query has too many parameters"));
    }
    auto pair = parse_pair(piece);
    if (!pair) return fail(pair.error());
    pairs.push_back(std::move(*pair));
  }
  return pairs;
}

bool is_repeated(const std::vector<Pair>& pairs, const std::string& key) {
  return std::count_if(pairs.begin(), pairs.end(),
                       [&](const Pair& pair) { return pair.first == key; }) > 1;
}

Result<void> check_pair(const std::vector<Pair>& pairs, const Pair& pair) {
  const auto& [key, value] = pair;
  const bool repeatable =
      std::find(kRepeatable.begin(), kRepeatable.end(), key) != kRepeatable.end();
  if (!repeatable && is_repeated(pairs, key)) {
    return fail(
        Status::bad_request("the query parameter " + quoted(key) + " is given more than once"));
  }
  if (key != "command" && (has_control_character(value) || !is_utf8(value))) {
    return fail(Status::bad_request("the query parameter " + quoted(key) +
                                    " has characters that do not belong there"));
  }
  return {};
}

}  // namespace

Result<Query> Query::parse(std::string_view text) {
  auto pairs = parse_pairs(text);
  if (!pairs) return fail(pairs.error());
  for (const Pair& pair : *pairs) {
    if (auto checked = check_pair(*pairs, pair); !checked) return fail(checked.error());
  }
  Query query;
  query.pairs_ = std::move(*pairs);
  query.retain(is_known_query_key);
  return query;
}

Result<Query> Query::parse_opaque(std::string_view text) {
  auto pairs = parse_pairs(text);
  if (!pairs) return fail(pairs.error());
  Query query;
  query.pairs_ = std::move(*pairs);
  return query;
}

bool Query::has(std::string_view key) const {
  return std::any_of(pairs_.begin(), pairs_.end(),
                     [&](const Pair& pair) { return pair.first == key; });
}

std::string_view Query::get(std::string_view key) const {
  const auto found = std::find_if(pairs_.begin(), pairs_.end(),
                                  [&](const Pair& pair) { return pair.first == key; });
  return found == pairs_.end() ? std::string_view() : std::string_view(found->second);
}

bool Query::get_bool(std::string_view key) const {
  if (!has(key)) return false;
  const std::string_view value = get(key);
  return value != "0" && !equals_ignore_case(value, "false");
}

void Query::set(std::string_view key, std::string_view value) {
  const auto has_key = [&](const Pair& pair) { return pair.first == key; };
  const auto first = std::find_if(pairs_.begin(), pairs_.end(), has_key);
  if (first == pairs_.end()) {
    pairs_.emplace_back(key, value);
    return;
  }
  first->second = value;
  pairs_.erase(std::remove_if(std::next(first), pairs_.end(), has_key), pairs_.end());
}

void Query::erase(std::string_view key) {
  retain([&](std::string_view other) { return other != key; });
}

std::string Query::encode() const {
  std::string out;
  for (const auto& [key, value] : pairs_) {
    if (!out.empty()) out += '&';
    out += encode_query_component(key);
    out += '=';
    out += encode_query_component(value);
  }
  return out;
}

}  // namespace postern::kube
