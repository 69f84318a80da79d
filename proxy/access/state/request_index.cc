#include "proxy/access/state/request_index.h"

namespace postern::proxy::access {
namespace {

/// Calls `use` with everybody who has to do with the request; with some of them twice.
template <typename Use>
void for_people(const RequestObject& object, Use use) {
  use(object.request.user);
  for (const rbac::request::Review& review : object.request.reviews) use(review.author);
}

}  // namespace

void RequestIndex::replace(const RequestPtr& before, const RequestPtr& now) {
  if (before != nullptr) remove(before);
  if (now != nullptr) add(now);
}

void RequestIndex::add(const RequestPtr& request) {
  for_people(*request, [&](const std::string& person) { by_person_[person].insert(request); });
  if (request->request.state == rbac::request::State::kPending) pending_.insert(request);
}

void RequestIndex::remove(const RequestPtr& request) {
  for_people(*request, [&](const std::string& person) {
    const auto found = by_person_.find(person);
    if (found == by_person_.end()) return;
    found->second.erase(request);
    if (found->second.empty()) by_person_.erase(found);
  });
  pending_.erase(request);
}

const RequestSet& RequestIndex::involving(std::string_view person) const {
  static const RequestSet nothing;
  const auto found = by_person_.find(std::string(person));
  return found == by_person_.end() ? nothing : found->second;
}

}  // namespace postern::proxy::access
