#include "proxy/access/api/patch.h"

#include "kube/media_type.h"
#include "kube/object_meta.h"
#include "proxy/access/api/document.h"

#include <utility>

namespace postern::proxy::access::api {
namespace {

constexpr std::size_t kMaxDocumentWeight = 1536 * 1024;
constexpr std::size_t kMaxDepth = 64;
constexpr std::size_t kMaxOperations = 256;

kube::Status does_not_fit(const std::string& why) {
  return kube::Status::unprocessable("the server cannot apply the patch: " + why);
}

/// Adds up about what a document takes; false when it is too much, or too deep.
bool is_bounded(const Json& value, std::size_t depth, std::size_t& weight) {
  weight += 8 + (value.is_string() ? value.get_ref<const std::string&>().size() : 0);
  if (depth > kMaxDepth || weight > kMaxDocumentWeight) return false;
  if (!value.is_structured()) return true;
  for (const auto& [key, member] : value.items()) {
    weight += key.size();
    if (!is_bounded(member, depth + 1, weight)) return false;
  }
  return true;
}

Result<void> check_bounds(const Json& document) {
  std::size_t weight = 0;
  if (is_bounded(document, 0, weight)) return {};
  return fail(kube::Status::too_large("the patched object is too large"));
}

}  // namespace

Result<Patch> Patch::read(std::string_view content_type, std::string_view body) {
  const auto type = kube::patch_media_type(content_type);
  if (!type) return fail(type.error());
  Patch patch;
  patch.is_merge_ = *type == "application/merge-patch+json";
  if (!patch.is_merge_ && *type != "application/json-patch+json") {
    return fail(kube::Status::unsupported_media_type(
        "the body of the request was in an unknown format - accepted media types include: "
        "application/json-patch+json, application/merge-patch+json; postern has no server-side "
        "apply"));
  }
  if (!patch.is_merge_) {
    const auto operations = kube::json_patch_operations(body);
    if (!operations) return fail(operations.error());
    if (operations->size() > kMaxOperations) {
      return fail(kube::Status::too_large("a JSON Patch may have at most 256 operations"));
    }
  }
  auto json = read_json(body);
  if (!json) return fail(std::move(json.error()));
  if (patch.is_merge_ && !json->is_object()) {
    return fail(kube::Status::bad_request("a merge patch has to be an object"));
  }
  patch.patch_ = std::move(*json);
  return patch;
}

Result<Json> Patch::apply(const Json& document) const {
  Json patched = document;
  if (is_merge_) {
    patched.merge_patch(patch_);
    if (auto bounded = check_bounds(patched); !bounded) return fail(std::move(bounded.error()));
    return patched;
  }
  // One by one: a few `copy` can double a document again and again.
  for (const Json& operation : patch_) {
    try {
      patched.patch_inplace(Json::array({operation}));
    } catch (const Json::exception& fault) {
      return fail(does_not_fit(fault.what()));
    }
    if (auto bounded = check_bounds(patched); !bounded) return fail(std::move(bounded.error()));
  }
  return patched;
}

}  // namespace postern::proxy::access::api
