#include "cli/shell/command_set.h"
#include "cli/shell/kubectl_words.h"
#include "tests/cli/fixture.h"

#include <doctest/doctest.h>

namespace postern::cli {
namespace {

using testing::Program;
using Words = std::vector<std::string>;

TEST_CASE("kubectl's words are set apart from postern's") {
  CLI::App program("", "postern");
  GlobalOptions options;
  program.add_option("--proxy", options.proxy);
  program.add_option("--kubeconfig", options.kubeconfig);
  CommandSet set(program);
  add_kube_commands(set);
  const struct {
    Words given;
    Words apart;
  } rows[] = {
      {{"kubectl", "get", "pods", "-n", "dev"}, {"kubectl", "--", "get", "pods", "-n", "dev"}},
      {{"kubectl", "-n", "dev", "get"}, {"kubectl", "--", "-n", "dev", "get"}},
      {{"kubectl", "--no-request", "--request-reason", "a b", "get", "--no-request"},
       {"kubectl", "--no-request", "--request-reason", "a b", "--", "get", "--no-request"}},
      {{"kubectl", "--request-reason=x", "--kubeconfig", "f", "get"},
       {"kubectl", "--request-reason=x", "--", "--kubeconfig", "f", "get"}},
      {{"--proxy", "kubectl", "--kubeconfig=f", "kubectl", "--proxy", "p:1", "logs"},
       {"--proxy", "kubectl", "--kubeconfig=f", "kubectl", "--proxy", "p:1", "--", "logs"}},
      {{"kubectl", "exec", "p", "--", "kubectl", "get"},
       {"kubectl", "--", "exec", "p", "--", "kubectl", "get"}},
      {{"kubectl", "--", "get"}, {"kubectl", "--", "get"}},
      {{"kubectl", "--help"}, {"kubectl", "--help"}},
      {{"kubectl"}, {"kubectl"}},
      {{"kubectl", "--request-reason"}, {"kubectl", "--request-reason"}},
      {{"kube", "ls", "kubectl"}, {"kube", "ls", "kubectl"}},
      {{}, {}},
  };
  for (const auto& row : rows) {
    CAPTURE(row.given.size());
    CHECK(with_kubectl_words_apart(program, row.given) == row.apart);
  }
}

TEST_CASE_FIXTURE(Program, "usage that is wrong before anybody is asked") {
  for (const Words& words : {
           Words{"get"},
           Words{"get", "pods"},
           Words{"get", "role/a", "b"},
           Words{"create"},
           Words{"create", "-f"},
           Words{"users", "add", "bob"},
           Words{"request", "create"},
           Words{"request", "create", "--resource", "/c/pod/k/d/n", "--max-duration", "soon"},
           Words{"request", "create", "--resource", "/c/pod/k/d/n", "--nowait", "--assume"},
           Words{"request", "search"},
           Words{"request", "review", "r1"},
           Words{"login", "--ca-pin", "x", "--proxy", "p"},
           Words{"login", "--cert", "a", "--proxy", "p"},
           Words{"login", "https://p/"},
           Words{"status", "--color", "pink"},
           Words{"help", "nothing"},
           Words{"completion", "tcsh"},
       }) {
    CAPTURE(words.front());
    CAPTURE(words.back());
    CHECK(run(words) == kUsage);
    CHECK(out().empty());
    CHECK_FALSE(err().empty());
  }
}

TEST_CASE_FIXTURE(Program, "who is not logged in is told how to") {
  CHECK(run({"status"}) == kFailed);
  CHECK(err().find("postern login --proxy HOST:PORT --user NAME") != std::string::npos);
  CHECK(run({"kube", "credential", "--proxy", "p:1"}) == kFailed);
  CHECK(err().find("postern login --proxy p:1 --user NAME") != std::string::npos);
  CHECK(out().empty());
}

TEST_CASE_FIXTURE(Program, "words of commands are not commands where names stand") {
  // `version` is a command, and here a name that is looked for.
  CHECK(run({"get", "roles", "version"}) == kFailed);
  CHECK(err().find("log in") != std::string::npos);
}

TEST_CASE_FIXTURE(Program, "help topics and the manual") {
  CHECK(run({"help", "exit-codes"}) == kDone);
  CHECK(out().find("timed out waiting") != std::string::npos);
  CHECK(run({"help", "request", "create"}) == kDone);
  CHECK(out().find("--max-duration") != std::string::npos);
  CHECK(run({"man"}) == kDone);
  CHECK(out().starts_with(".TH POSTERN 1"));
  CHECK(out().find("\n.SS postern request review\n") != std::string::npos);
}

}  // namespace
}  // namespace postern::cli
