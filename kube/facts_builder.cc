#include "kube/facts_builder.h"

#include "kube/text.h"

#include <algorithm>
#include <utility>

namespace postern::kube {
namespace {

constexpr std::size_t kMaxDepth = 128;

constexpr std::array<std::string_view, 3> kRootKeys = {"apiVersion", "kind", "metadata"};
constexpr std::array<std::string_view, 4> kMetadataKeys = {"annotations", "generateName", "name",
                                                           "namespace"};

/// Whether a key is one of these in another case: kube-apiserver takes no notice of it, servers
/// with Go's plain encoding/json would.
template <typename Keys>
bool is_misspelt(std::string_view name, const Keys& keys) {
  return std::any_of(keys.begin(), keys.end(), [&](std::string_view key) {
    return name != key && equals_ignore_case(name, key);
  });
}

}  // namespace

FactsBuilder::FactsBuilder() {
  stack_.reserve(kMaxDepth);
}

bool FactsBuilder::refuse(std::string why) {
  if (error_.empty()) error_ = std::move(why);
  return false;
}

bool FactsBuilder::is_at(Place place, std::string_view key) const {
  return !stack_.empty() && stack_.back() == place &&
         objects_[static_cast<std::size_t>(place)].key == key;
}

bool FactsBuilder::enter(Place place) {
  if (stack_.size() == kMaxDepth) return refuse("the body is nested too deeply");
  stack_.push_back(place);
  return true;
}

/// Where the text goes that the current member must have; nullptr when it may have anything.
std::string* FactsBuilder::wanted_text() {
  if (is_at(Place::kRoot, "apiVersion")) return &facts_.api_version;
  if (is_at(Place::kRoot, "kind")) return &facts_.kind;
  if (is_at(Place::kMetadata, "name")) return &facts_.name;
  if (is_at(Place::kMetadata, "generateName")) return &facts_.generate_name;
  if (is_at(Place::kMetadata, "namespace")) return &facts_.namespace_;
  if (is_at(Place::kAnnotations, kServiceAccountAnnotation)) return &facts_.service_account_name;
  return nullptr;
}

bool FactsBuilder::start_object() {
  if (stack_.empty()) return !done_ && enter(Place::kRoot);
  if (wanted_text() != nullptr) return refuse("the body has an object where a string must be");
  if (is_at(Place::kRoot, "metadata")) return enter(Place::kMetadata);
  if (is_at(Place::kMetadata, "annotations")) return enter(Place::kAnnotations);
  if (is_at(Place::kRoot, "type")) type_is_text_ = false;
  return enter(Place::kElsewhere);
}

bool FactsBuilder::start_array() {
  if (stack_.empty()) return refuse("the body is not an object");
  if (wanted_text() != nullptr) return refuse("the body has a list where a string must be");
  if (is_at(Place::kRoot, "metadata") || is_at(Place::kMetadata, "annotations")) {
    return refuse("the body has a list where metadata must be");
  }
  if (is_at(Place::kRoot, "type")) type_is_text_ = false;
  if (is_at(Place::kRoot, "items")) has_items_ = true;
  return enter(Place::kElsewhere);
}

void FactsBuilder::end() {
  stack_.pop_back();
  done_ = stack_.empty();
}

bool FactsBuilder::key(std::string_view name) {
  const Place place = stack_.back();
  if (place == Place::kElsewhere) return true;
  if ((place == Place::kRoot && is_misspelt(name, kRootKeys)) ||
      (place == Place::kMetadata && is_misspelt(name, kMetadataKeys))) {
    return refuse("the body has the key " + quoted(name) + " in an unknown case");
  }
  Object& object = objects_[static_cast<std::size_t>(place)];
  if (!object.keys.emplace(name).second) {
    return refuse("the body has the key " + quoted(name) + " more than once");
  }
  object.key = name;
  return true;
}

bool FactsBuilder::text(std::string_view value) {
  if (stack_.empty()) return refuse("the body is not an object");
  if (std::string* wanted = wanted_text()) {
    *wanted = value;
    return true;
  }
  if (is_at(Place::kRoot, "type")) facts_.type = value;
  if (is_at(Place::kRoot, "metadata") || is_at(Place::kMetadata, "annotations")) {
    return refuse("the body has a string where metadata must be");
  }
  return true;
}

bool FactsBuilder::scalar(bool is_null) {
  if (stack_.empty()) return refuse("the body is not an object");
  if (wanted_text() != nullptr) {
    return refuse("the body's " + quoted(objects_[static_cast<std::size_t>(stack_.back())].key) +
                  " is not a string; quote it if it is meant to be one");
  }
  if (is_at(Place::kRoot, "metadata") || (is_at(Place::kMetadata, "annotations") && !is_null)) {
    return refuse("the body's metadata is not an object");
  }
  if (is_at(Place::kRoot, "type")) type_is_text_ = false;
  return true;
}

Result<BodyFacts> FactsBuilder::finish() {
  if (!done_) return fail(Status::bad_request("the body is not one whole object"));
  // A body without a kind is of the path's kind, a Secret maybe.
  if (!type_is_text_ && (facts_.kind.empty() || facts_.kind == "Secret")) {
    return fail(Status::bad_request("the body's type is not a string"));
  }
  return checked_facts(std::move(facts_), has_items_);
}

Result<BodyFacts> checked_facts(BodyFacts facts, bool has_items) {
  if (facts.kind == "List" || (has_items && facts.kind.ends_with("List"))) {
    return fail(Status::bad_request("a list cannot be written as one object"));
  }
  for (const std::string* field :
       {&facts.api_version, &facts.kind, &facts.name, &facts.generate_name, &facts.namespace_}) {
    if (!is_printable(*field)) {
      return fail(Status::bad_request("the body's metadata has characters that cannot be there"));
    }
  }
  return facts;
}

}  // namespace postern::kube
