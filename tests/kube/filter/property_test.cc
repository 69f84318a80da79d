#include "kube/filter/scanner.h"
#include "tests/kube/filter/check.h"
#include "tests/kube/filter/generate.h"

#include <doctest/doctest.h>
#include <string>

namespace postern::kube::filter::testing {
namespace {

/// Counts what the generator made of, so that a test that tests nothing is seen.
struct Tally {
  int outputs = 0;
  int refused = 0;
};

void check_bodies(Kind kind, std::string (Generator::*make)(), int rounds, Tally& tally) {
  for (int i = 0; i < rounds; ++i) {
    const auto seed = static_cast<unsigned>(i);
    Generator generator(seed);
    const auto bits = static_cast<unsigned>(generator.below(32));
    const std::string body = (generator.*make)();
    CAPTURE(seed);
    CAPTURE(body);
    REQUIRE(check_against_oracle(kind, bits, body, seed) == "");
    const FilterOptions options = options_from_bits(bits);
    const auto all = [](const Item&) { return true; };
    const Maker maker = kind == Kind::kList    ? make_json_list_filter
                        : kind == Kind::kWatch ? make_json_watch_filter
                                               : make_json_object_filter;
    ++(run(maker, options, all, body).ok() ? tally.outputs : tally.refused);

    const std::string damaged = generator.damaged(body);
    CAPTURE(damaged);
    REQUIRE(check_against_oracle(kind, bits, damaged, seed) == "");
  }
}

}  // namespace

TEST_CASE("any list, cut in any way, with any instruction set, is what the oracle says") {
  Tally tally;
  check_bodies(Kind::kList, &Generator::list, 1500, tally);
  CHECK(tally.outputs > 500);
  CHECK(tally.refused > 20);
}

TEST_CASE("any watch stream is what the oracle says") {
  Tally tally;
  check_bodies(Kind::kWatch, &Generator::watch, 1500, tally);
  CHECK(tally.outputs > 500);
  CHECK(tally.refused > 20);
}

TEST_CASE("any single object is what the oracle says") {
  Tally tally;
  check_bodies(Kind::kObject, &Generator::object, 1000, tally);
  CHECK(tally.outputs > 500);
  CHECK(tally.refused > 20);
}

TEST_CASE("every split into two pieces gives the same") {
  for (unsigned seed = 0; seed < 20; ++seed) {
    Generator generator(seed);
    const std::string body = generator.list();
    const FilterOptions options = options_from_bits(16);
    const Outcome whole = run(make_json_list_filter, options, nginx_in_dev, body);
    for (std::size_t cut = 1; cut < body.size(); ++cut) {
      bool first = true;
      const auto pieces = [&] {
        const std::size_t size = first ? cut : body.size();
        first = false;
        return size;
      };
      const Outcome split = run_pieces(make_json_list_filter, options, nginx_in_dev, body, pieces);
      CAPTURE(body);
      CAPTURE(cut);
      REQUIRE(split.error == whole.error);
      if (whole.ok()) REQUIRE(split.out == whole.out);
    }
  }
}

TEST_CASE("hidden objects never show, whatever else goes wrong") {
  for (unsigned seed = 0; seed < 500; ++seed) {
    Generator generator(seed);
    const std::string hidden =
        R"({"metadata":{"name":"db-0","namespace":"dev"},"spec":"hidden-bytes"})";
    const std::string shown = R"({"metadata":{"name":"nginx-1","namespace":"dev"},"spec":[]})";
    std::string body = R"({"kind":"PodList","metadata":{},"items":[)";
    for (std::size_t i = 0; i < 6; ++i) {
      if (i != 0) body += ",";
      body += generator.below(2) == 0 ? hidden : shown;
    }
    body += "]}";
    body.resize(generator.below(body.size() + 1));
    const Outcome outcome = run(make_json_list_filter, {}, nginx_in_dev, body, 7);
    CHECK(outcome.out.find("hidden-bytes") == std::string::npos);
    CHECK(outcome.out.find("db-0") == std::string::npos);
  }
}

TEST_CASE("every short value is read alike in one look and byte by byte") {
  const std::string before = R"({"kind":"PodList","items":[{"a":)";
  // What follows is long enough for the one look.
  const std::string rest =
      R"(,"metadata":{"name":"nginx-1","namespace":"dev"},"spec":")" + std::string(80, 's') + "\"}";
  std::size_t read = 0;
  std::size_t refused = 0;
  for (const std::string_view alphabet : {"\"\\[]{}", "-01.eE+", "truefals", "\"\\nu0"}) {
    for (std::size_t length = 1; length <= 5; ++length) {
      std::size_t count = 1;
      for (std::size_t i = 0; i < length; ++i) count *= alphabet.size();
      for (std::size_t number = 0; number < count; ++number) {
        std::string value;
        for (std::size_t i = 0, left = number; i < length; ++i, left /= alphabet.size()) {
          value += alphabet[left % alphabet.size()];
        }
        const std::string body = before + value + rest + "]}";
        const Outcome whole = run(make_json_list_filter, {}, nginx_in_dev, body);
        // Bytes from the value's key to behind it; the rest is the same every time.
        std::size_t pieces = 0;
        const auto next_piece = [&]() -> std::size_t {
          if (++pieces == 1) return before.size() - 4;
          return pieces < value.size() + 12 ? 1 : body.size();
        };
        const Outcome split = run_pieces(make_json_list_filter, {}, nginx_in_dev, body, next_piece);
        CAPTURE(body);
        REQUIRE(whole.error == split.error);
        if (whole.ok()) REQUIRE(whole.out == split.out);
        ++(whole.ok() ? read : refused);
      }
    }
  }
  CHECK(read > 100);
  CHECK(refused > 1000);
}

