#include "proxy/session/visible_objects.h"

#include "kube/filter/filter.h"
#include "kube/filter/member_reader.h"
#include "proxy/session/expansion_call.h"
#include "proxy/session/filtered_answer.h"
#include "proxy/session/list_items.h"
#include "proxy/session/still_allowed.h"
#include "proxy/upstream/fetch_errors.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

namespace postern::proxy {
namespace {

using kube::filter::read_members;
using kube::filter::read_text;

constexpr std::size_t kPageSize = 250;

/// The request that lists what the deletecollection is about.
std::string list_target(const ProxiedRequest& request, const std::string& token,
                        std::size_t page_size) {
  kube::Query query;
  for (const std::string_view key : {"labelSelector", "fieldSelector"}) {
    if (request.info.query.has(key)) {
      query.set(key, request.info.query.get(key));
    }
  }
  query.set("limit", std::to_string(page_size));
  if (!token.empty()) {
    query.set("continue", token);
  }
  return request.info.path + "?" + query.encode();
}

kube::Status unreadable() {
  return kube::Status::bad_gateway("the API server's list could not be read for sure");
}

/// The next page. Objects may be large: of a page that is too long half is asked for, and so on,
/// and so are the pages after it.
Task<Result<FetchedResponse>> fetch_page(WorkerState& state, ClientConnection& client,
                                         ProxiedRequest& request, const HeaderFields& impersonation,
                                         const std::string& token, std::size_t& page_size) {
  for (;; page_size /= 2) {
    if (auto still = still_allowed_now(state, client, request); !still) {
      co_return fail(std::move(still.error()));
    }
    auto page = co_await fetch(request.cluster->pool, "GET", list_target(request, token, page_size),
                               expansion_fields(request.audit_id, impersonation), std::string(),
                               VisibleObjects::kMaxPageBytes);
    const bool too_long = !page && page.error().message == kAnswerTooLong;
    if (!too_long || page_size == 1) co_return page;
  }
}

}  // namespace

Result<void> VisibleObjects::make_room() {
  if (memory_.resize(items_.size() + kMaxPageBytes)) {
    return {};
  }
  return fail(kube::Status::too_many_requests(
      "too many collections are being deleted at the moment: try again", 1));
}

Result<std::string> VisibleObjects::add_page(const ProxiedRequest& request, std::string_view page) {
  const auto predicate = predicate_of(request);
  kube::filter::FilterOptions options;
  options.event_references = request.decision.by_event_references;
  options.seal_continue = [](std::string_view) { return std::string("more"); };
  const auto filter = kube::filter::make_json_list_filter(std::move(options), *predicate);
  std::string kept;
  if (!filter->feed(page, kept) || !filter->finish(kept)) {
    return fail(unreadable());
  }
  hidden_ += filter->summary().dropped;
  if (items_.size() + kept.size() > kMaxBytes) {
    return fail(
        kube::Status::too_large("too much would be deleted at once: narrow it with a selector"));
  }
  const auto parts = split_list(kept);
  if (!parts || !add_parts(*parts)) {
    return fail(unreadable());
  }
  memory_.resize(items_.size());
  return filter->summary().continue_token;
}

/// Takes over a page's items, one at a time, and of the first page what is around them. False when
/// something of it cannot be read.
bool VisibleObjects::add_parts(const ListParts& page) {
  auto envelope = nlohmann::ordered_json::parse(page.envelope, nullptr, false);
  if (!envelope.is_object()) {
    return false;
  }
  if (envelope_.empty()) {
    if (const auto metadata = envelope.find("metadata");
        metadata != envelope.end() && metadata->is_object()) {
      metadata->erase("continue");
    }
    envelope.erase("items");
    envelope_ = envelope.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  }
  return std::all_of(page.items.begin(), page.items.end(),
                     [this](std::string_view item) { return add_item(item); });
}

/// False when the item lacks what a delete needs. Only that is read: to parse a page of large
/// objects would take the worker half a second.
bool VisibleObjects::add_item(std::string_view text) {
  std::string_view metadata;
  std::string_view name;
  std::string_view uid;
  Victim victim;
  const bool found = read_members(text, {{"metadata", &metadata}}) &&
                     read_members(metadata, {{"name", &name}, {"uid", &uid}}) &&
                     read_text(name, victim.name) && read_text(uid, victim.uid);
  if (!found || victim.name.empty() || victim.uid.empty()) {
    return false;
  }
  victims_.push_back(std::move(victim));
  items_.append(items_.empty() ? "" : ",").append(text);
  return true;
}

std::string VisibleObjects::take_list() {
  std::string list = std::move(envelope_);
  list.pop_back();  // its last brace
  list.append(list.back() == '{' ? "\"items\":[" : ",\"items\":[").append(items_).append("]}");
  items_ = std::string();
  return list;
}

Task<Result<VisibleObjects>> list_visible(WorkerState& state, ClientConnection& client,
                                          ProxiedRequest& request,
                                          const HeaderFields& impersonation) {
  VisibleObjects visible(state.shared().delete_memory);
  std::string token;
  std::size_t page_size = kPageSize;
  do {
    if (auto room = visible.make_room(); !room) {
      co_return fail(std::move(room.error()));
    }
    const auto page = co_await fetch_page(state, client, request, impersonation, token, page_size);
    if (!page) {
      co_return fail(page.error());
    }
    if (page->status != 200) {
      co_return fail(expansion_failure(*page, request, ExpansionCall::kCollection));
    }
    auto next = visible.add_page(request, page->body);
    if (!next) {
      co_return fail(std::move(next.error()));
    }
    if (!next->empty() && *next == token) {
      co_return fail(kube::Status::bad_gateway("the API server's pages of this list have no end"));
    }
    token = std::move(*next);
  } while (!token.empty());
  co_return visible;
}

}  // namespace postern::proxy
