"""Identity in the cluster: TokenReview, a cluster's own client CA, two service accounts, and what the
self-check says. Attack rows: names of one cluster elsewhere."""

import json
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from cluster import Cluster
from conftest import As
from harness import KubeCluster, Postern, User
from identity import (  # noqa: F401  (fixtures)
    CI, IMPERSONATOR, OWN, PODS, REQUESTS, ROLES, SESSIONS, SHORTLIVED, bearer, ci_token,
    identity_cluster, kubeconfig, own_kubeconfig, proxy, service_account, token_of,
)
from in_pod import InPod, can_unshare, make_pod
from pki import Authority, write_kubeconfig
from process import wait_until
from web_tokens import claims_of, sign_again


def test_a_service_account_is_a_user(
    proxy: Postern, identity_cluster: Cluster, ci_token: str
) -> None:
    ci = As(identity_cluster, kubeconfig(proxy, "ci", ci_token))
    mark = identity_cluster.audit_mark()
    assert ci.names("pods") == {"dev/nginx-1", "dev/nginx-2"}
    assert "db-0" in ci.fails("get", "pod", "db-0")
    assert CI in ci("auth", "whoami").stdout
    event = identity_cluster.wait_for_audit(
        lambda e: e["verb"] == "list" and e.get("objectRef", {}).get("resource") == "pods",
        since=mark,
    )
    assert event["impersonatedUser"]["username"] == CI
    assert "dev-team" in event["impersonatedUser"]["groups"]
    # Asked once, answered from memory after that.
    hits = proxy.metric("postern_token_cache_requests_total", result="hit")
    assert proxy.ask(None, "GET", PODS, bearer(ci_token)).status == 200
    assert proxy.ask(None, "GET", PODS, bearer(ci_token)).status == 200
    assert proxy.metric("postern_token_cache_requests_total", result="hit") > hits
    assert proxy.metric("postern_authentication_attempts_total", authenticator="token_review") > 0


def test_a_token_for_another_audience_or_of_nobody_is_401(
    proxy: Postern, identity_cluster: Cluster, ci_token: str
) -> None:
    for token in (
        token_of(identity_cluster, "ci", audience=""),  # for the API server itself
        token_of(identity_cluster, "ci", audience="vault"),
        ci_token[:-4] + "AAAA",  # a broken signature
        "eyJhbGciOiJub25lIn0.eyJzdWIiOiJyb290In0.",
    ):
        answer = proxy.ask(None, "GET", PODS, bearer(token))
        assert answer.status == 401, answer.body
        assert answer.json()["reason"] == "Unauthorized"


def test_tokens_of_other_forms_are_never_shown_to_the_cluster(
    proxy: Postern, identity_cluster: Cluster
) -> None:
    mark = identity_cluster.audit_mark()
    for token in ("pst_aaaaaaaaaaaaaaaaaaaaaaaaaa", "some-opaque-token"):
        assert proxy.ask(None, "GET", PODS, bearer(token)).status == 401
    # A review that does happen comes after those that must not have.
    proxy.ask(None, "GET", PODS, bearer("eyJh.eyJz.c2ln"))
    is_review = lambda e: e.get("objectRef", {}).get("resource") == "tokenreviews"  # noqa: E731
    identity_cluster.wait_for_audit(is_review, since=mark)
    reviews = [e for e in identity_cluster.audit_events(mark) if is_review(e)]
    assert len(reviews) == 1
    assert reviews[0]["user"]["username"] == OWN
    assert "impersonatedUser" not in reviews[0]


