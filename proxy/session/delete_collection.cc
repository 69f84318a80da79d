#include "proxy/session/delete_collection.h"

#include "kube/delete_options.h"
#include "kube/filter/filter.h"
#include "kube/filter/member_reader.h"
#include "kube/percent.h"
#include "kube/text.h"
#include "proxy/net/event.h"
#include "proxy/session/answer.h"
#include "proxy/session/audit_event.h"
#include "proxy/session/audit_request.h"
#include "proxy/session/list_items.h"
#include "proxy/session/memory_budget.h"
#include "proxy/session/response_body.h"
#include "proxy/session/still_allowed.h"
#include "proxy/session/whole_body.h"
#include "proxy/upstream/cluster_endpoint.h"
#include "proxy/upstream/failure_by_code.h"
#include "proxy/upstream/fetch_errors.h"
#include "proxy/upstream/impersonation.h"
#include "proxy/upstream/request_builder.h"
#include "proxy/upstream/response_builder.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

namespace postern::proxy {
namespace {

using kube::filter::read_members;
using kube::filter::read_text;

constexpr std::size_t kMaxVisibleBytes = 64 * 1024 * 1024;
constexpr std::size_t kMaxPageBytes = kMaxVisibleBytes / 2;
constexpr std::size_t kPageSize = 250;
constexpr std::size_t kMaxAnswerBytes = 4 * 1024 * 1024;
constexpr std::size_t kParallelDeletes = 8;

struct Victim {
  std::string name;
  std::string uid;
};

/// What has been listed and is to be deleted. Kept as text, which takes a fraction of what parsed
/// values do.
struct VisibleObjects {
  explicit VisibleObjects(MemoryBudget& budget) : memory(budget) {}

