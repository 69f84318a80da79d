"""kubectl through postern at a real API server: reading, refusals, authorization questions."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import yaml
from attack import HIDDEN
from cluster import Cluster
from conftest import As, cluster_postern
from harness import Postern
from pki import Authority
from raw_http import wait_for

ALICES = ["nginx-1", "nginx-2"]


def hides(text: str) -> None:
    """Nothing of what alice may not see."""
    for word in HIDDEN:
        assert not word.search(text.encode()), f"{word.pattern!r} in {text}"


def rows(text: str) -> list[list[str]]:
    """A table without its changing ages."""
    return [re.sub(r"\b\d+[smhd]\S*", "AGE", line).split() for line in text.splitlines()]


# -- get ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "args",
    [
        ("-n", "dev"), ("-A",), ("-n", "dev", "-o", "wide"), ("-A", "-o", "wide"),
        ("-n", "dev", "--sort-by", ".metadata.name"), ("-n", "dev", "--chunk-size", "1"),
        ("-n", "dev", "-l", "app=nginx"), ("-n", "dev", "--show-labels"), ("-n", "dev", "-L", "app"),
        ("-n", "dev", "--field-selector", "metadata.name!=nothing"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_tables_are_those_of_the_api_server_without_the_hidden_rows(
    alice: As, cluster: Cluster, args: tuple[str, ...]
) -> None:
    shown = rows(alice("get", "pods", *args).stdout)
    direct = rows(cluster.kubectl("get", "pods", *args).stdout)
    expected = [direct[0]]
    expected += [row for row in direct[1:] if row[0] in ALICES or row[:2] in (["dev", n] for n in ALICES)]
    assert shown == expected and len(shown) == 3


@pytest.mark.parametrize("form", ["yaml", "json"])
def test_objects_are_those_of_the_api_server(alice: As, cluster: Cluster, form: str) -> None:
    load: Callable[[str], Any] = yaml.safe_load if form == "yaml" else json.loads
    shown = load(alice("get", "pods", "-n", "dev", "-o", form).stdout)["items"]
    direct = load(cluster.kubectl("get", "pods", "-n", "dev", "-o", form).stdout)["items"]
    assert shown == [item for item in direct if item["metadata"]["name"] in ALICES]


@pytest.mark.parametrize("args", [("-n", "dev"), ("-A",)], ids=" ".join)
def test_chunks_of_one_show_exactly_what_is_visible(alice: As, args: tuple[str, ...]) -> None:
    """prod/nginx-1 lies behind the last one that alice sees."""
    chunked = ("get", "pods", "--chunk-size=1", *args)
    assert alice(*chunked, "-o", "name").stdout.split() == [f"pod/{n}" for n in ALICES]
    items = json.loads(alice(*chunked, "-o", "json").stdout)["items"]
    assert [(i["metadata"]["namespace"], i["metadata"]["name"]) for i in items] == [("dev", n) for n in ALICES]


def test_the_last_page_may_be_empty(postern: Postern) -> None:
    """`continue` says that the API server has more, visible or not; who follows it gets everything and an
    end. As the API has it of `limit`: "up to zero items", in the event that all are filtered out."""
    pages: list[list[str]] = []
    more = ""
    while True:
        page = postern.ask("alice", "GET", f"/api/v1/pods?limit=1{more}").json()
        pages.append([item["metadata"]["name"] for item in page["items"]])
        assert "remainingItemCount" not in page["metadata"]
        if not page["metadata"].get("continue"):
            break
        more = f"&continue={quote(page['metadata']['continue'], safe='')}"
    assert pages == [["nginx-1"], ["nginx-2"], []]


def test_names_and_columns(alice: As) -> None:
    assert alice("get", "pods", "-o", "name").stdout.split() == [f"pod/{n}" for n in ALICES]
    columns = alice("get", "pods", "-o", "custom-columns=N:.metadata.name", "--no-headers").stdout
    assert columns.split() == ALICES
    path = alice("get", "pods", "-o", "jsonpath={.items[*].metadata.name}").stdout
    assert path.split() == ALICES


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (("secrets",), {"dev/app-config"}),
        (("secrets", "-A"), {"dev/app-config"}),
        (("services",), {"dev/web"}),
        (("deployments.apps",), {"dev/web"}),
        (("widgets.e.com",), {"dev/w1"}),
        (("widgets.v2.e.com", "-A"), {"dev/w1"}),
        (("wd",), {"dev/w1"}),
        (("pods", "--field-selector", "metadata.name=nginx-1"), {"dev/nginx-1"}),
        (("pods", "--field-selector", "spec.nodeName=n1", "-A"), {"dev/nginx-1", "dev/nginx-2"}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_other_kinds(alice: As, args: tuple[str, ...], expected: set[str]) -> None:
    assert alice.names(*args) == expected


def test_several_kinds_at_once(alice: As) -> None:
    shown = alice("get", "pods,services,deployments", "-o", "name").stdout.split()
    assert shown == ["pod/nginx-1", "pod/nginx-2", "service/web", "deployment.apps/web"]


def test_one_object(alice: As, cluster: Cluster) -> None:
    shown = alice.json("get", "pod", "nginx-1")
    assert shown == json.loads(cluster.kubectl("get", "pod", "nginx-1", "-n", "dev", "-o", "json").stdout)
    assert rows(alice("get", "pod", "nginx-1").stdout)[1][0] == "nginx-1"


@pytest.mark.parametrize("name", ["db-0", "does-not-exist"])
def test_hidden_and_absent_are_refused_alike_with_a_way_out(alice: As, name: str) -> None:
    said = alice.fails("get", "pod", name)
    assert said.startswith(f'Error from server (Forbidden): pods "{name}" is forbidden: User "alice" cannot get')
    # alice of these tests may ask for nothing; who may is told how (test_access_story.py).
    assert said.strip().endswith(": none of your roles lets you ask for access to it: ask your administrator"), said


@pytest.mark.parametrize(
    "args",
    [("get", "configmaps"), ("get", "pods", "-n", "prod"), ("get", "pods", "-n", "nowhere"),
     ("get", "nodes"), ("get", "gadgets"), ("get", "clusterroles"), ("get", "secret", "root-token"),
     ("get", "widget", "w2"), ("get", "widget", "w1", "-n", "prod"), ("delete", "pod", "db-0"),
     ("create", "configmap", "x", "--from-literal=a=b"), ("run", "db-9", "--image=x"),
     ("label", "secret", "app-config", "a=b"), ("scale", "deployment", "api", "--replicas=0"),
     ("exec", "db-0", "--", "id"), ("logs", "db-0"), ("port-forward", "db-0", ":80"),
     ("create", "token", "default"), ("drain", "n1"), ("auth", "reconcile", "-f", "-")],
    ids=" ".join,
)  # fmt: skip
def test_what_is_not_granted_is_forbidden(alice: As, args: tuple[str, ...]) -> None:
    stdin = None
    if args[:2] == ("auth", "reconcile"):
        stdin = json.dumps({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "rules": [],
                            "metadata": {"name": "x", "namespace": "dev"}})  # fmt: skip
    said = alice.fails(*args, stdin=stdin)
    assert "orbidden" in said, said


def test_unknown_kind_is_what_kubectl_expects(alice: As) -> None:
    said = alice.fails("get", "gizmos")
    assert "the server doesn't have a resource type" in said


def test_no_credential_and_a_wrong_one(postern: Postern, cluster: Cluster, alice: As) -> None:
    said = alice.fails("--token=wrong", "get", "pods")
    assert "You must be logged in to the server" in said


def test_client_certificate(postern: Postern, cluster: Cluster) -> None:
    pair = postern.authority.issue(str(postern.folder / "alice-cert"), "alice", ("anything",))
    kubeconfig = postern.kubeconfig("alice", client=pair)
    assert As(cluster, kubeconfig).names("pods") == {"dev/nginx-1", "dev/nginx-2"}


def test_a_certificate_of_another_ca_is_nobodys(postern: Postern, cluster: Cluster) -> None:
    pair = cluster.make_client_cert("alice")
    said = As(cluster, postern.kubeconfig("alice", client=pair)).fails("get", "pods")
    assert "You must be logged in" in said or "certificate" in said


def test_roles_by_group(as_: Callable[[str], As]) -> None:
    frank = as_("frank")
    assert frank.names("widgets") == {"dev/w1"}
    assert "forbidden" in frank.fails("get", "pods")


def test_a_user_without_roles_sees_no_cluster(as_: Callable[[str], As]) -> None:
    assert as_("erin").fails("get", "pods")


def test_describe(alice: As) -> None:
    said = alice("describe", "pod", "nginx-1").stdout
    assert re.search(r"^Name:\s+nginx-1$", said, re.M) and "Started" in said
    hides(said)
    hides(alice("describe", "pods").stdout)
    hides(alice("describe", "deployment", "web").stdout)
    assert "orbidden" in alice.fails("describe", "pod", "db-0")


def test_events(alice: As) -> None:
    shown = alice("get", "events", "-o", "name").stdout.split()
    assert "event/nginx-1.started" in shown
    assert not {"event/db-0.started", "event/nginx-1.abc", "event/nginx-1.related",
                "event/nginx-1.forged"} & set(shown)  # fmt: skip
    hides(alice("get", "events").stdout)
    hides(alice("events", "--for", "pod/nginx-1").stdout)


# -- watch ----------------------------------------------------------------------------------------


def test_watch_shows_changes_of_visible_objects_only(alice: As, cluster: Cluster) -> None:
    with alice.running("get", "pods", "-w", "--show-labels") as running:
        running.wait_for(rb"nginx-2 ")
        for number in range(3):
            for name in ("db-0", "nginx-1"):
                cluster.kubectl("label", "pod", name, "-n", "dev", f"seen=n{number}", "--overwrite")
            running.wait_for(rb"nginx-1 .*seen=n%d" % number)
        hides(running.output.decode())
    for name in ("db-0", "nginx-1"):
        cluster.kubectl("label", "pod", name, "-n", "dev", "seen-")


def test_watch_of_one_object(alice: As, cluster: Cluster) -> None:
    with alice.running("get", "pod", "nginx-1", "-w", "--show-labels") as running:
        running.wait_for(rb"nginx-1 ")
        cluster.kubectl("label", "pod", "nginx-1", "-n", "dev", "one=1", "--overwrite")
        running.wait_for(rb"one=1")
    cluster.kubectl("label", "pod", "nginx-1", "-n", "dev", "one-")


def test_watch_as_json(alice: As, cluster: Cluster) -> None:
    args = ("get", "pods", "-w", "-o", "json", "--output-watch-events")
    with alice.running(*args) as running:
        running.wait_for(rb'"name": ?"nginx-2"')
        hides(running.output.decode())


def test_watch_that_begins_with_what_is_there_ends_its_beginning(postern: Postern) -> None:
    """Clients of client-go hang without the bookmark that says so."""
    query = ("watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"
             "&allowWatchBookmarks=true&timeoutSeconds=5")  # fmt: skip
    with postern.client() as client:
        client.send(postern.request("alice", "GET", f"/api/v1/namespaces/dev/pods?{query}"))
        assert client.read_head().status == 200
        seen = [client.read_event() for _ in range(3)]
    assert [e["object"]["metadata"].get("name") for e in seen[:2]] == ALICES
    assert seen[2]["type"] == "BOOKMARK"
    annotations = seen[2]["object"]["metadata"]["annotations"]
    assert annotations == {"k8s.io/initial-events-end": "true"}


def test_wait(alice: As) -> None:
    said = alice("wait", "--for=condition=Ready", "pod/nginx-1", "--timeout=20s").stdout
    assert said == "pod/nginx-1 condition met\n"
    said = alice("wait", "--for=condition=Ready", "pods", "-l", "app=nginx", "--timeout=20s").stdout
    assert said.split() == "pod/nginx-1 condition met pod/nginx-2 condition met".split()
    said = alice("wait", "--for=jsonpath={.spec.size}=1", "widget/w1", "--timeout=20s").stdout
    assert "condition met" in said


# -- questions ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "answer"),
    [
        (("get", "pod/nginx-1"), "yes"),
        (("get", "pod/db-0"), "no"),
        (("list", "pods"), "yes"),
        (("list", "pods", "-n", "prod"), "no"),
        (("create", "pods", "--subresource=exec"), "yes"),
        (("get", "widgets.e.com/w1"), "yes"),
        (("get", "widgets.e.com/w2"), "no"),
        (("*", "*"), "no"),
        (("get", "/version"), "yes"),
        (("get", "/metrics"), "no"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else value,
)
def test_can_i(alice: As, args: tuple[str, ...], answer: str) -> None:
    done = alice("auth", "can-i", *args, check=False)
    assert done.stdout.split()[0] == answer, done.stderr
    assert done.returncode == (0 if answer == "yes" else 1)


def test_can_i_list(alice: As) -> None:
    said = alice("auth", "can-i", "--list").stdout
    assert re.search(r"^pods\s", said, re.M) and re.search(r"^widgets\.e\.com\s", said, re.M)
    assert "configmaps" not in said
    hides(said)


def test_can_i_list_says_why_it_is_not_all(bob: As) -> None:
    """One of bob's roles denies something, which rules of a review cannot say."""
    said = bob("auth", "can-i", "--list").stderr
    assert re.search(r"the list may be incomplete: \S.* denials", said), said


