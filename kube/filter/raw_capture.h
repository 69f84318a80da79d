#pragma once

#include "kube/filter/walk_step.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace postern::kube::filter {

/// Keeps the bytes of a value that may go on in the next chunk.
class RawCapture {
 public:
  /// `cap`: how many bytes a value may have.
  explicit RawCapture(std::size_t cap) : cap_(cap) {}

  bool active() const { return active_; }
  void begin(const char* at) {
    kept_.clear();
    from_ = at;
    active_ = true;
  }
  /// Around every chunk, and false: the value has more bytes than the cap allows.
  void chunk_begin(const char* begin, const char* end) {
    from_ = begin;
    chunk_end_ = end;
  }
  bool chunk_end(const char* end) { return !active_ || keep(end); }
  /// The value ends before `after`; false as above.
  bool finish(const char* after, RawValue& value) {
    active_ = false;
    value = {{from_, after}, chunk_end_, true};
    if (kept_.empty()) return value.text.size() <= cap_;
    const bool fits = keep(after);
    value = {kept_, kept_.data() + kept_.size(), false};
    return fits;
  }

 private:
  bool keep(const char* until) {
    kept_.append(from_, until);
    return kept_.size() <= cap_;
  }

  const std::size_t cap_;
  bool active_ = false;
  const char* from_ = nullptr;  ///< what was not kept yet
  const char* chunk_end_ = nullptr;
  std::string kept_;
};

}  // namespace postern::kube::filter
