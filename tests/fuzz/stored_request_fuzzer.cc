#include "rbac/request/agreement.h"
#include "rbac/request/stored_request.h"

#include <cstdint>
#include <cstdlib>
#include <string_view>

// Any text is a request that is written as it was read, and that agrees with itself, or a 500 with
// a sentence.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace postern::rbac::request;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto request = from_stored(text);
  if (!request) {
    if (request.error().code != 500 || request.error().message.empty()) std::abort();
    return 0;
  }
  const auto written = to_stored(*request);
  if (!written || *written != text || !check_agreement(*request)) std::abort();
  if (request->name.empty() || request->user.empty() || request->spec.roles.empty()) std::abort();
  if (request->spec.resource_ids.size() != request->effective.resource_ids.size()) std::abort();
  if (request->state == State::kApproved && request->reviews.empty()) std::abort();
  return 0;
}
