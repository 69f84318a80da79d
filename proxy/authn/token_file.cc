#include "proxy/authn/token_file.h"

#include "proxy/authn/bearer_tokens.h"
#include "proxy/authn/csv.h"
#include "proxy/authn/session_basis.h"
#include "proxy/read_file.h"

#include <algorithm>
#include <openssl/crypto.h>
#include <utility>

namespace postern::proxy {
namespace {

constexpr std::size_t kMaxFileBytes = 16 * 1024 * 1024;

/// The groups of the fourth column, "a,b"; an empty column is none.
std::vector<std::string> split_groups(std::string_view list) {
  std::vector<std::string> groups;
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    groups.emplace_back(list.substr(0, comma));
    if (comma == std::string_view::npos) break;
    list.remove_prefix(comma + 1);
    if (list.empty()) groups.emplace_back();
  }
  return groups;
}

/// What is wrong with a record apart from its names, or "".
std::string record_problem(const CsvRecord& record) {
  const std::size_t columns = record.fields.size();
  if (columns < 3 || columns > 4) {
    return "a line has three or four columns (token, user name, user uid, \"groups\"), this one " +
           std::to_string(columns);
  }
  const std::string& token = record.fields[0];
  if (const auto problem = token_problem(token); !problem.empty()) {
    return "the token " + std::string(problem);
  }
  switch (token_form(token)) {
    case TokenForm::kSession:
      return "the token begins with \"pst_\", which is the form of session tokens";
    case TokenForm::kJwt:
      return "the token has the form of a JSON web token";
    case TokenForm::kOpaque:
      return {};
  }
  return {};
}

}  // namespace

Loaded<std::shared_ptr<const TokenFile>> TokenFile::parse(const std::string& file,
                                                          std::string_view text,
                                                          const NamePrefix& prefix) {
  auto [records, errors] = parse_csv(file, text);
  auto tokens = std::make_shared<TokenFile>();
  for (CsvRecord& record : records) {
    const auto refuse = [&](std::string message) {
      errors.push_back({file, record.line, 0, "", std::move(message)});
    };
    if (std::string problem = record_problem(record); !problem.empty()) {
      refuse(std::move(problem));
      continue;
    }
    rbac::UserInfo proved{record.fields[1], {}, record.fields[2]};
    if (record.fields.size() > 3) proved.groups = split_groups(record.fields[3]);
    auto user = finish_identity(std::move(proved), prefix);
    if (user) tokens->names_by_basis_.emplace(basis_digest(record.fields[0]), user->name);
    if (!user) {
      refuse(std::move(user.error()));
    } else if (!tokens->users_.emplace(hash_token(record.fields[0]), std::move(*user)).second) {
      refuse("the same token stands on an earlier line");
    }
    OPENSSL_cleanse(record.fields[0].data(), record.fields[0].size());
  }
  if (!errors.empty()) {
    std::stable_sort(errors.begin(), errors.end(),
                     [](const ConfigError& a, const ConfigError& b) { return a.line < b.line; });
    return tl::unexpected(std::move(errors));
  }
  return tokens;
}

Loaded<std::shared_ptr<const TokenFile>> TokenFile::load(const std::string& file,
                                                         const NamePrefix& prefix) {
  auto text = read_file(file, kMaxFileBytes);
  if (!text) return tl::unexpected(std::move(text.error()));
  auto tokens = parse(file, *text, prefix);
  OPENSSL_cleanse(text->data(), text->size());
  return tokens;
}

bool TokenFile::still_proves(std::string_view basis, std::string_view user) const {
  const auto found = names_by_basis_.find(basis);
  return found != names_by_basis_.end() && found->second == user;
}

Identity TokenFile::authenticate_token(std::string_view token) const {
  const auto found = users_.find(hash_token(token));
  if (found == users_.end()) return std::nullopt;
  return found->second;
}

}  // namespace postern::proxy
