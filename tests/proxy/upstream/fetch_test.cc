#include "upstream_fixture.h"

namespace postern::proxy::test {
namespace {

TEST_CASE("fetch: says who it is, and what it wants") {
  UpstreamFixture fixture(answering([](const std::string&, ServerConnection& connection) {
    connection.answer(200, "hello", "Content-Type: text/plain\r\nETag: \"e1\"\r\n");
  }));
  const auto response = fixture.get("/version?x=y");
  REQUIRE(response);
  CHECK(response->content_type == "text/plain");
  CHECK(response->etag == "\"e1\"");
  const std::string head = fixture.server.requests().at(0);
  CHECK(first_words(head) == "GET /version?x=y");
  CHECK(has_line(head, "Host: 127.0.0.1:" + std::to_string(fixture.server.port())));
  CHECK(has_line(head, "Authorization: Bearer postern-token"));
  CHECK(has_line(head, "Accept-Encoding: identity"));
  CHECK(head.find("User-Agent: postern/") != std::string::npos);
  CHECK(head.find("Impersonate-") == std::string::npos);
}

Task<void> post_into(UpstreamPool& pool, Result<FetchedResponse>& into) {
  std::vector<std::pair<std::string, std::string>> fields{{"Impersonate-User", "alice"},
                                                          {"Content-Type", "application/json"}};
  into = co_await fetch(pool, "POST", "/x", std::move(fields), "{\"a\":1}", 1024);
}

TEST_CASE("fetch: the identity is last, the body has a length") {
  UpstreamFixture fixture(answering(
      [](const std::string&, ServerConnection& connection) { connection.answer(201, "{}"); }));
  Result<FetchedResponse> response;
  fixture.run(post_into(fixture.pool, response));
  REQUIRE(response);
  CHECK(response->status == 201);
  const std::string request = fixture.server.requests().at(0);
  CHECK(has_line(request, "Content-Length: 7"));
  CHECK(request.ends_with("Impersonate-User: alice\r\n\r\n{\"a\":1}"));
}

TEST_CASE("fetch: the base path of the endpoint comes first") {
  UpstreamFixture fixture(answering(
      [](const std::string&, ServerConnection& connection) { connection.answer(200, "{}"); }));
  EndpointSource source = endpoint_source(fixture.server.port());
  source.server += "/k8s/clusters/c-1/";
  UpstreamPool pool(fixture.worker, make_endpoint(source), {});
  Result<FetchedResponse> response;
  fixture.run(post_into(pool, response));
  REQUIRE(response);
  CHECK(first_words(fixture.server.requests().at(0)) == "POST /k8s/clusters/c-1/x");
}

TEST_CASE("fetch: bodies in every framing") {
  const std::string rows[] = {
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
      "HTTP/1.1 200 OK\r\n\r\nhello",  // until close_notify
  };
  for (const std::string& words : rows) {
    CAPTURE(words);
    UpstreamFixture fixture([words](ServerConnection& connection, ScriptedServer&) {
      connection.read_request();
      connection.write(words);
      connection.close();
    });
    const auto response = fixture.get("/");
    REQUIRE(response);
    CHECK(response->body == "hello");
  }
}

TEST_CASE("fetch: a body that breaks off or is too long is 502") {
  const std::string rows[] = {
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
      "HTTP/1.1 200 OK\r\n\r\nhello",  // cut: without close_notify it may be a part only
      "HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n" + std::string(2000000, 'x'),
  };
  for (const std::string& words : rows) {
    CAPTURE(words.substr(0, 80));
    UpstreamFixture fixture([words](ServerConnection& connection, ScriptedServer&) {
      connection.read_request();
      connection.write(words);
      connection.cut();
    });
    const auto response = fixture.get("/");
    REQUIRE_FALSE(response);
    CHECK(response.error().code == 502);
    CHECK(fixture.pool.idle() == 0);
  }
}

TEST_CASE("fetch: a body that stalls is 504") {
  UpstreamTimeouts timeouts;
  timeouts.first_byte = std::chrono::milliseconds(200);
  UpstreamFixture fixture(
      [](ServerConnection& connection, ScriptedServer&) {
        connection.read_request();
        connection.write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe");
        connection.wait_for_end();
      },
      timeouts);
  const auto response = fixture.get("/");
  REQUIRE_FALSE(response);
  CHECK(response.error().code == 504);
}

/// The first connection answers once and hangs up on the second request.
void hang_up_on_second(ServerConnection& connection, ScriptedServer& server) {
  for (int i = 1;; ++i) {
    const std::string request = connection.read_request();
    if (request.empty()) return;
    server.record(request);
    if (connection.number() == 1 && i == 2) return connection.cut();
    connection.answer(200, std::to_string(connection.number()));
  }
}

TEST_CASE("fetch: a pooled connection that had died unseen is replaced by a fresh one, once") {
  UpstreamFixture fixture(hang_up_on_second);
  REQUIRE(fixture.get("/a"));
  const auto response = fixture.get("/b");
  REQUIRE(response);
  CHECK(response->body == "2");
  CHECK(fixture.server.connections() == 2);
  CHECK(fixture.server.requests().size() == 3);
}

TEST_CASE("fetch: a fresh connection that dies is not tried again") {
  UpstreamFixture fixture([](ServerConnection& connection, ScriptedServer& server) {
    server.record(connection.read_request());
    connection.cut();
  });
  const auto response = fixture.get("/");
  REQUIRE_FALSE(response);
  CHECK(response.error().code == 502);
  CHECK(fixture.server.requests().size() == 1);
}

TEST_CASE("fetch: other statuses are answers, redirects are not followed") {
  UpstreamFixture fixture(answering([](const std::string&, ServerConnection& connection) {
    connection.answer(302, "", "Location: https://127.0.0.1:1/\r\n");
  }));
  const auto response = fixture.get("/");
  REQUIRE(response);
  CHECK(response->status == 302);
  CHECK(fixture.server.requests().size() == 1);
}

/// Accepts "Bearer new" only.
void want_new_token(const std::string& request, ServerConnection& connection) {
  connection.answer(has_line(request, "Authorization: Bearer new") ? 200 : 401, "{}");
}

Task<void> get_into(UpstreamPool& pool, Result<FetchedResponse>& into) {
  into = co_await fetch(pool, "GET", "/", {}, "", 1024);
}

TEST_CASE("attack 216: after a 401 the token is read again at once, and then it is 502") {
  UpstreamFixture fixture(answering(want_new_token));
  const TemporaryDirectory directory;
  directory.put("token", "old\n");
  EndpointSource source = endpoint_source(fixture.server.port());
  source.token = WatchedFile::at(directory.path("token"));
  UpstreamPool pool(fixture.worker, make_endpoint(source), {});
  Result<FetchedResponse> response;
  fixture.run(get_into(pool, response));
  REQUIRE_FALSE(response);
  CHECK(response.error().code == 502);
  CHECK(
      response.error().message.starts_with("the cluster does not accept postern's own credential"));
  CHECK(fixture.server.requests().size() == 1);

  directory.put("token", "new\n");
  fixture.run(get_into(pool, response));
  REQUIRE(response);
  CHECK(response->status == 200);
  CHECK(fixture.server.requests().size() == 3);
}

}  // namespace
}  // namespace postern::proxy::test
