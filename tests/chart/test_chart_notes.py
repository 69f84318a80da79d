"""What NOTES.txt says is true: its commands exist, name what is there, and do what they are said to do."""

import re
import shlex
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from cluster import Cluster
from helm import CHART, CI_VALUES, Helm
from notes_world import NAMESPACE, RELEASE, Told, blocks, notes
from people import Person
from process import wait_until
from rights import Install, Installed
from test_chart_configuration import binary
from test_chart_release import SMALL, get, names

TOLD = ("default", "daemonset", "roles", "identity", "exposed", "tls-cert-manager", "tls-secret", "ha", "sidecar")


@pytest.mark.parametrize("values", [p for p in CI_VALUES if p.name.removesuffix("-values.yaml") in TOLD],
                         ids=lambda path: path.stem)  # fmt: skip
def test_notes_name_commands_of_postern_that_exist(cluster_helm: Helm, values: Any) -> None:
    text = "\n".join(blocks(notes(cluster_helm, "-f", values)))
    found = re.findall(r"(?:^|-- )(postern .*?)(?:$| \|)", text, re.M)
    assert found or "sidecar" in values.name
    for command in found:
        words = shlex.split(command)[1:]
        subcommand = [w for w in words[:2] if re.fullmatch(r"[a-z-]+", w) and not w.startswith("-")]
        if subcommand[0] not in ("auth", "kube", "users"):
            subcommand = subcommand[:1]
        help_text = subprocess.run(
            [str(binary()), *subcommand, "--help-all"], capture_output=True, text=True, check=False
        )
        assert help_text.returncode == 0, command
        for flag in (w.split("=")[0] for w in words if w.startswith("-")):
            assert flag in help_text.stdout, (command, flag)


def test_notes_name_objects_that_exist(cluster_helm: Helm, chart_cluster: Cluster) -> None:
    helm, cluster = cluster_helm, chart_cluster
    helm("install", RELEASE, CHART, "-n", NAMESPACE, *SMALL, "--set", "crds.enabled=false", "--wait", "--timeout", "60s")
    text = "\n".join(blocks(notes(helm, *SMALL)))
    rollout = re.search(r"^kubectl (.* rollout status .*)$", text, re.M)
    assert rollout
    assert "successfully rolled out" in cluster.kubectl(*shlex.split(rollout[1])).stdout
    objects = set(re.findall(r"\b(?:deployment|service)/[a-z-]+", text))
    assert objects == {"deployment/told-postern", "service/told-postern"}
    for name in objects:
        assert get(cluster, name)["metadata"]["name"] == "told-postern"
    account = "system:serviceaccount:postern:told-postern-impersonator"
    listed = cluster.kubectl("auth", "can-i", "--list", "--as", account).stdout
    assert "userextras.authentication.k8s.io/access.postern.dev/request" in listed
    helm("uninstall", RELEASE, "-n", NAMESPACE, "--wait", "--timeout", "60s")
    wait_until("its pods are gone", lambda: not names(cluster, "pods", RELEASE), 30)


def test_notes_warn_of_what_is_hardly_meant(cluster_helm: Helm) -> None:
    def warnings(text: str) -> str:
        said = notes(cluster_helm, stdin=text)
        return "\n".join(line for line in said.splitlines() if line.startswith("WARNING: "))

    role = "{kind: role, metadata: {name: dev}, spec: {allow: {kubernetes_groups: [a, b, '{{internal.c}}']}}}"
    listed = f"rolesAndUsers: [{role}]\nimpersonation: {{groups: [a, b]}}\n"
    assert warnings(listed) == ""
    said = warnings(f"rolesAndUsers: [{role}]\nimpersonation: {{groups: [a]}}\n")
    assert said == "WARNING: the API server will refuse what the role dev allows: impersonation.groups does not list b"
    assert "impersonation.groups is empty" in warnings("{}")
    assert "gone with the pod" in warnings("config: {storage: {type: memory}}")
    assert "without persistence" in warnings("config: {storage: {type: sqlite}}")
    assert "allowUnsafe" in warnings("impersonation: {allowUnsafe: true, groups: [a]}")
    assert "limit nothing" in warnings("impersonation: {mode: both, groups: [a]}")
    assert "anybody could log in" in warnings("config: {authentication: {localUsers: {enabled: false}}}")


# -- doing what they say, with every way to log in --------------------------------------------------


def user(name: str, *roles: str) -> Any:
    return {"kind": "user", "version": "v2", "metadata": {"name": name},
            "spec": {"roles": list(roles), "traits": {"kubernetes_groups": ["dev-team"]}}}  # fmt: skip


