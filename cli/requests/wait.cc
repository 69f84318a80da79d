#include "cli/requests/wait.h"

#include "cli/client/interrupt.h"
#include "cli/client/patience.h"
#include "cli/output/terminal.h"
#include "cli/output/times.h"
#include "kube/text.h"

#include <algorithm>
#include <fmt/format.h>
#include <optional>
#include <ostream>

namespace postern::cli {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr int kNotFound = 404;

class Waiting {
 public:
  Waiting(AccessClient& api, const Json& request, const Context& context)
      : api_(api),
        context_(context),
        request_(request),
        name_(text_at(request, {"metadata", "name"})),
        state_(text_at(request, {"status", "state"})),
        reviews_(find(request, {"status", "reviews"}).size()) {}

  Outcome<Json> run(milliseconds timeout) {
    const auto end = Clock::now() + timeout;
    const bool endless = timeout.count() == 0;
    Patience patience;
    while (!is_decided()) {
      const auto left = std::chrono::duration_cast<milliseconds>(end - Clock::now());
      if (!endless && left.count() <= 0) return tl::unexpected(too_late());
      seen_ = false;
      const auto watched = follow(endless ? milliseconds(0) : left);
      if (is_decided()) break;
      if (!watched) {
        if (watched.error().exit_code == kTimedOut) return tl::unexpected(too_late());
        if (!may_pass(watched.error())) return tl::unexpected(explained(watched.error()));
      }
      if (seen_) patience.reset();
      patience.pause();
      if (Interrupt::signal() != 0) {
        return tl::unexpected(explained({Interrupt::exit_code(), "interrupted"}));
      }
    }
    if (auto failure = failure_of_state(request_)) return tl::unexpected(*failure);
    return request_;
  }

 private:
  bool is_decided() const { return state_ != "PENDING"; }

  Failure too_late() const {
    return {kTimedOut, fmt::format("nobody has decided in time; request {} stays pending (postern "
                                   "request show {})",
                                   name_, name_)};
  }

  Failure explained(Failure failure) const {
    if (failure.exit_code > 128) {
      failure.message = fmt::format(
          "interrupted; request {0} stays pending (postern request show "
          "{0}; to withdraw it: postern rm request/{0})",
          name_);
    } else if (failure.http_status == kNotFound) {
      failure.message = fmt::format("request {} is gone", name_);
    }
    return failure;
  }

  /// One round: the request as it is now, then its changes.
  Outcome<void> follow(milliseconds left) {
    const auto present = api_.get(path_of({"accessrequests", name_}));
    if (!present) return tl::unexpected(present.error());
    if (!take(*present)) return {};
    const QueryList query = {
        {"fieldSelector", "metadata.name=" + name_},
        {"resourceVersion", text_at(*present, {"metadata", "resourceVersion"})}};
    bool deleted = false;
    const auto end = api_.watch("accessrequests", query, false, left,
                                [&](const std::string& type, const Json& object) {
                                  deleted = type == "DELETED";
                                  return !deleted && (type == "BOOKMARK" || take(object));
                                });
    if (deleted) {
      return tl::unexpected(
          Failure{kFailed, fmt::format("request {} was withdrawn", name_), kNotFound});
    }
    if (!end) return tl::unexpected(end.error());
    return {};
  }

  /// Takes over what has become of it, and tells. Whether it is still open.
  bool take(const Json& request) {
    if (text_at(request, {"metadata", "name"}) != name_) return true;
    seen_ = true;
    request_ = request;
    const Json& reviews = find(request, {"status", "reviews"});
    for (; reviews_ < reviews.size(); ++reviews_) tell_review(reviews[reviews_]);
    const std::string state = text_at(request, {"status", "state"});
    if (state != state_ && !state.empty()) {
      context_.err() << "Request " << kube::printable(name_) << ": " << kube::printable(state_)
                     << " → " << kube::printable(state) << "\n"
                     << std::flush;
      state_ = state;
    }
    return !is_decided();
  }

  void tell_review(const Json& review) const {
    const std::string reason = text_at(review, {"reason"});
    const bool approves = text_at(review, {"decision"}) == "Approve";
    context_.err() << kube::printable(text_at(review, {"author"}))
                   << (approves ? " approved" : " denied")
                   << (reason.empty() ? "" : ": " + kube::printable(reason)) << "\n"
                   << std::flush;
  }

  AccessClient& api_;
  const Context& context_;
  Json request_;
  std::string name_;
  std::string state_;
  std::size_t reviews_;
  bool seen_ = false;
};

}  // namespace

std::optional<Failure> failure_of_state(const Json& request) {
  const std::string name = text_at(request, {"metadata", "name"});
  const std::string state = text_at(request, {"status", "state"});
  if (state == "PENDING" || state == "APPROVED") return std::nullopt;
  std::string message = "request " + name + " is " + state;
  for (const Json& review : find(request, {"status", "reviews"})) {
    if (text_at(review, {"decision"}) != "Deny") continue;
    const std::string reason = text_at(review, {"reason"});
    message +=
        "; " + text_at(review, {"author"}) + " denied it" + (reason.empty() ? "" : ": " + reason);
  }
  return Failure{kDenied, message};
}

Outcome<std::chrono::milliseconds> parse_patience(const std::string& text,
                                                  std::string_view option) {
  if (text.empty()) return std::chrono::milliseconds(0);
  return parse_duration(text, option).map([](std::chrono::milliseconds patience) {
    return std::max(patience, std::chrono::milliseconds(1));
  });
}

Outcome<Json> wait_for_decision(AccessClient& api, const Json& request,
                                std::chrono::milliseconds timeout, const Context& context) {
  const Interrupt interrupt;
  return Waiting(api, request, context).run(timeout);
}

}  // namespace postern::cli
