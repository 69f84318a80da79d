#include "proxy/audit/event.h"

#include "kube/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

// Tested by tests/proxy/audit/event_test.cc
namespace postern::proxy::audit {
namespace {

constexpr std::size_t kMaxUserAgent = 1024;  // as kube-apiserver, which cuts there too

/// The bytes that stand in JSON as they are, as Go writes it: by a table, for each event is looked
/// through with it.
constexpr std::array<bool, 256> kPlain = [] {
  std::array<bool, 256> plain{};
  for (std::size_t c = 0x20; c < 0x7F; ++c) plain[c] = true;
  for (const char c : {'"', '\\', '&', '<', '>'}) plain[static_cast<std::size_t>(c)] = false;
  return plain;
}();

bool is_plain(char c) {
  return kPlain[static_cast<unsigned char>(c)];
}

/// Makes room at the end; what it gives is to be filled whole.
char* grow(std::string& out, std::size_t bytes) {
  const std::size_t before = out.size();
  out.resize(before + bytes);
  return out.data() + before;
}

bool all_plain(std::string_view text) {
  bool plain = true;
  for (const char c : text) plain &= is_plain(c);  // without a way out in between: it is faster
  return plain;
}

/// Nearly every text of an event needs no escapes: looked at once, then copied.
void append_text(std::string& out, std::string_view text) {
  if (all_plain(text)) {
    char* const to = grow(out, text.size() + 2);
    to[0] = '"';
    std::memcpy(to + 1, text.data(), text.size());
    to[text.size() + 1] = '"';
  } else {
    kube::append_json_string(out, text);
  }
}

/// `"key":`, with a comma in front of all but the first.
void append_key(std::string& out, std::string_view key, bool first) {
  char* to = grow(out, key.size() + (first ? 3 : 4));
  if (!first) *to++ = ',';
  *to++ = '"';
  std::memcpy(to, key.data(), key.size());
  to[key.size()] = '"';
  to[key.size() + 1] = ':';
}

/// Members of one JSON object; each has its comma in front but the first.
class Members {
 public:
  explicit Members(std::string& out) : out_(out) { out_ += '{'; }
  /// With members that are always the same in front of the others.
  Members(std::string& out, std::string_view constant) : Members(out) {
    out_ += constant;
    first_ = false;
  }
  void end() { out_ += '}'; }

  /// `key` is ours: written as it is.
  std::string& key(std::string_view key) {
    append_key(out_, key, first_);
    first_ = false;
    return out_;
  }
  void text(std::string_view key_name, std::string_view value) {
    append_text(key(key_name), value);
  }
  /// Left out when empty, as Go's omitempty.
  void optional(std::string_view key_name, std::string_view value) {
    if (!value.empty()) text(key_name, value);
  }
  void number(std::string_view key_name, unsigned value) {
    char digits[16];
    const auto end = std::to_chars(digits, digits + sizeof(digits), value).ptr;
    key(key_name).append(digits, end);
  }

 private:
  std::string& out_;
  bool first_ = true;
};

void append_texts(std::string& out, const std::vector<std::string>& values) {
  out += '[';
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i > 0) out += ',';
    append_text(out, values[i]);
  }
  out += ']';
}

void append_user(std::string& out, const rbac::UserInfo* user) {
  Members members(out);
  if (user != nullptr) {
    members.optional("username", user->name);
    members.optional("uid", user->uid);
    if (!user->groups.empty()) append_texts(members.key("groups"), user->groups);
  }
  members.end();
}

void append_impersonated(std::string& out, const rbac::Principals& principals,
                         std::string_view access_request) {
  Members members(out);
  members.optional("username", principals.user);
  if (!principals.groups.empty()) append_texts(members.key("groups"), principals.groups);
  if (!access_request.empty()) {
    members.key("extra") += R"({"access.postern.dev/request":[)";
    append_text(out, access_request);
    out += "]}";
  }
  members.end();
}

