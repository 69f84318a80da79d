"""The main story, word for word: nobody has standing access; alice asks, bob approves, alice works
inside of what was approved, and then it is over. One step after the other, each resting on the last."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from audit_log import ours
from cluster import Cluster
from documents import ROOT, STORY
from harness import KubeCluster, Postern, User
from people import Person, names
from pki import Authority
from raw_http import wait_for

NGINX_1 = "/postern.test/pod/mycluster/dev/nginx-1"
NGINX_2 = "/postern.test/pod/mycluster/dev/nginx-2"
WEB = "/postern.test/deployment/mycluster/dev/web"


class World:
    """Everybody, and what one step leaves for the next."""

    def __init__(self, folder: Path, postern: Postern, cluster: Cluster) -> None:
        self.postern = postern
        self.cluster = cluster
        self.root = Person(folder, "root", postern, cluster)
        self.alice = Person(folder, "alice", postern, cluster)
        self.bob = Person(folder, "bob", postern, cluster)
        self.carol = Person(folder, "carol", postern, cluster)
        self.request = ""

    def invite(self, name: str, roles: str) -> str:
        """The administrator adds a user; the link that goes to them."""
        said = self.root.json("users", "add", name, "--roles", roles)
        return str(said["link"])


@pytest.fixture(scope="module")
def world(
    authority: Authority, cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("story")
    postern = Postern(
        folder / "postern",
        authority,
        clusters=[KubeCluster("mycluster", cluster.postern_kubeconfig, {"env": "test"})],
        documents=ROOT,
        users=[User("root")],
        own_certificate=False,
    )
    with postern:
        yield World(folder, postern, cluster)


# 1. An administrator makes roles and users while the proxy runs. -----------------------------------


def test_1_roles_and_users(world: World) -> None:
    root = world.root
    token = root.home / "token"
    token.write_text(world.postern.users["root"].token + "\n")
    root.postern("login", "--proxy", f"127.0.0.1:{world.postern.port}",
                 "--ca-file", str(world.postern.ca_file), "--token-file", str(token))  # fmt: skip
    (root.home / "role.yaml").write_text(STORY)
    root.postern("create", "-f", "role.yaml")
    assert {"k8s-access", "k8s-requester", "editor"} <= set(names(root.postern("get", "roles")))
    role = root.json("get", "role/k8s-access")
    assert role["spec"]["allow"]["kubernetes_groups"] == ["dev-team"]
    world.alice.login(world.invite("alice", "k8s-requester"))
    world.bob.login(world.invite("bob", "k8s-resource-requester-reviewer"), kube=False)
    world.carol.login(world.invite("carol", "k8s-requester"))
    assert {"alice", "bob", "carol"} <= set(names(root.postern("get", "users")))


def test_1_an_invite_works_once(world: World) -> None:
    link = world.invite("dan", "k8s-requester")
    dan = Person(world.root.home, "dan", world.postern, world.cluster)
    dan.login(link)
    assert "Unauthorized" in dan.refusal("login", link, "--new-password-file", str(dan.password_file))
    dan.postern("logout")
    wrong = dan.home / "wrong"
    wrong.write_text("something else entirely\n")
    common = ("login", "--proxy", f"127.0.0.1:{world.postern.port}", "--ca-file",
              str(world.postern.ca_file), "--user", "dan")  # fmt: skip
    dan.refusal(*common, "--password-file", str(wrong))
    dan.postern(*common, "--password-file", str(dan.password_file))
    assert "dan" in dan.postern("status")
    world.root.postern("rm", "user/dan")
    assert dan.kubectl("get", "pods", code=1).stderr


def test_1_files_of_people_are_their_own(world: World) -> None:
    for path in (world.alice.home / ".postern").rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path


# 2. alice has nothing, and is told how to ask. ------------------------------------------------------


def test_2_nothing_at_first(world: World) -> None:
    said = world.alice.kubectl("get", "pods", code=1).stderr
    assert "Forbidden" in said and "postern request create" in said
    assert names(world.alice.postern("kube", "ls")) == ["mycluster"]


# 3. She looks for what she needs. -------------------------------------------------------------------


def test_3_search(world: World) -> None:
    said = world.alice.postern("request", "search", "--kind", "pod", "--kube-cluster", "mycluster",
                               "--kube-namespace", "dev")  # fmt: skip
    assert NGINX_1 in said and NGINX_2 in said and "postern request create" in said
    assert "prod" not in said
    found = world.alice.postern("request", "search", "--kind", "pod", "--kube-cluster", "mycluster",
                                "--all-kube-namespaces", "--search", "nginx-1")  # fmt: skip
    assert NGINX_1 in found and NGINX_2 not in found
    labelled = world.alice.postern("request", "search", "--kind", "pod", "--kube-cluster", "mycluster",
                                   "--kube-namespace", "dev", "--labels", "app=nothing")  # fmt: skip
    assert NGINX_1 not in labelled
    assert "/postern.test/kube_cluster/mycluster" in world.alice.postern(
        "request", "search", "--kind", "kube_cluster")  # fmt: skip
    workloads = world.alice.postern("request", "search", "--kind", "deployment", "--kube-cluster",
                                    "mycluster", "--kube-namespace", "dev")  # fmt: skip
    assert "/postern.test/pod/mycluster/dev/web-*" in workloads


def test_3_a_search_gives_no_more_than_its_roles(world: World) -> None:
    world.alice.refusal("request", "search", "--kind", "secret", "--kube-cluster", "mycluster",
                        "--kube-namespace", "dev", code=3)  # fmt: skip
    # A reviewer may look at what is asked for, not search, and need not know of the cluster at all.
    said = world.bob.refusal("request", "search", "--kind", "pod", "--kube-cluster", "mycluster",
                             "--kube-namespace", "dev")  # fmt: skip
    assert "no kube cluster" in said


# 4. She asks. --------------------------------------------------------------------------------------


def test_4_a_dry_run_files_nothing(world: World) -> None:
    world.alice.postern("request", "create", "--resource", NGINX_1, "--reason", "look", "--dry-run")
    assert world.alice.json("request", "ls", "--mine")["items"] == []


def test_4_create(world: World) -> None:
    made = world.alice.json("request", "create", "--resource", NGINX_1, "--reason", "bug 12",
                            "--max-duration", "1h", "--nowait")  # fmt: skip
    world.request = made["metadata"]["name"]
    assert made["status"]["state"] == "PENDING"
    assert made["spec"]["roles"] == ["k8s-access"] and made["spec"]["user"] == "alice"
    refused = world.alice.refusal("request", "create", "--resource",
                                  "/postern.test/secret/mycluster/dev/app-config", "--nowait", code=3)  # fmt: skip
    assert "reaches" in refused
    said = world.alice.refusal("request", "create", "--resource", "no-id", "--nowait")
    assert "spec.resources[0]" in said and "does not begin with /" in said


def test_4_nobody_else_sees_it(world: World) -> None:
    assert world.request not in world.carol.postern("request", "ls")
    world.carol.refusal("request", "show", world.request)


# 5. bob reviews. -----------------------------------------------------------------------------------


def test_5_what_a_reviewer_sees(world: World) -> None:
    assert world.request in world.bob.postern("request", "ls", "--reviewable")
    shown = world.bob.postern("request", "show", world.request)
    assert NGINX_1 in shown and "bug 12" in shown
    assert "runs commands inside pods" in shown, shown


def test_5_not_ones_own(world: World) -> None:
    said = world.alice.refusal("request", "review", "--approve", "--yes", world.request, code=3)
    assert "own" in said


def test_5_approve_ends_the_wait(world: World) -> None:
    waiting = world.alice.start("request", "create", "--resource", NGINX_2, "--reason", "wait")
    pending = wait_for(
        "the second request",
        lambda: [r["metadata"]["name"] for r in world.alice.json("request", "ls", "--mine")["items"]
                 if r["metadata"]["name"] != world.request],
    )  # fmt: skip
    world.bob.postern("request", "review", "--deny", "--reason", "not that one", "--yes", pending[0])
    _, said = waiting.communicate(timeout=30)
    assert waiting.returncode == 3 and "not that one" in said
    said = world.bob.postern("request", "review", "--approve", "--reason", "fine", "--yes", world.request)
    assert "APPROVED" in said.upper()
    world.bob.refusal("request", "review", "--deny", "--yes", world.request, code=3)


# 6. alice works inside of it. -----------------------------------------------------------------------


def test_6_before_it_is_assumed_nothing_has_changed(world: World) -> None:
    world.alice.kubectl("get", "pod", "nginx-1", code=1)


def test_6_assume(world: World) -> None:
    world.alice.postern("request", "assume", world.request)
    assert names(world.alice.kubectl("get", "pods").stdout) == ["nginx-1"]
    assert "hello" in world.alice.kubectl("exec", "nginx-1", "--", "echo", "hello").stdout
    for hidden in (("get", "pod", "nginx-2"), ("get", "pods", "-n", "prod"), ("get", "secrets")):
        assert "Forbidden" in world.alice.kubectl(*hidden, code=1).stderr
    assert world.request in world.alice.postern("status")


def test_6_several_add_up(world: World) -> None:
    """Two requests that are assumed one after the other, and one request with two resources."""

    def approved(*resources: str) -> str:
        words = [word for one in resources for word in ("--resource", one)]
        made = world.alice.json("request", "create", *words, "--reason", "both", "--nowait")
        world.bob.postern("request", "review", "--approve", "--yes", made["metadata"]["name"])
        return str(made["metadata"]["name"])

    def seen() -> list[str]:
        return names(world.alice.kubectl("get", "pods").stdout)

    second = approved(NGINX_2)
    world.alice.postern("request", "assume", second)
    assert seen() == ["nginx-1", "nginx-2"]
    world.alice.kubectl("get", "pod", "nginx-2")
    world.alice.postern("request", "drop", second)
    assert seen() == ["nginx-1"]
    world.alice.kubectl("get", "pod", "nginx-2", code=1)
    world.alice.postern("request", "drop")

    both = approved(NGINX_1, NGINX_2)
    world.alice.postern("request", "assume", both)
    assert seen() == ["nginx-1", "nginx-2"]
    world.alice.kubectl("get", "pod", "db-0", code=1)
    world.alice.postern("request", "drop", both)
    for name in (second, both):
        world.bob.postern("request", "revoke", name)
    world.alice.postern("request", "assume", world.request)


def test_6_the_clusters_own_audit_log_names_the_request(world: World) -> None:
    def named() -> list[Any]:
        lines = [json.loads(line) for line in world.cluster.layout.audit_log.read_text().splitlines()]
        extras = [line.get("impersonatedUser", {}).get("extra", {}) for line in lines]
        return [e for e in extras if world.request in e.get("access.postern.dev/request", [])]

    assert wait_for("the audit log", named)


def test_6_another_session_of_hers_has_nothing(world: World) -> None:
    other = Person(world.alice.home, "elsewhere", world.postern, world.cluster)
    other.postern("login", "--proxy", f"127.0.0.1:{world.postern.port}", "--ca-file",
                  str(world.postern.ca_file), "--user", "alice", "--password-file",
                  str(world.alice.password_file))  # fmt: skip
    other.postern("kube", "login")
    other.kubectl("get", "pod", "nginx-1", "-n", "dev", code=1)
    other.postern("login", "--proxy", f"127.0.0.1:{world.postern.port}", "--ca-file",
                  str(world.postern.ca_file), "--user", "alice", "--password-file",
                  str(world.alice.password_file), "--request-id", world.request)  # fmt: skip
    other.kubectl("get", "pod", "nginx-1", "-n", "dev")
    other.postern("logout")
    other.kubectl("get", "pod", "nginx-1", "-n", "dev", code=1)


def test_6_a_drop_ends_open_streams_within_a_second(world: World) -> None:
    kubectl = str(world.cluster.kubectl_program)
    watch = world.alice.start_program(kubectl, "get", "pods", "-w", "-o", "name")
    assert watch.stdout and watch.stdout.readline().strip() == "pod/nginx-1"
    world.alice.postern("request", "drop", world.request)
    dropped = time.monotonic()
    # kubectl watches again when a watch ends, and is refused then.
    watch.wait(30)
    assert time.monotonic() - dropped < 15
    world.alice.kubectl("get", "pod", "nginx-1", code=1)
    assert world.postern.metric("postern_longrunning_requests", verb="watch") == 0


def test_6_a_restart_loses_nothing(world: World) -> None:
    world.alice.postern("request", "assume", world.request)
    world.postern.restart()
    assert names(world.alice.kubectl("get", "pods").stdout) == ["nginx-1"]
    assert world.request in world.bob.postern("request", "ls")


def test_6_revoked_by_the_reviewer(world: World) -> None:
    world.bob.postern("request", "revoke", world.request, "--reason", "enough")
    assert "Forbidden" in world.alice.kubectl("get", "pods", code=1).stderr
    assert "REVOKED" in world.alice.postern("request", "show", world.request).upper()
    world.alice.postern("request", "drop")


# 7. In one go: postern kubectl. ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "resource", "answer"),
    [
        (("get", "pod", "nginx-2", "-n", "dev", "-o", "name"), NGINX_2, "pod/nginx-2"),
        (("exec", "nginx-2", "--", "echo", "from inside"), NGINX_2, "from inside"),
        (("get", "deployment", "web", "-o", "name"), WEB, "deployment.apps/web"),
    ],
    ids=["get", "exec", "deployment"],
)
def test_7_postern_kubectl_asks_waits_and_runs_again(
    world: World, words: tuple[str, ...], resource: str, answer: str
) -> None:
    running = world.alice.start("kubectl", "--request-reason", "in one go", *words)
    pending = wait_for(
        "its request",
        lambda: [r["metadata"]["name"] for r in world.bob.json("request", "ls", "--reviewable")["items"]
                 if r["spec"]["resources"] == [resource]],
    )  # fmt: skip
    world.bob.postern("request", "review", "--approve", "--yes", pending[0])
    said, chatter = running.communicate(timeout=60)
    assert running.returncode == 0, chatter
    assert said.strip() == answer
    # It was for that command alone, and the next one would not ask again while it is approved.
    world.alice.kubectl(*words, code=1)
    world.bob.postern("request", "revoke", pending[0])


def test_7_nothing_interactive_without_a_terminal(world: World) -> None:
    before = len(world.alice.json("request", "ls", "--mine")["items"])
    said = world.alice.refusal("kubectl", "get", "pod", "db-0", "-n", "dev")
    assert "Forbidden" in said
    world.alice.refusal("kubectl", "--no-request", "--request-reason", "x", "get", "pod", "db-0", "-n", "dev")
    assert len(world.alice.json("request", "ls", "--mine")["items"]) == before


# 8. With nothing but kubectl. ------------------------------------------------------------------------


def test_8_kubectl_alone(world: World) -> None:
    manifest = world.alice.home / "request.yaml"
    manifest.write_text(
        "apiVersion: access.postern.dev/v1alpha1\nkind: AccessRequest\n"
        "metadata: {generateName: by-kubectl-}\n"
        f"spec: {{resources: ['{NGINX_1}'], reason: with kubectl}}\n"
    )
    said = world.alice.kubectl("create", "-f", str(manifest), "-o", "name").stdout.strip()
    name = said.split("/")[1]
    assert name.startswith("by-kubectl-")
    assert name in world.alice.kubectl("get", "accessrequests").stdout
    assert "with kubectl" in world.alice.kubectl("describe", "accessrequest", name).stdout
    world.bob.postern("request", "review", "--approve", "--yes", name)
    world.alice.kubectl("wait", "--for=condition=Approved", f"accessrequest/{name}", "--timeout=20s")
    assert "resources" in world.alice.kubectl("explain", "accessrequest.spec").stdout
    assert "accessrequests" in world.alice.kubectl("api-resources").stdout
    world.alice.kubectl("delete", "accessrequest", name, "--timeout=20s")
    assert name not in world.alice.kubectl("get", "accessrequests").stdout


# Expiry. ---------------------------------------------------------------------------------------------


def test_9_it_ends_by_itself(world: World) -> None:
    made = world.alice.json("request", "create", "--resource", NGINX_1, "--reason", "short",
                            "--max-duration", "6s", "--nowait")  # fmt: skip
    name = made["metadata"]["name"]
    world.bob.postern("request", "review", "--approve", "--yes", name)
    world.alice.postern("request", "assume", name)
    assert names(world.alice.kubectl("get", "pods").stdout) == ["nginx-1"]
    wait_for("its end", lambda: world.alice.kubectl("get", "pods", code=None).returncode == 1, 20)
    wait_for("EXPIRED", lambda: "EXPIRED" in world.alice.postern("request", "show", name).upper())


def test_9_a_locked_user_has_nothing(world: World) -> None:
    world.root.postern("users", "lock", "carol")
    world.carol.refusal("request", "ls", code=None)
    assert world.carol.kubectl("get", "pods", code=1).stderr
    world.root.postern("users", "unlock", "carol")
    wait_for("carol", lambda: "items" in world.carol.postern("request", "ls", "-o", "json", code=None))


def test_9_the_audit_tells_all_of_it(world: World) -> None:
    log = world.postern.audit_log
    log.settle()
    events = {ours(event, "event") for event in log.events()}
    assert {"accessrequest.create", "accessrequest.review", "accessrequest.approve", "accessrequest.deny",
            "accessrequest.revoke", "accessrequest.expire", "accessrequest.delete",
            "session.create", "session.assume", "session.drop", "session.end", "role.create",
            "user.create", "user.invite", "user.update", "user.delete",
            "login.succeed", "login.fail", "invite.redeem"} <= events, events  # fmt: skip
    for text in (world.postern.log(), log.text()):
        assert "correct horse" not in text and "pst_" not in text and "psi_" not in text


def test_9_o236_every_event_says_who_and_by_what(world: World) -> None:
    """A request that rests on an access request names it, and until when; so does the cluster's log."""
    log = world.postern.audit_log
    events = [event for event in log.events() if event["stage"] == "ResponseComplete"]
    used = [e for e in events if e.get("annotations", {}).get("access.postern.dev/request")]
    assert used
    for event in used:
        rests_on = event["annotations"]["access.postern.dev/request"].split(",")
        assert event["impersonatedUser"]["extra"]["access.postern.dev/request"] == rests_on[:1]
        assert ours(event, "expires") and ours(event, "roles") == "k8s-access"
        for name in rests_on:
            assert f"request {name}" in event["annotations"]["authorization.k8s.io/reason"]
    assert any("," in e["annotations"]["access.postern.dev/request"] for e in used), "two that added up"
    cluster = {event["auditID"]: event for event in world.cluster.audit_events()}
    both = [(e, cluster[e["auditID"]]) for e in used if e["auditID"] in cluster]
    assert both
    for mine, theirs in both:
        assert theirs["impersonatedUser"]["extra"] == mine["impersonatedUser"]["extra"]
    # A change carries the ID of the request that made it; what time does has an ID of its own.
    ids = {e["auditID"] for e in events if not ours(e, "event")}
    approved = next(e for e in events if ours(e, "event") == "accessrequest.approve")
    assert approved["auditID"] in ids and approved["user"]["username"] == "bob"
    assert approved["objectRef"]["resource"] == "accessrequests"
    expired = next(e for e in events if ours(e, "event") == "accessrequest.expire")
    assert expired["user"]["username"] == "system:postern" and expired["auditID"] not in ids
    failed = next(e for e in events if ours(e, "event") == "login.fail")
    assert failed["user"] == {} and failed["responseStatus"]["code"] == 401
