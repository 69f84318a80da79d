#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace postern::kube::filter {

/// A reference to another object (core/v1 ObjectReference), as events carry it. Views into the
/// item.
struct ObjectReference {
  std::string_view api_version;
  std::string_view kind;
  std::string_view namespace_;
  std::string_view name;
};

/// What a predicate sees of an object. All views die with the call.
struct Item {
  std::string_view namespace_;  ///< "" for cluster-scoped objects
  std::string_view name;
  /// Events only (FilterOptions::event_references): `involvedObject` or `regarding`, and `related`.
  std::optional<ObjectReference> regarding;
  std::optional<ObjectReference> related;
};

/// Says which objects a client may see. Called once per item on the thread that feeds the filter;
/// may keep memos, so it is not const and not shared between threads.
class Predicate {
 public:
  virtual ~Predicate() = default;
  virtual bool allows(const Item& item) = 0;
};

/// Why a body could not be filtered. Nothing more may be sent to the client after it: before the
/// response head was sent the answer is 502, after it the connection is cut without the final
/// chunk.
struct FilterError {
  const char* reason;    ///< static text for the log and the 502, e.g. "duplicate metadata key"
  std::uint64_t offset;  ///< bytes of input consumed when it was found
};

using FilterResult = tl::expected<void, FilterError>;

/// What a list filter saw, valid after finish().
struct ListSummary {
  std::uint64_t kept = 0;
  std::uint64_t dropped = 0;
  /// The upstream's own `metadata.continue`, unescaped; "" on the last page. Names a hidden object:
  /// never for the client.
  std::string continue_token;
};

/// What a filter is to do beside dropping items. A plain value.
struct FilterOptions {
  /// Items are Events: fill Item::regarding and Item::related. Events carry them at the top level
  /// of the object, so tables must be asked with includeObject=Object.
  bool event_references = false;
  /// Tables: the client asked includeObject=None (Metadata went upstream): write `"object":null`.
  bool blank_table_objects = false;
  /// Tables: the client asked includeObject=Metadata but Object went upstream (events): reduce each
  /// row's object to a PartialObjectMetadata (its metadata's bytes unchanged).
  bool reduce_table_objects = false;
  /// Write nothing until the first item is kept, so that a page of hidden items only can be dropped
  /// and followed by the next one. At finish() the envelope of an empty list is in `out`.
  bool hold_until_kept = false;
  /// Turns an upstream continue token into the client's; called at most once. Left empty: a
  /// non-empty continue token is an error. Must be JSON-string safe (base64url).
  std::function<std::string(std::string_view)> seal_continue;
  /// Cap of the undecided head of one item (and of the envelope outside of items), bytes.
  std::size_t max_undecided_bytes = 4 * 1024 * 1024;
};

/// A push transform over a response body.
///
/// Flow: feed() every piece of the body as it arrives, of any size; what may go to the client is
/// appended to `out`. finish() at the end of the body; a body that ends early is an error. After an
/// error the filter is dead. Memory is bounded by max_undecided_bytes, whatever the length of the
/// body.
class BodyFilter {
 public:
  virtual ~BodyFilter() = default;
  virtual FilterResult feed(std::string_view in, std::string& out) = 0;
  virtual FilterResult finish(std::string& out) = 0;
  /// What was seen so far; final after finish(). For a watch: events kept and dropped.
  virtual const ListSummary& summary() const = 0;
};

/// JSON `*List`, `Table` and `PartialObjectMetadataList`; anything else in the body is an error.
/// Kept items' bytes pass unchanged; `remainingItemCount` is dropped, `continue` sealed, `items:
/// null` becomes `[]`. `predicate` must outlive the filter. Source: design "Filters", apimachinery
/// serializer/json/collections.go.
std::unique_ptr<BodyFilter> make_json_list_filter(FilterOptions options, Predicate& predicate);

/// A JSON watch stream: one object an event. ADDED, MODIFIED, DELETED by the predicate (also
/// one-row Tables, whose column definitions reach the client with the first visible event);
/// BOOKMARK rebuilt with kind, apiVersion, resourceVersion and the initial-events-end annotation
/// only, and always passed; ERROR passes when its object is a Status (a `continue` in it sealed or
/// dropped); anything else is an error. An event is written when it is complete, never in part.
std::unique_ptr<BodyFilter> make_json_watch_filter(FilterOptions options, Predicate& predicate);

/// A single JSON object (the answer to a get of an event, say): passes unchanged when the predicate
/// allows it; otherwise an error with the reason "hidden", and nothing was written. Holds up to
/// max_undecided_bytes.
std::unique_ptr<BodyFilter> make_json_object_filter(FilterOptions options, Predicate& predicate);

}  // namespace postern::kube::filter