def test_a_name_of_one_cluster_gives_nothing_at_another(
    proxy: Postern, identity_cluster: Cluster, ci_token: str
) -> None:
    at = lambda cluster, path: proxy.ask(  # noqa: E731
        None, "GET", f"/clusters/{cluster}{path}", bearer(ci_token)
    )
    assert at("mycluster", PODS).status == 200
    for path in (PODS, "/version", "/api", "/apis", "/openapi/v3", f"{PODS}/nginx-1"):
        answer, absent = at("other", path), at("nowhere", path)
        assert answer.status == 404, (path, answer.body)
        assert answer.json()["message"] == absent.json()["message"]
    # alice, whom no cluster proved, reaches both.
    assert proxy.ask("alice", "GET", f"/clusters/other{PODS}").status == 200
    clusters = proxy.ask(
        None, "GET", "/apis/access.postern.dev/v1alpha1/kubeclusters", bearer(ci_token)
    )
    assert [c["metadata"]["name"] for c in clusters.json()["items"]] == ["mycluster"]


def post(proxy: Postern, target: str, body: object, token: str) -> Any:
    fields = [("Content-Type", "application/json"), *bearer(token)]
    return proxy.ask(None, "POST", target, fields, json.dumps(body).encode())


def access_request(*ids: str) -> dict[str, Any]:
    return {
        "apiVersion": "access.postern.dev/v1alpha1",
        "kind": "AccessRequest",
        "spec": {"resources": list(ids), "reason": "a test"},
    }


def test_nor_by_a_session_or_a_request(proxy: Postern, ci_token: str) -> None:
    session = {"apiVersion": "access.postern.dev/v1alpha1", "kind": "Session", "spec": {}}
    made = post(proxy, SESSIONS, session, ci_token)
    assert made.status == 201, made.body
    token = made.json()["status"]["token"]
    assert proxy.ask(None, "GET", PODS, bearer(token)).status == 200
    assert proxy.ask(None, "GET", f"/clusters/other{PODS}", bearer(token)).status == 404
    for credential in (ci_token, token):
        here = post(
            proxy, REQUESTS, access_request("/postern.test/pod/mycluster/dev/nginx-1"), credential
        )
        assert here.status == 201, here.body
        there = post(
            proxy, REQUESTS, access_request("/postern.test/pod/other/dev/nginx-1"), credential
        )
        assert there.status == 403, there.body
        assert 'counts at the kube cluster "mycluster" only' in there.json()["message"]


def session_by(proxy: Postern, token: str, **spec: str) -> tuple[str, float]:
    """A session's token, and when it ends by its own word."""
    kind = {"apiVersion": "access.postern.dev/v1alpha1", "kind": "Session", "spec": spec}
    made = post(proxy, SESSIONS, kind, token)
    assert made.status == 201, made.body
    status = made.json()["status"]
    return status["token"], datetime.fromisoformat(status["expirationTimestamp"]).timestamp()


def test_a_session_ends_with_the_web_token_that_made_it(
    proxy: Postern, identity_cluster: Cluster
) -> None:
    """A token of the least time that the API server gives, and one of seconds, by its own key."""
    of_minutes = token_of(identity_cluster, "ci", "--duration=10m")
    parent, ends = session_by(proxy, of_minutes, ttl="30h")
    assert ends == claims_of(of_minutes)["exp"]
    assert session_by(proxy, parent)[1] == ends

    brief = sign_again(of_minutes, identity_cluster.pki.service_accounts.key_file, exp=int(time.time()) + 6)
    parent, ends = session_by(proxy, brief)
    child, ends_too = session_by(proxy, parent)
    assert ends == ends_too == claims_of(brief)["exp"]
    with proxy.client() as watching:
        watching.send(proxy.request(None, "GET", f"{PODS}?watch=1", bearer(child)))
        assert watching.read_head().status == 200
        assert [proxy.ask(None, "GET", PODS, bearer(each)).status for each in (parent, child)] == [200, 200]
        watching.reader.chunks()  # to its end
    assert ends - 1 < time.time() < ends + 5
    for each in (parent, child):
        assert proxy.ask(None, "GET", PODS, bearer(each)).status == 401


# -- the self-check -----------------------------------------------------------------------------


