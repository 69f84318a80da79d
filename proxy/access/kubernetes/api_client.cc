#include "proxy/access/kubernetes/api_client.h"

#include <array>
#include <chrono>
#include <ctime>
#include <nlohmann/json.hpp>
#include <utility>

// Tested by tests/proxy/access/kubernetes/ and tests/e2e/test_store_kubernetes.py
namespace postern::proxy::access {
namespace {

using nlohmann::json;

constexpr std::size_t kPage = 500;
/// A page of the largest objects.
constexpr std::size_t kMaxAnswerBytes = std::size_t{512} << 20U;

kube::Status answer_of(const FetchedResponse& response) {
  kube::Status status;
  status.code = static_cast<std::uint16_t>(response.status);
  const json body = json::parse(response.body, nullptr, false);
  if (body.is_object() && body.value("kind", "") == "Status") {
    status.reason = body.value("reason", "");
    status.message = body.value("message", "");
  }
  if (status.message.empty()) {
    status.message = "the API server answered " + std::to_string(response.status);
  }
  return status;
}

std::string rfc3339_now() {
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  std::array<char, 32> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return {text.data(), size};
}

Result<CustomResource> read_answer(const std::string& body) {
  auto resource = read_custom_resource(json::parse(body, nullptr, false));
  if (!resource) {
    return fail(kube::Status::bad_gateway("the API server's answer is no custom resource"));
  }
  return std::move(*resource);
}

/// Adds a page; the continue token of the next one, or "".
Result<std::string> add_page(const std::string& body, CustomResourceClient::Listed& listed) {
  const json page = json::parse(body, nullptr, false);
  const auto broken = [] {
    return fail(kube::Status::bad_gateway("the API server's answer is no list"));
  };
  if (!page.is_object() || !page.contains("metadata") || !page.contains("items")) return broken();
  const json& metadata = page["metadata"];
  const json& items = page["items"];
  if (!metadata.is_object() || !items.is_array()) return broken();
  for (const json& item : items) {
    auto resource = read_custom_resource(item);
    if (!resource) return broken();
    listed.items.push_back(std::move(*resource));
  }
  const std::string version = metadata.value("resourceVersion", "");
  if (version.empty() || version.find_first_not_of("0123456789") != std::string::npos ||
      version.size() > 19) {
    return broken();
  }
  listed.version = std::stoull(version);
  return metadata.value("continue", "");
}

}  // namespace

Task<Result<std::string>> call_api(UpstreamPool& pool, std::string method, std::string target,
                                   std::string body, std::string content_type) {
  std::vector<std::pair<std::string, std::string>> fields{{"Accept", "application/json"}};
  if (!body.empty()) fields.emplace_back("Content-Type", std::move(content_type));
  auto response = co_await fetch(pool, method, std::move(target), std::move(fields),
                                 std::move(body), kMaxAnswerBytes);
  if (!response) co_return fail(std::move(response.error()));
  if (response->status < 200 || response->status > 299) co_return fail(answer_of(*response));
  co_return std::move(response->body);
}

std::string CustomResourceClient::path(const ResourceKind& kind,
                                       std::string_view object_name) const {
  std::string path = "/apis/" + std::string(kStoreGroup) + "/" + std::string(kStoreVersion) +
                     "/namespaces/" + namespace_ + "/" + kind.resource;
  if (!object_name.empty()) path += "/" + std::string(object_name);
  return path;
}

std::string CustomResourceClient::watch_target(const ResourceKind& kind, Version from) const {
  return path(kind) +
         "?watch=true&allowWatchBookmarks=true&resourceVersion=" + std::to_string(from);
}

Task<Result<CustomResourceClient::Listed>> CustomResourceClient::list(const ResourceKind& kind) {
  Listed listed;
  const std::string first = path(kind) + "?limit=" + std::to_string(kPage);
  std::string target = first;
  for (;;) {
    auto body = co_await call_api(pool_, "GET", target, "");
    if (!body) co_return fail(std::move(body.error()));
    const auto next = add_page(*body, listed);
    if (!next) co_return fail(next.error());
    if (next->empty()) co_return listed;
    target = first + "&continue=" + *next;  // base64url
  }
}

Task<Result<CustomResource>> CustomResourceClient::get(const ResourceKind& kind,
                                                       std::string object_name) {
  auto body = co_await call_api(pool_, "GET", path(kind, object_name), "");
  if (!body) co_return fail(std::move(body.error()));
  co_return read_answer(*body);
}

Task<Result<CustomResource>> CustomResourceClient::write(std::string method, std::string target,
                                                         std::string body) {
  auto answer = co_await call_api(pool_, std::move(method), std::move(target), std::move(body));
  if (!answer) co_return fail(std::move(answer.error()));
  co_return read_answer(*answer);
}

Task<Result<CustomResource>> CustomResourceClient::create(const ResourceKind& kind,
                                                          const CustomResource& resource,
                                                          const Summary& summary) {
  return write("POST", path(kind), write_custom_resource(kind, namespace_, resource, summary));
}

Task<Result<CustomResource>> CustomResourceClient::replace(const ResourceKind& kind,
                                                           const CustomResource& resource,
                                                           const Summary& summary) {
  return write("PUT", path(kind, resource.object_name),
               write_custom_resource(kind, namespace_, resource, summary));
}

Task<Result<void>> CustomResourceClient::mark_refused(const ResourceKind& kind,
                                                      const CustomResource& resource,
                                                      std::string reason, std::string why) {
  const json condition{{"type", "Authentic"},
                       {"status", "False"},
                       {"reason", reason},
                       {"message", why},
                       {"observedGeneration", resource.generation},
                       {"lastTransitionTime", rfc3339_now()}};
  const json patch{{"status", {{"conditions", json::array({condition})}}}};
  const std::string target = path(kind, resource.object_name) + "/status";
  const auto done =
      co_await call_api(pool_, "PATCH", target, patch.dump(), "application/merge-patch+json");
  if (!done) co_return fail(done.error());
  co_return Result<void>();
}

Task<Result<void>> CustomResourceClient::remove(const ResourceKind& kind,
                                                const CustomResource& resource) {
  const json options{
      {"apiVersion", "v1"},
      {"kind", "DeleteOptions"},
      {"preconditions",
       {{"uid", resource.uid}, {"resourceVersion", std::to_string(resource.version)}}}};
  const std::string target = path(kind, resource.object_name);
  const auto done = co_await call_api(pool_, "DELETE", target, options.dump());
  if (!done) co_return fail(done.error());
  co_return Result<void>();
}

}  // namespace postern::proxy::access
