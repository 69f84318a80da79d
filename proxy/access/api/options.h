#pragma once

#include "kube/query.h"
#include "kube/result.h"
#include "kube/selector.h"
#include "proxy/access/api/api_object.h"
#include "proxy/access/api/field_check.h"
#include "proxy/access/api/label_selector.h"
#include "proxy/access/state/objects.h"

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The query parameters of the verbs (metav1.ListOptions, CreateOptions, …), read as kube-apiserver
/// does: 400 for what does not parse, 422 for what does not fit together.
namespace postern::proxy::access::api {

/// The selectors of a list or watch.
class Selection {
 public:
  /// 400 for selectors that do not parse and for fields that the kind does not select by.
  static Result<Selection> read(const kube::Query& query, const KindInfo& kind);

  /// Object: RequestObject and its like (field_of).
  template <typename Object>
  bool matches(const Object& object) const {
    for (const kube::FieldRequirement& one : fields_) {
      if ((field_of(object, one.field) == one.value) != one.equals) return false;
    }
    return labels_.matches(object.meta.labels);
  }
  /// The value that a field must have to match; nullopt: it may have several.
  std::optional<std::string_view> wanted(std::string_view field) const {
    for (const kube::FieldRequirement& one : fields_) {
      if (one.equals && one.field == field) return one.value;
    }
    return std::nullopt;
  }
  /// Those alone that the caller may review now (`status.reviewable=true`, of requests): for this
  /// one has to know who asks, so that it is not a part of matches().
  bool reviewable() const { return reviewable_; }

 private:
  LabelSelector labels_;
  std::vector<kube::FieldRequirement> fields_;
  bool reviewable_ = false;
};

/// Where a list goes on. The token that the client keeps is readable: it holds the version of the
/// first page and the name of the last object shown, which the client has seen.
struct ContinuePoint {
  Version version = 0;
  std::string after;

  std::string token() const;
  /// 400 for what is no token.
  static Result<ContinuePoint> parse(std::string_view token);
};

enum class VersionMatch { kAny, kNotOlderThan, kExact };
/// The query of a list, checked.
struct ListOptions {
  Selection selection;
  std::size_t limit = 0;  ///< 0: all
  std::optional<ContinuePoint> from;
  std::optional<Version> version;  ///< nullopt: the newest
  VersionMatch match = VersionMatch::kAny;
};
/// The query of a watch, checked.
struct WatchOptions {
  Selection selection;
  std::optional<Version> version;  ///< after this one; nullopt: what is there first, as ADDED
  bool initial_events = true;      ///< with `version` nullopt: false leaves them out
  /// A bookmark tells that the initial events are over.
  bool initial_end = false;
  bool bookmarks = false;
  std::optional<std::chrono::seconds> timeout;
};
/// The query of a write, checked.
struct WriteOptions {
  bool dry_run = false;
  FieldValidation validation = FieldValidation::kWarn;
};

Result<ListOptions> read_list_options(const kube::Query& query, const KindInfo& kind);
Result<WatchOptions> read_watch_options(const kube::Query& query, const KindInfo& kind);
Result<WriteOptions> read_write_options(const kube::Query& query);

}  // namespace postern::proxy::access::api
