#pragma once

#include "rbac/request/directory.h"
#include "rbac/request/field_errors.h"

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace postern::rbac::request {

/// The times that a request asks for.
struct AskedTimes {
  std::optional<std::chrono::seconds> max_duration;  ///< of the access, from now on
  std::optional<std::chrono::seconds> request_ttl;   ///< of the wait for reviews
  std::optional<std::chrono::seconds> session_ttl;   ///< of a session that assumes it
  std::optional<TimePoint> assume_start;
};

/// What roles and the requester's session allow.
struct TimeCaps {
  std::chrono::seconds session;  ///< of a session that assumes the request
  std::chrono::seconds access;   ///< when a duration is asked for
};

/// The times that a request gets.
struct GrantedTimes {
  TimePoint access_expires;
  TimePoint pending_expires;
  std::chrono::seconds session_ttl{0};
  std::optional<TimePoint> assume_start;
};

/// `session`: the smallest of limits.session, what is left of the requester's session, and
/// `max_session_ttl` of the requested roles. `access`: for each requested role the largest
/// `max_duration` of the requester's roles that list it (none of them has one: the session's), the
/// smallest of these, never above limits.access. Source: design §4.
TimeCaps time_caps(const Person& requester, const std::vector<const Role*>& requested,
                   const Limits& limits, TimePoint now, std::optional<TimePoint> session_ends);

/// The times, or what is wrong with those asked for:
///
/// - the access ends `max_duration` from now, at most at the cap; without it, with the session or
///   at the cap, whichever is first;
/// - the session lives as long as asked, never longer than its cap (more is an error) or the
///   access;
/// - the request waits as long as asked: more than limits.pending or the access is an error; unless
///   asked, as long as both let it;
/// - assume_start is from now on, before the access ends, and within limits.assume_start.
///
/// A dry run without `max_duration` asks for the longest, so that it tells what could be had.
GrantedTimes grant_times(const AskedTimes& asked, const TimeCaps& caps, const Limits& limits,
                         TimePoint now, bool dry_run, FieldErrors& errors);

/// "2h30m", "90s" as "1m30s", "0s".
std::string duration_text(std::chrono::seconds duration);

/// Why a time cannot be the start of the access; "" when it can.
std::string assume_start_fault(TimePoint start, TimePoint created, TimePoint access_expires,
                               const Limits& limits);

}  // namespace postern::rbac::request
