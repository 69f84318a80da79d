#pragma once

#include "kube/filter/json_string.h"

#include <string>
#include <string_view>

namespace postern::kube::filter {

/// A text of an object's head: a view of the body where that can be, else a copy. Most are a few
/// bytes and asked for at once, so that to copy them would cost more than to read them.
///
/// Aligned, for it is emptied for each item: a store across two cache lines takes much longer.
class alignas(16) HeadText {
 public:
  HeadText() = default;
  HeadText(const HeadText&) = delete;
  HeadText& operator=(const HeadText&) = delete;
  /// Decodes what stands between the quotes of a JSON string. `stays`: it outlives this, or what
  /// holds it calls keep() before it goes. false: it cannot be decoded.
  bool read(std::string_view raw, bool stays) {
    if (!decode_json_string(raw, copy_, view_)) return false;
    if (!stays) keep();
    return true;
  }
  void clear() { view_ = {}; }
  /// What was read goes.
  void keep() {
    if (view_.empty() || view_.data() == copy_.data()) return;
    copy_ = view_;
    view_ = copy_;
  }

  std::string_view view() const { return view_; }
  bool empty() const { return view_.empty(); }

 private:
  std::string_view view_;
  std::string copy_;
};

}  // namespace postern::kube::filter