class Bare:
    """A postern whose service account has no rights, and what it says of them."""

    def __init__(self, postern: Postern, cluster: Cluster) -> None:
        self.postern, self.cluster = postern, cluster

    def says(self) -> str:
        return self.postern.admin("/readyz?verbose")[1]

    def grant(self, rules: list[Any]) -> None:
        role = {
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
            "metadata": {"name": "identity-bare"}, "rules": rules,
        }  # fmt: skip
        self.cluster.kubectl("apply", "-f", "-", stdin=json.dumps(role))
        self.cluster.kubectl(
            "create", "clusterrolebinding", "identity-bare", "--clusterrole=identity-bare",
            "--serviceaccount=postern:bare",
        )  # fmt: skip


@pytest.fixture(scope="module")
def bare(
    authority: Authority, identity_cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Bare]:
    service_account(identity_cluster, "bare", "postern")
    token = identity_cluster.make_token("postern/bare")
    path = identity_cluster.write_kubeconfig("bare.kubeconfig", token=token)
    made = Postern(
        tmp_path_factory.mktemp("bare"), authority,
        clusters=[KubeCluster("mycluster", path)], documents=ROLES, users=[User("alice")],
    )  # fmt: skip
    made.config["authentication"]["tokenReview"] = {}
    made.write_config()
    made.expect_error("kube-system of mycluster cannot be read")
    with made:
        yield Bare(made, identity_cluster)
    identity_cluster.kubectl("delete", "clusterrolebinding,clusterrole", "identity-bare", "--ignore-not-found")
    identity_cluster.kubectl("delete", "serviceaccount", "bare", "-n", "postern")


def test_missing_rules_are_told(bare: Bare) -> None:
    rule = (
        '{apiGroups: [""], resources: ["groups"], verbs: ["impersonate"], '
        'resourceNames: ["dev-team"]}'
    )
    wait_until("the check", lambda: rule in bare.says(), 15)
    said = bare.says()
    assert said.endswith("readyz check passed\n")
    assert 'resources: ["tokenreviews"], verbs: ["create"]}' in said
    assert 'resources: ["userextras/access.postern.dev/request"]' in said
    assert any(rule in str(line.get("what")) for line in bare.postern.log_lines())
    assert bare.postern.ask(None, "GET", PODS, bearer("eyJh.eyJz.c2ln")).status == 500
    # What it says, done: each rule pasted as it is. It looks again after ten seconds.
    bare.grant([yaml.safe_load(line.split("ClusterRole: ", 1)[1]) for line in said.splitlines()
                if line.startswith("warn: RightMissing")])  # fmt: skip


# -- in a pod -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pods(identity_cluster: Cluster) -> Iterator[None]:
    """Two, of a service account that may write events and nothing else."""
    cluster = identity_cluster
    service_account(cluster, "in-pod", "postern")
    for name in ("postern-0", "postern-1"):
        make_pod(cluster, name, "in-pod")
    cluster.kubectl(
        "create", "rolebinding", "in-pod-events", "-n", "postern", "--role=identity-own",
        "--serviceaccount=postern:in-pod",
    )  # fmt: skip
    yield
    cluster.kubectl("delete", "pod", "postern-1", "-n", "postern", "--force")
    cluster.kubectl("delete", "rolebinding", "in-pod-events", "-n", "postern")
    cluster.kubectl("delete", "serviceaccount", "in-pod", "-n", "postern")


