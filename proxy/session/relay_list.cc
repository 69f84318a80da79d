#include "proxy/session/relay_list.h"

#include "proxy/session/answer.h"
#include "proxy/session/client_watcher.h"
#include "proxy/session/filtered_answer.h"
#include "proxy/session/forward.h"
#include "proxy/session/list_pager.h"
#include "proxy/session/response_body.h"
#include "proxy/session/sealed_continue.h"

#include <exception>
#include <memory>
#include <optional>
#include <utility>

namespace postern::proxy {
namespace {

/// Of a page that is held until its visible items are counted. A smaller one need not be.
constexpr std::size_t kMaxCountedBytes = 1024 * 1024;

enum class PageOutcome { kDelivered, kAllHidden, kTooMany };

/// One page of a list on its way through the filter to the client. Refers to all of its parameters.
class PageRelay {
 public:
  PageRelay(WorkerState& state, ClientConnection& client, ProxiedRequest& request,
            UpstreamAnswer& answer, const ListPager& pager)
      : state_(state),
        request_(request),
        pager_(pager),
        predicate_(predicate_of(request)),
        filter_(kube::filter::make_json_list_filter(page_options(), *predicate_)),
        body_(state.worker(), answer.lease, answer.head, state.shared().limits.stall_time),
        sink_(begin_answer(client, request, answer.head, ResponseUse::kRewritten)) {}

  Task<Result<PageOutcome>> run() {
    error_code error;
    while (!body_.done() && !error) {
      auto piece = body_.next_now();
      if (!piece) {
        if (!flush_before_wait()) error = co_await sink_.send_rest();
        if (error) break;
        piece = co_await body_.next();
      }
      if (!*piece) co_return fail((*piece).error());
      if (auto fed = filter_->feed(**piece, sink_.payload()); !fed) {
        co_return fail(filter_failure(state_, request_, fed.error()));
      }
      if (has_too_many()) co_return PageOutcome::kTooMany;
      if (!flush_bulk()) error = co_await sink_.send_rest();
    }
    if (error) co_return fail(client_is_gone());
    auto outcome = finish_filter();
    if (outcome && *outcome == PageOutcome::kDelivered) {
      std::optional<BodyHold> hold;
      if (pager_.must_count() && !hold.emplace(state_.shared().body_memory, request_.user.name)
                                      .grow_to(sink_.payload_size())) {
        co_return fail(too_much_waits());
      }
      request_.answer_started = true;
      error = co_await sink_.finish();
      if (error) co_return fail(client_is_gone());
    }
    co_return outcome;
  }

  /// Upstream's token for the page behind this one.
  const std::string& next_token() const { return filter_->summary().continue_token; }

 private:
  kube::filter::FilterOptions page_options() const {
    auto options = filter_options(state_, request_);
    options.hold_until_kept = true;
    return options;
  }

  bool has_too_many() const {
    return pager_.must_count() &&
           (filter_->summary().kept > pager_.limit() || sink_.payload_size() > kMaxCountedBytes);
  }

  /// Nothing more for now: the client gets what is here. False: send_rest() is next.
  bool flush_before_wait() {
    const bool sent = pager_.must_count() || sink_.payload_size() == 0 || sink_.flush_now();
    request_.answer_started = sink_.started();
    return sent;
  }
  /// The same when there is enough of it.
  bool flush_bulk() {
    const bool sent = pager_.must_count() || sink_.payload_size() < ResponseSink::kWorthAFlush ||
                      sink_.flush_records_now();
    request_.answer_started = sink_.started();
    return sent;
  }

  /// Behind the last piece: what became of the page. What is visible of it may still be here.
  Result<PageOutcome> finish_filter() {
    if (auto finished = filter_->finish(sink_.payload()); !finished) {
      return fail(filter_failure(state_, request_, finished.error()));
    }
    body_.give_back_if_clean();
    const kube::filter::ListSummary& summary = filter_->summary();
    note_filtered(state_, request_, summary);
    const bool all_hidden = summary.kept == 0 && !summary.continue_token.empty();
    return all_hidden ? PageOutcome::kAllHidden : PageOutcome::kDelivered;
  }

  WorkerState& state_;
  ProxiedRequest& request_;
  const ListPager& pager_;
  std::unique_ptr<kube::filter::Predicate> predicate_;
  std::unique_ptr<kube::filter::BodyFilter> filter_;
  ResponseBody body_;
  ResponseSink sink_;
};

/// `watcher` is started when pages are skipped: nothing is written to the client then, so that
/// nobody else would notice that it is gone, and the API server would be asked on.
Task<Result<void>> relay_pages(WorkerState& state, ClientConnection& client,
                               ProxiedRequest& request, ListPager& pager, ClientWatcher& watcher) {
  bool watched = false;
  for (;;) {
    if (watcher.client_is_gone()) {
      co_return fail(client_is_gone());
    }
    pager.apply(request.info.query);
    auto answer = co_await forward(state, client, request);
    if (!answer) {
      co_return fail(std::move(answer.error()));
    }
    if (!can_be_filtered(answer->head)) {
      co_return co_await relay_unfilterable(state, client, request, *answer);
    }
    PageRelay page(state, client, request, *answer, pager);
    const auto outcome = co_await page.run();
    if (!outcome) {
      co_return fail(outcome.error());
    }
    if (*outcome == PageOutcome::kDelivered) {
      co_return Result<void>();
    }
    if (!std::exchange(watched, true)) {
      watcher.start();
    }
    if (*outcome == PageOutcome::kTooMany) {
      pager.too_many();
    } else if (!pager.leads_on(page.next_token())) {
      co_return fail(kube::Status::bad_gateway("the API server's pages of this list have no end"));
    } else if (!pager.all_hidden(page.next_token())) {
      co_return fail(kube::Status::gateway_timeout(
          "too many objects that you may not see lie before the next one that you may; ask with a "
          "selector or without a limit"));
    }
  }
}

}  // namespace

Task<Result<void>> relay_list(WorkerState& state, ClientConnection& client,
                              ProxiedRequest& request) {
  auto token = opened_continue(state, request);
  if (!token) {
    co_return fail(std::move(token.error()));
  }
  ListPager pager(request.info.query, std::move(*token));
  ClientWatcher watcher(state.worker(), client, [] {});
  Result<void> outcome;
  std::exception_ptr bug;
  try {
    outcome = co_await relay_pages(state, client, request, pager, watcher);
  } catch (...) {
    bug = std::current_exception();
  }
  // Whatever happened: nobody else may read from the client before its watcher has let go.
  co_await watcher.stop();
  if (bug) {
    std::rethrow_exception(bug);
  }
  co_return outcome;
}

}  // namespace postern::proxy
