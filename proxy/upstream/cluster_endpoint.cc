#include "proxy/upstream/cluster_endpoint.h"

#include "proxy/net/issue_certificate.h"
#include "proxy/net/tls_client_context.h"
#include "proxy/observe/cluster_metrics.h"

#include <algorithm>
#include <utility>

// Tested by tests/proxy/upstream/cluster_endpoint_test.cc
namespace postern::proxy {
namespace {

std::int64_t steady_now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

std::string make_host_header(const ServerUrl& url) {
  const bool is_ipv6 = url.host.find(':') != std::string::npos;
  const std::string host = is_ipv6 ? "[" + url.host + "]" : url.host;
  return url.port == 443 ? host : host + ":" + std::to_string(url.port);
}

ConfigErrors error_at(std::string file, std::string key, std::string message) {
  return {{std::move(file), 0, 0, std::move(key), std::move(message)}};
}

void append(ConfigErrors& all, const ConfigErrors& more) {
  all.insert(all.end(), more.begin(), more.end());
}

/// A token without the line end of its file.
std::string trimmed(const std::string& text) {
  constexpr const char* kSpace = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find_last_not_of(kSpace) + 1 - begin);
}

bool is_visible(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7F; });
}

Pem pem_of(const WatchedFile& file) {
  return {file.text(), file.origin()};
}

}  // namespace

ClusterEndpoint::ClusterEndpoint(EndpointSource source, ServerUrl url, UpstreamHooks hooks)
    : url_(std::move(url)),
      host_header_(make_host_header(url_)),
      hooks_(std::move(hooks)),
      issued_(source.issued_token),
      source_(std::move(source)) {}

Loaded<std::shared_ptr<const ClusterEndpoint>> ClusterEndpoint::make(
    EndpointSource source, UpstreamHooks hooks, std::shared_ptr<ClusterHealth> health) {
  auto url = parse_server_url(source.server);
  ConfigErrors errors;
  if (!url) append(errors, error_at(source.origin, source.server_key, url.error()));
  const std::shared_ptr<ClusterEndpoint> endpoint(new ClusterEndpoint(
      std::move(source), url.value_or(ServerUrl{"unusable", 443, ""}), std::move(hooks)));
  if (health != nullptr) endpoint->health_ = std::move(health);
  if (auto read = endpoint->read_everything(); !read) append(errors, read.error());
  if (!errors.empty()) return tl::unexpected(std::move(errors));
  endpoint->warn_unverified();
  return endpoint;
}

Loaded<void> ClusterEndpoint::read_everything() {
  ConfigErrors errors;
  for (WatchedFile* file : {&source_.ca, &source_.certificate, &source_.key, &source_.token}) {
    if (auto read = file->read(); !read) append(errors, read.error());
  }
  if (!errors.empty()) return tl::unexpected(std::move(errors));
  auto access = std::make_shared<Access>();
  if (auto set = set_tls(source_, *access); !set) append(errors, set.error());
  if (auto set = set_authorization(source_, *access); !set) append(errors, set.error());
  if (!issued_ && source_.certificate.absent() && source_.token.absent()) {
    append(errors, error_at(source_.origin, "", "has neither a client certificate nor a token"));
  }
  if (!errors.empty()) return tl::unexpected(std::move(errors));
  access_.publish(std::move(access));
  next_check_ = steady_now() + std::chrono::nanoseconds(kCheckInterval).count();
  return {};
}

Loaded<void> ClusterEndpoint::set_tls(const EndpointSource& from, Access& access) const {
  if (from.certificate.absent() != from.key.absent()) {
    return tl::unexpected(
        error_at(from.origin, "", "a client certificate and its key belong together"));
  }
  TlsClientOptions options;
  options.ca = pem_of(from.ca);
  options.certificate = pem_of(from.certificate);
  options.key = pem_of(from.key);
  options.server_name = from.tls_server_name.empty() ? url_.host : from.tls_server_name;
  options.skip_verification = from.insecure_skip_tls_verify;
  auto context = TlsClientContext::make(options);
  if (!context) return tl::unexpected(error_at(from.origin, "", context.error()));
  access.tls = std::move(*context);
  ++access.tls_generation;
  tell_expiry(from);
  return {};
}

Loaded<void> ClusterEndpoint::set_authorization(const EndpointSource& from, Access& access) const {
  if (from.token.absent()) return {};
  const std::string token = trimmed(from.token.text());
  if (token.empty() || !is_visible(token)) {
    return tl::unexpected(error_at(from.token.origin(), "", "holds no token"));
  }
  access.authorization = "Bearer " + token;
  return {};
}

void ClusterEndpoint::check_files_if_due() const {
  std::int64_t due = next_check_.load(std::memory_order_relaxed);
  const std::int64_t now = steady_now();
  const std::int64_t next = now + std::chrono::nanoseconds(kCheckInterval).count();
  if (now >= due && next_check_.compare_exchange_strong(due, next)) check_files(false);
}

bool ClusterEndpoint::read_credential_again(const std::optional<std::string>& refused) const {
  if (access_.load()->authorization == refused) check_files(true);
  return access_.load()->authorization != refused;
}

Task<bool> ClusterEndpoint::renew_credential(Worker& caller,
                                             std::optional<std::string> refused) const {
  if (!issued_) co_return read_credential_again(refused);
  if (access_.load()->authorization == refused && issuer_ != nullptr) {
    co_await issuer_->renew(caller, refused.value_or(""));
  }
  co_return access_.load()->authorization != refused;
}

