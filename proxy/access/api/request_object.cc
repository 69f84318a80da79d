#include "kube/text.h"
#include "proxy/access/api/api_object.h"
#include "proxy/access/api/request_json.h"
#include "proxy/access/api/wire_values.h"

#include <utility>

namespace postern::proxy::access::api {
namespace {

using rbac::request::AccessRequest;
using rbac::request::State;

constexpr std::size_t kMaxCell = 64;

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) {
    text.append(text.empty() ? "" : ",").append(word);
  }
  return text;
}

std::string resources_cell(const AccessRequest& request) {
  const auto& ids = request.spec.resource_ids;
  if (ids.empty()) return "<all of the roles>";
  std::string text = ids.front().str();
  if (text.size() > kMaxCell) text = text.substr(0, kMaxCell - 3) + "...";
  return ids.size() == 1 ? text : text + " +" + std::to_string(ids.size() - 1);
}

std::string expires_cell(const AccessRequest& request, TimePoint now) {
  const bool ends = request.state == State::kPending || request.state == State::kApproved;
  return ends ? age_text(std::chrono::floor<std::chrono::seconds>(request.expires() - now)) : "-";
}

std::string reviewers_cell(const AccessRequest& request) {
  if (request.reviews.empty()) return joined(request.spec.suggested_reviewers);
  std::vector<std::string> names;
  for (const rbac::request::Review& review : request.reviews) names.push_back(review.author);
  return joined(names);
}

class RequestView : public ApiObject {
 public:
  explicit RequestView(RequestPtr request) : object_(std::move(request)) {}

  const KindInfo& kind() const override { return access_requests(); }
  const ObjectMeta& meta() const override { return object_->meta; }
  std::string_view field(std::string_view path) const override { return field_of(*object_, path); }
  Json document() const override {
    std::string text;
    append_document(text);
    return Json::parse(text);
  }
  void append_document(std::string& out) const override { append_request(out, *object_); }
  std::vector<Json> cells(TimePoint now) const override {
    const AccessRequest& request = object_->request;
    const auto age = std::chrono::floor<std::chrono::seconds>(now - request.created);
    return {object_->meta.name,
            request.user,
            joined(request.spec.roles),
            resources_cell(request),
            rbac::request::state_name(request.state),
            expires_cell(request, now),
            age_text(age),
            request.spec.reason,
            reviewers_cell(request)};
  }

 private:
  RequestPtr object_;
};

}  // namespace

std::string_view field_of(const RequestObject& request, std::string_view path) {
  if (path == "spec.user") return request.request.user;
  if (path == "status.state") return rbac::request::state_name(request.request.state);
  return request.meta.name;
}

ObjectPtr make_object(RequestPtr request) {
  return std::make_shared<RequestView>(std::move(request));
}

}  // namespace postern::proxy::access::api
