"""Configuration, roles and credentials that are wrong: everything told at once, exit 2, nothing started.
And the dry run of a decision, and what postern makes by itself."""

import os
import re
import socket
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
import roles
import yaml
from attack import POD
from conftest import USERS
from harness import KubeCluster, Postern, binary, upstream_kubeconfig
from pki import Authority
from upstream import RecordingUpstream


def run(*args: str, **options: Any) -> "subprocess.CompletedProcess[str]":
    options.setdefault("env", {**os.environ, "KUBECONFIG": "/nonexistent"})
    return subprocess.run([str(binary()), *args], capture_output=True, text=True, timeout=60,
                          stdin=subprocess.DEVNULL, check=False, **options)  # fmt: skip


@pytest.fixture
def made(tmp_path: Path, authority: Authority, recording_upstream: RecordingUpstream) -> Postern:
    """Files that are right, for tests to break; nothing runs."""
    kubeconfig = upstream_kubeconfig(
        tmp_path / "upstream.kubeconfig", recording_upstream.url, recording_upstream.ca_file, "x"
    )
    return Postern(tmp_path / "postern", authority, documents=roles.ALICE + roles.OTHERS, users=USERS,
                   clusters=[KubeCluster("mycluster", kubeconfig)])  # fmt: skip


def check(made: Postern) -> "subprocess.CompletedProcess[str]":
    return run("proxy", "--config", str(made.config_file), "--check-config")


def refused(made: Postern, *texts: str) -> str:
    """Both the check and the proxy itself: exit 2, all of the texts, and no listener."""
    checked = check(made)
    assert checked.returncode == 2, (checked.returncode, checked.stdout, checked.stderr)
    started = run("proxy", "--config", str(made.config_file))
    assert started.returncode == 2, (started.returncode, started.stderr)
    for text in texts:
        assert text in checked.stderr, checked.stderr
        assert text in started.stderr, started.stderr
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", made.port)) != 0
    return checked.stderr


def test_what_is_right_is_said_to_be(made: Postern) -> None:
    done = check(made)
    assert done.returncode == 0, done.stderr


def test_every_error_of_a_configuration_at_once(made: Postern) -> None:
    made.config |= {"listne": "x", "limits": {"headBytes": "lots", "unknown": 1}, "workers": -1,
                    "adminListen": "nowhere"}  # fmt: skip
    made.config["kubeClusters"].append({"name": "Not A Label", "kubeconfig": "/x", "inCluster": True})
    made.write_config()
    said = refused(made, "listne", "limits.headBytes", "limits.unknown", "workers", "adminListen",
                   "kubeClusters[1].name")  # fmt: skip
    assert "postern.yaml" in said


def test_system_masters_needs_a_second_word(made: Postern) -> None:
    made.config["impersonation"] = {"allowSystem": ["system:masters"]}
    made.write_config()
    refused(made, "impersonation.allowSystem", "system:masters", "allowMasters: true")
    made.config["impersonation"]["allowMasters"] = True
    made.write_config()
    assert check(made).returncode == 0


@pytest.mark.parametrize(
    "text",
    ["", "[]", "a: b: c", "{", "apiVersion: config.postern.dev/v1alpha1\n", "\x00", "a: &a [*a]",
     "kind: ProxyConfiguration\nkind: ProxyConfiguration\n", "--- {}\n--- {}\n", "x" * 2_000_000],
    ids=["empty", "list", "yaml", "brace", "half", "nul", "loop", "twice", "documents", "large"],
)  # fmt: skip
def test_no_configuration_at_all(made: Postern, text: str) -> None:
    made.config_file.write_text(text)
    refused(made)


def test_files_that_are_not_there(made: Postern) -> None:
    made.config["authentication"]["tokenFile"] = str(made.folder / "no-tokens.csv")
    made.config["authentication"]["clientCAFile"] = str(made.folder / "no-ca.crt")
    made.config["resources"].append(str(made.folder / "no-roles.yaml"))
    made.config["kubeClusters"][0]["kubeconfig"] = str(made.folder / "no-kubeconfig")
    made.write_config()
    said = refused(made, "no-tokens.csv", "no-ca.crt", "no-roles.yaml", "no-kubeconfig")
    for key in ("authentication.tokenFile: ", "authentication.clientCAFile: ", "resources: ", "kubeClusters[0]: "):
        assert f"postern.yaml: {key}{made.folder}/no-" in said, said
    assert run("proxy", "--config", "/nonexistent/postern.yaml").returncode == 2