void append_object(std::string& out, const ObjectReference& object) {
  Members members(out);
  members.optional("resource", object.resource);
  members.optional("namespace", object.namespace_);
  members.optional("name", object.name);
  members.optional("uid", object.uid);
  members.optional("apiGroup", object.api_group);
  members.optional("apiVersion", object.api_version);
  members.optional("subresource", object.subresource);
  members.end();
}

void append_details(std::string& out, const kube::Status& status) {
  Members members(out);
  members.optional("name", status.details_name);
  members.optional("group", status.details_group);
  members.optional("kind", status.details_kind);
  members.end();
}

void append_status(std::string& out, unsigned code, const kube::Status* status) {
  Members members(out);
  members.key("metadata") += "{}";
  if (status != nullptr) {
    members.text("status", "Failure");
    members.optional("message", status->message);
    members.optional("reason", status->reason);
    if (!status->details_kind.empty()) append_details(members.key("details"), *status);
  }
  if (code != 0) members.number("code", code);
  members.end();
}

void append_annotations(std::string& out, std::span<const Annotation> annotations) {
  Members members(out);
  for (const Annotation& annotation : annotations) {
    members.optional(annotation.key, annotation.value);
  }
  members.end();
}

bool has_value(const Annotation& annotation) {
  return !annotation.value.empty();
}

void append_digits(std::string& out, unsigned value, unsigned count) {
  const std::size_t end = out.size() + count;
  out.resize(end);
  for (std::size_t at = end; at > end - count; value /= 10) {
    out[--at] = static_cast<char>('0' + value % 10);
  }
}

void append_time(Members& members, std::string_view key, TimePoint time) {
  std::string& out = members.key(key);
  out += '"';
  append_micro_time(out, time);
  out += '"';
}

}  // namespace

void append_micro_time(std::string& out, TimePoint time) {
  const auto days = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(days);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::microseconds>(time) - days);
  append_digits(out, static_cast<unsigned>(static_cast<int>(date.year())), 4);
  out += '-';
  append_digits(out, static_cast<unsigned>(date.month()), 2);
  out += '-';
  append_digits(out, static_cast<unsigned>(date.day()), 2);
  out += 'T';
  append_digits(out, static_cast<unsigned>(clock.hours().count()), 2);
  out += ':';
  append_digits(out, static_cast<unsigned>(clock.minutes().count()), 2);
  out += ':';
  append_digits(out, static_cast<unsigned>(clock.seconds().count()), 2);
  out += '.';
  append_digits(out, static_cast<unsigned>(clock.subseconds().count()), 6);
  out += 'Z';
}

void append_event(std::string& out, const Event& event) {
  Members members(out, R"("kind":"Event","apiVersion":"audit.k8s.io/v1")");
  members.text("level", name(event.level));
  members.text("auditID", event.audit_id);
  members.text("stage", name(event.stage));
  members.text("requestURI", event.request_uri);
  members.text("verb", event.verb);
  append_user(members.key("user"), event.user);
  if (event.impersonated != nullptr) {
    append_impersonated(members.key("impersonatedUser"), *event.impersonated, event.access_request);
  }
  if (!event.source_ip.empty()) {
    members.key("sourceIPs") += '[';
    append_text(out, event.source_ip);
    out += ']';
  }
  members.optional("userAgent", event.user_agent.substr(0, kMaxUserAgent));
  if (!event.object.resource.empty()) append_object(members.key("objectRef"), event.object);
  if (event.code != 0) append_status(members.key("responseStatus"), event.code, event.status);
  if (!event.request_object.empty()) members.key("requestObject") += event.request_object;
  if (!event.response_object.empty()) members.key("responseObject") += event.response_object;
  append_time(members, "requestReceivedTimestamp", event.received);
  append_time(members, "stageTimestamp", event.stage_time);
  if (std::any_of(event.annotations.begin(), event.annotations.end(), has_value)) {
    append_annotations(members.key("annotations"), event.annotations);
  }
  members.end();
  out += '\n';
}

}  // namespace postern::proxy::audit
