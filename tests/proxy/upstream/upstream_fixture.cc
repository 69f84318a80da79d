#include "upstream_fixture.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace postern::proxy::test {
namespace {

Task<void> fetch_into(UpstreamPool& pool, std::string target, Result<FetchedResponse>& into) {
  into = co_await fetch(pool, "GET", std::move(target), {}, "", 1024UL * 1024);
}

}  // namespace

UpstreamHooks LoggedLines::hooks(Metrics* metrics) {
  if (metrics != nullptr) metrics_.emplace(*metrics, "mycluster");
  return {metrics != nullptr ? &*metrics_ : nullptr, [this](LogLevel, const std::string& line) {
            const std::lock_guard lock(mutex_);
            lines_.push_back(line);
          }};
}

bool LoggedLines::contain(const std::string& text) const {
  const std::lock_guard lock(mutex_);
  return std::any_of(lines_.begin(), lines_.end(),
                     [&](const std::string& line) { return line.find(text) != std::string::npos; });
}

std::size_t LoggedLines::size() const {
  const std::lock_guard lock(mutex_);
  return lines_.size();
}

EndpointSource endpoint_source(std::uint16_t port, const std::string& token) {
  EndpointSource source;
  source.origin = "kubeconfig";
  source.server = "https://127.0.0.1:" + std::to_string(port);
  source.server_key = "clusters[0].cluster.server";
  source.ca = WatchedFile::inline_text(test_pki().ca.text, "certificate-authority-data");
  if (!token.empty()) source.token = WatchedFile::inline_text(token, "token");
  return source;
}

std::shared_ptr<const ClusterEndpoint> make_endpoint(EndpointSource source, UpstreamHooks hooks) {
  auto made = ClusterEndpoint::make(std::move(source), std::move(hooks));
  REQUIRE_MESSAGE(made, (made ? "" : made.error().front().to_string()));
  return *made;
}

UpstreamFixture::UpstreamFixture(ScriptedServer::Script script, UpstreamTimeouts timeouts)
    : server(std::move(script)),
      endpoint(make_endpoint(endpoint_source(server.port()))),
      pool(worker, endpoint, timeouts, logged.hooks()) {}

Result<FetchedResponse> UpstreamFixture::get(const std::string& target) {
  Result<FetchedResponse> response;
  run(fetch_into(pool, target, response));
  return response;
}

TemporaryDirectory::TemporaryDirectory() {
  std::string pattern = (std::filesystem::temp_directory_path() / "postern-test-XXXXXX").string();
  REQUIRE(mkdtemp(pattern.data()) != nullptr);
  path_ = pattern;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

void TemporaryDirectory::put(const std::string& name, const std::string& text) const {
  const std::string fresh = path(name + ".new");
  std::ofstream(fresh) << text;
  std::filesystem::rename(fresh, path(name));
}

}  // namespace postern::proxy::test