def test_places_that_a_start_could_not_use(made: Postern) -> None:
    """A folder that nobody made, a file where a folder is to be, addresses of another machine, and a file
    that is missing: told together, by the check as by the start, which makes nothing either."""
    (made.folder / "file").write_text("")
    made.config |= {
        "listen": f"192.0.2.1:{made.port}", "adminListen": f"[2001:db8::1]:{made.admin_port}",
        "dataDir": "file/data", "audit": {"path": "logs/audit.log"},
        "tls": {"certFile": "no-tls.crt", "keyFile": "no-tls.key"},
    }  # fmt: skip
    made.write_config()
    said = refused(
        made, f"postern.yaml: listen: cannot listen on 192.0.2.1:{made.port}: ",
        f"postern.yaml: adminListen: cannot listen on [2001:db8::1]:{made.admin_port}: ",
        f"postern.yaml: dataDir: {made.folder}/file",
        f"postern.yaml: audit.path: {made.folder}/logs: cannot be opened: No such file or directory",
        f"postern.yaml: tls: {made.folder}/no-tls.crt: cannot be opened",
        f"postern.yaml: tls: {made.folder}/no-tls.key: cannot be opened",
    )  # fmt: skip
    assert len(said.splitlines()) == 6, said
    made.config["dataDir"] = "data"
    made.write_config()
    refused(made, "audit.path")
    assert not (made.folder / "data").exists(), "half started"
    assert not (made.folder / "logs").exists()


BAD_ROLES = {
    "unknown-key": ("spec: {allow: {kubernetes_resourcez: []}}", "kubernetes_resourcez"),
    "restricting-key": ("spec: {options: {require_session_mfa: true}}", "require_session_mfa"),
    "bad-pattern": (
        "spec: {allow: {kubernetes_labels: {'*': '*'}, kubernetes_resources: "
        "[{kind: pod, namespace: dev, name: '^ng(inx$', verbs: [get]}]}}",
        "kubernetes_resources[0].name",
    ),
    "bad-verb": (
        "spec: {allow: {kubernetes_labels: {'*': '*'}, kubernetes_resources: "
        "[{kind: pod, namespace: dev, name: x, verbs: [fetch]}]}}",
        "verbs",
    ),
    "bad-kind": (
        "spec: {allow: {kubernetes_labels: {'*': '*'}, kubernetes_resources: "
        "[{kind: gizmo, namespace: dev, name: x, verbs: [get]}]}}",
        "kind",
    ),
    "name-number": ("spec: {allow: {kubernetes_groups: [[a]]}}", "kubernetes_groups"),
}


@pytest.mark.parametrize(("spec", "key"), BAD_ROLES.values(), ids=BAD_ROLES.keys())
def test_bad_roles_are_told_with_their_place(made: Postern, spec: str, key: str) -> None:
    text = f"kind: role\nversion: v7\nmetadata: {{name: broken}}\n{spec}\n"
    made.write_documents(roles.ALICE + text)
    refused(made, "roles.yaml", "broken", key)


def test_bad_credentials_files(made: Postern, authority: Authority) -> None:
    made.token_file.write_text("a,b\n,,\n" + "x" * 10)
    refused(made, "tokens.csv")
    made.write_tokens()
    made.certificate.cert_file.write_text("nonsense")
    refused(made, "serving.crt")


def test_a_key_of_another_certificate(made: Postern, authority: Authority) -> None:
    other = authority.issue(str(made.folder / "other"), "other", hosts=("127.0.0.1",))
    made.certificate.key_file.write_bytes(other.key_file.read_bytes())
    refused(made, "serving")