@pytest.fixture(scope="module")
def in_pod(
    authority: Authority, identity_cluster: Cluster, pods: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[InPod]:
    if not can_unshare():
        pytest.skip("no real node here: mount namespaces cannot be made")
    folder = tmp_path_factory.mktemp("in-pod")
    made = InPod(
        folder / "postern", authority,
        clusters=[KubeCluster("mycluster", identity_cluster.postern_kubeconfig)], documents=ROLES,
        users=[User("alice")],
    )  # fmt: skip
    made.be_pod("postern-0", "in-pod", identity_cluster)
    made.expect_error("kube-system of mycluster cannot be read")
    with made:
        yield made


def test_in_a_pod_events_tell_it(in_pod: InPod, identity_cluster: Cluster) -> None:
    wait_until("the events", lambda: "RightMissing" in in_pod.described("postern-0"), 20)
    assert "may not impersonate groups" in in_pod.described("postern-0")
    # The pod's token is of nobody any more; there is another one in the file.
    in_pod.be_pod("postern-1", "in-pod", identity_cluster)
    identity_cluster.kubectl("delete", "pod", "postern-0", "-n", "postern", "--force", "--wait=true")


# -- the end of accounts ------------------------------------------------------------------------
# An API server itself knows a token that it has seen for ten seconds more. The next test waits for that; so does
# what the previous two have begun.


def test_accounts_that_are_deleted(proxy: Postern, identity_cluster: Cluster) -> None:
    """A user's: out within seconds, its watch too. The impersonator's: nobody notices."""
    service_account(identity_cluster, "shortlived")
    user = f"kind: user\nversion: v2\nmetadata: {{name: '{SHORTLIVED}'}}\n"
    proxy.write_documents(ROLES + user + "spec: {roles: [nginx]}\n")
    token = token_of(identity_cluster, "shortlived")
    ask = lambda: proxy.ask(None, "GET", PODS, bearer(token)).status  # noqa: E731
    wait_until("the user's role", lambda: ask() == 200, 10)
    watches = lambda: proxy.metric("postern_longrunning_requests", verb="watch")  # noqa: E731
    session, _ = session_by(proxy, token)

    def refused_once() -> bool:
        """The cluster has refused the old impersonator's token; no client has seen it."""
        assert proxy.ask("alice", "GET", PODS).status == 200
        return proxy.metric("postern_upstream_requests_total", code="401") >= 1

    with proxy.client() as client:
        client.send(proxy.request(None, "GET", f"{PODS}?watch=1", bearer(token)))
        assert client.read_head().status == 200
        assert watches() == 1
        identity_cluster.kubectl("delete", "serviceaccount", "shortlived", "-n", "dev")
        identity_cluster.kubectl("delete", "serviceaccount", "impersonator", "-n", "postern")
        identity_cluster.kubectl("create", "serviceaccount", "impersonator", "-n", "postern")
        wait_until("a refused token of the impersonator", refused_once, 20)
        wait_until("the end of the watch", lambda: watches() == 0, 20)
    assert ask() == 401
    # What postern has for itself of the account is its session: that is the administrator's to end.
    assert proxy.ask(None, "GET", PODS, bearer(session)).status == 200
    name = proxy.ask(None, "GET", f"{SESSIONS}/self", bearer(session)).json()["metadata"]["name"]
    assert proxy.ask("root", "DELETE", f"{SESSIONS}/{name}").status == 200
    assert proxy.ask(None, "GET", PODS, bearer(session)).status == 401
    assert "warn:" not in proxy.admin("/readyz?verbose")[1]
    proxy.write_documents(ROLES)


def test_rules_are_no_longer_missed_when_they_are_there(bare: Bare) -> None:
    wait_until("no warning", lambda: "warn:" not in bare.says(), 20)
    assert bare.postern.ask("alice", "GET", PODS).status == 200


def test_in_a_pod_tokens_rotate(in_pod: InPod, identity_cluster: Cluster) -> None:
    def called() -> bool:
        in_pod.ask("alice", "GET", PODS)
        # With a token that is bound to the new pod.
        return any(
            event["user"].get("extra", {}).get("authentication.kubernetes.io/pod-name") == ["postern-1"]
            for event in identity_cluster.audit_events(in_pod.since)
        )

    wait_until("a call with the new token", called, 20)


def test_without_the_cluster_it_is_503_and_others_go_on(
    authority: Authority,
    identity_cluster: Cluster,
    own_kubeconfig: Path,
    ci_token: str,
    tmp_path: Path,
) -> None:
    nobody = write_kubeconfig(
        tmp_path / "away.kubeconfig",
        name="away",
        server="https://127.0.0.1:1",
        ca_file=identity_cluster.ca_file,
        token="x",
    )
    made = Postern(
        tmp_path / "postern",
        authority,
        clusters=[KubeCluster("mycluster", identity_cluster.postern_kubeconfig),
                  KubeCluster("away", nobody)],
        documents=ROLES,
        users=[User("alice")],
    )  # fmt: skip
    made.config["authentication"]["tokenReview"] = {"kubeCluster": "away"}
    made.write_config()
    with made:
        answer = made.ask(None, "GET", PODS, bearer(ci_token))
        assert answer.status == 503, answer.body
        assert answer.json()["reason"] == "ServiceUnavailable"
        assert "cannot be reviewed" in answer.json()["message"]
        assert answer.get("Retry-After") == "1"
        assert made.ask("alice", "GET", PODS).status == 200
        said = made.admin("/readyz?verbose")
        assert said[0] == 200
        assert "warn: APIServerUnavailable: the API server of cluster away" in said[1]


# -- the cluster's own client CA ----------------------------------------------------------------


def test_existing_kubeconfigs_with_certificates_work(
    proxy: Postern, identity_cluster: Cluster, authority: Authority
) -> None:
    pair = identity_cluster.make_client_cert("carol", ["dev-team"])
    path = proxy.kubeconfig("carol", client=pair)
    carol = As(identity_cluster, path)
    wait_until("the cluster's CA", lambda: carol("get", "pods", check=False).returncode == 0, 10)
    assert carol.names("pods") == {"dev/nginx-1", "dev/nginx-2"}
    assert proxy.metric("postern_authentication_attempts_total", authenticator="cluster_x509") > 0
    there = As(identity_cluster, proxy.kubeconfig("carol", client=pair, cluster="other"))
    assert "could not find the requested resource" in there.fails("get", "--raw", "/version")
    # The same name by postern's own CA counts everywhere.
    own = authority.issue(str(proxy.folder / "carol"), "carol")
    everywhere = As(identity_cluster, proxy.kubeconfig("carol", client=own, cluster="other"))
    assert everywhere.names("pods") == {"dev/nginx-1", "dev/nginx-2"}
    # And one that neither has signed is nobody's.
    stranger = Authority(proxy.folder, "stranger", "stranger").issue(
        str(proxy.folder / "stranger-carol"), "carol"
    )
    assert "Unauthorized" in As(
        identity_cluster, proxy.kubeconfig("carol", client=stranger)
    ).fails("get", "--raw", "/version")


def test_the_audit_log_tells_which_account_did_what(
    proxy: Postern, identity_cluster: Cluster
) -> None:
    mark = identity_cluster.audit_mark()
    assert proxy.ask("alice", "GET", PODS).status == 200
    assert proxy.ask(None, "GET", PODS, bearer("eyJh.eyJy.c2ln")).status == 401
    find = identity_cluster.wait_for_audit
    listed = find(lambda e: e.get("impersonatedUser", {}).get("username") == "alice", since=mark)
    assert listed["user"]["username"] == IMPERSONATOR
    reviewed = find(
        lambda e: e.get("objectRef", {}).get("resource") == "tokenreviews", since=mark
    )
    assert reviewed["user"]["username"] == OWN
    for event in identity_cluster.audit_events():
        who = event["user"].get("username")  # nobody, of a refused token
        assert not (who == OWN and "impersonatedUser" in event), event
        in_own_right = "impersonatedUser" not in event and event["responseStatus"]["code"] < 400
        if who == IMPERSONATOR and in_own_right:
            assert event["objectRef"]["resource"] == "selfsubjectaccessreviews", event
