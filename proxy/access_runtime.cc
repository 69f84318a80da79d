#include "proxy/access_runtime.h"

#include "proxy/access/state/session_authenticator.h"
#include "proxy/access/state/stored_forms.h"
#include "proxy/access/store/memory_store.h"
#include "proxy/access/store/sqlite_store.h"
#include "proxy/net/atomic_file.h"
#include "proxy/policy_store.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace postern::proxy {
namespace {

using std::chrono::duration_cast;
using std::chrono::seconds;

tl::unexpected<ConfigErrors> fail_on(std::string key, const kube::Status& status) {
  return tl::unexpected(ConfigErrors{{"", 0, 0, std::move(key), status.message}});
}

Result<std::unique_ptr<access::ObjectStore>> open_store(const ProxyConfiguration& configuration) {
  if (configuration.storage.type == StorageConfiguration::kMemory) {
    // Versions of an earlier life are too old for this one, whatever they are.
    const auto begin = duration_cast<std::chrono::microseconds>(
        std::chrono::system_clock::now().time_since_epoch());
    return access::make_memory_store(
        {.history = {}, .begin = static_cast<access::Version>(begin.count())});
  }
  access::SqliteStoreOptions options;
  options.path = configuration.data_dir + "/postern.db";
  return access::open_sqlite_store(options);
}

/// What `postern login` takes; without a pin a server that the system knows, or `--ca-file`.
std::string login_command(const access::IssuedInvite& invite, const std::string& server,
                          const std::string& pin) {
  return "postern login postern://" + invite.user + "@" + server + "/invite/" + invite.token +
         (pin.empty() ? "" : "/" + pin);
}

std::string some_cluster(const ProxyConfiguration& configuration) {
  if (!configuration.default_cluster.empty()) return configuration.default_cluster;
  return configuration.kube_clusters.empty() ? "CLUSTER" : configuration.kube_clusters.front().name;
}

/// What a person does first. GROUP, because no role gives more than the cluster's RBAC gives the
/// groups that it names.
std::string first_commands(const std::string& user, const std::string& login,
                           const std::string& cluster) {
  return "\nNobody can administer this postern yet. The next three commands: the first, within ten "
         "minutes, and the second\nas " +
         user +
         "; the third as YOU, after the login that the second one prints. GROUP is one that has "
         "rights in the cluster.\n\n    " +
         login + "\n    postern users add YOU --roles requester --traits kubernetes_groups=GROUP" +
         "\n    postern kube login " + cluster + "\n\n";
}

bool is_shared(const ProxyConfiguration& configuration) {
  return configuration.storage.type == StorageConfiguration::kKubernetes;
}

}  // namespace

std::vector<std::string> names_proved_otherwise(const ProxyConfiguration& configuration) {
  const AuthenticationConfiguration& by = configuration.authentication;
  std::vector<std::string> prefixes;
  for (const auto* file : {&by.client_ca, &by.token_file}) {
    if (!file->file.empty()) prefixes.push_back(file->prefix.users);
  }
  // Beside other clusters, whom a cluster proves administers nothing (docs/identity.md).
  if (configuration.kube_clusters.size() > 1) return prefixes;
  if (by.cluster_client_ca) prefixes.push_back(by.cluster_client_ca->prefix.users);
  // Of people, most clusters have no tokens.
  if (by.token_review) prefixes.push_back(by.token_review->prefix.users + "system:serviceaccount:");
  return prefixes;
}

access::StateOptions state_options(const ProxyConfiguration& configuration) {
  access::StateOptions options;
  options.cluster_name = configuration.cluster_name;
  options.group_roles = configuration.authentication.group_roles;
  options.impersonation = limits_of(configuration.impersonation);
  options.local_users = configuration.authentication.local_users;
  options.proved_otherwise = names_proved_otherwise(configuration);
  options.session_ttl = duration_cast<seconds>(configuration.sessions.ttl);
  options.session_max_ttl = duration_cast<seconds>(configuration.sessions.max_ttl);
  options.invite_ttl = duration_cast<seconds>(configuration.sessions.invite_ttl);
  options.retention = duration_cast<seconds>(configuration.requests.retention);
  options.max_silence = duration_cast<seconds>(configuration.storage.max_silence);
  options.shared_store = is_shared(configuration);
  options.limits.pending = duration_cast<seconds>(configuration.requests.pending);
  options.limits.access = duration_cast<seconds>(configuration.requests.max_duration);
  options.limits.session = options.session_max_ttl;
  return options;
}

