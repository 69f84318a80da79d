#include "kube/filter/filter.h"

#include <algorithm>
#include <cstddef>
#include <doctest/doctest.h>
#include <malloc.h>
#include <string>
#include <string_view>

#if __has_feature(address_sanitizer)
#include <sanitizer/allocator_interface.h>
#endif

namespace postern::kube::filter::testing {
namespace {

constexpr std::size_t kPiece = 64 * 1024;
constexpr std::size_t kMarks = 256 * 1024;  // docs/benchmarks.md, beside one item in flight
constexpr int kItems = 6'000;

/// Of the whole program, at present.
std::size_t allocated_bytes() {
#if __has_feature(address_sanitizer)
  return __sanitizer_get_current_allocated_bytes();
#else
  return ::mallinfo2().uordblks;
#endif
}

class Some final : public Predicate {
 public:
  explicit Some(bool all) : all_(all) {}
  bool allows(const Item& item) override { return all_ || item.name.ends_with("00"); }

 private:
  bool all_;
};

/// A filter that is fed a list of 50 MB, with the most that was held between two pieces.
class Flow {
 public:
  explicit Flow(bool all) : predicate_(all) {
    piece_.reserve(2 * kPiece);
    before_ = allocated_bytes();
    filter_ = make_json_list_filter({}, predicate_);
  }
  void feed(std::string_view text) {
    piece_ += text;
    if (piece_.size() >= kPiece) hand_over();
  }
  void hand_over() {
    REQUIRE(filter_->feed(piece_, out_));
    piece_.clear();
    const std::size_t now = allocated_bytes();  // filter and output
    REQUIRE(now > before_);
    most_ = std::max(most_, now - before_);
    written_ += out_.size();
    out_.clear();  // as the proxy does: sent, and used again
  }
  std::size_t most() const { return most_; }
  std::size_t written() const { return written_; }

 private:
  Some predicate_;
  std::unique_ptr<BodyFilter> filter_;
  std::string piece_;
  std::string out_;
  std::size_t before_ = 0;
  std::size_t most_ = 0;
  std::size_t written_ = 0;
};

}  // namespace

TEST_CASE("a filter holds an item, however long the list is") {
  const std::string spec =
      R"(","namespace":"dev"},"spec":{"x":")" + std::string(8'600, 'y') + "\"}}";
  for (const bool all : {true, false}) {
    CAPTURE(all);
    Flow flow(all);
    flow.feed(
        R"({"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"7"},"items":[)");
    for (int i = 0; i < kItems; ++i) {
      flow.feed(i == 0 ? "" : ",");
      flow.feed(R"({"metadata":{"name":"pod-)");
      flow.feed(std::to_string(i));
      flow.feed(spec);
    }
    flow.feed("]}");
    flow.hand_over();
    CHECK(flow.most() <= kMarks + spec.size());
    CHECK((flow.written() > 50'000'000) == all);
    CHECK(flow.written() > 500'000);
  }
}

}  // namespace postern::kube::filter::testing
