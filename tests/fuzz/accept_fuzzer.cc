// Accept headers: whatever a client writes, only our own words go upstream, and only JSON where the
// answer is filtered.

#include "kube/accept.h"
#include "kube/accept_clause.h"
#include "kube/media_type.h"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace postern::kube;

void require(bool condition) {
  if (!condition) std::abort();
}

void check_plan(const std::string& upstream, const AcceptContext& context) {
  require(!upstream.empty() && upstream.find("cbor") == std::string::npos);
  for (const char c : upstream) require(c > 0x20 && c < 0x7f);
  for (const std::string_view element : split_header_list(upstream)) {
    const auto type = parse_media_type(element);
    require(type.has_value());
    require(!context.filtered || type->essence() == "application/json");
  }
  Query query;
  const auto again = plan_accept(upstream, context, query);
  require(again.has_value() && again->upstream_accept == upstream);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view header(reinterpret_cast<const char*>(data) + 1, size - 1);
  const AcceptContext context{(data[0] & 1U) != 0, (data[0] & 2U) != 0, (data[0] & 4U) != 0};
  Query query;
  query.set("includeObject", (data[0] & 8U) != 0 ? "None" : "Object");
  const auto plan = plan_accept(header, context, query);
  if (plan) {
    check_plan(plan->upstream_accept, context);
    require(!(plan->blank_table_objects && plan->reduce_table_objects));
  } else {
    require(plan.error().code == 406);
  }
  classify_content_type(header);
  if (const auto type = patch_media_type(header)) {
    require(*patch_media_type(*type) == *type);
  }
  return 0;
}
