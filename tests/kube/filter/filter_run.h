#pragma once

#include "kube/filter/filter.h"

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postern::kube::filter::testing {

/// A predicate made of a function; records what it was asked.
class FunctionPredicate final : public Predicate {
 public:
  explicit FunctionPredicate(std::function<bool(const Item&)> allows)
      : allows_(std::move(allows)) {}
  bool allows(const Item& item) override {
    asked.push_back(std::string(item.namespace_) + "/" + std::string(item.name));
    return allows_(item);
  }
  std::vector<std::string> asked;

 private:
  std::function<bool(const Item&)> allows_;
};

/// Allows alice's objects of the attack matrix: names that begin with "nginx-" in dev.
inline bool nginx_in_dev(const Item& item) {
  return item.namespace_ == "dev" && item.name.starts_with("nginx-");
}

using Maker = std::unique_ptr<BodyFilter> (*)(FilterOptions, Predicate&);

/// What a filter made of a body.
struct Outcome {
  std::string out;
  std::string error;  ///< "" when all went well
  ListSummary summary;

  bool ok() const { return error.empty(); }
};

/// Feeds `body` in pieces, each as long as `next_piece` says (at least 1 is taken). Each piece is a
/// heap block of its own, so that a sanitizer sees a read past it.
inline Outcome run_pieces(Maker make, const FilterOptions& options,
                          const std::function<bool(const Item&)>& allows, std::string_view body,
                          const std::function<std::size_t()>& next_piece) {
  FunctionPredicate predicate(allows);
  const auto filter = make(options, predicate);
  Outcome outcome;
  FilterResult result;
  while (result && !body.empty()) {
    const std::size_t size = std::min(body.size(), std::max<std::size_t>(next_piece(), 1));
    const std::vector<char> piece(body.begin(), body.begin() + static_cast<std::ptrdiff_t>(size));
    result = filter->feed({piece.data(), piece.size()}, outcome.out);
    body.remove_prefix(size);
  }
  if (result) result = filter->finish(outcome.out);
  if (!result) outcome.error = result.error().reason;
  outcome.summary = filter->summary();
  return outcome;
}

inline Outcome run(Maker make, const FilterOptions& options,
                   const std::function<bool(const Item&)>& allows, std::string_view body,
                   std::size_t piece = static_cast<std::size_t>(-1)) {
  return run_pieces(make, options, allows, body, [piece] { return piece; });
}

/// Whole, byte by byte, and in pieces of 3 and 64 bytes: all must come to the same.
inline Outcome run_all_ways(Maker make, const FilterOptions& options,
                            const std::function<bool(const Item&)>& allows, std::string_view body) {
  Outcome whole = run(make, options, allows, body);
  for (const std::size_t piece : {1U, 3U, 64U}) {
    const Outcome split = run(make, options, allows, body, piece);
    if (split.error != whole.error || (whole.ok() && split.out != whole.out)) {
      whole.error = "split differently: " + split.error + " / " + whole.error;
    }
  }
  return whole;
}

}  // namespace postern::kube::filter::testing
