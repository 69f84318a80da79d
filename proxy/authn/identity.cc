#include "proxy/authn/identity.h"

#include "kube/text.h"

#include <algorithm>
#include <utility>

namespace postern::proxy {
namespace {

constexpr std::size_t kMaxNameBytes = 1024;
constexpr std::string_view kAuthenticated = "system:authenticated";

bool is_anonymous(std::string_view name) {
  return name == "system:anonymous" || name == "system:unauthenticated";
}

}  // namespace

std::optional<std::string> name_problem(std::string_view name) {
  if (name.empty()) return "is empty";
  if (name.size() > kMaxNameBytes) return "is longer than 1024 bytes";
  if (name.front() == ' ' || name.back() == ' ') return "has spaces at its edges";
  if (!kube::is_printable(name)) return "has characters that cannot be printed";
  return std::nullopt;
}

tl::expected<rbac::UserInfo, std::string> finish_identity(rbac::UserInfo proved,
                                                          const NamePrefix& prefix) {
  if (const auto problem = name_problem(proved.name)) {
    return Refusal("the user name " + *problem);
  }
  proved.name = prefix.users + proved.name;
  if (is_anonymous(proved.name)) return Refusal("the user name is " + proved.name);

  std::vector<std::string> groups;
  for (const std::string& group : proved.groups) {
    if (const auto problem = name_problem(group)) {
      return Refusal("a group of user " + kube::quoted(proved.name) + " " + *problem);
    }
    std::string name = prefix.groups + group;
    if (is_anonymous(name)) return Refusal("a group is " + name);
    if (std::find(groups.begin(), groups.end(), name) == groups.end()) {
      groups.push_back(std::move(name));
    }
  }
  if (std::find(groups.begin(), groups.end(), kAuthenticated) == groups.end()) {
    groups.emplace_back(kAuthenticated);
  }
  proved.groups = std::move(groups);
  return proved;
}

}  // namespace postern::proxy
