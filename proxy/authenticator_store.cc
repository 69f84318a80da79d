#include "proxy/authenticator_store.h"

#include "proxy/authn/client_ca.h"
#include "proxy/authn/token_file.h"

#include <utility>

namespace postern::proxy {
namespace {

constexpr std::string_view kClientCA = "client CAs";
constexpr std::string_view kTokens = "static tokens";

NamePrefix prefix_of(const PrefixConfiguration& prefix) {
  return {prefix.users, prefix.groups};
}

std::vector<std::string> list_of(const std::string& file) {
  return file.empty() ? std::vector<std::string>() : std::vector<std::string>{file};
}

void append(ConfigErrors& all, const Loaded<void>& outcome) {
  if (!outcome) all.insert(all.end(), outcome.error().begin(), outcome.error().end());
}

}  // namespace

std::vector<std::string> AuthenticatorStore::client_ca_files() const {
  return list_of(configuration_.client_ca.file);
}
std::vector<std::string> AuthenticatorStore::token_files() const {
  return list_of(configuration_.token_file.file);
}

template <typename Member>
void AuthenticatorStore::set(Member AuthenticatorUnion::Members::*member, Member value) {
  const std::lock_guard lock(mutex_);
  members_.*member = std::move(value);
}

void AuthenticatorStore::publish() {
  const std::lock_guard lock(mutex_);
  snapshot_.publish(std::make_shared<const AuthenticatorUnion>(members_, &report_.metrics()));
}

Loaded<void> AuthenticatorStore::load_client_ca() {
  const auto& from = configuration_.client_ca;
  if (from.file.empty()) return {};
  auto loaded = ClientCA::load(from.file, prefix_of(from.prefix));
  if (!loaded) return tl::unexpected(std::move(loaded.error()));
  report_.metrics().certificate_expires(CertificateUse::kClientCA, (*loaded)->earliest_end());
  set<std::shared_ptr<const ConnectionAuthenticator>>(&AuthenticatorUnion::Members::client_ca,
                                                      std::move(*loaded));
  report_.succeeded(ReloadKind::kClientCA, kClientCA);
  return {};
}

Loaded<void> AuthenticatorStore::load_tokens() {
  const auto& from = configuration_.token_file;
  if (from.file.empty()) return {};
  auto loaded = TokenFile::load(from.file, prefix_of(from.prefix));
  if (!loaded) return tl::unexpected(std::move(loaded.error()));
  set<std::shared_ptr<const TokenAuthenticator>>(&AuthenticatorUnion::Members::token_file,
                                                 std::move(*loaded));
  report_.succeeded(ReloadKind::kTokens, kTokens);
  return {};
}

Loaded<void> AuthenticatorStore::load() {
  ConfigErrors errors;
  append(errors, load_client_ca());
  append(errors, load_tokens());
  if (!errors.empty()) return tl::unexpected(std::move(errors));
  set(&AuthenticatorUnion::Members::reviews_tokens, configuration_.token_review.has_value());
  publish();
  return {};
}

void AuthenticatorStore::set_cluster_ca(std::shared_ptr<const ClientCA> authority) {
  if (authority != nullptr) {
    report_.metrics().certificate_expires(CertificateUse::kClusterClientCA,
                                          authority->earliest_end());
  }
  set<std::shared_ptr<const ConnectionAuthenticator>>(&AuthenticatorUnion::Members::cluster_ca,
                                                      std::move(authority));
  publish();
}

void AuthenticatorStore::reload_client_ca() {
  if (auto loaded = load_client_ca(); !loaded) {
    return report_.failed(ReloadKind::kClientCA, kClientCA, loaded.error());
  }
  publish();
}

void AuthenticatorStore::reload_tokens() {
  if (auto loaded = load_tokens(); !loaded) {
    return report_.failed(ReloadKind::kTokens, kTokens, loaded.error());
  }
  publish();
}

}  // namespace postern::proxy
