#include "cli/command_line.h"

#include "tests/cli/fixture.h"

#include <doctest/doctest.h>
#include <string>

namespace postern::cli {
namespace {

using testing::kRoles;
using testing::Program;

TEST_CASE_FIXTURE(Program, "version and help") {
  CHECK(run({"version"}) == 0);
  CHECK(out().starts_with("postern "));
  CHECK(err().empty());
  CHECK(run({"--help"}) == 0);
  CHECK(out().find("postern proxy --config") != std::string::npos);
  CHECK(out().find("Exit codes") != std::string::npos);
  CHECK(run({"auth", "can-i", "--help"}) == 0);
  CHECK(out().find("--subresource") != std::string::npos);
}

TEST_CASE_FIXTURE(Program, "wrong usage is exit code 2, and says so on stderr") {
  const std::vector<std::vector<std::string>> wrong = {
      {},
      {"prox"},
      {"proxy", "--conf", "x"},
      {"proxy", "stray"},
      {"auth"},
      {"auth", "can-i"},
      {"auth", "can-i", "get"},
      {"auth", "can-i", "get", "pods/x", "--as-group", "g"},
      {"auth", "can-i", "get", "pods/x", "--as", "a", "-o", "table"},
      {"proxy", "--log-level", "loud"},
  };
  for (const auto& arguments : wrong) {
    CAPTURE(arguments.size());
    CHECK(run(arguments) == 2);
    CHECK(out().empty());
    CHECK_FALSE(err().empty());
  }
}

TEST_CASE_FIXTURE(Program, "wrong usage: what is wrong, what was meant, and where the help is") {
  const struct {
    std::vector<std::string> words;
    const char* said;
  } rows[] = {
      {{"requst", "ls"},
       "error: there is no command \"requst\"; did you mean \"request\"?\nsee: postern help\n"},
      {{"--proxy", "p:1", "frobnicate"},
       "error: there is no command \"frobnicate\"\nsee: postern help\n"},
      {{"users", "lokc", "bob"},
       "error: there is no command \"lokc\"; did you mean \"lock\"?\nsee: postern help users\n"},
      {{"request", "ls", "--reviewble"},
       "error: there is no option --reviewble; did you mean \"--reviewable\"?\n"
       "see: postern help request ls\n"},
      {{"version", "-o", "json"}, "error: there is no option -o\nsee: postern help version\n"},
      {{"request", "show", "a", "b"},
       "error: \"b\" is one word too many\nsee: postern help request show\n"},
      {{"request", "show"}, "error: ID is required\nsee: postern help request show\n"},
      {{"request", "show", ""}, "error: ID: is empty\nsee: postern help request show\n"},
      {{"request", "assume", "a", ""}, "error: ID: is empty\nsee: postern help request assume\n"},
      {{"get", "roles", "-o", "xml"},
       "error: --output: xml not in {table,wide,json,yaml,name}\nsee: postern help get\n"},
  };
  for (const auto& row : rows) {
    CHECK(run(row.words) == 2);
    CHECK(out().empty());
    CHECK(err() == row.said);
  }
  CHECK(run({}) == 2);
  CHECK(err().find("Subcommands:\n  login ") != std::string::npos);
  CHECK(run({"users"}) == 2);
  CHECK(err().find("Usage: postern users [OPTIONS] SUBCOMMAND") != std::string::npos);
  CHECK(run({"--version"}) == 0);
  CHECK(out().starts_with("postern "));
}

TEST_CASE_FIXTURE(Program, "check-config prints what is in force, and starts nothing") {
  const std::string config = write_configuration(kRoles);
  CHECK(run({"proxy", "--config", config, "--check-config"}) == 0);
  CHECK(err().empty());
  CHECK(out().find("kubeconfig: \"" + file("kubeconfig") + "\"\n") != std::string::npos);
  CHECK(out().find("secret-of-the-proxy") == std::string::npos);
  CHECK(out().find("sesame") == std::string::npos);
  CHECK(served().empty());
}

TEST_CASE_FIXTURE(Program, "everything that is wrong, in every file, at once") {
  write_configuration(kRoles);
  write("tokens.csv", "sesame,alice\n,bob,1\n");
  write("ca.crt", "no certificate");
  write("tls.crt", "x");
  write("resources.yaml", "kind: role\nversion: v8\nmetadata: {name: r}\nspec: {alow: {}}\n");
  write("kubeconfig", "current-context: y\n");
  write("config.yaml", R"(apiVersion: config.postern.dev/v1alpha1
kind: ProxyConfiguration
tls: {certFile: tls.crt, keyFile: tls.key}
kubeClusters: [{name: staging, kubeconfig: kubeconfig}]
authentication: {tokenFile: tokens.csv, clientCAFile: ca.crt}
resources: [resources.yaml, missing.yaml]
)");
  CHECK(run({"proxy", "--config", file("config.yaml")}) == 2);
  CHECK(out().empty());
  CHECK(served().empty());
  for (const char* part :
       {"tls.key: cannot be opened", "kubeconfig", "ca.crt: holds no PEM certificate",
        "tokens.csv:1: a line has three or four columns", "tokens.csv:2: the token is empty",
        "resources.yaml:4", "missing.yaml: cannot be opened"}) {
    CAPTURE(std::string(part));
    CHECK(err().find(part) != std::string::npos);
  }
  CHECK(err().find("sesame") == std::string::npos);

  write("config.yaml", "kind: x\ncolour: blue\n");
  CHECK(run({"proxy", "--config", file("config.yaml"), "--check-config"}) == 2);
  CHECK(err().find("colour: is no known key") != std::string::npos);
  CHECK(err().find("apiVersion: is required") != std::string::npos);
  CHECK(run({"proxy", "--config", file("nothing.yaml")}) == 2);
}

TEST_CASE_FIXTURE(Program, "a good configuration is served, with the log as asked for") {
  const std::string config = write_configuration(kRoles);
  CHECK(run({"proxy", "--config", config, "--log-level", "debug", "--log-format", "text"}) == 42);
  CHECK(served().find("logging:\n  level: debug\n  format: text\n") != std::string::npos);
}

TEST_CASE_FIXTURE(Program, "what is hardly meant is warned of") {
  const std::string config = write_configuration(kRoles);
  write("config.yaml", R"(apiVersion: config.postern.dev/v1alpha1
kind: ProxyConfiguration
kubeClusters: [{name: staging, kubeconfig: kubeconfig}]
storage: {type: memory}
authentication: {localUsers: {enabled: false}}
)");
  CHECK(run({"proxy", "--config", config, "--check-config"}) == 0);
  CHECK(err().find("warning: storage.type memory") != std::string::npos);
  CHECK(err().find("warning: no authenticator is configured") != std::string::npos);
  CHECK(err().find("warning: nobody has a role") != std::string::npos);
}

TEST_CASE_FIXTURE(Program, "without a file: the kubeconfig in HOME") {
  CHECK(run({"proxy", "--check-config"}) == 2);
  CHECK(err().find(file(".kube/config")) != std::string::npos);
  write_configuration(kRoles);
  std::filesystem::create_directories(file(".kube"));
  std::filesystem::rename(file("kubeconfig"), file(".kube/config"));
  CHECK(run({"proxy"}) == 42);
  CHECK(served().find("listen: \"127.0.0.1:8443\"\n") != std::string::npos);
  CHECK(served().find(file(".local/share/postern")) != std::string::npos);
}

}  // namespace
}  // namespace postern::cli
