#include "proxy/access/api/options.h"

#include "kube/text.h"
#include "proxy/access/api/api_errors.h"
#include "proxy/crypto/base64url.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace postern::proxy::access::api {
namespace {

constexpr std::size_t kMaxFieldManager = 128;
constexpr std::size_t kMaxFieldRequirements = 100;
constexpr std::string_view kReviewable = "status.reviewable";
/// Of a watch; as a time on the clock more would overflow.
constexpr long kMaxTimeoutSeconds = 24L * 3600;

template <typename Number>
std::optional<Number> as_number(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(number)
                                                                  : std::nullopt;
}

kube::Status bad_options(std::string_view kind, kube::StatusCause cause) {
  std::string message(kind);
  message.append(".meta.k8s.io \"\" is invalid: ").append(cause.field).append(": ");
  kube::Status status = kube::Status::unprocessable(message + cause.message);
  status.details_group = "meta.k8s.io";
  status.details_kind = kind;
  status.causes = {std::move(cause)};
  return status;
}

kube::Status list_fault(const char* field, const char* why) {
  return bad_options("ListOptions", forbidden_value(field, why));
}

/// `resourceVersion`: "" and "0" are "whatever is newest".
Result<std::optional<Version>> read_version(const kube::Query& query) {
  const std::string_view text = query.get("resourceVersion");
  if (text.empty()) return std::nullopt;
  const auto version = as_number<Version>(text);
  if (!version) {
    return fail(
        bad_options("ListOptions", invalid_value("resourceVersion", text, "has to be a number")));
  }
  return *version == 0 ? std::nullopt : version;
}

Result<VersionMatch> read_match(const kube::Query& query) {
  const std::string_view text = query.get("resourceVersionMatch");
  if (text.empty()) return VersionMatch::kAny;
  if (text == "NotOlderThan") return VersionMatch::kNotOlderThan;
  if (text == "Exact") return VersionMatch::kExact;
  return fail(bad_options("ListOptions", unsupported_value("resourceVersionMatch", text,
                                                           {"Exact", "NotOlderThan", ""})));
}

Result<void> check_match(const kube::Query& query, const ListOptions& options) {
  if (query.has("sendInitialEvents")) {
    return fail(list_fault("sendInitialEvents", "sendInitialEvents is forbidden for list"));
  }
  if (options.match == VersionMatch::kAny) return {};
  if (query.get("resourceVersion").empty()) {
    return fail(list_fault("resourceVersionMatch",
                           "resourceVersionMatch is forbidden unless resourceVersion is "
                           "provided"));
  }
  if (options.match == VersionMatch::kExact && !options.version) {
    return fail(list_fault("resourceVersionMatch",
                           "resourceVersionMatch \"Exact\" is forbidden for resourceVersion "
                           "\"0\""));
  }
  if (options.from) {
    return fail(list_fault("resourceVersionMatch",
                           "resourceVersionMatch is forbidden when continue is provided"));
  }
  return {};
}

Result<void> check_initial_events(const kube::Query& query) {
  const bool written = query.has("sendInitialEvents");
  const bool not_older = query.get("resourceVersionMatch") == "NotOlderThan";
  if (written && !not_older) {
    return fail(list_fault("resourceVersionMatch",
                           "sendInitialEvents requires setting resourceVersionMatch to "
                           "NotOlderThan"));
  }
  if (!written && query.has("resourceVersionMatch")) {
    return fail(list_fault("resourceVersionMatch",
                           "resourceVersionMatch is forbidden for watch unless "
                           "sendInitialEvents is provided"));
  }
  return {};
}

}  // namespace

Result<Selection> Selection::read(const kube::Query& query, const KindInfo& kind) {
  Selection selection;
  auto labels = LabelSelector::parse(query.get("labelSelector"));
  if (!labels) return fail(std::move(labels.error()));
  selection.labels_ = std::move(*labels);
  auto fields = kube::parse_field_selector(query.get("fieldSelector"));
  if (!fields) return fail(std::move(fields.error()));
  if (fields->size() > kMaxFieldRequirements) {
    return fail(kube::Status::bad_request("the field selector has too many requirements"));
  }
  for (const kube::FieldRequirement& one : *fields) {
    const auto& known = kind.selectable_fields;
    if (std::find(known.begin(), known.end(), one.field) == known.end()) {
      return fail(
          kube::Status::bad_request("field label not supported: " + kube::printable(one.field)));
    }
  }
  for (kube::FieldRequirement& one : *fields) {
    if (one.field != kReviewable) {
      selection.fields_.push_back(std::move(one));
    } else if (one.value != "true" || !one.equals) {
      return fail(kube::Status::bad_request(std::string(kReviewable) +
                                            " may only be asked for as " +
                                            std::string(kReviewable) + "=true"));
    } else {
      selection.reviewable_ = true;
    }
  }
  return selection;
}

