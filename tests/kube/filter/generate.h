#pragma once

#include <cstdint>
#include <initializer_list>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace postern::kube::filter::testing {

/// Writes random bodies: mostly what an API server would write, now and then what would confuse a
/// reader. The same seed gives the same bodies.
class Generator {
 public:
  explicit Generator(std::uint64_t seed) : random_(seed) {}

  std::string list();
  std::string watch();
  std::string object();
  /// `body` with a few bytes changed, removed, repeated or added.
  std::string damaged(std::string body);
  /// A number below `bound`.
  std::size_t below(std::size_t bound) { return random_() % bound; }

 private:
  using Members = std::vector<std::pair<std::string, std::string>>;

  bool one_in(std::size_t n) { return below(n) == 0; }
  std::string pick(std::initializer_list<const char*> choices);
  std::string space();
  std::string quoted(const std::string& text);
  std::string escaped_string();
  std::string number();
  std::string short_value();
  std::string value(int depth);
  std::string object_of(Members members);
  std::string array_of(const std::vector<std::string>& elements);

  std::string name();
  std::string metadata();
  std::string item(bool with_kind);
  std::string reference();
  std::string row();
  std::string list_metadata();
  std::string status();
  std::string bookmark();
  std::string table_bookmark();
  std::string table_event();

  std::mt19937_64 random_;
  bool pretty_ = false;
};

}  // namespace postern::kube::filter::testing
