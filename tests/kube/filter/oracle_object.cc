#include "tests/kube/filter/oracle_object.h"

namespace postern::kube::filter::testing {
namespace {

constexpr std::size_t kTokenCap = 4096;

ObjectReference view(const std::string& api_version, const std::string& kind, const std::string& ns,
                     const std::string& name) {
  return {api_version, kind, ns, name};
}

}  // namespace

std::string text_of(const Node& node) {
  require(node.is_null() || node.is_string());
  return node.text;
}

void require_short(const Node::Member& member) {
  require(member.key_length <= kTokenCap);
  if (member.value.type == Node::Type::kOther) {
    require(member.value.end - member.value.begin <= kTokenCap);
  }
}

void ObjectOracle::require_within_caps(const Node::Member& member) const {
  if (walked) require_short(member);
}

void ObjectOracle::read(const Node& object) {
  require(object.is_object());
  bool seen_metadata = false;
  for (const Node::Member& member : object.members) {
    require_within_caps(member);
    if (member.key == "metadata") {
      require(!seen_metadata);
      seen_metadata = true;
      if (member.value.is_null()) {
        if (null_metadata_drops) allowed_ = false;
        maybe_decide(head_complete_);
      } else {
        read_metadata(member.value);
      }
    } else if (needs_kind && member.key == "kind") {
      require(!seen_kind_);
      seen_kind_ = true;
      kind_ = text_of(member.value);
      require(!walked || member.value.end - member.value.begin <= kTokenCap + 2);
      maybe_decide(head_complete_);
    } else if (options_.event_references &&
               (member.key == "involvedObject" || member.key == "regarding")) {
      read_reference(member.value, regarding_);
    } else if (options_.event_references && member.key == "related") {
      read_reference(member.value, related_);
    }
    if (dropped()) return;
  }
}

void ObjectOracle::read_metadata(const Node& metadata) {
  require(metadata.is_object());
  bool seen_name = false;
  bool seen_namespace = false;
  for (const Node::Member& member : metadata.members) {
    require_within_caps(member);
    if (member.key != "name" && member.key != "namespace") continue;
    bool& seen = member.key == "name" ? seen_name : seen_namespace;
    require(!seen);
    seen = true;
    require(!walked || member.value.end - member.value.begin <= kTokenCap + 2);
    (member.key == "name" ? name_ : ns_) = text_of(member.value);
    if (seen_name && seen_namespace) maybe_decide(true);
    if (dropped()) return;
  }
  maybe_decide(true);
}

void ObjectOracle::read_reference(const Node& node, Reference& reference) {
  require(!reference.seen);
  reference.seen = true;
  if (node.is_null()) return;
  require(node.is_object());
  reference.present = true;
  for (const char* key : {"apiVersion", "kind", "namespace", "name"}) {
    require(node.count(key) <= 1);
  }
  const auto field = [&node](const char* key) {
    const Node* value = node.find(key);
    return value == nullptr ? std::string() : text_of(*value);
  };
  reference.api_version = field("apiVersion");
  reference.kind = field("kind");
  reference.ns = field("namespace");
  reference.name = field("name");
}

void ObjectOracle::maybe_decide(bool head_complete) {
  head_complete_ = head_complete;
  if (!head_complete || options_.event_references || !may_decide || decided()) return;
  if (needs_kind && (!seen_kind_ || kind_ == "Table")) return;
  decide();
}

bool ObjectOracle::decide() {
  if (!allowed_) {
    Item item;
    item.name = name_;
    item.namespace_ = ns_;
    const auto set = [](std::optional<ObjectReference>& to, const Reference& from) {
      if (from.present) to = view(from.api_version, from.kind, from.ns, from.name);
    };
    set(item.regarding, regarding_);
    set(item.related, related_);
    allowed_ = !name_.empty() && allows_(item);
  }
  return *allowed_;
}

std::string rewritten_metadata(const Node& metadata, std::string_view body,
                               const FilterOptions& options, bool drop_token, std::string& token) {
  if (metadata.is_null()) return "{}";
  require(metadata.is_object());
  std::string out;
  const auto put = [&out](std::string_view key, std::string_view value) {
    out += (out.empty() ? "{\"" : ",\"") + std::string(key) + "\":" + std::string(value);
  };
  for (const char* key : {"selfLink", "resourceVersion", "continue"}) {
    require(metadata.count(key) <= 1);
  }
  for (const Node::Member& member : metadata.members) {
    if (member.key == "selfLink" || member.key == "resourceVersion") {
      text_of(member.value);
      put(member.key, member.value.raw(body));
    }
    if (member.key != "continue") continue;
    token = text_of(member.value);
    if (token.empty()) continue;
    require(options.seal_continue || drop_token);
    if (options.seal_continue) put("continue", "\"" + options.seal_continue(token) + "\"");
  }
  return out.empty() ? "{}" : out + "}";
}

}  // namespace postern::kube::filter::testing
