#include "proxy/access/kubernetes/shared_keys.h"

#include "kube/base64.h"
#include "proxy/access/kubernetes/api_client.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

// Tested by tests/e2e/test_store_kubernetes.py
namespace postern::proxy::access {
namespace {

using nlohmann::json;

constexpr int kTries = 5;

std::string_view bytes_of(const MasterKey::Bytes& key) {
  return {reinterpret_cast<const char*>(key.data()), key.size()};
}

std::string secret_text(const std::string& in_namespace, const std::string& name,
                        const SharedKeys& keys, const std::string& version) {
  json data{{"master.key", kube::encode_base64(bytes_of(keys.master))}};
  if (!keys.authority.empty()) {
    data["ca.crt"] = kube::encode_base64(keys.authority);
    data["ca.key"] = kube::encode_base64(keys.authority_key);
  }
  json metadata{{"name", name},
                {"namespace", in_namespace},
                {"labels", {{"app.kubernetes.io/name", "postern"}}}};
  if (!version.empty()) metadata["resourceVersion"] = version;
  return json{{"apiVersion", "v1"},
              {"kind", "Secret"},
              {"type", "Opaque"},
              {"metadata", std::move(metadata)},
              {"data", std::move(data)}}
      .dump();
}

struct FoundSecret {
  SharedKeys keys;
  std::string version;
};

Result<FoundSecret> read_secret(const std::string& body, const std::string& name) {
  const json secret = json::parse(body, nullptr, false);
  const json data = secret.is_object() ? secret.value("data", json::object()) : json::object();
  const auto text = [&data](const char* key) -> std::string {
    const auto found = data.find(key);
    if (found == data.end() || !found->is_string()) return {};
    return kube::decode_base64(found->get_ref<const std::string&>()).value_or("");
  };
  FoundSecret found;
  const std::string master = text("master.key");
  if (master.size() != found.keys.master.size()) {
    return fail(kube::Status::internal(
        "the Secret " + name +
        " has no master.key of 32 bytes: restore it, or delete the Secret to have new keys made, "
        "which makes everything void that was sealed with the old ones"));
  }
  std::copy(master.begin(), master.end(), found.keys.master.begin());
  found.keys.authority = text("ca.crt");
  found.keys.authority_key = text("ca.key");
  found.version = secret.value("metadata", json::object()).value("resourceVersion", "");
  if (found.keys.authority.empty() != found.keys.authority_key.empty()) {
    return fail(
        kube::Status::internal("the Secret " + name + " has only one of ca.crt and ca.key"));
  }
  return found;
}

}  // namespace

Task<Result<SharedKeys>> obtain_shared_keys(UpstreamPool& pool, std::string in_namespace,
                                            std::string secret_name, SharedKeys offered) {
  const std::string all = "/api/v1/namespaces/" + in_namespace + "/secrets";
  const std::string one = all + "/" + secret_name;
  for (int tries = 0; tries < kTries; ++tries) {
    const auto body = co_await call_api(pool, "GET", one, "");
    if (!body && body.error().code != 404) co_return fail(body.error());
    std::string method = "POST";
    std::string target = all;
    std::string text = secret_text(in_namespace, secret_name, offered, "");
    if (body) {
      auto found = read_secret(*body, in_namespace + "/" + secret_name);
      if (!found) co_return fail(std::move(found.error()));
      if (!found->keys.authority.empty() || offered.authority.empty()) {
        co_return std::move(found->keys);
      }
      found->keys.authority = offered.authority;
      found->keys.authority_key = offered.authority_key;
      method = "PUT";
      target = one;
      text = secret_text(in_namespace, secret_name, found->keys, found->version);
    }
    // What is there afterwards counts, whoever wrote it.
    const auto written = co_await call_api(pool, std::move(method), std::move(target), text);
    if (!written && written.error().code != 409) co_return fail(written.error());
  }
  co_return fail(kube::Status::unavailable("too many others write the Secret " + secret_name));
}

}  // namespace postern::proxy::access
