#pragma once

#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>

namespace postern::kube::filter {

/// Appends some texts to `out`, one after the other. It grows once for all of them, since events of
/// a few bytes are written in as many pieces. No text may be a part of `out`.
template <class... Texts>
[[gnu::always_inline]] inline void append_all(std::string& out, const Texts&... texts) {
  const std::size_t before = out.size();
  out.resize(before + (std::string_view(texts).size() + ...));
  char* to = out.data() + before;
  const auto copy = [&to](std::string_view text) {
    if (!text.empty()) std::memcpy(to, text.data(), text.size());
    to += text.size();
  };
  (copy(std::string_view(texts)), ...);
}

}  // namespace postern::kube::filter
