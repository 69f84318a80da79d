#include "rbac/request/access_request.h"

namespace postern::rbac::request {

std::string_view state_name(State state) {
  switch (state) {
    case State::kPending:
      return "PENDING";
    case State::kApproved:
      return "APPROVED";
    case State::kDenied:
      return "DENIED";
    case State::kRevoked:
      return "REVOKED";
    case State::kExpired:
      return "EXPIRED";
  }
  return "UNKNOWN";
}

bool may_follow(State from, State to) {
  switch (to) {
    case State::kPending:
      return false;
    case State::kApproved:
    case State::kDenied:
      return from == State::kPending;
    case State::kRevoked:
      return from == State::kApproved;
    case State::kExpired:
      return from != State::kExpired;
  }
  return false;
}

TimePoint AccessRequest::expires() const {
  return state == State::kPending ? pending_expires : access_expires;
}

}  // namespace postern::rbac::request
