#pragma once

#include "kube/filter/append_all.h"

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace postern::kube::filter {

/// Where an item's bytes go: held while it is undecided, then to the client or nowhere.
///
/// Between begin() and end() the bytes from begin()'s position on belong to the item, but for those
/// between pause() and resume(). Positions point into the current chunk, which chunk_begin() and
/// chunk_end() announce.
///
/// What belongs to the item is noted first and copied at its end or the chunk's, whichever is
/// sooner: rows of a few bytes consist of several pieces, and hidden ones are never copied.
class ItemSink {
 public:
  explicit ItemSink(std::size_t cap) : cap_(cap) {}

  void chunk_begin(const char* p) {
    if (from_ != nullptr) from_ = p;
  }
  /// Puts the chunk's rest where it belongs. false: more is undecided than the cap allows.
  bool chunk_end(const char* end, std::string& out) {
    if (from_ != nullptr) {
      note({from_, end}, out);
      from_ = end;
    }
    write(out);
    return kept_ || held_.size() <= cap_;
  }

  /// The item before must have ended or been dropped.
  void begin(const char* at) {
    from_ = at;
    kept_ = false;
  }
  /// Whether what is undecided at `at` is within the cap, however it was cut into chunks.
  bool fits(const char* at) const {
    const std::size_t here = from_ == nullptr ? 0 : static_cast<std::size_t>(at - from_);
    return held_.size() + noted_bytes_ + here <= cap_;
  }
  /// Decides. From now on bytes go to `out`.
  void keep(std::string& out) {
    if (!held_.empty()) out.append(held_);
    release();
    kept_ = true;
  }
  void drop() {
    from_ = nullptr;
    forget();
    release();
  }
  /// The item was kept.
  void end(const char* after, std::string& out) {
    if (from_ != nullptr) note({from_, after}, out);
    from_ = nullptr;
    write(out);
  }

  /// Leaves out what comes until resume(), which puts `instead` (a static text) in its place.
  void pause(const char* at, std::string& out) {
    note({from_, at}, out);
    from_ = nullptr;
  }
  void resume(const char* at, std::string_view instead, std::string& out) {
    note(instead, out);
    from_ = at;
  }

 private:
  /// A row whose object is reduced: what is before it, its new beginning, its metadata, its new
  /// end, and what is behind it.
  static constexpr std::size_t kMostPieces = 5;

  void note(std::string_view piece, std::string& out) {
    if (noted_ == kMostPieces) [[unlikely]]
      write(out);
    pieces_[noted_++] = piece;
    noted_bytes_ += piece.size();
  }
  [[gnu::noinline]] void write(std::string& out) {
    if (noted_ != 0) append_pieces(kept_ ? out : held_, {pieces_.data(), noted_}, noted_bytes_);
    forget();
  }
  void forget() { noted_ = noted_bytes_ = 0; }
  void release() {
    if (!held_.empty()) held_.clear();
  }

  const std::size_t cap_;
  const char* from_ = nullptr;  ///< the first byte of the item that was not noted yet
  bool kept_ = false;
  std::array<std::string_view, kMostPieces> pieces_;
  std::size_t noted_ = 0;  ///< how many of them
  std::size_t noted_bytes_ = 0;
  std::string held_;
};

}  // namespace postern::kube::filter