  std::vector<Victim> victims;
  std::string envelope;      ///< the first page's, without items
  std::string items;         ///< every page's, with commas between
  std::uint64_t hidden = 0;  ///< objects that stay
  MemoryHold memory;
};

Result<void> check_delete_query(const kube::Query& query) {
  if (query.has("continue") || query.has("limit")) {
    return fail(
        kube::Status::bad_request("limit and continue do not go with deletecollection here"));
  }
  return {};
}

Task<Result<kube::DeleteOptions>> read_options(WorkerState& state, ClientConnection& client,
                                               ProxiedRequest& request) {
  const auto encoding = kube::body_encoding(request.head.fields.get("content-type").value_or(""));
  if (!encoding) {
    co_return fail(encoding.error());
  }
  if (!request.body) {
    auto body = co_await read_whole_body(state, client, request);
    if (!body) {
      co_return fail(std::move(body.error()));
    }
    request.body = std::move(*body);
  }
  auto options = kube::read_delete_options(*encoding, *request.body);
  if (!options) {
    co_return fail(std::move(options.error()));
  }
  if (auto added = options->add_query(request.info.query); !added) {
    co_return fail(std::move(added.error()));
  }
  request.body = std::string();
  co_return options;
}

/// 409 before anything is deleted, where the client wants one object and others are visible, too.
Result<void> check_precondition(const kube::DeleteOptions& options,
                                const std::vector<Victim>& victims) {
  if (!options.precondition_uid) {
    return {};
  }
  for (const Victim& victim : victims) {
    if (victim.uid != *options.precondition_uid) {
      return fail(kube::Status::conflict("the UID in the precondition is not that of " +
                                         kube::quoted(victim.name)));
    }
  }
  return {};
}

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

HeaderFields call_fields(const std::string& audit_id, const HeaderFields& impersonation) {
  HeaderFields fields = {{"Accept", "application/json"}, {"Audit-ID", audit_id}};
  fields.insert(fields.end(), impersonation.begin(), impersonation.end());
  return fields;
}

enum class About { kCollection, kVisibleObject };

/// Upstream's failure, as a Status that names nobody but what the client named.
kube::Status failure_of(const FetchedResponse& response, const ProxiedRequest& request,
                        About about) {
  if (response.status == 403) {
    if (auto replaced = replace_refusal(response.body, request.principals())) {
      return std::move(*replaced);
    }
  }
  // What kube-apiserver itself says along with a 429.
  const int retry_after_seconds = response.status == 429 ? 1 : 0;
  kube::Status status = failure_by_code(response.status, retry_after_seconds);
  const auto body = nlohmann::json::parse(response.body, nullptr, false);
  if (body.is_object() && body.value("kind", nlohmann::json()) == "Status" &&
      response.status >= 400 && response.status != 401) {
    const auto text = [&body](const char* key) {
      const auto found = body.find(key);
      return found != body.end() && found->is_string() ? found->get<std::string>() : std::string();
    };
    status.reason = text("reason");
    if (about == About::kVisibleObject || is_about_the_call(response.status, status.reason)) {
      status.message = text("message");
    }
  }
  return status;
}

/// False when the item lacks what a delete needs. Only that is read: to parse a page of large
/// objects would take the worker half a second.
bool add_item(std::string_view text, VisibleObjects& visible) {
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
  visible.victims.push_back(std::move(victim));
  visible.items.append(visible.items.empty() ? "" : ",").append(text);
  return true;
}

/// Takes over a page's items, one at a time, and of the first page what is around them. False when
/// something of it cannot be read.
bool add_parts(const ListParts& page, VisibleObjects& visible) {
  auto envelope = nlohmann::ordered_json::parse(page.envelope, nullptr, false);
  if (!envelope.is_object()) {
    return false;
  }
  if (visible.envelope.empty()) {
    if (const auto metadata = envelope.find("metadata");
        metadata != envelope.end() && metadata->is_object()) {
      metadata->erase("continue");
    }
    envelope.erase("items");
    visible.envelope = envelope.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  }
  return std::all_of(page.items.begin(), page.items.end(),
                     [&](std::string_view item) { return add_item(item, visible); });
}

/// The list of everything that was visible, as one page.
std::string whole_list(VisibleObjects& visible) {
  std::string list = std::move(visible.envelope);
  list.pop_back();  // its last brace
  list.append(list.back() == '{' ? "\"items\":[" : ",\"items\":[")
      .append(visible.items)
      .append("]}");
  visible.items = std::string();
  return list;
}

/// Filters one listed page and adds what is visible.
Result<std::string> add_page(const ProxiedRequest& request, const FetchedResponse& page,
                             VisibleObjects& visible) {
  const auto predicate = rbac::make_predicate(request.decision, request.shares, *request.catalog);
  kube::filter::FilterOptions options;
  options.event_references = request.decision.by_event_references;
  options.seal_continue = [](std::string_view) { return std::string("more"); };
  const auto filter = kube::filter::make_json_list_filter(std::move(options), *predicate);
  std::string kept;
  auto filtered = filter->feed(page.body, kept);
  if (filtered) {
    filtered = filter->finish(kept);
  }
  if (!filtered) {
    return fail(kube::Status::bad_gateway("the API server's list could not be read for sure"));
  }
  visible.hidden += filter->summary().dropped;
  if (visible.items.size() + kept.size() > kMaxVisibleBytes) {
    return fail(
        kube::Status::too_large("too much would be deleted at once: narrow it with a selector"));
  }
  const auto parts = split_list(kept);
  if (!parts || !add_parts(*parts, visible)) {
    return fail(kube::Status::bad_gateway("the API server's list could not be read for sure"));
  }
  return filter->summary().continue_token;
}

/// Makes room for one more page; nothing has been deleted yet.
Result<void> make_room(VisibleObjects& visible) {
  if (visible.memory.resize(visible.items.size() + kMaxPageBytes)) {
    return {};
  }
  return fail(kube::Status::too_many_requests(
      "too many collections are being deleted at the moment: try again", 1));
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
    auto page =
        co_await fetch(request.cluster->pool, "GET", list_target(request, token, page_size),
                       call_fields(request.audit_id, impersonation), std::string(), kMaxPageBytes);
    const bool too_long = !page && page.error().message == kAnswerTooLong;
    if (!too_long || page_size == 1) co_return page;
  }
}

Task<Result<VisibleObjects>> list_visible(WorkerState& state, ClientConnection& client,
                                          ProxiedRequest& request,
                                          const HeaderFields& impersonation) {
  VisibleObjects visible(state.shared().delete_memory);
  std::string token;
  std::size_t page_size = kPageSize;
  do {
    if (auto room = make_room(visible); !room) {
      co_return fail(std::move(room.error()));
    }
    const auto page = co_await fetch_page(state, client, request, impersonation, token, page_size);
    if (!page) {
      co_return fail(page.error());
    }
    if (page->status != 200) {
      co_return fail(failure_of(*page, request, About::kCollection));
    }
    auto next = add_page(request, *page, visible);
    if (!next) {
      co_return fail(std::move(next.error()));
    }
    if (!next->empty() && *next == token) {
      co_return fail(kube::Status::bad_gateway("the API server's pages of this list have no end"));
    }
    token = std::move(*next);
    visible.memory.resize(visible.items.size());
  } while (!token.empty());
  co_return visible;
}

/// Deletes objects with a few calls at a time; stops at the first failure.
class ParallelDeletes {
 public:
  ParallelDeletes(WorkerState& state, ClientConnection& client, ProxiedRequest& request,
                  const kube::DeleteOptions& options, const HeaderFields& impersonation,
                  const std::vector<Victim>& victims)
      : state_(state),
        client_(client),
        request_(request),
        options_(options),
        impersonation_(impersonation),
        victims_(victims),
        finished_(state.worker().executor()) {}

