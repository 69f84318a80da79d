#pragma once

#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace postern::kube::filter {

/// Copies `text` to where it fits. Returns the place behind it.
inline char* copy_text(std::string_view text, char* to) {
  if (!text.empty()) std::memcpy(to, text.data(), text.size());
  return to + text.size();
}

/// Appends some texts to `out`, one after the other. It grows once for all of them, since events of
/// a few bytes are written in as many pieces. No text may be a part of `out`.
template <class... Texts>
[[gnu::always_inline]] inline void append_all(std::string& out, const Texts&... texts) {
  const std::size_t before = out.size();
  out.resize(before + (std::string_view(texts).size() + ...));
  char* to = out.data() + before;
  ((to = copy_text(std::string_view(texts), to)), ...);
}

/// The same of `pieces`, which have `size` bytes. Where those are many, growing once does not pay,
/// for it writes zeros first.
inline void append_pieces(std::string& out, std::span<const std::string_view> pieces,
                          std::size_t size) {
  constexpr std::size_t kMany = 512;
  if (pieces.size() == 1 || size > kMany) {
    for (const std::string_view piece : pieces) out.append(piece);
    return;
  }
  const std::size_t before = out.size();
  out.resize(before + size);
  char* to = out.data() + before;
  for (const std::string_view piece : pieces) to = copy_text(piece, to);
}

}  // namespace postern::kube::filter
