#include "rbac/request/durations.h"

#include "rbac/request/role_match.h"

#include <algorithm>

namespace postern::rbac::request {
namespace {

using std::chrono::seconds;

std::chrono::seconds longest_for(const Person& requester, std::string_view role) {
  seconds longest{0};
  for (const auto& own : requester.roles) {
    if (lists(*own, requester.traits, role)) {
      longest = std::max(longest, own->allow.request.max_duration);
    }
  }
  return longest;
}

/// Whether an asked duration is above nothing and not above `most`; reports when it is not.
bool in_bounds(seconds asked, seconds most, const char* field, FieldErrors& errors) {
  if (asked > seconds(0) && asked <= most) {
    return true;
  }
  errors.invalid(field, duration_text(asked),
                 asked <= seconds(0) ? "must be longer than nothing"
                                     : "must be at most " + duration_text(most));
  return false;
}

}  // namespace

TimeCaps time_caps(const Person& requester, const std::vector<const Role*>& requested,
                   const Limits& limits, TimePoint now, std::optional<TimePoint> session_ends) {
  TimeCaps caps{limits.session, limits.access};
  if (session_ends) {
    caps.session = std::min(caps.session, std::chrono::floor<seconds>(*session_ends - now));
  }
  for (const Role* role : requested) {
    if (role->options.max_session_ttl > seconds(0)) {
      caps.session = std::min(caps.session, role->options.max_session_ttl);
    }
  }
  for (const Role* role : requested) {
    const seconds longest = longest_for(requester, role->name);
    caps.access = std::min(caps.access, longest > seconds(0) ? longest : caps.session);
  }
  return caps;
}

GrantedTimes grant_times(const AskedTimes& asked, const TimeCaps& caps, const Limits& limits,
                         TimePoint now, bool dry_run, FieldErrors& errors) {
  GrantedTimes times;
  // Who asks for no duration gets no more than who asks for the longest.
  seconds access = std::min(caps.session, caps.access);
  if (asked.max_duration &&
      in_bounds(*asked.max_duration, limits.access, "spec.maxDuration", errors)) {
    access = std::min(*asked.max_duration, caps.access);
  } else if (!asked.max_duration && dry_run) {
    access = caps.access;
  }
  seconds session = caps.session;
  if (asked.session_ttl && in_bounds(*asked.session_ttl, caps.session, "spec.sessionTTL", errors)) {
    session = *asked.session_ttl;
  }
  times.session_ttl = std::min(session, access);
  seconds pending = std::min(limits.pending, access);
  if (asked.request_ttl && in_bounds(*asked.request_ttl, pending, "spec.requestTTL", errors)) {
    pending = *asked.request_ttl;
  }
  times.access_expires = now + access;
  times.pending_expires = now + pending;
  if (asked.assume_start) {
    const std::string fault =
        assume_start_fault(*asked.assume_start, now, times.access_expires, limits);
    if (!fault.empty()) {
      errors.forbidden("spec.assumeStartTime", fault);
    }
    times.assume_start = asked.assume_start;
  }
  return times;
}

std::string duration_text(seconds duration) {
  if (duration <= seconds(0)) {
    return duration == seconds(0) ? "0s" : "a negative time";
  }
  const auto count = duration.count();
  std::string text;
  const auto add = [&](std::int64_t amount, const char* unit) {
    if (amount > 0) {
      text += std::to_string(amount) + unit;
    }
  };
  add(count / 3600, "h");
  add(count / 60 % 60, "m");
  add(count % 60, "s");
  return text;
}

std::string assume_start_fault(TimePoint start, TimePoint created, TimePoint access_expires,
                               const Limits& limits) {
  if (start < created) {
    return "the access cannot start before the request was made";
  }
  if (start >= access_expires) {
    return "the access would end before it starts";
  }
  if (start > created + limits.assume_start) {
    return "the access must start within " + duration_text(limits.assume_start) + " of the request";
  }
  return "";
}

}  // namespace postern::rbac::request
