#include "proxy/access/api/plan_parts.h"

#include "kube/delete_options.h"
#include "proxy/access/api/api_errors.h"
#include "proxy/access/api/document.h"
#include "proxy/access/api/fields.h"
#include "proxy/access/api/label_selector.h"

#include <charconv>

namespace postern::proxy::access::api {
namespace {

constexpr std::size_t kMaxAnnotationBytes = 256 * 1024;
constexpr std::size_t kMaxLabels = 64;
/// So many are told of one document.
constexpr std::size_t kMaxFaults = 64;

Result<Version> read_version(const std::string& text, std::string_view kind) {
  Version version = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), version);
  if (error == std::errc() && end == text.data() + text.size()) return version;
  return fail(
      invalid(kind, "", {invalid_value("metadata.resourceVersion", text, "is none of postern's")}));
}

}  // namespace

Result<Json> Planning::body(std::string_view kind_name, const Schema& schema, bool may_be_empty) {
  if (request.body.empty() && may_be_empty) return Json::object();
  auto document = read_document(request.content_type, request.body);
  if (!document) return document;
  auto checked = check_document(std::move(*document), {kind_name, schema}, options.validation);
  if (!checked) return fail(std::move(checked.error()));
  for (std::string& warning : checked->warnings) warnings.push_back(std::move(warning));
  return std::move(checked->document);
}

Json deleted_status(const KindInfo& kind, const ObjectMeta& meta) {
  return {{"kind", "Status"},
          {"apiVersion", "v1"},
          {"metadata", Json::object()},
          {"status", "Success"},
          {"details",
           {{"name", meta.name}, {"group", kGroup}, {"kind", kind.resource}, {"uid", meta.uid}}}};
}

Result<DeleteWish> read_delete(const ApiRequest& request) {
  const auto options = read_write_options(request.info.query);
  if (!options) return fail(options.error());
  DeleteWish wish{{}, options->dry_run};
  if (request.body.empty()) return wish;
  const auto encoding = kube::body_encoding(request.content_type);
  if (!encoding) return fail(encoding.error());
  const auto asked = kube::read_delete_options(*encoding, request.body);
  if (!asked) return fail(asked.error());
  for (const std::string& value : asked->dry_run) {
    if (value != "All") {
      return fail(kube::Status::unprocessable("dryRun: Unsupported value"));
    }
    wish.dry_run = true;
  }
  wish.preconditions.uid = asked->precondition_uid.value_or("");
  if (asked->precondition_resource_version) {
    const auto version = read_version(*asked->precondition_resource_version, "DeleteOptions");
    if (!version) return fail(version.error());
    wish.preconditions.version = *version;
  }
  return wish;
}

Result<Preconditions> preconditions_of(const Json& document, std::string_view kind) {
  std::vector<kube::StatusCause> none;
  const Fields metadata(document, "metadata", none);
  Preconditions preconditions;
  preconditions.uid = metadata.text("uid");
  if (const std::string text = metadata.text("resourceVersion"); !text.empty()) {
    const auto version = read_version(text, kind);
    if (!version) return fail(version.error());
    preconditions.version = *version;
  }
  return preconditions;
}

void check_metadata(const Json& document, std::vector<kube::StatusCause>& causes) {
  const Fields metadata(document, "metadata", causes);
  const auto labels = metadata.map("labels");
  if (labels.size() > kMaxLabels) {
    causes.push_back(too_many("metadata.labels", labels.size(), kMaxLabels));
    return;
  }
  for (const auto& [key, value] : labels) {
    if (!is_label_key(key)) {
      causes.push_back(invalid_value("metadata.labels", key, "is not the key of a label"));
    }
    if (!is_label_value(value)) {
      causes.push_back(invalid_value("metadata.labels", value, "is not the value of a label"));
    }
  }
  std::size_t bytes = 0;
  for (const auto& [key, value] : metadata.map("annotations")) {
    bytes += key.size() + value.size();
    if (!is_label_key(key) && causes.size() < kMaxFaults) {
      causes.push_back(
          invalid_value("metadata.annotations", key, "is not the key of an annotation"));
    }
  }
  if (bytes > kMaxAnnotationBytes) {
    causes.push_back(
        {"FieldValueTooLong",
         "Too long: may not be more than " + std::to_string(kMaxAnnotationBytes) + " bytes",
         "metadata.annotations"});
  }
}

}  // namespace postern::proxy::access::api
