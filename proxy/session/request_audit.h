#pragma once

#include "kube/status.h"
#include "proxy/audit/object_text.h"
#include "proxy/audit/policy.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace postern::proxy {

/// What a request gathers on its way for its audit events, beside what it knows anyway.
struct RequestAudit {
  /// What the policy wants; nullopt: not asked yet.
  std::optional<audit::RequestConfig> config;

  std::optional<kube::Status> refusal;
  std::string_view cut;  ///< why the answer was ended without its end; "": it was not
  bool filtered = false;
  std::uint64_t kept = 0;  ///< objects of a filtered answer
  std::uint64_t dropped = 0;
  std::uint64_t bytes_to_client = 0;  ///< of a tunnel
  std::uint64_t bytes_to_upstream = 0;

  std::string request_object;       ///< JSON on one line; ""
  std::string_view object_omitted;  ///< why there is none although the policy wants it; ""
  bool wants_response = false;
  std::string response;  ///< the answer's body so far

  /// A piece of the answer's body, on its way to the client.
  void note_response(std::string_view piece) {
    if (!wants_response) return;
    if (response.size() + piece.size() > audit::kMaxObjectBytes) {
      wants_response = false;
      response.clear();
    } else {
      response.append(piece);
    }
  }
  void note_filtered(std::uint64_t more_kept, std::uint64_t more_dropped) {
    filtered = true;
    kept += more_kept;
    dropped += more_dropped;
  }
};

}  // namespace postern::proxy
