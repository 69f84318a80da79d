#include "kube/filter/filter.h"
#include "kube/filter/object_head.h"

#include <memory>
#include <string>
#include <utility>

namespace postern::kube::filter {
namespace {

/// Holds the whole object, since nothing may be written before it is allowed.
class JsonObjectFilter final : public BodyFilter {
 public:
  JsonObjectFilter(const FilterOptions& options, Predicate& predicate)
      : cap_(options.max_undecided_bytes), predicate_(predicate), head_(options.event_references) {}

  FilterResult feed(std::string_view in, std::string&) override {
    if (dead_ != nullptr) return error();
    offset_ += in.size();
    if (in.size() > cap_ - body_.size()) return fail("the object is too large");
    body_.append(in);
    return {};
  }

  FilterResult finish(std::string& out) override {
    if (dead_ != nullptr) return error();
    if (const char* const reason = head_.read(body_)) return fail(reason);
    if (!head_.named() || !predicate_.allows(head_.item())) {
      ++summary_.dropped;
      return fail("hidden");
    }
    ++summary_.kept;
    out.append(body_);
    dead_ = "already finished";
    return {};
  }

  const ListSummary& summary() const override { return summary_; }

 private:
  FilterResult fail(const char* reason) {
    dead_ = reason;
    return error();
  }
  FilterResult error() const { return tl::unexpected(FilterError{dead_, offset_}); }

  const std::size_t cap_;
  Predicate& predicate_;
  ObjectHead head_;
  ListSummary summary_;
  std::string body_;
  std::uint64_t offset_ = 0;
  const char* dead_ = nullptr;
};

}  // namespace

std::unique_ptr<BodyFilter> make_json_object_filter(FilterOptions options, Predicate& predicate) {
  return std::make_unique<JsonObjectFilter>(options, predicate);
}

}  // namespace postern::kube::filter
