#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace postern::kube::filter {

/// Where an item's bytes go: held while it is undecided, then to the client or nowhere.
///
/// Between begin() and end() the bytes from begin()'s position on belong to the item, but for those
/// between pause() and resume(). Positions point into the current chunk, which chunk_begin() and
/// chunk_end() announce.
class ItemSink {
 public:
  explicit ItemSink(std::size_t cap) : cap_(cap) {}

  void chunk_begin(const char* p) {
    if (from_ != nullptr) from_ = p;
  }
  /// Puts the chunk's rest where it belongs. false: more is undecided than the cap allows.
  bool chunk_end(const char* end, std::string& out) {
    if (from_ == nullptr) return true;
    take(end, out);
    from_ = end;
    return kept_ || held_.size() <= cap_;
  }

  void begin(const char* at) {
    from_ = at;
    kept_ = false;
    held_.clear();
  }
  /// Whether what is undecided at `at` is within the cap, however it was cut into chunks.
  bool fits(const char* at) const {
    const std::size_t here = from_ == nullptr ? 0 : static_cast<std::size_t>(at - from_);
    return held_.size() + here <= cap_;
  }
  /// Decides. From now on bytes go straight to `out`.
  void keep(std::string& out) {
    if (!held_.empty()) out.append(held_);
    held_.clear();
    kept_ = true;
  }
  void drop() {
    from_ = nullptr;
    held_.clear();
  }
  void end(const char* after, std::string& out) {
    if (from_ != nullptr) take(after, out);
    from_ = nullptr;
  }

  /// Leaves out what comes until resume(), which puts `instead` in its place.
  void pause(const char* at, std::string& out) {
    take(at, out);
    from_ = nullptr;
  }
  void resume(const char* at, std::string_view instead, std::string& out) {
    destination(out).append(instead);
    from_ = at;
  }

  bool kept() const { return kept_; }

 private:
  std::string& destination(std::string& out) { return kept_ ? out : held_; }
  void take(const char* until, std::string& out) { destination(out).append(from_, until); }
  const std::size_t cap_;
  const char* from_ = nullptr;  ///< the first byte of the item that was not taken yet
  bool kept_ = false;
  std::string held_;
};

}  // namespace postern::kube::filter