  Task<Result<void>> run() {
    running_ = std::min(kParallelDeletes, victims_.size());
    for (std::size_t i = running_; i > 0; --i) {
      asio::co_spawn(state_.worker().executor(), delete_in_turn(), asio::detached);
    }
    if (running_ > 0) {
      co_await finished_.wait();
    }
    if (failure_) {
      co_return fail(*failure_);
    }
    co_return Result<void>();
  }

 private:
  Task<void> delete_in_turn() {
    while (!failure_ && next_ < victims_.size()) {
      const Victim& victim = victims_[next_++];
      try {
        auto deleted = co_await delete_one(victim);
        if (!deleted && !failure_) {
          failure_ = std::move(deleted.error());
        }
      } catch (const std::exception&) {
        // A detached coroutine has nobody to throw to; run() must still come to its end.
        failure_ = kube::Status::internal("a delete failed by a mistake in postern");
      }
    }
    if (--running_ == 0) {
      finished_.set();
    }
  }

  Task<Result<void>> delete_one(const Victim& victim) {
    if (auto still = still_allowed_now(state_, client_, request_); !still) {
      co_return fail(std::move(still.error()));
    }
    const std::string audit_id = make_audit_id();
    HeaderFields fields = call_fields(audit_id, impersonation_);
    fields.emplace_back("Content-Type", "application/json");
    const auto response =
        co_await fetch(request_.cluster->pool, "DELETE", path_of(victim), std::move(fields),
                       options_.to_json(victim.uid), kMaxAnswerBytes);
    audit_delete(victim, audit_id, response);
    if (!response) {
      co_return fail(response.error());
    }
    const bool gone_already = response->status == 404;
    if (response->status >= 300 && !gone_already) {
      co_return fail(failure_of(*response, request_, About::kVisibleObject));
    }
    co_return Result<void>();
  }

  std::string path_of(const Victim& victim) const {
    return request_.info.path + "/" + kube::encode_path_segment(victim.name);
  }

  /// A call of its own in both audit logs, which names the request that it is a part of.
  void audit_delete(const Victim& victim, const std::string& audit_id,
                    const Result<FetchedResponse>& response) {
    RequestEvent made(client_, request_, audit::Stage::kResponseComplete);
    audit::Event& event = made.event();
    event.audit_id = audit_id;
    event.request_uri = path_of(victim);
    event.request_object = {};
    event.verb = "delete";
    event.object.name = victim.name;
    event.object.uid = victim.uid;
    event.code = response ? response->status : response.error().code;
    event.status = response ? nullptr : &response.error();
    made.annotate("audit.postern.dev/parent-audit-id", request_.audit_id);
    audit_part(state_, request_, made);
  }

  WorkerState& state_;
  ClientConnection& client_;
  ProxiedRequest& request_;
  const kube::DeleteOptions& options_;
  const HeaderFields& impersonation_;
  const std::vector<Victim>& victims_;
  Event finished_;
  std::size_t next_ = 0;
  std::size_t running_ = 0;
  std::optional<kube::Status> failure_;
};

}  // namespace

bool needs_expansion(const ProxiedRequest& request) {
  return request.info.verb == "deletecollection" && request.filtered();
}

Task<Result<void>> delete_collection(WorkerState& state, ClientConnection& client,
                                     ProxiedRequest& request) {
  if (auto checked = check_delete_query(request.info.query); !checked) {
    co_return fail(std::move(checked.error()));
  }
  const auto options = co_await read_options(state, client, request);
  if (!options) {
    co_return fail(options.error());
  }
  const auto impersonation = impersonation_fields(request.principals(), request.grant());
  if (!impersonation) {
    co_return fail(impersonation.error());
  }
  auto visible = co_await list_visible(state, client, request, *impersonation);
  if (!visible) {
    co_return fail(std::move(visible.error()));
  }
  if (auto same = check_precondition(*options, visible->victims); !same) {
    co_return fail(std::move(same.error()));
  }
  ParallelDeletes deletes(state, client, request, *options, *impersonation, visible->victims);
  auto deleted = co_await deletes.run();
  request.audit.note_filtered(visible->victims.size(), visible->hidden);
  if (!deleted) {
    co_return fail(std::move(deleted.error()));
  }
  const std::string list = whole_list(*visible);
  co_return co_await send_json(client, request, 200, list);
}

}  // namespace postern::proxy
