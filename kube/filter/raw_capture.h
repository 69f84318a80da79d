#pragma once

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
  void chunk_begin(const char* begin) { from_ = begin; }
  bool chunk_end(const char* end) { return !active_ || keep(end); }
  /// The value ends before `after`. `value` dies with the chunk; false as above.
  bool finish(const char* after, std::string_view& value) {
    active_ = false;
    value = {from_, static_cast<std::size_t>(after - from_)};
    if (kept_.empty()) return value.size() <= cap_;
    const bool fits = keep(after);
    value = kept_;
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
  std::string kept_;
};

}  // namespace postern::kube::filter
