#include "cli/login/login_command.h"
#include "cli/login/session_commands.h"
#include "cli/shell/command_set.h"

namespace postern::cli {
namespace {

constexpr const char* kLoginFooter = R"(
A password, an invite or a token is sent to a verified server only: one whose certificate the system
trusts, or the file of --ca-file, or that has the pin of --ca-pin or of the invite link. What it was
is remembered, so that the next login needs none of them.

Examples:
  postern login postern://alice@proxy.example.com:8443/invite/TOKEN/sha256:…
  postern login --proxy proxy.example.com:8443 --user alice --ca-pin sha256:…
  postern login --proxy proxy.example.com --user ci --password-file /run/secrets/password
  postern login --proxy proxy.example.com --cert alice.crt --key alice.key
  postern login --request-id k3n5x0a1b2)";

constexpr const char* kStatusFooter = R"(
Examples:
  postern status
  postern status -o json)";

void add_login(CommandSet& set) {
  auto& command = set.command(set.program(), "login", "Get a session", kLoginFooter);
  auto arguments = std::make_shared<LoginArguments>();
  command.add_option("LINK", arguments->link, "An invite link (postern://…)");
  command.add_option("--user", arguments->user, "Who you are");
  auto* const ca_file =
      command.add_option("--ca-file", arguments->ca_file, "Authorities that know the proxy, PEM");
  command
      .add_option("--ca-pin", arguments->ca_pin,
                  "sha256:… of a certificate that the proxy shows, or of its public key")
      ->excludes(ca_file);
  command.add_option("--tls-server-name", arguments->tls_server_name,
                     "The name in the proxy's certificate");
  auto* const password = command.add_option("--password-file", arguments->password_file,
                                            "Read the password from a file (-: standard input)");
  auto* const invite =
      command.add_option("--invite", arguments->invite, "A one-time invite")->excludes(password);
  command.add_option("--new-password-file", arguments->new_password_file,
                     "With an invite: the password from now on, from a file (-: standard input)");
  auto* const certificate =
      command.add_option("--cert", arguments->certificate_file, "Client certificate, PEM");
  command.add_option("--key", arguments->key_file, "Its private key, PEM")->needs(certificate);
  certificate->excludes(password)->excludes(invite);
  command.add_option("--token-file", arguments->token_file, "A static token, in a file")
      ->excludes(password)
      ->excludes(invite)
      ->excludes(certificate);
  add_list(
      command, "--request-id", arguments->requests,
      "An approved request to work with (repeatable); uses the present session, if there is one");
  command.add_option("--ttl", arguments->ttl, "How long the session is to last, e.g. 4h");
  set.on(command, std::move(arguments), run_login);
}

}  // namespace

void add_login_commands(CommandSet& set) {
  add_login(set);
  auto& logout = set.command(set.program(), "logout", "End the session",
                             "\nExamples:\n  postern logout\n  postern logout --all");
  auto all = std::make_shared<bool>(false);
  logout.add_flag("--all", *all, "At every proxy");
  set.on(logout, [all](const Context& context) -> Outcome<int> {
    return run_logout(*all, context).map([] { return static_cast<int>(kDone); });
  });
  auto& status =
      set.command(set.program(), "status", "Who you are, and with which requests", kStatusFooter);
  auto output = std::make_shared<std::string>();
  add_output(status, *output, {"json", "yaml"});
  set.on(status, [output](const Context& context) -> Outcome<int> {
    return run_status(*output, context).map([] { return static_cast<int>(kDone); });
  });
}

}  // namespace postern::cli