TEST_CASE("runs of items that are empty are dropped, whatever stands between them") {
  const std::string shown = R"({"metadata":{"name":"nginx-1","namespace":"dev"}})";
  for (const std::string item : {"{}", "null", " { } ", "\tnull\n", "{\r\n}"}) {
    for (std::size_t before = 0; before < 40; ++before) {
      std::string items;
      for (std::size_t i = 0; i < before; ++i) items += item + ",";
      const std::string kind = R"({"kind":"PodList","items":[)";
      const Outcome outcome = run_all_ways(make_json_list_filter, {}, nginx_in_dev,
                                           kind + items + shown + "," + items + item + "]}");
      REQUIRE(outcome.error == "");
      CHECK(outcome.out == kind + shown + "]}\n");
      CHECK(outcome.summary.kept == 1);
      CHECK(outcome.summary.dropped == 2 * before + 1);
    }
  }
  CHECK(run(make_json_list_filter, {}, nginx_in_dev, R"({"kind":"PodList","items":[{},]})").error !=
        "");
  CHECK(run(make_json_list_filter, {}, nginx_in_dev, R"({"kind":"PodList","items":[nullx,{}]})")
            .error != "");
}

TEST_CASE("runs of backslashes around block borders are read alike") {
  for (std::size_t lead = 0; lead < 70; ++lead) {
    for (std::size_t run_length = 0; run_length < 140; run_length += 2) {
      const std::string item = R"({"metadata":{"name":"nginx-1","namespace":"dev"},"spec":[")" +
                               std::string(lead, 'x') + std::string(run_length, '\\') + R"("]})";
      const std::string body = R"({"kind":"PodList","items":[)" + item + "," + item + "]}\n";
      for (const Isa isa : supported_isas()) {
        set_isa_for_testing(isa);
        REQUIRE(run(make_json_list_filter, {}, nginx_in_dev, body).out == body);
      }
    }
  }
  set_isa_for_testing(supported_isas().back());
}

}  // namespace postern::kube::filter::testing
