#include "proxy/upstream/upgrade.h"

#include "kube/base64.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <openssl/evp.h>
#include <optional>
#include <string_view>

// Tested by tests/proxy/upstream/upgrade_test.cc
namespace postern::proxy {
namespace {

constexpr std::string_view kBearerSubprotocol = "base64url.bearer.authorization.k8s.io.";
constexpr std::string_view kWebSocketGuid =
    "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";  // RFC 6455 §1.3
constexpr std::size_t kMaxSubprotocols = 16;
constexpr std::size_t kMaxSubprotocolSize = 128;

/// Sec-WebSocket-Accept for a key: base64(SHA-1(key + GUID)), RFC 6455 §4.2.2.
std::string websocket_accept(std::string_view key) {
  const std::string text = std::string(key).append(kWebSocketGuid);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha1(), nullptr);
  return kube::encode_base64({reinterpret_cast<const char*>(digest.data()), size});
}

/// 16 bytes in base64: 22 characters and "==".
bool is_websocket_key(std::string_view key) {
  if (key.size() != 24 || !key.ends_with("==")) return false;
  return std::all_of(key.begin(), key.end() - 2, [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '+' || c == '/';
  });
}

/// Kubernetes' names hold '/' and '+' ("SPDY/3.1+portforward.k8s.io"), so more than RFC 9110's
/// token, and nothing that could end a list's element.
bool is_subprotocol(std::string_view name) {
  if (name.empty() || name.size() > kMaxSubprotocolSize) return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view("-._+/").find(c) != std::string_view::npos;
  });
}

bool is_bearer(std::string_view name) {
  return http::iequals(name.substr(0, kBearerSubprotocol.size()), kBearerSubprotocol);
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// The elements of a comma-separated list that may be spread over several lines.
std::vector<std::string_view> elements(const http::Fields& fields, std::string_view name) {
  std::vector<std::string_view> result;
  for (std::string_view line : fields.all(name)) {
    for (std::size_t comma = 0; comma != std::string_view::npos;) {
      comma = line.find(',');
      result.push_back(trim(line.substr(0, comma)));
      if (comma != std::string_view::npos) line.remove_prefix(comma + 1);
    }
  }
  return result;
}

Result<std::vector<std::string>> parse_subprotocols(const http::Fields& fields,
                                                    std::string_view name) {
  std::vector<std::string> subprotocols;
  for (const std::string_view element : elements(fields, name)) {
    if (is_bearer(element)) continue;
    if (!is_subprotocol(element) || subprotocols.size() == kMaxSubprotocols) {
      return fail(kube::Status::bad_request("malformed " + std::string(name)));
    }
    subprotocols.emplace_back(element);
  }
  return subprotocols;
}

Result<Upgrade> parse_websocket(const http::RequestHead& head) {
  const auto key = head.fields.get("Sec-WebSocket-Key");
  if (head.method != "GET" || head.fields.count("Sec-WebSocket-Key") != 1 ||
      !is_websocket_key(*key) ||
      head.fields.all("Sec-WebSocket-Version") != std::vector<std::string_view>{"13"}) {
    return fail(kube::Status::bad_request("malformed WebSocket handshake"));
  }
  auto subprotocols = parse_subprotocols(head.fields, "Sec-WebSocket-Protocol");
  if (!subprotocols) return fail(subprotocols.error());
  if (subprotocols->empty()) {
    return fail(
        kube::Status::bad_request("a WebSocket needs a subprotocol beside the one with the token, "
                                  "such as v5.channel.k8s.io"));
  }
  return Upgrade{Upgrade::Protocol::kWebSocket, std::string(*key), std::move(*subprotocols)};
}

std::string_view protocol_name(const Upgrade& upgrade) {
  return upgrade.protocol == Upgrade::Protocol::kWebSocket ? "websocket" : "SPDY/3.1";
}

bool offered(const Upgrade& upgrade, std::string_view subprotocol) {
  const auto& all = upgrade.subprotocols;
  return std::find(all.begin(), all.end(), subprotocol) != all.end();
}

bool connection_says_upgrade(const http::Fields& fields) {
  for (const std::string_view line : fields.all("Connection")) {
    if (http::has_token(line, "upgrade")) return true;
  }
  return false;
}

/// At most one line of the field, and what it says was offered.
bool chose_offered(const Upgrade& upgrade, const http::Fields& fields, std::string_view name) {
  const auto chosen = fields.all(name);
  return chosen.empty() || (chosen.size() == 1 && offered(upgrade, chosen.front()));
}

bool websocket_agrees(const Upgrade& upgrade, const http::Fields& fields) {
  return fields.all("Sec-WebSocket-Accept") ==
             std::vector<std::string_view>{websocket_accept(upgrade.websocket_key)} &&
         fields.count("Sec-WebSocket-Extensions") == 0 &&
         chose_offered(upgrade, fields, "Sec-WebSocket-Protocol");
}

}  // namespace

Result<Upgrade> parse_upgrade(const http::RequestHead& head) {
  const std::string_view protocol = trim(head.fields.get("Upgrade").value_or(""));
  if (http::iequals(protocol, "websocket")) return parse_websocket(head);
  if (!http::iequals(protocol, "SPDY/3.1")) {
    return fail(kube::Status::bad_request("a connection can be upgraded to websocket or SPDY/3.1"));
  }
  auto subprotocols = parse_subprotocols(head.fields, "X-Stream-Protocol-Version");
  if (!subprotocols) return fail(subprotocols.error());
  return Upgrade{Upgrade::Protocol::kSpdy, "", std::move(*subprotocols)};
}

HeaderFields upgrade_fields(const Upgrade& upgrade) {
  HeaderFields fields{{"Connection", "Upgrade"}, {"Upgrade", std::string(protocol_name(upgrade))}};
  if (upgrade.protocol == Upgrade::Protocol::kSpdy) {
    for (const std::string& subprotocol : upgrade.subprotocols) {
      fields.emplace_back("X-Stream-Protocol-Version", subprotocol);
    }
    return fields;
  }
  std::string list;
  for (const std::string& subprotocol : upgrade.subprotocols) {
    list.append(list.empty() ? "" : ", ").append(subprotocol);
  }
  fields.emplace_back("Sec-WebSocket-Version", "13");
  fields.emplace_back("Sec-WebSocket-Key", upgrade.websocket_key);
  fields.emplace_back("Sec-WebSocket-Protocol", std::move(list));
  return fields;
}

Result<void> verify_switch(const Upgrade& upgrade, const http::ResponseHead& head) {
  const auto protocol = head.fields.all("Upgrade");
  const bool switched = head.status == 101 && connection_says_upgrade(head.fields) &&
                        protocol.size() == 1 &&
                        http::iequals(protocol.front(), protocol_name(upgrade));
  const bool agreed = upgrade.protocol == Upgrade::Protocol::kWebSocket
                          ? websocket_agrees(upgrade, head.fields)
                          : chose_offered(upgrade, head.fields, "X-Stream-Protocol-Version");
  if (switched && agreed) return {};
  return fail(kube::Status::bad_gateway("the cluster answered the upgrade in a way not asked for"));
}

}  // namespace postern::proxy
