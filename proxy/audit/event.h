#pragma once

#include "kube/status.h"
#include "proxy/audit/level.h"
#include "rbac/principals.h"
#include "rbac/user_info.h"

#include <chrono>
#include <span>
#include <string>
#include <string_view>

namespace postern::proxy::audit {

using TimePoint = std::chrono::system_clock::time_point;

/// The object that a request is about (ObjectReference); "" where it says nothing.
struct ObjectReference {
  std::string_view resource;  ///< plural; "": the request is about no resource
  std::string_view namespace_;
  std::string_view name;
  std::string_view uid;
  std::string_view api_group;
  std::string_view api_version;
  std::string_view subresource;
};

/// `key` has a domain in front (`authorization.k8s.io/decision`) and is ours: plain text.
struct Annotation {
  std::string_view key;
  std::string_view value;
};

/// An `audit.k8s.io/v1` Event before it is written. Everything is a view of what the request has
/// anyway, so that an event that the policy does not want costs nothing; views live as long as the
/// call that encodes it.
struct Event {
  Level level = Level::kMetadata;
  Stage stage = Stage::kResponseComplete;
  std::string_view audit_id;
  std::string_view request_uri;  ///< without secrets: see redact_uri()
  std::string_view verb;
  const rbac::UserInfo* user = nullptr;  ///< nullptr: nobody has been proved
  /// Whom the request is made as at the API server; nullptr: it did not go there.
  const rbac::Principals* impersonated = nullptr;
  /// `impersonatedUser.extra["access.postern.dev/request"]`; "" for none.
  std::string_view access_request;
  std::string_view source_ip;
  std::string_view user_agent;
  ObjectReference object;
  unsigned code = 0;                     ///< of the answer; 0: there is none yet
  const kube::Status* status = nullptr;  ///< a refusal of ours
  std::string_view request_object;       ///< JSON on one line; ""
  std::string_view response_object;      ///< likewise
  TimePoint received;
  TimePoint stage_time;
  std::span<const Annotation> annotations;  ///< those without a value are left out
};

/// Appends the event as one line of JSON, the newline included: the keys of k8s.io/apiserver
/// pkg/apis/audit/v1 Event in their order, times in microseconds. Text that a terminal or a line
/// based reader would act on is escaped (kube/text.h). Pure.
void append_event(std::string& out, const Event& event);

/// `2026-11-28T21:45:06.123456Z`, as metav1.MicroTime.
void append_micro_time(std::string& out, TimePoint time);

}  // namespace postern::proxy::audit
