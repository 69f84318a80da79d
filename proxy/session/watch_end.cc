#include "proxy/session/watch_end.h"

#include "kube/media_type.h"
#include "proxy/session/answer.h"

namespace postern::proxy {
namespace {

constexpr std::string_view kExpiredEvent =
    R"({"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure",)"
    R"("message":"what you may see has changed: list again","reason":"Expired","code":410}})"
    "\n";

}  // namespace

bool may_end_politely(const http::ResponseHead& head) {
  return kube::classify_content_type(head.fields.get("content-type").value_or("")) ==
         kube::ContentClass::kJson;
}

void keep_if_whole(ProxiedRequest& request, const ResponseSink& sink) {
  if (!sink.ends_anywhere()) request.head.keep_alive = false;
}

Task<Result<void>> end_watch(ResponseSink& sink, StreamEnd end, Result<void> outcome) {
  if (end == StreamEnd::kNone) {
    co_return outcome;
  }
  // Events are written whole, so what is under way so far ends at an event's end.
  if (end != StreamEnd::kDrained) {
    sink.payload().append(kExpiredEvent);
  }
  const error_code error = co_await sink.finish();
  co_return error ? Result<void>(fail(client_is_gone())) : Result<void>();
}

}  // namespace postern::proxy