@pytest.mark.parametrize(
    "text",
    ["", "nonsense", "apiVersion: v1\nkind: Config\n", "apiVersion: v1\nkind: Config\ncurrent-context: x\n"
     "contexts: [{name: x, context: {cluster: y, user: z}}]\n"],
    ids=["empty", "text", "no-context", "dangling"],
)  # fmt: skip
def test_bad_kubeconfigs(made: Postern, text: str) -> None:
    Path(made.config["kubeClusters"][0]["kubeconfig"]).write_text(text)
    refused(made, "upstream.kubeconfig")


def test_a_port_that_is_taken(made: Postern) -> None:
    with socket.create_server(("127.0.0.1", made.port)):
        done = run("proxy", "--config", str(made.config_file))
    assert done.returncode == 2, done.stderr
    assert f"postern: listen: cannot listen on 127.0.0.1:{made.port}" in done.stderr


@pytest.mark.parametrize("args", [["nonsense"], ["proxy", "--nonsense"], ["proxy", "--config"], []],
                         ids=["command", "option", "value", "nothing"])  # fmt: skip
def test_usage_is_exit_2(args: list[str]) -> None:
    done = run(*args)
    assert done.returncode == 2 and done.stderr


def test_help_and_version() -> None:
    assert run("--help").returncode == 0 and "proxy" in run("--help").stdout
    assert re.search(r"\d+\.\d+\.\d+", run("version").stdout)


# -- the dry run ----------------------------------------------------------------------------------


def can_i(made: Postern, *args: str) -> "subprocess.CompletedProcess[str]":
    return run("auth", "can-i", *args, "--config", str(made.config_file))


RULE = "allowed by role {}, allow.kubernetes_resources[{}]"
FIRST_OF_TEAM, FIRST_OF_WIDGETS = RULE.format("dev-team", 0), RULE.format("dev-widgets", 0)