std::string ContinuePoint::token() const {
  return base64url_encode(json_text({{"v", 1}, {"rv", version}, {"after", after}}));
}

Result<ContinuePoint> ContinuePoint::parse(std::string_view token) {
  const auto text = base64url_decode(token);
  const Json json = text ? Json::parse(*text, nullptr, false) : Json();
  const bool fits = json.is_object() && json.value("v", Json()) == 1 &&
                    json.value("rv", Json()).is_number_unsigned() &&
                    json.value("after", Json()).is_string();
  if (!fits) return fail(kube::Status::bad_request("continue key is not valid"));
  return ContinuePoint{json["rv"].get<Version>(), json["after"].get<std::string>()};
}

Result<ListOptions> read_list_options(const kube::Query& query, const KindInfo& kind) {
  ListOptions options;
  auto selection = Selection::read(query, kind);
  if (!selection) return fail(std::move(selection.error()));
  options.selection = std::move(*selection);
  if (const std::string_view limit = query.get("limit"); !limit.empty()) {
    const auto number = as_number<std::size_t>(limit);
    if (!number) {
      return fail(bad_options("ListOptions", invalid_value("limit", limit, "has to be a number")));
    }
    options.limit = *number;
  }
  if (const std::string_view token = query.get("continue"); !token.empty()) {
    auto from = ContinuePoint::parse(token);
    if (!from) return fail(std::move(from.error()));
    options.from = std::move(*from);
  }
  const auto version = read_version(query);
  if (!version) return fail(version.error());
  options.version = *version;
  const auto match = read_match(query);
  if (!match) return fail(match.error());
  options.match = *match;
  if (auto fits = check_match(query, options); !fits) return fail(std::move(fits.error()));
  if (options.from && options.version) {
    return fail(kube::Status::bad_request(
        "specifying resource version is not allowed when using continue"));
  }
  return options;
}

Result<WatchOptions> read_watch_options(const kube::Query& query, const KindInfo& kind) {
  WatchOptions options;
  auto selection = Selection::read(query, kind);
  if (!selection) return fail(std::move(selection.error()));
  options.selection = std::move(*selection);
  if (options.selection.reviewable()) {
    return fail(kube::Status::bad_request(std::string(kReviewable) + " cannot be watched"));
  }
  if (auto fits = check_initial_events(query); !fits) return fail(std::move(fits.error()));
  const auto version = read_version(query);
  if (!version) return fail(version.error());
  options.bookmarks = query.get_bool("allowWatchBookmarks");
  if (query.has("sendInitialEvents")) {
    // "Not older than": what is there now is.
    options.initial_events = query.get_bool("sendInitialEvents");
    options.version = options.initial_events ? std::nullopt : *version;
    options.initial_end = options.initial_events && options.bookmarks;
  } else {
    options.version = *version;
  }
  if (const auto seconds = as_number<long>(query.get("timeoutSeconds")); seconds && *seconds > 0) {
    options.timeout = std::chrono::seconds(std::min(*seconds, kMaxTimeoutSeconds));
  }
  return options;
}

Result<WriteOptions> read_write_options(const kube::Query& query) {
  WriteOptions options;
  for (const auto& [key, value] : query.pairs()) {
    if (key != "dryRun") continue;
    if (value != "All") {
      return fail(bad_options("CreateOptions", unsupported_value("dryRun", value, {"All"})));
    }
    options.dry_run = true;
  }
  const std::string_view validation = query.get("fieldValidation");
  if (validation == "Strict") {
    options.validation = FieldValidation::kStrict;
  } else if (validation == "Ignore") {
    options.validation = FieldValidation::kIgnore;
  } else if (!validation.empty() && validation != "Warn") {
    return fail(bad_options("CreateOptions", unsupported_value("fieldValidation", validation,
                                                               {"Ignore", "Strict", "Warn"})));
  }
  const std::string_view manager = query.get("fieldManager");
  if (manager.size() > kMaxFieldManager || !kube::is_printable(manager)) {
    return fail(bad_options(
        "CreateOptions",
        invalid_value("fieldManager", manager, "has to be printable, at most 128 bytes")));
  }
  return options;
}

}  // namespace postern::proxy::access::api