AccessRuntime::AccessRuntime(const ProxyConfiguration& configuration, Log& log, Metrics& metrics)
    : configuration_(configuration), log_(log), metrics_(metrics) {}

AccessRuntime::~AccessRuntime() {
  stop();
}

Loaded<void> AccessRuntime::open(std::unique_ptr<access::ObjectStore> shared) {
  store_ = std::move(shared);
  if (store_ == nullptr) {
    auto store = open_store(configuration_);
    if (!store) {
      return fail_on("storage", store.error());
    }
    store_ = std::move(*store);
    metrics_.leads(true);  // nobody else does
  }
  access::StateOptions options = state_options(configuration_);
  options.audit = audit_;
  state_.emplace(*store_, std::move(options), log_, &metrics_);
  service_.emplace(*state_, log_);
  watches_.emplace(*state_);
  if (is_shared(configuration_)) make_seeker();
  api_.emplace(access::api::AccessApi{*service_, *state_, *watches_, seeker_.get()});
  authenticator_ =
      std::make_shared<const access::TableAuthenticator>(state_->sessions_in_force(), &metrics_);
  if (auto loaded = state_->load(); !loaded) {
    return fail_on("storage", loaded.error());
  }
  return {};
}

void AccessRuntime::make_seeker() {
  access::SessionSeeker::Hooks hooks;
  hooks.look = [this](const std::string& id, std::function<void(Result<void>)> done) {
    store_->look_for_soon(access::kSessionKind, id, std::move(done));
  };
  hooks.catch_up = [this](std::function<void()> then) {
    service_->post([then = std::move(then)](access::AccessState& state) {
      state.catch_up();
      then();
    });
  };
  seeker_ = std::make_unique<access::SessionSeeker>(std::move(hooks));
}

void AccessRuntime::take_files(access::FileObjects files) {
  if (!started_) {
    state_->set_files(std::move(files));
    return;
  }
  service_->post(
      [files = std::move(files)](access::AccessState& state) { state.set_files(files); });
}

void AccessRuntime::start(std::function<std::vector<access::ClusterFacts>()> clusters) {
  started_ = true;
  clusters_ = std::move(clusters);
  service_->add_task([this](access::AccessState& state) { state.set_clusters(clusters_()); });
  wake_ = store_->subscribe(
      [this] { service_->post([](access::AccessState& state) { state.catch_up(); }); });
  service_->start();
}

void AccessRuntime::refresh_clusters() {
  service_->post([this](access::AccessState& state) { state.set_clusters(clusters_()); });
}

bool AccessRuntime::knows_a_cluster() const {
  const auto directory = state_->directory().load();
  return directory != nullptr &&
         std::any_of(directory->kube_clusters.begin(), directory->kube_clusters.end(),
                     [](const auto& cluster) { return cluster.second.catalog != nullptr; });
}

void AccessRuntime::stop() {
  wake_.reset();
  if (seeker_) seeker_->stop();
  if (service_) {
    service_->stop();
  }
}

Loaded<void> AccessRuntime::make_first_login(const std::string& server, const std::string& pin) {
  const std::string file = configuration_.data_dir + "/first-login";
  std::error_code ignored;
  std::filesystem::remove(file, ignored);
  auto invite = state_->ensure_administrator();
  if (!invite) {
    return fail_on("storage", invite.error());
  }
  if (!*invite) {
    return {};
  }
  const std::string command = login_command(**invite, server, pin);
  if (::isatty(STDERR_FILENO) == 1) {
    const std::string text = first_commands((*invite)->user, command, some_cluster(configuration_));
    std::fputs(text.c_str(), stderr);
    return {};
  }
  if (auto written = write_file_atomically(file, command + "\n", 0600); !written) {
    return fail_on("dataDir", kube::Status::internal(std::move(written.error())));
  }
  log_.info("nobody can administer this postern yet: a one-time login is in a file",
            {{"file", file}, {"user", (*invite)->user}});
  return {};
}

}  // namespace postern::proxy