@pytest.mark.parametrize(
    ("args", "answer", "why"),
    [
        (("get", "pod/nginx-1", "-n", "dev", "--as", "alice"), "yes", FIRST_OF_TEAM),
        (("get", "pods/nginx-1", "-n", "dev", "--as", "alice"), "yes", FIRST_OF_TEAM),
        (("get", "pod/db-0", "-n", "dev", "--as", "alice"), "no", "no role gives get on this"),
        (("list", "pods", "-n", "dev", "--as", "alice"), "yes (filtered)", "filtered by the rules of role dev-team"),
        (("list", "pods", "-n", "prod", "--as", "alice"), "no", "no role could give list on any of these"),
        (("exec", "pod/nginx-1", "-n", "dev", "--as", "alice"), "yes", FIRST_OF_TEAM),
        (("get", "secret/app-config", "-n", "dev", "--as", "alice"), "yes", RULE.format("dev-team", 1)),
        (("get", "widgets.e.com/w1", "-n", "dev", "--as", "alice"), "yes", FIRST_OF_WIDGETS),
        (("get", "widgets.e.com/w2", "-n", "dev", "--as", "alice"), "no", "no role gives get on this"),
        (("get", "secret/app-config", "-n", "dev", "--as", "bob"), "yes", RULE.format("all-of-dev", 0)),
        (("get", "secret/root-token", "-n", "dev", "--as", "bob"), "no",
         "denied by role all-of-dev, deny.kubernetes_resources[0]"),
        (("get", "pod/nginx-1", "-n", "dev", "--as", "nobody"), "no",
         "no role of theirs covers the cluster mycluster"),
        (("delete", "node/n1", "--as", "oscar"), "yes", RULE.format("operator", 0)),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)  # fmt: skip
def test_dry_run_names_role_and_rule(
    made: Postern, args: tuple[str, ...], answer: str, why: str
) -> None:
    made.config["kubeClusters"][0]["labels"] = {"env": "test"}
    made.write_config()
    made.write_documents(roles.ALICE + roles.OTHERS + roles.TEAM)
    done = can_i(made, *args)
    assert done.returncode == (3 if answer == "no" else 0), (done.stdout, done.stderr)
    assert done.stdout.splitlines()[:2] == [answer, f"  why: {why}"]


def test_dry_run_by_group(made: Postern) -> None:
    made.config["authentication"]["groupRoles"] = {"contractors": ["dev-widgets"]}
    made.write_config()
    args = ("get", "widgets.e.com/w1", "-n", "dev", "--as", "frank")
    assert can_i(made, *args, "--as-group", "contractors").returncode == 0
    assert can_i(made, *args).returncode == 3


# -- what postern makes by itself -----------------------------------------------------------------


def test_without_a_certificate_a_ca_is_made(
    tmp_path: Path, authority: Authority, recording_upstream: RecordingUpstream
) -> None:
    kubeconfig = upstream_kubeconfig(
        tmp_path / "upstream.kubeconfig", recording_upstream.url, recording_upstream.ca_file, "x"
    )
    options: dict[str, Any] = {"clusters": [KubeCluster("mycluster", kubeconfig)], "users": USERS,
                               "documents": roles.ALICE, "own_certificate": False}  # fmt: skip
    with Postern(tmp_path / "p", authority, **options) as postern:
        assert postern.ask("alice", "GET", f"{POD}/nginx-1").status == 200
        first = postern.ca_file.read_bytes()
        assert str(postern.ca_file) in postern.log(), "it must be said how to trust it"
        for path in (tmp_path / "p" / "data").rglob("*"):
            if path.is_file() and b"PRIVATE KEY" in path.read_bytes():
                assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    again = Postern(tmp_path / "p", authority, **options)
    with again:
        assert again.ca_file.read_bytes() == first
        assert again.ask("alice", "GET", f"{POD}/nginx-1").status == 200


def test_without_a_configuration_the_current_context_is_used(
    tmp_path: Path, recording_upstream: RecordingUpstream
) -> None:
    """It is said of what is in force that the listeners are on loopback."""
    home = tmp_path / "home"
    home.mkdir()
    kubeconfig = upstream_kubeconfig(
        tmp_path / "kubeconfig", recording_upstream.url, recording_upstream.ca_file, "x"
    )
    env = {**os.environ, "HOME": str(home), "KUBECONFIG": str(kubeconfig)}
    done = run("proxy", "--check-config", env=env)
    assert done.returncode == 0, done.stderr
    in_force = yaml.safe_load(done.stdout)
    assert (in_force["listen"], in_force["adminListen"]) == ("127.0.0.1:8443", "127.0.0.1:8081")
    assert [c["name"] for c in in_force["kubeClusters"]] == ["upstream"]
    assert in_force["authentication"] == {"groupRoles": {}, "localUsers": {"enabled": True}}


# Its ports are fixed, so that it runs in a network of its own: what listens there is in /proc/net.
ALONE = """
ip link set lo up
"$0" proxy 2>postern.log & pid=$!
ask() { curl -sk -o answer -w '%{http_code}\n' "$@" https://127.0.0.1:8443/api/v1/namespaces/dev/pods; }
for try in $(seq 150); do ask >/dev/null && break; sleep 0.1; done
ask; ask -H 'Authorization: Bearer anything'
awk '$4 == "0A" {print $2}' /proc/net/tcp /proc/net/tcp6
kill $pid; wait $pid
"""


def test_without_a_configuration_nobody_is_anybody(tmp_path: Path, authority: Authority) -> None:
    kubeconfig = upstream_kubeconfig(tmp_path / "kubeconfig", "https://127.0.0.1:9", authority.cert_file, "x")
    alone = ["unshare", "--map-root-user", "--net"]
    if subprocess.run([*alone, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("no real node here: network namespaces cannot be made")
    done = subprocess.run(
        [*alone, "sh", "-c", ALONE, str(binary())], cwd=tmp_path, capture_output=True, text=True,
        timeout=60, check=False, env={**os.environ, "HOME": str(tmp_path), "KUBECONFIG": str(kubeconfig)},
    )  # fmt: skip
    assert done.returncode == 0, (done.stderr, (tmp_path / "postern.log").read_text())
    codes, listening = done.stdout.split()[:2], done.stdout.split()[2:]
    assert codes == ["401", "401"] and '"reason":"Unauthorized"' in (tmp_path / "answer").read_text()
    assert set(listening) == {f"0100007F:{port:04X}" for port in (8443, 8081)}, "more than on loopback"
