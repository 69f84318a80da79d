#include "proxy/session/stream_boundary.h"

#include "kube/media_type.h"
#include "proxy/http/codec.h"

namespace postern::proxy {

StreamBoundary::StreamBoundary(const http::ResponseHead& head) {
  const auto encoding = head.fields.get("content-encoding");
  const auto form = kube::classify_content_type(head.fields.get("content-type").value_or(""));
  const bool is_text = form == kube::ContentClass::kJson || form == kube::ContentClass::kPlainText;
  has_lines_ = is_text && (!encoding || http::iequals(*encoding, "identity"));
}

std::size_t StreamBoundary::pass(std::string_view piece) {
  if (piece.empty() || reached()) {
    return 0;
  }
  const std::size_t end = ending_ ? piece.find('\n') : std::string_view::npos;
  if (end != std::string_view::npos) {
    here_ = true;
    return end + 1;
  }
  here_ = piece.back() == '\n';
  return piece.size();
}

}  // namespace postern::proxy
