#include "kube/filter/watch_special.h"

#include "kube/filter/append_all.h"
#include "kube/filter/json_string.h"
#include "kube/filter/member_reader.h"
#include "kube/filter/table_row.h"

namespace postern::kube::filter {
namespace {

using Part = EventParts::Part;

constexpr std::string_view kInitialEventsEnd = "k8s.io/initial-events-end";

bool is_text(std::string_view value) {
  return value.size() >= 2 && value.front() == '"' &&
         is_json_text(value.substr(1, value.size() - 2));
}

constexpr const char* kUnreadable = "a bookmark cannot be read";

/// Appends the metadata of a bookmark; the arguments are members of it as written.
const char* append_bookmark_metadata(std::string_view version, std::string_view annotations,
                                     std::string& out) {
  if (!is_text(version)) return "a bookmark without resourceVersion";
  std::string_view end;
  const bool annotated = !annotations.empty() && annotations != "null";
  if (annotated && !read_members(annotations, {{kInitialEventsEnd, &end}})) return kUnreadable;
  if (!end.empty() && !is_text(end)) return kUnreadable;
  append_all(out, R"({"resourceVersion":)", version);
  if (is_word(end, "\"true\"")) {
    out.append(R"(,"annotations":{"k8s.io/initial-events-end":"true"})");
  }
  out.push_back('}');
  return nullptr;
}

/// Reads, of the metadata of the object that `text` begins with, what append_bookmark_metadata
/// takes.
const char* read_bookmark_object(std::string_view text, std::string_view& version,
                                 std::string_view& annotations, std::string_view& rest) {
  Member member;
  MemberReader reader(text);
  bool seen = false;
  while (reader.next_key(member.key)) {
    if (!is_word(member.key, "metadata")) {
      if (!reader.skip_value(member.value)) break;
      continue;
    }
    if (seen) return kUnreadable;
    seen = true;
    std::string_view behind;
    if (!read_members(reader.text(), {{"resourceVersion", &version}, {"annotations", &annotations}},
                      behind)) {
      return kUnreadable;
    }
    reader.go_on(behind);
  }
  rest = reader.text();
  return seen && !reader.failed() ? nullptr : kUnreadable;
}

/// Appends the columns and rows of a Table bookmark: at most one row, which has no cells.
const char* append_bookmark_rows(const EventParts& object, std::string& out) {
  TableRow row;
  std::string_view version;
  std::string_view annotations;
  const auto read_object = [&](std::string_view text, std::string_view& rest) {
    return read_bookmark_object(text, version, annotations, rest);
  };
  if (const char* const reason = read_table_rows(object.rows(), object.end(), read_object, row))
    return reason;
  out.append(R"(,"columnDefinitions":[],"rows":[)");
  if (!row.object.empty()) {
    append_all(out, R"({"cells":[],"object":{"kind":"PartialObjectMetadata","apiVersion":)",
               object[Part::kApiVersion], R"(,"metadata":)");
    const char* const reason = append_bookmark_metadata(version, annotations, out);
    if (reason != nullptr) return reason;
    out.append("}}");
  }
  out.push_back(']');
  return nullptr;
}

/// Whether a Status's texts speak of versions and time only, by its reason (apimachinery meta/v1
/// StatusReason).
bool concerns_the_watch(std::string_view reason) {
  return is_word(reason, "Expired") || is_word(reason, "Gone") || is_word(reason, "Timeout") ||
         is_word(reason, "ServerTimeout") || is_word(reason, "TooManyRequests") ||
         is_word(reason, "ServiceUnavailable");
}

/// A member as it is written, key and colon included; nothing where there is no value.
struct Written {
  Written(std::string_view prefix, std::string_view text)
      : key(text.empty() ? std::string_view() : prefix), value(text) {}
  std::string_view key;
  std::string_view value;
};

}  // namespace

const char* append_bookmark(const EventParts& object, std::string& out) {
  const std::string_view kind = object[Part::kKind];
  const std::string_view api_version = object[Part::kApiVersion];
  if (object.repeats(Part::kKind, Part::kApiVersion, Part::kRows, Part::kResourceVersion,
                     Part::kAnnotations) ||
      !is_text(kind) || !is_text(api_version)) {
    return kUnreadable;
  }
  append_all(out, R"({"type":"BOOKMARK","object":{"kind":)", kind, R"(,"apiVersion":)", api_version,
             R"(,"metadata":)");
  if (const char* const reason = append_bookmark_metadata(object[Part::kResourceVersion],
                                                          object[Part::kAnnotations], out)) {
    return reason;
  }
  if (is_word(kind, "\"Table\"") && is_meta_version(api_version)) {
    const char* const reason = append_bookmark_rows(object, out);
    if (reason != nullptr) return reason;
  }
  out.append("}}\n");
  return nullptr;
}

const char* append_error(const EventParts& object, const SealContinue& seal, std::string& out) {
  std::string reason;
  if (object.repeats_list_metadata() ||
      object.repeats(Part::kKind, Part::kApiVersion, Part::kStatus, Part::kMessage, Part::kReason,
                     Part::kDetails, Part::kCode) ||
      !read_text(object.or_null(Part::kReason), reason)) {
    return "an error event cannot be read";
  }
  if (!is_word(object[Part::kKind], "\"Status\"")) return "an error event without a Status";
  std::string buffer;
  std::string_view metadata;
  if (const char* const bad = rewrite_list_metadata(object, seal, buffer, metadata)) return bad;

  const bool harmless = concerns_the_watch(reason);
  const Written version(R"(,"apiVersion":)", object[Part::kApiVersion]);
  const Written status(R"(,"status":)", object[Part::kStatus]);
  const Written message(
      R"(,"message":)",
      harmless ? object[Part::kMessage] : R"("the API server ended the watch with an error")");
  const Written why(R"(,"reason":)",
                    is_word(object[Part::kReason], "null") ? "" : object[Part::kReason]);
  const Written details(R"(,"details":)", harmless ? object[Part::kDetails] : "");
  const Written code(R"(,"code":)", object[Part::kCode]);
  append_all(out, R"({"type":"ERROR","object":{"kind":"Status")", version.key, version.value,
             R"(,"metadata":)", metadata, status.key, status.value, message.key, message.value,
             why.key, why.value, details.key, details.value, code.key, code.value, "}}\n");
  return nullptr;
}

}  // namespace postern::kube::filter
