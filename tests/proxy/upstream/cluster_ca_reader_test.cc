#include "proxy/upstream/cluster_ca_reader.h"

#include "upstream_fixture.h"

namespace postern::proxy::test {
namespace {

Task<void> read_into(UpstreamPool& pool, Result<std::string>& into) {
  into = co_await read_cluster_client_ca(pool);
}

Result<std::string> read(unsigned status, const std::string& body) {
  UpstreamFixture fixture(answering(
      [&](const std::string&, ServerConnection& connection) { connection.answer(status, body); }));
  Result<std::string> pem;
  fixture.run(read_into(fixture.pool, pem));
  CHECK(first_words(fixture.server.requests().at(0)) ==
        "GET /api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication");
  return pem;
}

TEST_CASE("cluster CA: what the ConfigMap says") {
  CHECK(read(200, R"({"kind":"ConfigMap","data":{"client-ca-file":"PEM\n","other":"x"}})") ==
        std::string("PEM\n"));
}

TEST_CASE("cluster CA: a cluster without one") {
  CHECK(read(200, R"({"kind":"ConfigMap","data":{}})") == std::string());
  CHECK(read(200, R"({"kind":"ConfigMap"})") == std::string());
  CHECK(read(404, R"({"kind":"Status","code":404})") == std::string());
}

TEST_CASE("cluster CA: answers that say nothing about it") {
  const auto forbidden = read(403, R"({"kind":"Status","code":403})");
  REQUIRE_FALSE(forbidden);
  CHECK(forbidden.error().message.find("403") != std::string::npos);
  CHECK_FALSE(read(503, ""));
  CHECK_FALSE(read(200, ""));
  CHECK_FALSE(read(200, "[]"));
  CHECK_FALSE(read(200, R"({"kind":"Secret","data":{"client-ca-file":"PEM"}})"));
  CHECK_FALSE(read(200, R"({"kind":"ConfigMap","data":{"client-ca-file":7}})"));
}

}  // namespace
}  // namespace postern::proxy::test
