#pragma once

#include "proxy/audit/event.h"
#include "proxy/session/client_connection.h"
#include "proxy/session/proxied_request.h"

#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace postern::proxy {

/// An audit event of a request: which role, rule and access request decided, until when, and what
/// came of it. Made only when the policy wants one.
///
/// Annotations of the event, beside kube-apiserver's `authorization.k8s.io/decision` and `/reason`,
/// begin with `audit.postern.dev/`; docs/audit.md lists them.
class RequestEvent {
 public:
  /// Both must outlive it.
  RequestEvent(const ClientConnection& client, const ProxiedRequest& request, audit::Stage stage);
  RequestEvent(const RequestEvent&) = delete;
  RequestEvent& operator=(const RequestEvent&) = delete;

  audit::Event& event() { return event_; }
  /// The value outlives the event; an empty one is left out.
  void annotate(std::string_view key, std::string_view value);
  /// One line of JSON.
  const std::string& line();

 private:
  void describe_request();
  void describe_decision();
  void describe_answer();

  /// As annotate(), of a value that is made for the event.
  void annotate_made(std::string_view key, std::string value);

  const ClientConnection& client_;
  const ProxiedRequest& request_;
  audit::Event event_;
  std::string uri_;
  std::string user_agent_;
  std::vector<audit::Annotation> annotations_;
  std::deque<std::string> made_;  ///< what views among the annotations are of
  std::string line_;
};

/// What the policy's rules look at.
audit::Attributes audit_attributes(const ProxiedRequest& request);

}  // namespace postern::proxy
