#pragma once

#include "proxy/authn/authenticator.h"
#include "proxy/authn/identity.h"
#include "proxy/authn/token_hash.h"
#include "proxy/config_error.h"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

namespace postern::proxy {

/// Static tokens: kube-apiserver's `--token-auth-file`, `token,user,uid,"group1,group2"`.
///
/// Immutable; safe from any thread. Tokens are kept and looked up by their hash only.
class TokenFile : public TokenAuthenticator {
 public:
  /// Reads the text of such a file. What kube-apiserver only warns of is an error here: an empty
  /// token, the same token twice, more than four columns, an empty group; and so are tokens that no
  /// client could send or that look like another authenticator's (TokenForm), and names that
  /// finish_identity() refuses. Errors name line and column, never a token.
  static Loaded<std::shared_ptr<const TokenFile>> parse(const std::string& file,
                                                        std::string_view text,
                                                        const NamePrefix& prefix);
  /// Reads the file, at most 16 MiB.
  static Loaded<std::shared_ptr<const TokenFile>> load(const std::string& file,
                                                       const NamePrefix& prefix);

  AuthenticatorKind kind() const override { return AuthenticatorKind::kToken; }
  Identity authenticate_token(std::string_view token) const override;
  bool still_proves(std::string_view basis, std::string_view user) const override;
  std::size_t size() const { return users_.size(); }

 private:
  std::unordered_map<TokenHash, rbac::UserInfo, TokenHashHash> users_;
  struct BasisHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view basis) const {
      return std::hash<std::string_view>()(basis);
    }
  };
  std::unordered_map<std::string, std::string, BasisHash, std::equal_to<>> names_by_basis_;
};

}  // namespace postern::proxy