def test_whoami(alice: As) -> None:
    said = alice("auth", "whoami").stdout
    assert re.search(r"^Username\s+alice$", said, re.M), said


def test_discovery(alice: As, cluster: Cluster) -> None:
    through = alice("api-resources", "--no-headers", "-o", "name").stdout.split()
    assert {"pods", "widgets.e.com", "deployments.apps"} <= set(through)
    assert "e.com/v2" in alice("api-versions").stdout.split()


def test_explain(alice: As) -> None:
    assert "KIND:       Pod" in alice("explain", "pod.spec").stdout
    assert "Widget" in alice("explain", "widgets.e.com").stdout


def test_version_and_cluster_info(alice: As) -> None:
    assert "Server Version: v1.37.2" in alice("version").stdout


def test_top_without_a_metrics_server_says_so(alice: As) -> None:
    said = alice.fails("top", "pods")
    assert "Metrics API not available" in said or "not find the requested resource" in said


def test_raw(alice: As) -> None:
    assert json.loads(alice("get", "--raw", "/version").stdout)["major"] == "1"
    assert "orbidden" in alice.fails("get", "--raw", "/metrics")
    assert alice("get", "--raw", "/healthz").stdout.strip() == "ok"


# -- in whose name --------------------------------------------------------------------------------


def audited(cluster: Cluster, mark: int, resource: str, verb: str) -> dict[str, Any]:
    def fits(event: dict[str, Any]) -> bool:
        reference = event.get("objectRef", {})
        impersonated = "impersonatedUser" in event
        return impersonated and (reference.get("resource"), event["verb"]) == (resource, verb)

    return cluster.wait_for_audit(fits, since=mark)


