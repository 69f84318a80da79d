#include "proxy/upstream/cluster_ca_reader.h"

#include "proxy/upstream/upstream.h"

#include <nlohmann/json.hpp>

// Tested by tests/proxy/upstream/cluster_ca_reader_test.cc
namespace postern::proxy {
namespace {

constexpr const char* kPath =
    "/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication";
constexpr const char* kKey = "/data/client-ca-file";
constexpr std::size_t kMaxBytes = 1024 * 1024;

}  // namespace

Task<Result<std::string>> read_cluster_client_ca(UpstreamPool& pool) {
  const auto answer =
      co_await fetch(pool, "GET", kPath, {{"Accept", "application/json"}}, "", kMaxBytes);
  if (!answer) co_return fail(answer.error());
  if (answer->status == 404) co_return std::string();
  if (answer->status != 200) {
    co_return fail(kube::Status::bad_gateway(
        "the API server answered " + std::to_string(answer->status) +
        " to a read of the ConfigMap kube-system/extension-apiserver-authentication"));
  }
  const auto document = nlohmann::json::parse(answer->body, nullptr, false);
  if (!document.is_object() || document.value("kind", nlohmann::json()) != "ConfigMap") {
    co_return fail(kube::Status::bad_gateway("the API server's answer is no ConfigMap"));
  }
  const nlohmann::json::json_pointer place(kKey);
  if (!document.contains(place)) co_return std::string();
  const auto& value = document.at(place);
  if (!value.is_string()) {
    co_return fail(kube::Status::bad_gateway("client-ca-file of the ConfigMap is no text"));
  }
  co_return value.get<std::string>();
}

}  // namespace postern::proxy
