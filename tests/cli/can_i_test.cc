#include "cli/can_i_command.h"
#include "tests/cli/fixture.h"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>
#include <string>
#include <yaml-cpp/yaml.h>

namespace postern::cli {
namespace {

using testing::kRoles;
using testing::Program;

struct CanI : Program {
  std::string config = write_configuration(kRoles);

  int ask(std::vector<std::string> question, const std::string& user = "alice") {
    std::vector<std::string> arguments = {"auth", "can-i"};
    arguments.insert(arguments.end(), question.begin(), question.end());
    arguments.insert(arguments.end(), {"--as", user, "--config", config});
    return run(arguments);
  }
};

TEST_CASE_FIXTURE(CanI, "yes: by which role, in whose name") {
  CHECK(ask({"get", "pods/web-0", "-n", "dev"}) == 0);
  CHECK(out().starts_with("yes\n"));
  CHECK(out().find("as user alice, groups developers, system:authenticated, by role dev") !=
        std::string::npos);
  CHECK(ask({"exec", "po/web-0", "-n", "dev"}) == 0);
  CHECK(ask({"create", "pod/web-7", "-n", "dev"}) == 0);
}

TEST_CASE_FIXTURE(CanI, "a list is filtered") {
  CHECK(ask({"list", "pods", "-n", "dev"}) == 0);
  CHECK(out().starts_with("yes (filtered)\n"));
  CHECK(ask({"list", "pods"}) == 0);
}

TEST_CASE_FIXTURE(CanI, "no: by which rule, and what the client would be told") {
  CHECK(ask({"get", "pods/db-0", "-n", "dev"}) == 3);
  CHECK(out().starts_with("no\n"));
  CHECK(out().find("answer: pods \"db-0\" is forbidden: User \"alice\" cannot get resource") !=
        std::string::npos);
  CHECK(ask({"get", "pods/web-9", "-n", "dev"}) == 3);
  CHECK(out().find("deny") != std::string::npos);
  CHECK(ask({"delete", "pods/web-0", "-n", "dev"}) == 3);
  CHECK(ask({"get", "secrets/web-0", "-n", "dev"}) == 3);
  CHECK(ask({"create", "pod/db-1", "-n", "dev"}) == 3);
}

TEST_CASE_FIXTURE(CanI, "somebody without roles does not even know of the cluster") {
  CHECK(ask({"get", "pods/web-0", "-n", "dev"}, "mallory") == 3);
  CHECK(out().find("no role of theirs covers the cluster staging") != std::string::npos);
}

TEST_CASE_FIXTURE(CanI, "roles by group") {
  config = write_configuration(kRoles, "clusterName: c\n");
  write("config.yaml", R"(apiVersion: config.postern.dev/v1alpha1
kind: ProxyConfiguration
kubeClusters: [{name: staging, labels: {env: staging}, kubeconfig: kubeconfig}]
authentication: {groupRoles: {ops: [dev]}}
resources: [resources.yaml]
)");
  CHECK(ask({"get", "pods/web-0", "-n", "dev"}, "bob") == 3);
  CHECK(ask({"get", "pods/web-0", "-n", "dev", "--as-group", "ops"}, "bob") == 0);
}

TEST_CASE_FIXTURE(CanI, "for programs") {
  CHECK(ask({"get", "pods/web-0", "-n", "dev", "-o", "json"}) == 0);
  const auto yes = nlohmann::json::parse(out());
  CHECK(yes.at("allowed") == true);
  CHECK(yes.at("filtered") == false);
  CHECK(yes.at("shares").at(0).at("roles").at(0) == "dev");
  CHECK(yes.at("shares").at(0).at("groups").at(0) == "developers");

  CHECK(ask({"get", "pods/db-0", "-n", "dev", "-o", "json"}) == 3);
  const auto no = nlohmann::json::parse(out());
  CHECK(no.at("allowed") == false);
  CHECK(no.at("status").at("code") == 403);

  CHECK(ask({"get", "pods/web-0", "-n", "dev", "-o", "yaml"}) == 0);
  const YAML::Node yaml = YAML::Load(out());
  CHECK(yaml["allowed"].as<bool>());
  CHECK(yaml["shares"][0]["user"].as<std::string>() == "alice");
}

TEST_CASE_FIXTURE(CanI, "--explain: the rule that decided, and where it is written") {
  CHECK(ask({"get", "pods/web-0", "-n", "dev", "--explain"}) == 0);
  CHECK(out().find("why: allowed by role dev, allow.kubernetes_resources[0]\n") !=
        std::string::npos);
  CHECK(out().find("rule: dev (" + file("resources.yaml") + ":") != std::string::npos);
  CHECK(out().find("allow.kubernetes_resources[0] {kind: ") != std::string::npos);
  CHECK(out().find("roles of alice: dev\n") != std::string::npos);
  CHECK(ask({"get", "pods/web-9", "-n", "dev", "--explain"}) == 3);
  CHECK(out().find("why: denied by role dev, deny.kubernetes_resources[0]\n") != std::string::npos);
  CHECK(out().find("deny.kubernetes_resources[0] {kind: ") != std::string::npos);
  CHECK(ask({"get", "pods/db-0", "-n", "dev", "--explain"}, "mallory") == 3);
  CHECK(out().find("roles of mallory: none\n") != std::string::npos);
  CHECK(ask({"get", "pods/web-9", "-n", "dev", "-o", "json"}) == 3);
  CHECK(nlohmann::json::parse(out()).at("decidedBy").at("rule") == "deny.kubernetes_resources[0]");
}

TEST_CASE_FIXTURE(CanI, "without --as it is about one's own session") {
  CHECK(run({"auth", "can-i", "get", "pods/x", "-n", "dev", "--config", config}) == 2);
  CHECK(err().find("go with --as") != std::string::npos);
  CHECK(run({"auth", "can-i", "get", "pods/x", "-n", "dev"}) == 1);
  CHECK(err().find("postern login") != std::string::npos);
}

TEST_CASE_FIXTURE(CanI, "questions that are none are exit code 2") {
  CHECK(ask({"get", "pods", "-n", "dev"}) == 2);
  CHECK(err() == "error: get needs a name: pods/NAME\n");
  CHECK(ask({"get", "wodgets/x", "-n", "dev"}) == 2);
  CHECK(err().find("unknown kind wodgets") != std::string::npos);
  CHECK(ask({"get", "pods/x", "-n", "dev", "--cluster", "other"}) == 2);
  CHECK(err() == "error: there is no cluster other\n");
  CHECK(ask({"get", "pods/x", "-n", "dev"}, "system:anonymous") == 2);
  CHECK(ask({"get", "pods/\x1b[31m", "-n", "dev"}) == 2);
  CHECK(err().find('\x1b') == std::string::npos);
  write("resources.yaml", "kind: role\n");
  CHECK(ask({"get", "pods/x", "-n", "dev"}) == 2);
}

TEST_CASE_FIXTURE(CanI, "a kind that is not Kubernetes' own is guessed, with a note") {
  CHECK(ask({"get", "widgets.example.com/w1", "-n", "dev"}) == 3);
  CHECK(err().find("none of Kubernetes' own kinds") != std::string::npos);
  CHECK(ask({"get", "widgets.example.com/w1", "-n", "dev", "-o", "json"}) == 3);
  CHECK(err().empty());
}

TEST_CASE_FIXTURE(CanI, "a cluster that cannot be asked is an error, not an answer") {
  CHECK(ask({"get", "pods/web-0", "-n", "dev", "--discover"}) == 2);
  CHECK(err().find("cluster staging did not tell its kinds") != std::string::npos);
}

}  // namespace
}  // namespace postern::cli
