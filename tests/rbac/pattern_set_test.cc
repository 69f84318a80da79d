#include "rbac/pattern_set.h"

#include <algorithm>
#include <doctest/doctest.h>
#include <random>
#include <string>
#include <vector>

using namespace postern::rbac;

namespace {

std::string random_text(std::mt19937& random, std::string_view alphabet, std::size_t longest) {
  std::string text(random() % (longest + 1), ' ');
  for (char& c : text) {
    c = alphabet[random() % alphabet.size()];
  }
  return text;
}

/// The slow and obvious way: `*` by recursion.
bool obvious_glob(std::string_view pattern, std::string_view name) {
  if (pattern.empty()) return name.empty();
  if (pattern[0] != '*') {
    return !name.empty() && pattern[0] == name[0] &&
           obvious_glob(pattern.substr(1), name.substr(1));
  }
  return obvious_glob(pattern.substr(1), name) ||
         (!name.empty() && obvious_glob(pattern, name.substr(1)));
}

}  // namespace

TEST_CASE("the glob matcher is the obvious one") {
  std::mt19937 random(1);
  for (int i = 0; i < 20'000; ++i) {
    const std::string pattern = random_text(random, "ab*", 7);
    const std::string name = random_text(random, "ab", 9);
    CAPTURE(pattern);
    CAPTURE(name);
    REQUIRE(Pattern::compile(pattern)->matches(name) == obvious_glob(pattern, name));
  }
}

TEST_CASE("a set finds what its patterns match, few or many") {
  std::mt19937 random(2);
  for (int round = 0; round < 300; ++round) {
    std::vector<Pattern> patterns;
    const std::size_t count = 1 + random() % 40;
    for (std::size_t i = 0; i < count; ++i) {
      std::string text = random_text(random, "abc*", 6);
      if (random() % 8 == 0) text = "^" + random_text(random, "abc.", 3) + "$";
      patterns.push_back(Pattern::compile(text).value());
    }
    PatternSet set;
    for (std::uint32_t i = 0; i < patterns.size(); ++i) {
      set.add(patterns[i], i);
    }
    set.build();
    for (int n = 0; n < 40; ++n) {
      const std::string name = random_text(random, "abc", 6);
      const Effect effect = random() % 2 == 0 ? Effect::kAllow : Effect::kDeny;
      std::vector<bool> found(patterns.size(), false);
      set.find(name, effect, [&](std::uint32_t i) {
        found[i] = true;
        return false;
      });
      for (std::uint32_t i = 0; i < patterns.size(); ++i) {
        CAPTURE(name);
        CAPTURE(patterns[i].text());
        REQUIRE(found[i] == patterns[i].matches(name, effect));
      }
    }
  }
}

TEST_CASE("many globs with long pieces") {
  std::mt19937 random(3);
  for (int round = 0; round < 20; ++round) {
    const std::string base = random_text(random, "ab", 60) + "abbaabbaab";
    std::vector<Pattern> patterns;
    while (patterns.size() < 200) {
      const std::size_t at = random() % base.size();
      std::string piece = base.substr(at, 1 + random() % 20);
      if (random() % 2 == 0) piece[random() % piece.size()] = 'a';
      patterns.push_back(
          Pattern::compile("*" + piece + "*" + base.substr(base.size() - 1)).value());
    }
    PatternSet set;
    for (std::uint32_t i = 0; i < patterns.size(); ++i) {
      set.add(patterns[i], i);
    }
    set.build();
    for (const std::string& name :
         {base, "x" + base, base.substr(base.size() / 2), std::string("ab")}) {
      std::vector<bool> found(patterns.size(), false);
      set.find(name, Effect::kAllow, [&](std::uint32_t i) {
        found[i] = true;
        return false;
      });
      for (std::uint32_t i = 0; i < patterns.size(); ++i) {
        CAPTURE(name);
        CAPTURE(patterns[i].text());
        REQUIRE(found[i] == patterns[i].matches(name));
      }
    }
  }
}

TEST_CASE("many globs of several pieces, which stand in a name in another order or overlap") {
  std::mt19937 random(4);
  std::size_t matched = 0;
  for (int round = 0; round < 60; ++round) {
    const std::string_view alphabet = round % 2 == 0 ? "ab" : "abcdefgh";
    std::string base = random_text(random, alphabet, 40) + "ab";
    if (round % 10 == 0) base.append(250, 'a').append(random_text(random, alphabet, 20));
    std::vector<Pattern> patterns;
    while (patterns.size() < 300) {
      std::string text = random() % 2 == 0 ? base.substr(0, 1 + random() % 3) : "";
      for (std::size_t pieces = 1 + random() % 4; pieces > 0; --pieces) {
        text += random() % 8 == 0 ? "**" : "*";
        text += base.substr(random() % base.size(), random() % 8);
      }
      text += random() % 2 == 0 ? "*" : base.substr(base.size() - 1);
      if (auto pattern = Pattern::compile(text, 1000)) patterns.push_back(*pattern);
    }
    PatternSet set;
    for (std::uint32_t i = 0; i < patterns.size(); ++i) set.add(patterns[i], i);
    set.build();
    std::string shuffled = base;
    std::shuffle(shuffled.begin(), shuffled.end(), random);
    for (const std::string& name : {base, base + base, shuffled + base,
                                    base.substr(base.size() / 2), shuffled, std::string()}) {
      std::vector<bool> found(patterns.size(), false);
      set.find(name, Effect::kAllow, [&](std::uint32_t i) {
        found[i] = true;
        return false;
      });
      for (std::uint32_t i = 0; i < patterns.size(); ++i) {
        CAPTURE(name);
        CAPTURE(patterns[i].text());
        REQUIRE(found[i] == patterns[i].matches(name));
        matched += found[i] ? 1 : 0;
      }
    }
  }
  CHECK(matched > 1000);
}

TEST_CASE("find stops when the number is accepted") {
  std::vector<Pattern> patterns(100, Pattern::any());
  PatternSet set;
  for (std::uint32_t i = 0; i < patterns.size(); ++i) {
    set.add(patterns[i], i);
  }
  set.build();
  int calls = 0;
  CHECK(set.find("x", Effect::kAllow, [&](std::uint32_t) { return ++calls == 3; }));
  CHECK(calls == 3);
  CHECK_FALSE(set.find("x", Effect::kAllow, [](std::uint32_t) { return false; }));
}
