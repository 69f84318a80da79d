#include "kube/filter/watch_special.h"

#include "kube/filter/member_reader.h"

#include <algorithm>
#include <array>

namespace postern::kube::filter {
namespace {

constexpr std::string_view kInitialEventsEnd = "k8s.io/initial-events-end";

bool is_text(std::string_view value) {
  std::string text;
  return value.starts_with('"') && read_text(value, text);
}

/// Appends the metadata of a bookmark; `version` is its resourceVersion as written.
const char* append_bookmark_metadata(std::string_view metadata, std::string& out) {
  constexpr const char* kReason = "a bookmark cannot be read";
  std::string_view version;
  std::string_view annotations;
  std::string_view end;
  if (!read_members(metadata, {{"resourceVersion", &version}, {"annotations", &annotations}})) {
    return kReason;
  }
  if (!is_text(version)) return "a bookmark without resourceVersion";
  const bool annotated = !annotations.empty() && annotations != "null";
  if (annotated && !read_members(annotations, {{kInitialEventsEnd, &end}})) return kReason;
  if (!end.empty() && !is_text(end)) return kReason;
  out.append(R"({"resourceVersion":)").append(version);
  if (end == "\"true\"") out.append(R"(,"annotations":{"k8s.io/initial-events-end":"true"})");
  out.push_back('}');
  return nullptr;
}

/// Appends the columns and rows of a Table bookmark: at most one row, which has no cells.
const char* append_bookmark_rows(std::string_view rows, std::string_view api_version,
                                 std::string& out) {
  constexpr const char* kReason = "a bookmark cannot be read";
  std::string_view row;
  int count = 0;
  if (!rows.empty() && rows != "null" && !read_first_element(rows, row, count)) return kReason;
  if (count > 1) return "more than one row in an event";
  out.append(R"(,"columnDefinitions":[],"rows":[)");
  std::string_view object = "null";
  if (count == 1 && !read_members(row, {{"object", &object}})) return kReason;
  if (object != "null") {
    std::string_view metadata;
    if (!read_members(object, {{"metadata", &metadata}})) return kReason;
    out.append(R"({"cells":[],"object":{"kind":"PartialObjectMetadata","apiVersion":)");
    out.append(api_version).append(R"(,"metadata":)");
    const char* const reason = append_bookmark_metadata(metadata, out);
    if (reason != nullptr) return reason;
    out.append("}}");
  }
  out.push_back(']');
  return nullptr;
}

/// Reasons (apimachinery meta/v1 StatusReason) whose texts speak of versions and time only.
bool concerns_the_watch(std::string_view reason) {
  static constexpr std::array<std::string_view, 6> kReasons = {
      "Expired", "Gone", "Timeout", "ServerTimeout", "TooManyRequests", "ServiceUnavailable"};
  return std::find(kReasons.begin(), kReasons.end(), reason) != kReasons.end();
}

}  // namespace

const char* append_bookmark(std::string_view object, std::string& out) {
  std::string_view kind;
  std::string_view api_version;
  std::string_view metadata;
  std::string_view rows;
  if (!read_members(object, {{"kind", &kind},
                             {"apiVersion", &api_version},
                             {"metadata", &metadata},
                             {"rows", &rows}}) ||
      !is_text(kind) || !is_text(api_version)) {
    return "a bookmark cannot be read";
  }
  out.append(R"({"type":"BOOKMARK","object":{"kind":)").append(kind);
  out.append(R"(,"apiVersion":)").append(api_version).append(R"(,"metadata":)");
  if (const char* const reason = append_bookmark_metadata(metadata, out)) return reason;
  if (kind == "\"Table\"" && api_version.starts_with("\"meta.k8s.io/")) {
    if (const char* const reason = append_bookmark_rows(rows, api_version, out)) return reason;
  }
  out.append("}}\n");
  return nullptr;
}

const char* append_error(std::string_view object, const SealContinue& seal, std::string& out) {
  std::string_view kind, api_version, metadata = "null", reason = "null";
  std::string_view status, message, details, code;
  std::string reason_text;
  if (!read_members(object, {{"kind", &kind},
                             {"apiVersion", &api_version},
                             {"metadata", &metadata},
                             {"status", &status},
                             {"message", &message},
                             {"reason", &reason},
                             {"details", &details},
                             {"code", &code}}) ||
      !read_text(reason, reason_text)) {
    return "an error event cannot be read";
  }
  if (kind != "\"Status\"") return "an error event without a Status";
  if (!concerns_the_watch(reason_text)) {
    message = R"("the API server ended the watch with an error")";
    details = {};
  }
  const auto member = [&out](std::string_view key, std::string_view value) {
    if (!value.empty()) out.append(",\"").append(key).append("\":").append(value);
  };
  out.append(R"({"type":"ERROR","object":{"kind":"Status")");
  member("apiVersion", api_version);
  out.append(R"(,"metadata":)");
  std::string token;
  if (const char* bad = rewrite_list_metadata(metadata, seal, true, token, out)) return bad;
  member("status", status);
  member("message", message);
  member("reason", reason == "null" ? std::string_view() : reason);
  member("details", details);
  member("code", code);
  out.append("}}\n");
  return nullptr;
}

}  // namespace postern::kube::filter
