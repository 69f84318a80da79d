#include "cli/first_login_command.h"

#include "cli/config_loading.h"
#include "cli/login/invite_link.h"
#include "cli/profile/profile.h"
#include "kube/text.h"
#include "proxy/read_file.h"

#include <filesystem>
#include <ostream>

namespace postern::cli {
namespace {

constexpr std::size_t kMaxFile = 4096;

/// The link of `postern login LINK`.
Outcome<InviteLink> read_link(const std::string& file) {
  const auto text = proxy::read_file(file, kMaxFile);
  if (!text) return failed(text.error().front().to_string());
  std::string link = *text;
  while (link.ends_with("\n")) link.pop_back();
  auto parsed = parse_invite_link(link.substr(link.rfind(' ') + 1));
  if (!parsed) return failed(file + ": " + parsed.error().message);
  return parsed;
}

std::string login_option(const char* option, const std::string& value) {
  return value.empty() ? "" : " " + std::string(option) + " " + kube::shell_quote(value);
}

}  // namespace

Outcome<int> run_first_login(const FirstLoginArguments& arguments, const Context& context) {
  const auto configuration = load_configuration(arguments.config_file, context.surroundings);
  if (!configuration) return kUsage;
  const std::string file = configuration->data_dir + "/first-login";
  if (!std::filesystem::exists(file)) {
    return failed(
        file +
        " does not exist: somebody can administer this postern already, it has not started, "
        "or another of its replicas has the login");
  }
  auto link = read_link(file);
  if (!link) return tl::unexpected(link.error());
  if (!arguments.server.empty()) {
    auto server = parse_proxy(arguments.server);
    if (!server) return tl::unexpected(server.error());
    link->proxy = std::move(*server);
  }
  context.out() << "postern login " << link->str() << login_option("--ca-file", arguments.ca_file)
                << login_option("--tls-server-name", arguments.tls_server_name) << "\n";
  return kDone;
}

}  // namespace postern::cli
