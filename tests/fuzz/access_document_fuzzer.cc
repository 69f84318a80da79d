// Bodies of the access API: what is read of them is bounded, has no key twice, means the same when
// it is written and read again, and what fits a kind's schema stays fitting.

#include "proxy/access/api/document.h"
#include "proxy/access/api/field_check.h"
#include "proxy/access/api/kinds.h"
#include "proxy/access/api/patch.h"

#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

using namespace postern::proxy::access::api;

void require(bool holds) {
  if (!holds) std::abort();
}

void check_kinds(const Json& document) {
  for (const KindInfo& kind : kinds()) {
    const ExpectedKind expected{kind.kind, kind.schema};
    const auto once = check_document(document, expected, FieldValidation::kIgnore);
    if (!once) continue;
    const auto twice = check_document(once->document, expected, FieldValidation::kStrict);
    require(twice && twice->document == once->document);
  }
}

void check(const postern::Result<Json>& read) {
  if (!read) {
    require(read.error().code == 400 || read.error().code == 413 || read.error().code == 415);
    return;
  }
  require(read_json(json_text(*read)) == *read);
  check_kinds(*read);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check(read_document("application/json", text));
  check(read_document("application/yaml", text));
  for (const char* type : {"application/merge-patch+json", "application/json-patch+json"}) {
    if (const auto patch = Patch::read(type, text)) {
      static_cast<void>(patch->apply({{"spec", {{"roles", {"a"}}}}, {"a", "b"}}));
    }
  }
  return 0;
}