ROOT, ALICE = user("root", "editor", "access"), user("alice", "access")
BUILDER = user("system:serviceaccount:postern:builder", "editor", "access")
AUTHENTICATION: dict[str, Any] = {
    "CA": {"clientCAFile": "/etc/postern/ca/ca.crt"},
    "tokens": {"tokenFile": "/etc/postern/tokens/tokens.csv"},
    "review": {"tokenReview": {}},
    "cluster CA": {"clusterClientCA": {}},
}
Tell = Callable[..., Told]


@pytest.fixture(scope="module")
def accounts(install: Install) -> Installed:
    return install(RELEASE, groups=["dev-team"])


@pytest.fixture
def tell(tmp_path: Path, chart_cluster: Cluster, cluster_helm: Helm, accounts: Installed,
         request: pytest.FixtureRequest) -> Tell:  # fmt: skip
    """Runs what the chart makes of these values, until the test has passed."""

    def started(authentication: str = "", documents: tuple[Any, ...] = (), **values: Any) -> Told:
        impersonation = {"groups": ["dev-team"], "serviceAccounts": [{"namespace": "postern", "name": "builder"}]}
        values |= {"impersonation": impersonation, "rolesAndUsers": list(documents)}
        if authentication:
            values["config"] = {"authentication": AUTHENTICATION[authentication]}
        told = Told(tmp_path, chart_cluster, cluster_helm, accounts, values)
        told.start()
        request.addfinalizer(told.stop)
        return told

    return started


def let_in(told: Told, name: str) -> Person:
    """The first login, and what the notes say that its user does next: somebody else works."""
    said = told.first_login()
    link = re.fullmatch(r"postern login postern://([a-z]+)@\S+.*\n", said.stdout)
    assert link, (said.stdout, said.stderr, told.log())
    first = told.person(link[1])
    shutil.copy(told.folder / "ca.crt", first.home) if (told.folder / "ca.crt").exists() else None
    told.log_in(first, said.stdout, "--new-password-file", str(first.password_file))
    add = told.block(f"users {'invite' if name == 'alice' else 'add'} YOU")
    invited = first.run("sh", "-ec", add.replace("YOU", name)).stdout
    login = next(line for line in invited.splitlines() if line.startswith("  postern login postern://"))
    somebody = told.person(name)
    told.log_in(somebody, login, "--new-password-file", str(somebody.password_file))
    works(told, somebody)
    return first


def works(told: Told, person: Person) -> None:
    """The end of the notes: kubectl by the session."""
    use = told.block("kube login")
    assert use.splitlines()[1:] == ["kubectl get pods"]
    assert "No resources found" in person.run("sh", "-ec", use).stderr


def test_notes_where_nothing_is_said(tell: Tell) -> None:
    assert let_in(tell(), "yvonne").name == "admin"


def test_notes_where_a_user_of_the_values_administers(tell: Tell) -> None:
    told = tell(documents=(ROOT, ALICE))
    assert "YOU being one of root, alice:" in told.said
    assert let_in(told, "alice").name == "root"


def test_notes_where_no_user_of_the_values_administers(tell: Tell) -> None:
    assert let_in(tell(documents=(ALICE,)), "alice").name == "admin"


def test_notes_where_nobody_administers_beside_a_client_ca(tell: Tell) -> None:
    assert let_in(tell("CA"), "yvonne").name == "admin"


@pytest.mark.parametrize("how", ["NodePort", "LoadBalancer"])
def test_notes_where_the_address_is_not_in_the_certificate(tell: Tell, how: str) -> None:
    told = tell(service={"type": how})
    assert "--tls-server-name told-postern.postern.svc" in told.first_login().stdout
    let_in(told, "yvonne")


def test_notes_with_a_certificate_of_cert_manager(tell: Tell, chart_cluster: Cluster) -> None:
    """It makes the Secret; here the test does."""
    told = tell(tls={"certManager": {"enabled": True}})
    files = [f"--from-file=ca.crt={told.authority.cert_file}"]
    chart_cluster.kubectl("create", "secret", "generic", "told-postern-tls", "-n", NAMESPACE, *files)
    try:
        assert let_in(told, "yvonne").name == "admin"
    finally:
        chart_cluster.kubectl("delete", "secret", "told-postern-tls", "-n", NAMESPACE)