def test_the_audit_log_shows_the_person(alice: As, cluster: Cluster) -> None:
    mark = cluster.audit_mark()
    alice("get", "secrets")
    event = audited(cluster, mark, "secrets", "list")
    assert event["user"]["username"] == "system:serviceaccount:postern:postern"
    assert event["impersonatedUser"]["username"] == "alice"
    assert sorted(event["impersonatedUser"]["groups"]) == ["dev-team", "system:authenticated"]


def test_everything_is_done_in_a_users_name(alice: As, bob: As, cluster: Cluster) -> None:
    """postern's own credential does discovery and asks about itself, nothing else."""
    mark = cluster.audit_mark()
    alice("get", "pods,secrets,widgets")
    bob("get", "pods", "-n", "dev")
    audited(cluster, mark, "widgets", "list")
    for event in cluster.audit_events(mark):
        if event["user"]["username"] == "system:serviceaccount:postern:postern":
            reference = event.get("objectRef", {})
            alone = (event["verb"], reference.get("resource"), reference.get("name"))
            own = "resource" not in reference or alone in (
                ("create", "selfsubjectaccessreviews", None),
                ("get", "namespaces", "kube-system"),
            )
            assert "impersonatedUser" in event or own, event["requestURI"]


def test_choosing_among_several_users(as_: Callable[[str], As], cluster: Cluster) -> None:
    grace = as_("grace")
    assert grace.fails("get", "pods")
    mark = cluster.audit_mark()
    assert grace.names("pods", "--as=tester") == {"dev/nginx-1", "dev/nginx-2"}
    event = audited(cluster, mark, "pods", "list")
    assert event["impersonatedUser"]["username"] == "tester"
    mark = cluster.audit_mark()
    grace("get", "pods", "--as=deployer", "--as-group=viewers")
    groups = audited(cluster, mark, "pods", "list")["impersonatedUser"]["groups"]
    assert sorted(groups) == ["system:authenticated", "viewers"]