Loaded<void> ClusterEndpoint::take_token(const std::string& token) const {
  const std::lock_guard lock(mutex_);
  EndpointSource fresh = source_;
  fresh.token = WatchedFile::inline_text(token, "the issued token");
  auto access = std::make_shared<Access>(*access_.load());
  if (auto set = set_authorization(fresh, *access); !set) return set;
  source_ = std::move(fresh);
  access_.publish(std::move(access));
  return {};
}

std::vector<std::string> ClusterEndpoint::files() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> found;
  for (const WatchedFile* file :
       {&source_.kubeconfig, &source_.ca, &source_.certificate, &source_.key, &source_.token}) {
    if (file->is_file()) found.push_back(file->origin());
  }
  return found;
}

/// Takes over what has changed and fits together.
void ClusterEndpoint::check_files(bool credential_was_refused) const {
  const std::lock_guard lock(mutex_);
  if (source_.kubeconfig.changed()) {
    auto access = std::make_shared<Access>(*access_.load());
    const auto read = read_kubeconfig_again(*access);
    tell(read);
    if (read) access_.publish(std::move(access));
    return;
  }
  const bool new_token = source_.token.changed();
  const bool token = new_token || credential_was_refused;
  const bool certificates =
      source_.ca.changed() || source_.certificate.changed() || source_.key.changed();
  auto access = std::make_shared<Access>(*access_.load());
  if (token) {
    const auto read = read_token_again(*access);
    // A refused token that still stands in its file is no news.
    const bool same = access->authorization == access_.load()->authorization;
    if (new_token || !read || !same) tell(read);
  }
  if (certificates) tell(read_certificates_again(*access));
  if (token || certificates) access_.publish(std::move(access));
}

/// Workers hold on to the address, and a file must not turn verification off while nobody looks:
/// both take a restart.
Loaded<void> ClusterEndpoint::read_kubeconfig_again(Access& access) const {
  auto fresh = kubeconfig_source(source_.origin, source_.context);
  if (!fresh) return tl::unexpected(std::move(fresh.error()));
  if (issued_) {
    *fresh = without_credential(std::move(*fresh));
    fresh->token = source_.token;
  }
  const bool less_safe = fresh->insecure_skip_tls_verify && !source_.insecure_skip_tls_verify;
  if (fresh->server != source_.server || less_safe) {
    return tl::unexpected(error_at(fresh->origin, less_safe ? "" : fresh->server_key,
                                   "another server, or one that is not verified, takes a restart"));
  }
  for (WatchedFile* file : {&fresh->ca, &fresh->certificate, &fresh->key, &fresh->token}) {
    if (auto read = file->read(); !read) return read;
  }
  if (!issued_ && fresh->certificate.absent() && fresh->token.absent()) {
    return tl::unexpected(
        error_at(fresh->origin, "", "has neither a client certificate nor a token"));
  }
  if (auto set = set_tls(*fresh, access); !set) return set;
  access.authorization.reset();
  if (auto set = set_authorization(*fresh, access); !set) return set;
  source_ = std::move(*fresh);
  return {};
}

Loaded<void> ClusterEndpoint::read_token_again(Access& access) const {
  EndpointSource fresh = source_;
  if (auto read = fresh.token.read(); !read) return read;
  if (auto set = set_authorization(fresh, access); !set) return set;
  source_ = std::move(fresh);
  return {};
}

Loaded<void> ClusterEndpoint::read_certificates_again(Access& access) const {
  EndpointSource fresh = source_;
  for (WatchedFile* file : {&fresh.ca, &fresh.certificate, &fresh.key}) {
    if (auto read = file->read(); !read) return read;
  }
  if (auto set = set_tls(fresh, access); !set) return set;
  source_ = std::move(fresh);
  return {};
}

void ClusterEndpoint::tell_expiry(const EndpointSource& from) const {
  if (hooks_.metrics == nullptr || from.certificate.absent()) return;
  const auto chain = parse_certificates(pem_of(from.certificate));
  if (!chain) return;
  hooks_.metrics->certificate_expires(not_after_of(chain->front().get()));
}

/// What is broken is looked at again and again, as the reason may lie in another file that is about
/// to come.
void ClusterEndpoint::tell(const Loaded<void>& outcome) const {
  std::string problem;
  if (!outcome) {
    for (const ConfigError& error : outcome.error()) problem += error.to_string() + "\n";
    if (problem == told_problem_) return;
  }
  told_problem_ = std::move(problem);
  if (hooks_.metrics != nullptr) {
    hooks_.metrics->credentials_reloaded(outcome.has_value());
  }
  if (!hooks_.log) return;
  if (outcome) {
    hooks_.log(LogLevel::kInfo, "the credentials for " + host_header_ + " were read again");
    return;
  }
  for (const ConfigError& error : outcome.error()) {
    hooks_.log(LogLevel::kWarn,
               "the credentials for " + host_header_ +
                   " have changed but cannot be used, the old ones stay: " + error.to_string());
  }
}

void ClusterEndpoint::warn_unverified() const {
  if (!source_.insecure_skip_tls_verify || !hooks_.log) return;
  hooks_.log(LogLevel::kWarn,
             "INSECURE: the API server " + host_header_ +
                 " is not verified, because its kubeconfig says insecure-skip-tls-verify: whoever "
                 "answers at that address gets postern's credential and can forge every answer");
}

}  // namespace postern::proxy
