#pragma once

#include <string>
#include <string_view>

namespace postern::kube::filter {

/// Appends some texts to `out`, one after the other.
template <class... Texts>
[[gnu::always_inline]] inline void append_all(std::string& out, const Texts&... texts) {
  (out.append(std::string_view(texts)), ...);
}

}  // namespace postern::kube::filter