@pytest.mark.parametrize(
    "args",
    [("--as=root",), ("--as=deployer", "--as-group=system:masters"), ("--as=grace",),
     ("--as=deployer", "--as-group=operators"), ("--as=deployer", "--as-uid=1")],
    ids=" ".join,
)  # fmt: skip
def test_no_choice_but_the_allowed(as_: Callable[[str], As], args: tuple[str, ...]) -> None:
    assert "orbidden" in as_("grace").fails("get", "pods", *args)


def test_roles_with_different_principals_are_not_mixed(as_: Callable[[str], As], cluster: Cluster) -> None:
    """heidi's second role may see db-0, but not as somebody whom the cluster lets list pods: the API
    server is asked in that role's name, and the list is made in the first one's alone."""
    heidi = as_("heidi")
    mark = cluster.audit_mark()
    assert heidi.names("pods") == {"dev/nginx-1"}
    review = audited(cluster, mark, "selfsubjectaccessreviews", "create")["impersonatedUser"]
    assert review["username"] == "heidi"
    assert sorted(review["groups"]) == ["system:authenticated", "widget-readers"]
    listed = audited(cluster, mark, "pods", "list")["impersonatedUser"]
    assert listed["username"] == "heidi"
    assert sorted(listed["groups"]) == ["system:authenticated", "viewers"]
    said = heidi.fails("get", "pod", "db-0")
    assert 'User "heidi" cannot get resource "pods"' in said
    assert not [event for event in all_events(cluster, mark) if mixes(event)]


