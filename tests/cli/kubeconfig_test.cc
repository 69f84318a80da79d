#include "cli/kube/covering_id.h"
#include "cli/kube/kubectl_target.h"
#include "cli/kubeconfig/kubeconfig_file.h"
#include "cli/output/yaml.h"
#include "tests/proxy/temporary_directory.h"

#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <sys/stat.h>
#include <unistd.h>

namespace postern::cli {
namespace {

KubeconfigEntry entry() {
  return {"postern-k",
          {{"server", "https://p:1/clusters/k"}},
          {{"exec", {{"command", "postern"}}}},
          {{"cluster", "postern-k"}, {"user", "postern-k"}},
          true};
}

std::string edited(const std::string& text) {
  const auto result = edit_kubeconfig(text, entry(), "config");
  REQUIRE_MESSAGE(result, result.error().message);
  return *result;
}

Json value_of(const std::string& text) {
  const auto documents = read_yaml(text, "config");
  REQUIRE_MESSAGE(documents, documents.error().message);
  REQUIRE(documents->size() == 1);
  return documents->front();
}

/// What holds of every edit: the entry is there, everything else is as it was.
void check_edit(const std::string& before, const std::string& after) {
  CAPTURE(after);
  const Json now = value_of(after);
  CHECK(named_entry(now, "clusters", "postern-k", "cluster") == entry().cluster);
  CHECK(named_entry(now, "users", "postern-k", "user") == entry().user);
  CHECK(named_entry(now, "contexts", "postern-k", "context") == entry().context);
  CHECK(text_at(now, {"current-context"}) == "postern-k");
  const auto documents = read_yaml(before, "config");
  REQUIRE(documents);
  if (documents->empty()) return;
  for (const auto& [key, value] : documents->front().items()) {
    if (key == "current-context") continue;
    if (!value.is_array()) {
      CHECK((value.is_null() || find(now, {key}) == value));
      continue;
    }
    for (const Json& item : value) {
      const std::string name = text_at(item, {"name"});
      if (name == "postern-k") continue;
      bool kept = false;
      for (const Json& present : find(now, {key})) kept = kept || present == item;
      CHECK(kept);
    }
  }
  CHECK(edited(after) == after);
}

constexpr const char* kAsKubectlWrites = R"(apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: Zm9v
    server: https://a:6443
  name: a
contexts:
- context:
    cluster: a
    namespace: dev
    user: a
  name: a
current-context: a
kind: Config
preferences: {}
users:
- name: a
  user:
    token: "007"
)";

TEST_CASE("every style of kubeconfig keeps its meaning") {
  const std::vector<std::string> texts = {
      "",
      "# nothing but a comment\n",
      kAsKubectlWrites,
      "apiVersion: v1\nkind: Config\n",
      "apiVersion: v1\nkind: Config\nclusters: []\ncontexts: null\nusers:\ncurrent-context: \"\"\n",
      R"({"apiVersion":"v1","kind":"Config","clusters":[{"name":"a","cluster":{"server":"https://a"}}]})",
      "clusters: [{name: a, cluster: {server: 'https://a'}}]\nkind: Config\n",
      "clusters:\n  - name: a\n    cluster: {server: https://a}\n  - name: b\n    cluster:\n      "
      "server: "
      "https://b\nusers:\n    - name: a\n      user: {token: x}",
      "kind: Config\nclusters:\n# first\n- name: a\n  cluster:\n    server: https://a\n\n# "
      "second\n- name: "
      "postern-k\n  cluster: {server: https://old}\n# third\n- name: c\n  cluster: {server: "
      "https://c}\n",
      "kind: Config\nusers:\n- name: a\n  user:\n    client-key-data: |\n      - name: postern-k\n "
      "     x\n",
      "kind: Config\r\nclusters:\r\n- name: a\r\n  cluster: {server: https://a}\r\n",
      "kind: Config\ncurrent-context:\n  a\n",
      "kind: Config\nx: &x {server: https://a}\nclusters:\n- name: a\n  cluster: *x\n",
      "---\nkind: Config\nclusters:\n- name: a\n  cluster: {server: https://a}\n...\n",
  };
  for (const std::string& text : texts) {
    CAPTURE(text);
    check_edit(text, edited(text));
  }
}

TEST_CASE("comments and other entries stay byte for byte") {
  const std::string before = std::string("# mine\n") + kAsKubectlWrites + "# the end\n";
  const std::string after = edited(before);
  // Without our lines it is the old text.
  std::istringstream lines(after);
  std::istringstream old(before);
  std::string line;
  std::string wanted;
  std::getline(old, wanted);
  while (std::getline(lines, line)) {
    if (line == wanted || (wanted == "current-context: a" && line.starts_with("current-context"))) {
      std::getline(old, wanted);
    }
  }
  CHECK(old.eof());
  CHECK(after.starts_with(
      "# mine\napiVersion: v1\nclusters:\n- cluster:\n    certificate-authority-data"));
  CHECK(after.find("# the end\n") != std::string::npos);
}

TEST_CASE("a comment behind the current context stays there") {
  for (const char* const value : {"a", "\"a # no comment\"", "'it''s # none'", "a#b", "\"\""}) {
    for (const char* const comment : {" # mine", "   # \"quoted\"", ""}) {
      const std::string before =
          "kind: Config\ncurrent-context: " + std::string(value) + comment + "\n";
      CAPTURE(before);
      const std::string after = edited(before);
      check_edit(before, after);
      CHECK(after.find("current-context: postern-k" + std::string(comment) + "\n") != after.npos);
    }
  }
}

TEST_CASE("what is no kubeconfig is not touched") {
  for (const char* const text :
       {"- a\n", "clusters: 5\n", "a: 1\na: 2\n", "a: [\n", "a: 1\n---\nb: 2\n", "x"}) {
    CAPTURE(text);
    CHECK_FALSE(edit_kubeconfig(text, entry(), "config"));
  }
}

Surroundings with_kubeconfig(const std::string& value, std::ostringstream& sink) {
  return {sink, sink, "/home/x", value, nullptr};
}

TEST_CASE("files: kubectl's rules, mode, links and lock") {
  const proxy::testing::TemporaryDirectory directory;
  const std::string first = (directory.path() / "first").string();
  const std::string second = (directory.path() / "second").string();
  std::ostringstream sink;
  CHECK(kubeconfig_to_write(with_kubeconfig("", sink)) == "/home/x/.kube/config");
  CHECK(kubeconfig_to_write(with_kubeconfig(first + ":" + second, sink)) == second);
  std::ofstream(second) << kAsKubectlWrites;
  CHECK(kubeconfig_to_write(with_kubeconfig(first + ":" + second, sink)) == second);
  std::ofstream(first) << "kind: Config\ncurrent-context: z\n";
  CHECK(kubeconfig_to_write(with_kubeconfig(first + "::" + second, sink)) == first);

  const auto merged = read_merged({first, second, (directory.path() / "absent").string()});
  REQUIRE(merged);
  CHECK(text_at(*merged, {"current-context"}) == "z");
  CHECK(text_at(named_entry(*merged, "contexts", "a", "context"), {"namespace"}) == "dev");

  REQUIRE(::chmod(second.c_str(), 0640) == 0);
  const std::string link = (directory.path() / "link").string();
  std::filesystem::create_symlink(second, link);
  REQUIRE(write_entry(link, entry()));
  CHECK(std::filesystem::is_symlink(link));
  struct stat status {};
  REQUIRE(::stat(second.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0640);
  CHECK_FALSE(std::filesystem::exists(second + ".lock"));

  const std::string fresh = (directory.path() / "deep" / "er" / "config").string();
  REQUIRE(write_entry(fresh, entry()));
  REQUIRE(::stat(fresh.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
}

TEST_CASE("kubectl's words: the context and the kubeconfig are ours, behind -- nothing is") {
  const auto words = split_kubectl_words({"--context", "c", "exec", "web-0", "--kubeconfig=f", "-n",
                                          "dev", "--", "sh", "--context", "x"});
  REQUIRE(words);
  CHECK(words->context == "c");
  CHECK(words->kubeconfig == "f");
  CHECK(words->arguments ==
        std::vector<std::string>{"exec", "web-0", "-n", "dev", "--", "sh", "--context", "x"});
  CHECK(split_kubectl_words({"get", "--context"}).error().exit_code == kUsage);
}

TEST_CASE("which IDs are part of others") {
  const struct {
    std::string wide;
    std::string narrow;
    bool covers;
  } rows[] = {
      {"/c/pod/k/dev/a", "/c/pod/k/dev/a", true},
      {"/c/pod/k/dev/a", "/c/pod/k/dev/b", false},
      {"/c/pod/k/dev/web-*", "/c/pod/k/dev/web-0", true},
      {"/c/pod/k/*/web-*", "/c/pod/k/dev/web-0", true},
      {"/c/pod/k/dev/web-0", "/c/pod/k/dev/*", false},
      {"/c/secret/k/dev/*", "/c/pod/k/dev/a", false},
      {"/c/pod/other/dev/*", "/c/pod/k/dev/a", false},
      {"/x/pod/k/dev/*", "/c/pod/k/dev/a", false},
      {"/c/namespace/k/dev", "/c/secret/k/dev/a", true},
      {"/c/namespace/k/dev", "/c/secret/k/prod/a", false},
      {"/c/namespace/k/dev", "/c/kube_node/k/dev", false},
      {"/c/namespace/k/d*", "/c/namespace/k/dev", true},
      {"/c/kube_cluster/k", "/c/kube_node/k/n", true},
      {"/c/kube_cluster/k", "/c/kube_node/j/n", false},
      {"/c/pod/k/dev/*", "/c/kube_cluster/k", false},
      {"nonsense", "/c/pod/k/dev/a", false},
      {"/c/node/a", "/c/node/b", false},
  };
  for (const auto& row : rows) {
    CAPTURE(row.wide);
    CAPTURE(row.narrow);
    CHECK(covers_id(row.wide, row.narrow) == row.covers);
  }
}

TEST_CASE("where kubectl goes") {
  const Json config = value_of(R"(current-context: ours
clusters:
- {name: ours, cluster: {server: "https://P:8443/clusters/k/"}}
- {name: other, cluster: {server: "https://else:6443"}}
contexts:
- {name: ours, context: {cluster: ours, namespace: dev, user: u}}
- {name: other, context: {cluster: other, namespace: prod, user: u}}
)");
  const std::string url = "https://p:8443";
  auto target = choose_target(config, "", url, "");
  REQUIRE(target);
  CHECK(target->server == "https://P:8443/clusters/k");
  CHECK(target->namespace_ == "dev");
  CHECK(choose_target(config, "", url, "two")->server == "https://p:8443/clusters/two");
  CHECK(choose_target(config, "other", url, "").error().exit_code == kUsage);
  CHECK(choose_target(config, "absent", url, "").error().exit_code == kUsage);
  target = choose_target(config, "", "https://q:8443", "");
  REQUIRE(target);
  CHECK(target->server == "https://q:8443");
  CHECK(target->namespace_.empty());
  CHECK(choose_target(Json::object(), "", url, "")->server == url);
}

}  // namespace
}  // namespace postern::cli
