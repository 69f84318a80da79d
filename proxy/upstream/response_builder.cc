#include "proxy/upstream/response_builder.h"

#include "kube/text.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

// Tested by tests/proxy/upstream/response_builder_test.cc
namespace postern::proxy {
namespace {

constexpr std::array<std::string_view, 10> kRelayed{"Allow",
                                                    "Content-Type",
                                                    "Cache-Control",
                                                    "Date",
                                                    "Warning",
                                                    "Retry-After",
                                                    "X-Kubernetes-Pf-Flowschema-Uid",
                                                    "X-Kubernetes-Pf-Prioritylevel-Uid",
                                                    "X-Stream-Protocol-Version",
                                                    "X-Accepted-Stream-Protocol-Versions"};
/// They describe the very bytes of upstream's body.
constexpr std::array<std::string_view, 4> kOfUnchangedBodies{"ETag", "Last-Modified",
                                                             "Content-Encoding", "Vary"};

bool is_text(std::string_view value) {
  return std::none_of(value.begin(), value.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7F;
  });
}

template <std::size_t N>
void copy_fields(const http::ResponseHead& head, const std::array<std::string_view, N>& names,
                 http::HeadWriter& out) {
  for (const std::string_view name : names) {
    for (const http::Field& field : head.fields) {
      if (http::iequals(field.name, name) && is_text(field.value)) out.field(name, field.value);
    }
  }
}

Result<void> gateway_error(std::string message) {
  return fail(kube::Status::bad_gateway(std::move(message)));
}

/// Whether an authorizer's words (`… is forbidden: User "alice" cannot …`) are about somebody else.
bool is_about_another(std::string_view message, std::string_view user) {
  constexpr std::string_view kBefore = "forbidden: User ";
  const std::size_t begin = message.find(kBefore);
  if (begin == std::string_view::npos) return false;
  return !message.substr(begin + kBefore.size()).starts_with(kube::quoted(user) + " ");
}

struct Refusal {
  std::string message;
  std::string kind;  ///< details.kind: users, groups …
  std::string name;
};

std::string text_at(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

/// A JSON Status by its fields; of protobuf and text the whole body is the message, which is all
/// that the search for words needs.
Refusal read_refusal(std::string_view body) {
  const auto json = nlohmann::json::parse(body, nullptr, false);
  if (!json.is_object()) return {std::string(body), "", ""};
  Refusal refusal{text_at(json, "message"), "", ""};
  const auto details = json.find("details");
  if (details != json.end() && details->is_object()) {
    refusal.kind = text_at(*details, "kind");
    refusal.name = text_at(*details, "name");
  }
  return refusal;
}

/// The text between the next two quotes behind `at`; "" when there is none.
std::string quoted_behind(std::string_view message, std::size_t at) {
  const std::size_t begin = message.find('"', at);
  const std::size_t end = begin == std::string_view::npos ? begin : message.find('"', begin + 1);
  if (end == std::string_view::npos) return "";
  return std::string(message.substr(begin + 1, end - begin - 1));
}

/// What constrained impersonation (KEP-5284) refuses to do in anybody's name, of
///
///     … cannot impersonate-on:user-info:list resource "pods" in API group "" …
///     … cannot impersonate-on:user-info:get path "/metrics"
///
/// as `"impersonate-on:user-info:list" on pods`; "" when that is not the reason.
std::string refused_action(std::string_view message) {
  constexpr std::string_view kBefore = " cannot ";
  constexpr std::string_view kGroup = " in API group ";
  const std::size_t begin = message.find(" cannot impersonate-on:");
  if (begin == std::string_view::npos) return "";
  const std::size_t verb = begin + kBefore.size();
  const std::size_t end = message.find(' ', verb);
  if (end == std::string_view::npos) return "";
  std::string object = quoted_behind(message, end);
  if (object.empty()) return "";
  if (const std::size_t at = message.find(kGroup, end); at != std::string_view::npos) {
    const std::string group = quoted_behind(message, at);
    if (!group.empty()) object += "." + group;
  }
  return kube::quoted(message.substr(verb, end - verb)) + " on " + object;
}

/// The principal that postern may not act as, where the client has it anyway.
std::string refused_principal(const Refusal& refusal, const rbac::Principals& principals) {
  const auto& groups = principals.groups;
  if (refusal.kind == "users" && refusal.name == principals.user) {
    return " user \"" + refusal.name + "\"";
  }
  if (refusal.kind == "groups" &&
      std::find(groups.begin(), groups.end(), refusal.name) != groups.end()) {
    return " group \"" + refusal.name + "\"";
  }
  return " this user or one of its groups";
}

}  // namespace

Result<void> check_relayable(const http::ResponseHead& head, bool conditional, bool upgrade) {
  const unsigned status = head.status;
  if (status == 101 && !upgrade) return gateway_error("the cluster switched protocols unasked");
  if (status == 304 && conditional) return {};
  if (status >= 300 && status < 400) {
    return gateway_error("the cluster answered with a redirect, which is not followed");
  }
  if (status == 401) return gateway_error("the cluster does not accept postern's own credential");
  return {};
}

void relay_fields(const http::ResponseHead& head, ResponseUse use, http::HeadWriter& out) {
  copy_fields(head, kRelayed, out);
  if (use == ResponseUse::kPassThrough) copy_fields(head, kOfUnchangedBodies, out);
  out.field("X-Content-Type-Options", "nosniff");
}

std::string build_switch_head(const Upgrade& upgrade, const http::ResponseHead& head) {
  const bool websocket = upgrade.protocol == Upgrade::Protocol::kWebSocket;
  http::HeadWriter out = http::HeadWriter::response(101);
  out.field("Connection", "Upgrade");
  out.field("Upgrade", websocket ? "websocket" : "SPDY/3.1");
  constexpr std::array<std::string_view, 2> kWebSocket{"Sec-WebSocket-Accept",
                                                       "Sec-WebSocket-Protocol"};
  constexpr std::array<std::string_view, 1> kSpdy{"X-Stream-Protocol-Version"};
  if (websocket) {
    copy_fields(head, kWebSocket, out);
  } else {
    copy_fields(head, kSpdy, out);
  }
  return out.take();
}

std::optional<kube::Status> replace_refusal(std::string_view body,
                                            const rbac::Principals& principals) {
  const Refusal refusal = read_refusal(body);
  // The API server tells of the first of its ways that failed: this one, then plain impersonation.
  if (const std::string action = refused_action(refusal.message); !action.empty()) {
    return kube::Status::bad_gateway(
        "the cluster does not let postern do this in anybody's name: it has neither the right " +
        action +
        " nor, for this user and its groups, \"impersonate\"; its administrator must allow it");
  }
  if (refusal.message.find(" cannot impersonate") != std::string::npos) {
    return kube::Status::bad_gateway("the cluster does not let postern act as" +
                                     refused_principal(refusal, principals) +
                                     "; its administrator must allow it");
  }
  if (is_about_another(refusal.message, principals.user)) {
    return kube::Status::bad_gateway("the cluster refused postern itself");
  }
  return std::nullopt;
}

}  // namespace postern::proxy