def mixes(event: dict[str, Any]) -> bool:
    return {"viewers", "widget-readers"} <= set(event.get("impersonatedUser", {}).get("groups", []))


def all_events(cluster: Cluster, mark: int) -> list[dict[str, Any]]:
    """What was asked since the mark, up to now: one more request is waited for, for what was asked
    before it is in the log then."""
    cluster.request("GET", "/api/v1/namespaces/dev/configmaps/mark")
    cluster.wait_for_audit(lambda event: event["requestURI"].endswith("/configmaps/mark"), since=mark)
    return cluster.audit_events(mark)


def test_system_names_are_refused(as_: Callable[[str], As], cluster: Cluster) -> None:
    """mallory's role names system:masters: what it allows is done in nobody's name. (Which kinds
    there are, everybody may ask.)"""
    mark = cluster.audit_mark()
    said = as_("mallory").fails("get", "pods")
    assert 'pods is forbidden: User "mallory" cannot list resource "pods"' in said
    for event in all_events(cluster, mark):
        named = event.get("impersonatedUser", {})
        assert "system:masters" not in named.get("groups", []), event
        assert named.get("username") != "mallory" or "objectRef" not in event, event


def test_system_masters_where_both_of_its_settings_are_on(
    authority: Authority, cluster: Cluster, tmp_path: Path
) -> None:
    """One alone is a mistake of the configuration (test_config.py)."""
    made = cluster_postern(authority, cluster, tmp_path)
    made.config["impersonation"] = {"allowSystem": ["system:masters"], "allowMasters": True}
    made.write_config()
    mark = cluster.audit_mark()
    with made:
        mallory = As(cluster, made.kubeconfig("mallory"))
        assert mallory.names("pods") == {"dev/nginx-1", "dev/nginx-2"}
        named = audited(cluster, mark, "pods", "list")["impersonatedUser"]
        assert named["username"] == "mallory"
        assert sorted(named["groups"]) == ["system:authenticated", "system:masters"]


# -- kinds that come and go -----------------------------------------------------------------------


SPROCKETS = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: sprockets.fresh.example.com}
spec:
  group: fresh.example.com
  scope: Namespaced
  names: {plural: sprockets, singular: sprocket, kind: Sprocket}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
"""
FRESH = "/apis/fresh.example.com/v1"


def test_a_new_kind_is_known_at_once_and_a_deleted_one_is_404(
    postern: Postern, cluster: Cluster, as_: Callable[[str], As]
) -> None:
    path = f"{FRESH}/namespaces/dev/sprockets/s1"
    oscar = as_("oscar")
    cluster.kubectl("apply", "-f", "-", stdin=SPROCKETS)
    try:
        wait_for("the API server to serve it", lambda: "sprockets" in str(cluster.request("GET", FRESH)[1]))
        made = {"apiVersion": "fresh.example.com/v1", "kind": "Sprocket",
                "metadata": {"name": "s1", "namespace": "dev"}, "teeth": 12}  # fmt: skip
        wait_for("one of its objects", lambda: cluster.request(
            "POST", path.removesuffix("/s1"), made)[0] in (201, 409))  # fmt: skip
        answer = postern.ask("oscar", "GET", path)
        assert answer.status == 200 and answer.json()["teeth"] == 12, answer.body
        assert oscar.names("sprockets.fresh.example.com") == {"dev/s1"}
        assert postern.ask("alice", "GET", path).status == 403
    finally:
        cluster.kubectl("delete", "crd", "sprockets.fresh.example.com", "--timeout=30s")
    wait_for("the API server to serve it no more", lambda: cluster.request("GET", path)[0] == 404)
    assert postern.ask("oscar", "GET", path).status == 404


def test_metrics_count_what_happened(alice: As, postern: Postern) -> None:
    before = postern.admin("/metrics")[1]
    alice("get", "pods")
    wait_for("the metrics to move", lambda: postern.admin("/metrics")[1] != before)
