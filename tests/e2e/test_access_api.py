"""The access API with nothing but kubectl: reading, filing, watching, explaining, refusals."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml
from attack import Attack
from cluster import Cluster
from conftest import As
from documents import READ_ACCESS
from harness import KubeCluster, Postern, User
from pki import Authority
from raw_http import Cut, RawClient, request_bytes, wait_for

GROUP = "access.postern.dev"
API = f"{GROUP}/v1alpha1"
ROOT = f"/apis/{API}"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"

NAMES = ("alice", "bob", "eve", "root")


def request_for(name: str = "nginx-*", **more: Any) -> dict[str, Any]:
    spec = {"resources": [f"/postern.test/pod/mycluster/dev/{name}"], "reason": "the site is down"}
    return {
        "apiVersion": API,
        "kind": "AccessRequest",
        "metadata": {"generateName": "fire-"},
        "spec": spec | more,
    }


@pytest.fixture(scope="module")
def proxy(
    authority: Authority, cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Postern]:
    with Postern(
        tmp_path_factory.mktemp("access-api"),
        authority,
        clusters=[KubeCluster("mycluster", cluster.postern_kubeconfig, {"env": "test"})],
        documents=READ_ACCESS,
        users=[User(name) for name in NAMES],
    ) as running:
        yield running


@pytest.fixture(scope="module")
def person(proxy: Postern, cluster: Cluster) -> Callable[[str], As]:
    return lambda name: As(cluster, proxy.kubeconfig(name))


@pytest.fixture
def alice(person: Callable[[str], As]) -> As:
    return person("alice")


@pytest.fixture
def bob(person: Callable[[str], As]) -> As:
    return person("bob")


@pytest.fixture
def root(person: Callable[[str], As]) -> As:
    return person("root")


def create(who: As, document: dict[str, Any], *args: str) -> str:
    """`kubectl create -f -`; the name that it printed."""
    done = who("create", "-f", "-", *args, "-o", "name", stdin=yaml.safe_dump(document))
    return str(done.stdout).strip().rsplit("/", 1)[-1]


def refused(who: As, document: dict[str, Any], *args: str) -> str:
    done = who("create", "-f", "-", *args, stdin=yaml.safe_dump(document), check=False)
    assert done.returncode == 1, done.stdout
    return str(done.stderr)


def approve(proxy: Postern, who: str, name: str, decision: str = "Approve") -> dict[str, Any]:
    seen = get(proxy, who, f"accessrequests/{name}")
    spec = {
        "decision": decision,
        "uid": seen["metadata"]["uid"],
        "effectiveDigest": seen["status"]["effectiveDigest"],
    }
    return post(proxy, who, f"accessrequests/{name}/reviews", {"spec": spec})


def get(proxy: Postern, who: str, path: str, accept: str = "application/json") -> dict[str, Any]:
    answer = proxy.ask(who, "GET", f"{ROOT}/{path}", [("Accept", accept)])
    return json.loads(answer.body)


def post(proxy: Postern, who: str, path: str, document: dict[str, Any]) -> dict[str, Any]:
    fields = [("Content-Type", "application/json")]
    answer = proxy.ask(who, "POST", f"{ROOT}/{path}", fields, json.dumps(document).encode())
    return json.loads(answer.body)


def last_event(client: RawClient) -> Any:
    """Reads a watch to its clean end."""
    event = None
    try:
        while True:
            event = client.read_event()
    except Cut as cut:
        assert cut.got == b"", "the watch broke off"
    return event


# -- discovery ------------------------------------------------------------------------------------


def test_api_resources_shows_the_kinds_beside_the_clusters(alice: As) -> None:
    shown = alice("api-resources", "--api-group", GROUP).stdout
    assert "accessrequests" in shown and " ar " in shown and "AccessRequest" in shown
    everything = alice("api-resources", "-o", "name").stdout.split()
    assert {f"accessroles.{GROUP}", f"sessions.{GROUP}", "pods", "deployments.apps"} <= set(everything)
    assert f"{API}" in alice("api-versions").stdout.split()


def test_who_sees_no_cluster_still_finds_the_access_api(person: Callable[[str], As]) -> None:
    bob = person("bob")
    assert "accessrequests" in bob("api-resources", "--api-group", GROUP).stdout
    assert bob.json("get", "accessrequests")["items"] is not None


def test_discovery_is_not_modified_twice(proxy: Postern) -> None:
    for path in ("/apis", f"/apis/{GROUP}", ROOT, "/openapi/v3", f"/openapi/v3{ROOT}"):
        first = proxy.ask("alice", "GET", path)
        assert first.status == 200, path
        etag = first.get("etag")
        again = proxy.ask("alice", "GET", path, [("If-None-Match", etag)])
        assert (again.status, again.body) == (304, b""), path


@pytest.mark.parametrize("form", ["v2", "v2beta1"])
def test_aggregated_discovery_holds_both(proxy: Postern, form: str) -> None:
    form_type = f"application/json;g=apidiscovery.k8s.io;v={form};as=APIGroupDiscoveryList"
    accept = f"{form_type},application/json"
    answer = proxy.ask("alice", "GET", "/apis", [("Accept", accept)])
    document = json.loads(answer.body)
    if document["kind"] == "APIGroupDiscoveryList":
        assert f"v={form}" in answer.get("content-type")
        names = [item["metadata"]["name"] for item in document["items"]]
    else:  # the cluster no longer has that form
        names = [group["name"] for group in document["groups"]]
    assert "apps" in names and names.count(GROUP) == 1


def test_explain(alice: As) -> None:
    text = alice("explain", "accessrequest", "--recursive").stdout
    assert "GROUP:      access.postern.dev" in text
    for field in ("resources", "suggestedReviewers", "effectiveDigest", "lastTransitionTime"):
        assert field in text
    field = alice("explain", "accessrequest.spec.maxDuration").stdout
    assert "For how long access is wanted" in field
    assert "kubernetes_resources" in alice("explain", "accessrole.spec.allow").stdout


# -- requests -------------------------------------------------------------------------------------


def test_a_request_from_filing_to_its_end(proxy: Postern, alice: As, bob: As) -> None:
    name = create(alice, request_for(maxDuration="4h"))
    assert name.startswith("fire-") and len(name) > len("fire-")
    table = alice("get", "accessrequests", name).stdout.splitlines()
    assert table[0].split() == ["NAME", "USER", "ROLES", "RESOURCES", "STATE", "EXPIRES", "AGE"]
    assert table[1].split()[:5] == [
        name, "alice", "dev-pods", "/postern.test/pod/mycluster/dev/nginx-*", "PENDING",
    ]  # fmt: skip
    assert "the site is down" in alice("get", "ar", name, "-o", "wide").stdout
    document = yaml.safe_load(alice("get", "ar", name, "-o", "yaml").stdout)
    assert document["spec"]["user"] == "alice"
    assert document["status"]["state"] == "PENDING"
    assert document["status"]["implications"]
    described = alice("describe", "accessrequest", name).stdout
    assert "the site is down" in described and "PENDING" in described

    with alice.running("wait", "--for=condition=Approved", f"accessrequest/{name}") as waiting:
        assert approve(proxy, "bob", name)["status"]["state"] == "APPROVED"
        assert waiting.finish() == 0, waiting.output
    alice("wait", "--for=condition=Resolved", f"accessrequest/{name}", "--timeout=10s")
    assert name in bob("get", "ar", "--field-selector", "status.state=APPROVED").stdout

    alice("delete", "accessrequest", name)
    assert "not found" in alice.fails("get", "accessrequest", name)


def test_yaml_and_json_answers(proxy: Postern, alice: As) -> None:
    name = create(alice, request_for())
    answer = proxy.ask("alice", "GET", f"{ROOT}/accessrequests/{name}", [("Accept", "application/yaml")])
    assert answer.get("content-type") == "application/yaml"
    assert yaml.safe_load(answer.body) == get(proxy, "alice", f"accessrequests/{name}")
    assert get(proxy, "alice", "accessrequests?includeObject=None", TABLE)["kind"] == "Table"
    metadata = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"
    assert get(proxy, "alice", "accessrequests", metadata)["items"][0].keys() == {
        "kind", "apiVersion", "metadata",
    }  # fmt: skip
    assert proxy.ask("alice", "GET", f"{ROOT}/accessrequests", [("Accept", "text/html")]).status == 406


def test_a_trial_keeps_nothing(alice: As) -> None:
    before = alice.json("get", "ar")["items"]
    assert "server dry run" in alice(
        "create", "-f", "-", "--dry-run=server", stdin=yaml.safe_dump(request_for())
    ).stdout
    assert alice.json("get", "ar")["items"] == before


def test_others_requests_do_not_exist(proxy: Postern, alice: As, person: Callable[[str], As]) -> None:
    name = create(alice, request_for())
    eve = person("eve")
    assert eve.json("get", "ar")["items"] == []
    hidden = eve.fails("get", "ar", name)
    absent = eve.fails("get", "ar", "x" * len(name))
    assert hidden.replace(name, "NAME") == absent.replace("x" * len(name), "NAME")
    assert approve_status(proxy, "eve", name) == 404
    assert approve(proxy, "alice", name)["code"] == 403
    alice("delete", "ar", name)


def approve_status(proxy: Postern, who: str, name: str) -> int:
    body = {"spec": {"decision": "Approve", "uid": "u", "effectiveDigest": "d"}}
    return int(post(proxy, who, f"accessrequests/{name}/reviews", body)["code"])


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"spec": {"resources": ["no-id"]}}, "spec.resources[0]"),
        ({"spec": {"resources": ["/postern.test/pod/mycluster/dev/nginx-*"], "reasn": "x"}},
         'strict decoding error: unknown field "spec.reasn"'),
        ({"spec": {"resources": "x"}}, "must be of type array"),
        ({"spec": {"resources": ["/postern.test/pod/mycluster/dev/x"], "maxDuration": "soon"}},
         "spec.maxDuration"),
        ({"metadata": {"name": "mine"}}, "metadata.name"),
        ({"metadata": {"generateName": "x-", "labels": {"a b": "c"}}}, "metadata.labels"),
        ({"spec": {"resources": ["/postern.test/pod/mycluster/dev/x"], "user": "bob"}}, "spec.user"),
        ({"spec": {"roles": ["none"]}}, "none"),
    ],
    ids=["id", "unknown", "type", "duration", "name", "label", "user", "role"],
)  # fmt: skip
def test_bad_documents_are_refused_with_their_field(
    alice: As, change: dict[str, Any], says: str
) -> None:
    assert says in refused(alice, request_for() | change)


def test_unknown_fields_may_warn(alice: As) -> None:
    document = request_for() | {"spec": request_for()["spec"] | {"reasn": "x"}}
    done = alice("create", "-f", "-", "--validate=warn", stdin=yaml.safe_dump(document))
    assert 'Warning: unknown field "spec.reasn"' in done.stderr


def test_a_request_cannot_be_changed(alice: As) -> None:
    name = create(alice, request_for())
    said = alice.fails("label", "ar", name, "a=b")
    assert "does not allow this method" in said
    alice("delete", "ar", name)


def test_a_watch_shows_what_happens(proxy: Postern, alice: As) -> None:
    first = create(alice, request_for())
    with alice.running("get", "ar", "-w", "--output-watch-events") as watching:
        watching.wait_for(rb"ADDED +" + first.encode())
        name = create(alice, request_for())
        watching.wait_for(rb"ADDED +" + name.encode() + rb" +alice .* PENDING")
        approve(proxy, "bob", name)
        watching.wait_for(rb"MODIFIED +" + name.encode() + rb" +alice .* APPROVED")
        alice("delete", "ar", name, first)
        watching.wait_for(rb"DELETED +" + name.encode())


def test_a_watch_begins_with_what_is_there(proxy: Postern, alice: As) -> None:
    name = create(alice, request_for())
    query = (
        "watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"
        f"&allowWatchBookmarks=true&timeoutSeconds=1&fieldSelector=metadata.name%3D{name}"
    )
    answer = proxy.ask("alice", "GET", f"{ROOT}/accessrequests?{query}")
    events = [json.loads(line) for line in answer.body.splitlines()]
    assert [event["type"] for event in events[:2]] == ["ADDED", "BOOKMARK"]
    annotations = events[1]["object"]["metadata"]["annotations"]
    assert annotations == {"k8s.io/initial-events-end": "true"}
    unknown = proxy.ask("alice", "GET", f"{ROOT}/accessrequests?watch=true&resourceVersion=9999999")
    assert json.loads(unknown.body.splitlines()[0])["object"]["code"] == 410
    alice("delete", "ar", name)


def test_a_watch_ends_when_the_roles_change(
    proxy: Postern, alice: As, person: Callable[[str], As]
) -> None:
    with proxy.client() as client:
        client.send(proxy.request("bob", "GET", f"{ROOT}/accessrequests?watch=true"))
        assert client.read_head().status == 200
        proxy.write_documents(READ_ACCESS.replace("roles: [reviews]", "roles: []"))
        try:
            event = last_event(client)
        finally:
            proxy.write_documents(READ_ACCESS)
        assert (event["type"], event["object"]["code"]) == ("ERROR", 410)
    wait_for(
        "bob's role", lambda: get(proxy, "root", "accessusers/bob")["spec"]["roles"] == ["reviews"]
    )


def test_what_a_request_matches_now(proxy: Postern, alice: As) -> None:
    name = create(alice, request_for("nginx-1"))
    shown = get(proxy, "bob", f"accessrequests/{name}/preview")
    assert [found["name"] for found in shown["status"]["resources"]] == ["nginx-1"], shown
    assert get(proxy, "bob", f"accessrequests/{name}/review")["status"]["mayReview"] is True
    assert get(proxy, "alice", f"accessrequests/{name}/review")["status"]["mayReview"] is False
    alice("delete", "ar", name)


def test_a_search(proxy: Postern) -> None:
    spec = {"kind": "pod", "kubeCluster": "mycluster", "namespace": "dev"}
    found = post(proxy, "alice", "resourcesearches", {"spec": spec})["status"]["resources"]
    assert "/postern.test/pod/mycluster/dev/nginx-1" in [one["id"] for one in found]


# -- roles, users, clusters -----------------------------------------------------------------------


def test_an_administrator_works_with_roles_and_users(root: As, person: Callable[[str], As]) -> None:
    role = {
        "apiVersion": API, "kind": "AccessRole", "metadata": {"name": "team"}, "version": "v7",
        "spec": {"allow": {"kubernetes_groups": ["dev-team"]}},
    }  # fmt: skip
    root("apply", "-f", "-", stdin=yaml.safe_dump(role))
    role["spec"]["allow"]["kubernetes_groups"] = ["operators"]
    assert "configured" in root("apply", "-f", "-", stdin=yaml.safe_dump(role)).stdout
    assert "unchanged" in root("apply", "-f", "-", stdin=yaml.safe_dump(role)).stdout
    assert root.json("get", "arole", "team")["spec"]["allow"]["kubernetes_groups"] == ["operators"]
    root("patch", "arole", "team", "--type=json", "-p",
         '[{"op":"replace","path":"/spec/allow/kubernetes_groups/0","value":"viewers"}]')  # fmt: skip
    user = {
        "apiVersion": API, "kind": "AccessUser", "metadata": {"name": "zoe"},
        "spec": {"roles": ["team"]},
    }  # fmt: skip
    create(root, user)
    assert "team" in root("get", "auser", "zoe").stdout
    root("patch", "auser", "zoe", "--type=merge", "-p", '{"spec":{"locked":true}}')
    assert "true" in root("get", "auser", "zoe").stdout
    assert "Forbidden" in person("eve").fails("get", "arole", "team")
    assert "roles.yaml" in root.fails("delete", "arole", "dev-pods")
    root("delete", "auser", "zoe")
    root("delete", "arole", "team")


def test_bad_roles_are_refused_with_their_key(root: As) -> None:
    role = {
        "apiVersion": API, "kind": "AccessRole", "metadata": {"name": "bad"}, "version": "v7",
        "spec": {"allow": {"kubernetes_group": ["x"]}},
    }  # fmt: skip
    assert "spec.allow.kubernetes_group" in refused(root, role)


def test_the_category_is_what_everybody_may_list(alice: As) -> None:
    assert "kubecluster.access.postern.dev/mycluster" in alice("get", "access", "-o", "name").stdout


def test_clusters(alice: As, person: Callable[[str], As]) -> None:
    head, row = (line.split() for line in alice("get", "kubeclusters").stdout.splitlines()[:2])
    shown = dict(zip(head, row))
    assert (shown["NAME"], shown["DEFAULT"], shown["REACHABLE"]) == ("mycluster", "true", "true")
    assert person("eve").json("get", "kc")["items"] == []


# -- kubectl auth can-i ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "verb", "what", "allowed"),
    [
        ("alice", "create", "accessrequests.access.postern.dev", True),
        ("alice", "list", "accessrequests.access.postern.dev", True),
        ("alice", "delete", "accessrequests.access.postern.dev", True),
        ("alice", "update", "accessrequests.access.postern.dev", False),
        ("alice", "create", "accessrequests.access.postern.dev/reviews", False),
        ("bob", "create", "accessrequests.access.postern.dev/reviews", True),
        ("alice", "create", "accessroles.access.postern.dev", False),
        ("alice", "get", "accessusers.access.postern.dev/bob", False),
        ("root", "create", "accessroles.access.postern.dev", True),
        ("root", "update", "accessroles.access.postern.dev/asks", False),
        ("root", "*", "accessusers.access.postern.dev", True),
        ("alice", "*", "accessusers.access.postern.dev", False),
        ("alice", "get", "kubeclusters.access.postern.dev/mycluster", True),
        ("eve", "get", "kubeclusters.access.postern.dev/mycluster", False),
    ],
)  # fmt: skip
def test_can_i(
    person: Callable[[str], As], who: str, verb: str, what: str, allowed: bool
) -> None:
    resource, _, rest = what.partition("/")
    words = [resource, "--subresource=reviews"] if rest == "reviews" else [what]
    done = person(who)("auth", "can-i", verb, *words, check=False)
    assert done.stdout.startswith("yes" if allowed else "no"), done.stdout + done.stderr
    assert done.returncode == (0 if allowed else 1)


def test_can_i_about_one_request(alice: As, bob: As, person: Callable[[str], As]) -> None:
    name = create(alice, request_for())
    what = f"accessrequests.access.postern.dev/{name}"
    for who, verb, allowed in [
        (alice, "get", True), (alice, "delete", True), (bob, "get", True), (bob, "delete", False),
        (person("eve"), "get", False), (person("root"), "delete", True),
    ]:  # fmt: skip
        done = who("auth", "can-i", verb, what, check=False)
        assert (done.returncode == 0) is allowed, (verb, done.stdout, done.stderr)
    reviews = ["create", what, "--subresource=reviews"]
    assert "yes" in bob("auth", "can-i", *reviews).stdout
    assert "own" in alice("auth", "can-i", *reviews, check=False).stdout
    alice("delete", "ar", name)
    absent = alice("auth", "can-i", "get", what, check=False).stdout
    hidden = person("eve")("auth", "can-i", "get", what, check=False).stdout
    assert absent == hidden


def test_can_i_list(alice: As, root: As) -> None:
    def rules(who: As) -> dict[str, str]:
        lines = who("auth", "can-i", "--list", "-n", "dev").stdout.splitlines()
        return {line.split()[0]: line.rsplit("[", 1)[1] for line in lines if "postern.dev" in line}

    of_alice, of_root = rules(alice), rules(root)
    assert of_alice["accessrequests.access.postern.dev"] == "create delete get list watch]"
    assert of_alice["sessions.access.postern.dev"] == "create delete get list watch]"
    assert "accessroles.access.postern.dev" not in of_alice
    assert of_root["accessroles.access.postern.dev"] == "create delete get list patch update watch]"
    assert of_root["accessusers.access.postern.dev/invite"] == "create]"


# -- the ways around it ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/apis/access.postern.dev/v1/accessrequests", 404),
        ("GET", "/apis/ACCESS.postern.dev/v1alpha1/accessrequests", 404),
        ("GET", "/apis/access.postern.dev/v1alpha1/pods", 404),
        ("GET", "/apis/access.postern.dev/v1alpha1/namespaces/dev/accessrequests", 404),
        ("GET", "/clusters/mycluster/apis/access.postern.dev/v1alpha1/accessrequests", 200),
        ("DELETE", "/apis/access.postern.dev/v1alpha1/accessrequests", 405),
        ("PUT", "/apis/access.postern.dev/v1alpha1/accessrequests/x", 405),
        ("POST", "/apis/access.postern.dev/v1alpha1", 405),
        ("GET", "/apis/access.postern.dev/v2", 404),
        ("GET", "/openapi/v3/apis/access.postern.dev/v9", 404),
        ("GET", "/apis/access.postern.dev/v1alpha1/sessions/self", 400),
    ],
)  # fmt: skip
def test_paths(proxy: Postern, method: str, path: str, status: int) -> None:
    assert proxy.ask("alice", method, path).status == status


@pytest.mark.parametrize(
    "path",
    [
        "/apis/access.postern.dev",
        "/apis/ACCESS.postern.dev/v1alpha1/accessrequests",
        "/apis/access.postern.dev/v2/anything/at/all",
        "/apis/access.postern.dev/v1alpha1/namespaces/dev/accessrequests/x/status",
        "/api/access.postern.dev/v1alpha1/accessrequests",
        "/clusters/mycluster/apis/access.postern.dev/v1/accessroles",
        "/openapi/v3/apis/access.postern.dev/v1alpha1",
        "/openapi/v3/apis/Access.Postern.Dev/v1",
        "/apis/%61ccess.postern.dev/v1/accessroles",
    ],
)
def test_nothing_of_the_group_goes_upstream(attack: Attack, path: str) -> None:
    for method in ("GET", "POST", "DELETE", "PATCH"):
        attack.send(method, path, body=None if method == "GET" else b"{}")
    assert not attack.upstream.client_requests


def test_nobody_is_let_in(proxy: Postern) -> None:
    for path in (f"{ROOT}/accessrequests", f"/apis/{GROUP}", ROOT, f"{ROOT}/sessions"):
        assert proxy.ask(None, "GET", path).status == 401
    fields = [("Content-Type", "application/json")]
    wrong = b'{"spec":{"login":{"user":"alice","password":"wrong horse battery"}}}'
    unknown = b'{"spec":{"login":{"user":"nobody","password":"wrong horse battery"}}}'
    answers = [proxy.ask(None, "POST", f"{ROOT}/sessions", fields, b) for b in (wrong, unknown)]
    assert [answer.status for answer in answers] == [401, 401]
    assert answers[0].body == answers[1].body
    assert proxy.ask(None, "POST", f"{ROOT}/sessions", fields, b'{"spec":{}}').status == 401
    large = b'{"spec":{"login":{"user":"' + b"a" * 20_000 + b'"}}}'
    assert proxy.ask(None, "POST", f"{ROOT}/sessions", fields, large).status == 413


def test_nobody_can_be_impersonated(proxy: Postern) -> None:
    answer = proxy.ask("alice", "GET", f"{ROOT}/accessrequests", [("Impersonate-User", "bob")])
    assert answer.status == 403


def test_protobuf_is_not_spoken(proxy: Postern) -> None:
    fields = [("Content-Type", "application/vnd.kubernetes.protobuf")]
    assert proxy.ask("alice", "POST", f"{ROOT}/accessrequests", fields, b"k8s\0x").status == 415


def test_a_session_for_a_credential(proxy: Postern) -> None:
    made = post(proxy, "alice", "sessions", {"spec": {"ttl": "1h"}})
    token = made["status"]["token"]
    bearer = [("Authorization", f"Bearer {token}")]
    own = proxy.ask(None, "GET", f"{ROOT}/sessions/self", bearer)
    assert json.loads(own.body)["metadata"]["name"] == made["metadata"]["name"]
    assert token.encode() not in own.body
    watching = proxy.client()
    watching.send(request_bytes("GET", f"{ROOT}/accessrequests?watch=true", bearer))
    assert watching.read_head().status == 200
    assert proxy.ask(None, "DELETE", f"{ROOT}/sessions/self", bearer).status == 200
    assert proxy.ask(None, "GET", f"{ROOT}/sessions/self", bearer).status == 401
    ended = last_event(watching)
    assert (ended["type"], ended["object"]["code"]) == ("ERROR", 410)
    watching.close()


def test_kubectl_by_raw_paths(alice: As) -> None:
    assert json.loads(alice("get", "--raw", ROOT).stdout)["groupVersion"] == API


def test_who_sees_no_cluster_is_answered_about_the_access_api(
    proxy: Postern, person: Callable[[str], As]
) -> None:
    """And about nothing of the cluster, which they must not learn of."""
    eve = person("eve")
    assert "yes" in eve("auth", "can-i", "create", "accessrequests.access.postern.dev").stdout
    assert eve("auth", "can-i", "get", "pods", check=False).stdout.startswith("no")
    assert "accessrequests.access.postern.dev" in eve("auth", "can-i", "--list").stdout
    review = b'{"spec":{"resourceAttributes":{"verb":"get","resource":"pods"}}}'
    path = "apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    for target, code in ((f"/{path}", 201), (f"/clusters/mycluster/{path}", 404),
                         (f"/{path.replace('v1', 'v2')}", 404)):  # fmt: skip
        fields = [("Content-Type", "application/json")]
        assert proxy.ask("eve", "POST", target, fields, review).status == code, target