def test_notes_with_a_certificate_that_was_given(tell: Tell) -> None:
    told = tell(tls={"existingSecret": "certificate"})
    assert "NAME is a name in the certificate" in told.said
    told.said = told.said.replace(" NAME", " told-postern.postern.svc")
    assert let_in(told, "yvonne").name == "admin"


# -- where somebody can log in without that ---------------------------------------------------------


def log_in_so(told: Told, person: Person, words: str, **names: str) -> None:
    """By the way of the notes that has these words, with names put in; as the cluster's administrator until `postern`."""
    commands = told.reach() + told.block(words)
    for name, value in names.items():
        commands = re.sub(rf"\b{name}\b", value, commands)
    env = {**person.env, "KUBECONFIG": str(told.cluster.kubeconfig)}
    done = subprocess.run(["sh", "-ec", commands], env=env, cwd=person.home, capture_output=True, text=True,
                          timeout=60, check=False)  # fmt: skip
    assert done.returncode == 0, (commands, done.stderr)
    works(told, person)


def says_that_there_is_none(told: Told) -> None:
    said = told.first_login()
    assert said.returncode == 1 and "somebody can administer this postern already" in said.stderr, said


def test_notes_with_client_certificates(tell: Tell) -> None:
    told = tell("CA", (ROOT,))
    root = told.person("root")
    pair = told.authority.issue(str(told.folder / "root-pair"), "root")
    shutil.copy(pair.cert_file, root.home / "YOU.crt")
    shutil.copy(pair.key_file, root.home / "YOU.key")
    log_in_so(told, root, "--cert")
    says_that_there_is_none(told)


def test_notes_with_static_tokens(tell: Tell) -> None:
    told = tell("tokens", (ROOT,))
    root = told.person("root")
    (root.home / "token").write_text("a-static-token-0123\n")
    log_in_so(told, root, "--token-file")
    says_that_there_is_none(told)


@pytest.fixture
def builder(chart_cluster: Cluster) -> str:
    chart_cluster.kubectl("create", "serviceaccount", "builder", "-n", NAMESPACE, check=False)
    return "builder"


def test_notes_with_service_accounts_that_administer(tell: Tell, builder: str) -> None:
    told = tell("review", (BUILDER, ALICE))
    log_in_so(told, told.person("builder"), "create token", NAMESPACE=NAMESPACE, NAME=builder)
    says_that_there_is_none(told)


def test_notes_with_service_accounts_and_a_person_who_administers(tell: Tell, builder: str) -> None:
    """No token of the cluster is that person's: there is a first login."""
    told = tell("review", (ROOT, user("system:serviceaccount:postern:builder", "access")))
    log_in_so(told, told.person("builder"), "create token", NAMESPACE=NAMESPACE, NAME=builder)
    said = told.first_login()
    assert said.stdout.startswith("postern login postern://root@"), said


def test_notes_with_certificates_of_the_cluster(tell: Tell, chart_cluster: Cluster) -> None:
    told = tell("cluster CA", (ROOT,))
    root = told.person("root")
    pair = chart_cluster.make_client_cert("root")
    shutil.copy(pair.cert_file, root.home / "YOU.crt")
    shutil.copy(pair.key_file, root.home / "YOU.key")
    log_in_so(told, root, "--cert")
    says_that_there_is_none(told)


def test_notes_of_an_upgrade(tell: Tell, cluster_helm: Helm) -> None:
    told = tell(documents=(ROOT, ALICE))
    let_in(told, "alice")
    values = yaml.safe_dump(told.values)
    cluster_helm("install", "again", CHART, "-n", NAMESPACE, "-f", "-", stdin=values)
    try:
        said = notes(cluster_helm, verb="upgrade", release="again", stdin=values)
    finally:
        cluster_helm("uninstall", "again", "-n", NAMESPACE, "--wait", "--timeout", "60s")
    assert "first-login" not in said and "postern users invite YOU" in said
    again = told.person("again")
    command = told.block("--user YOU", said).strip().replace("YOU", "alice")
    told.said = said
    password = str(told.folder / "alice" / "password")
    again.run("sh", "-ec", f"{told.reach()}{command} --password-file {password}")
    works(told, again)


def test_notes_of_no_way_to_log_in_are_left_out() -> None:
    """Each of the ways to log in that the chart knows is tried above."""
    config = (CHART / "templates" / "_config.tpl").read_text()
    known = re.search(r"range \$key := list (.*?) -}}", config)
    assert known
    assert set(shlex.split(known[1])) == {key for way in AUTHENTICATION.values() for key in way}
