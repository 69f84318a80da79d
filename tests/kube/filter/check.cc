#include "tests/kube/filter/check.h"

#include "kube/filter/scanner.h"

#include <random>

namespace postern::kube::filter::testing {
namespace {

/// Larger bodies are not cut into bytes: it would take most of the time of a fuzzer.
constexpr std::size_t kLargestInSmallPieces = 1000;

Maker maker_of(Kind kind) {
  return kind == Kind::kList    ? make_json_list_filter
         : kind == Kind::kWatch ? make_json_watch_filter
                                : make_json_object_filter;
}

Expected expect(Kind kind, std::string_view body, const FilterOptions& options,
                const Allows& allows) {
  return kind == Kind::kList    ? expect_list(body, options, allows)
         : kind == Kind::kWatch ? expect_watch(body, options, allows)
                                : expect_object(body, options, allows);
}

/// Objects in dev or without a namespace whose names begin with n, and events about such.
bool allows(const Item& item) {
  const auto visible = [](std::string_view name) { return name.starts_with('n'); };
  if (item.regarding && !visible(item.regarding->name)) return false;
  if (item.related && !visible(item.related->name)) return false;
  return visible(item.name) && item.namespace_ != "prod";
}

bool same(const Outcome& a, const Outcome& b) {
  if (a.error != b.error) return false;
  return !a.ok() || (a.out == b.out && a.summary.kept == b.summary.kept &&
                     a.summary.dropped == b.summary.dropped &&
                     a.summary.continue_token == b.summary.continue_token);
}

std::string describe(const Outcome& outcome) {
  return outcome.ok() ? "[" + outcome.out + "] kept " + std::to_string(outcome.summary.kept) +
                            " dropped " + std::to_string(outcome.summary.dropped)
                      : "error: " + outcome.error;
}

std::string compare(const Expected& expected, const Outcome& got) {
  if (expected.verdict == Expected::Verdict::kInvalid) return "";
  if (expected.verdict == Expected::Verdict::kRefused) {
    return got.ok() ? "the oracle refuses what the filter made " + describe(got) : "";
  }
  Outcome wanted;
  wanted.out = expected.out;
  wanted.summary = expected.summary;
  return same(wanted, got)
             ? ""
             : "the oracle says " + describe(wanted) + "\nthe filter " + describe(got);
}

}  // namespace

FilterOptions options_from_bits(unsigned bits) {
  FilterOptions options;
  options.event_references = (bits & 1) != 0;
  options.blank_table_objects = (bits & 2) != 0;
  options.reduce_table_objects = (bits & 4) != 0;
  options.hold_until_kept = (bits & 8) != 0;
  if ((bits & 16) != 0) {
    options.seal_continue = [](std::string_view token) {
      return "sealed-" + std::to_string(token.size());
    };
  }
  return options;
}

std::string check_against_oracle(Kind kind, unsigned option_bits, std::string_view body,
                                 unsigned seed) {
  const FilterOptions options = options_from_bits(option_bits);
  std::mt19937 random(seed);
  Outcome first;
  bool have_first = false;
  std::string wrong;
  for (const Isa isa : supported_isas()) {
    set_isa_for_testing(isa);
    // Whole, and in one of three sizes of pieces: with a few bodies every set has met each of them.
    const std::size_t sizes = body.size() > kLargestInSmallPieces ? 1 : 3;
    for (const std::size_t way : {std::size_t{0}, 1 + random() % sizes}) {
      constexpr std::size_t kLargest[] = {0, 200, 1, 8};
      const auto next_piece = [&]() -> std::size_t {
        return way == 0 ? body.size() : 1 + random() % kLargest[way];
      };
      const Outcome got = run_pieces(maker_of(kind), options, allows, body, next_piece);
      if (!have_first) first = got;
      have_first = true;
      if (!same(first, got)) {
        wrong = std::string(isa_name(isa)) + " way " + std::to_string(way) + ": " + describe(got) +
                "\nfirst: " + describe(first);
      }
    }
  }
  set_isa_for_testing(supported_isas().back());
  return wrong.empty() ? compare(expect(kind, body, options, allows), first) : wrong;
}

}  // namespace postern::kube::filter::testing
