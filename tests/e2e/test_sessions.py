"""Sessions on the data path: whatever ends an access ends the streams that rest on it, at once; and the
first start, when nobody administers yet."""

import json
import os
import pty
import shlex
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from cluster import Cluster
from documents import ACCESS, ASKS, BOB, DEV_PODS, REVIEWS, ROOT, user
from harness import KubeCluster, Postern, User, binary
from open_streams import POD, OpenStreams
from people import Person
from pki import Authority
from raw_http import wait_for

API = "/apis/access.postern.dev/v1alpha1"

# wanda's other role: its group is known to no cluster.
ELSEWHERE = DEV_PODS.replace("dev-pods", "elsewhere").replace("dev-team", "nobody-there")
WANDA = user("wanda", "asks", "asks-elsewhere") + user("walter", "reviews-all") + """kind: role
version: v7
metadata: {name: asks-elsewhere}
spec: {allow: {request: {search_as_roles: [elsewhere]}}}
---
kind: role
version: v7
metadata: {name: reviews-all}
spec: {allow: {review_requests: {roles: ['*']}}}
---
"""

OTHERS = DEV_PODS + ASKS + REVIEWS + BOB + ROOT + ELSEWHERE + WANDA
ALL = ACCESS + ELSEWHERE + WANDA


@pytest.fixture(scope="module")
def proxy(
    authority: Authority, cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Postern]:
    with Postern(
        tmp_path_factory.mktemp("sessions"),
        authority,
        clusters=[KubeCluster("mycluster", cluster.postern_kubeconfig, {"env": "test"})],
        documents=ALL,
        users=[User(name) for name in ("alice", "bob", "root", "vera", "wanda", "walter")],
    ) as running:
        yield running


class Access:
    """An approved request of somebody's, and a session of theirs that has assumed it."""

    def __init__(
        self, proxy: Postern, max_duration: str = "1h", who: str = "alice", reviewer: str = "bob",
        besides: tuple[str, ...] = (), **more: Any,
    ) -> None:  # fmt: skip
        """`besides` are requests that the session assumes, too; `more` goes into the request's spec."""
        self.proxy = proxy
        spec = {"resources": ["/postern.test/pod/mycluster/dev/*"], "maxDuration": max_duration} | more
        self.request = self.post(who, "accessrequests", spec)
        self.name = self.request["metadata"]["name"]
        self.review(reviewer, "Approve")
        made = self.post(who, "sessions", {"requests": [self.name, *besides]})
        self.session = made["metadata"]["name"]
        self.credential = ("Authorization", f"Bearer {made['status']['token']}")

    def call(self, user: str | None, method: str, path: str, body: Any = None) -> Any:
        patched = "merge-patch+json" if method == "PATCH" else "json"
        fields = [("Content-Type", f"application/{patched}")] if body else []
        if user is None:
            fields.append(self.credential)
        data = json.dumps(body).encode() if body else None
        answer = self.proxy.ask(user, method, f"{API}/{path}", fields, data)
        assert answer.status < 300, answer.body
        return json.loads(answer.body)

    def post(self, user: str | None, path: str, spec: dict[str, Any]) -> Any:
        return self.call(user, "POST", path, {"spec": spec})

    def review(self, user: str, decision: str) -> None:
        spec = {"decision": decision, "uid": self.request["metadata"]["uid"],
                "effectiveDigest": self.request["status"]["effectiveDigest"]}  # fmt: skip
        self.post(user, f"accessrequests/{self.name}/reviews", spec)

    def status_of(self, path: str) -> int:
        return self.proxy.ask(None, "GET", path, [self.credential]).status


def may_ask(proxy: Postern) -> bool:
    spec = {"resources": ["/postern.test/pod/mycluster/dev/*"]}
    fields = [("Content-Type", "application/json")]
    answer = proxy.ask("alice", "POST", f"{API}/accessrequests?dryRun=All", fields,
                       json.dumps({"spec": spec}).encode())  # fmt: skip
    return answer.status == 201


def lock_in_the_file(access: Access) -> None:
    access.proxy.write_documents(OTHERS + user("alice", "asks", more="locked: true"))


def leave_the_file(access: Access) -> None:
    access.proxy.write_documents(OTHERS + user("alice"))


ENDS: dict[str, Callable[[Access], Any]] = {
    "drop": lambda a: a.post(None, "sessions/self/requests", {"drop": ["*"]}),
    "drop-for-good": lambda a: a.review("alice", "Revoke"),
    "revoke": lambda a: a.review("bob", "Revoke"),
    "delete": lambda a: a.call("alice", "DELETE", f"accessrequests/{a.name}"),
    "logout": lambda a: a.call(None, "DELETE", "sessions/self"),
    "session-removed": lambda a: a.call("root", "DELETE", f"sessions/{a.session}"),
    "locked": lock_in_the_file,
    "may-not-ask-any-more": leave_the_file,
}


def ends(access: Access, how: str, end: Callable[[], Any]) -> None:
    """All of its streams are open, and after `end` none is. Prints how long each went on."""
    with OpenStreams(access.proxy, access.credential) as streams:
        assert streams.are_open()
        end()
        after = streams.ended(since=time.monotonic())
    print(f"{how}: " + ", ".join(f"{kind} {seconds:+.3f} s" for kind, seconds in after.items()))
    wait_for("no stream to be counted", lambda: access.proxy.metric("postern_longrunning_requests") == 0)


@pytest.mark.parametrize("how", ENDS)
def test_what_ends_an_access_ends_its_streams(proxy: Postern, how: str) -> None:
    """Row 193 of the attack matrix, too; `test_an_expiry_ends_its_streams` is its other half."""
    access = Access(proxy)
    try:
        assert access.status_of(POD) == 200
        ends(access, how, lambda: ENDS[how](access))
        assert access.status_of(POD) in (401, 403, 404)  # 404: a cluster to know nothing of
    finally:
        if how in ("locked", "may-not-ask-any-more"):
            proxy.write_documents(ALL)
            wait_for("the file to be read", lambda: may_ask(proxy))


def test_a_locked_users_streams_end(proxy: Postern) -> None:
    """As `postern users lock` does it, with somebody who is in no file."""
    vera = {"metadata": {"name": "vera"}, "spec": {"roles": ["asks"]}}
    anyone = Access(proxy)
    anyone.call("root", "POST", "accessusers", vera)
    access = Access(proxy, who="vera")
    with OpenStreams(proxy, anyone.credential) as others:
        lock = {"spec": {"locked": True}}
        with OpenStreams(proxy, access.credential) as streams:
            access.call("root", "PATCH", "accessusers/vera", lock)
            print(f"users lock: {streams.ended(since=time.monotonic())}")
        assert access.status_of(POD) in (401, 403, 404)
        assert others.are_open()
    anyone.call("root", "DELETE", "accessusers/vera")


def test_an_expiry_ends_its_streams(proxy: Postern) -> None:
    access = Access(proxy, max_duration="4s")
    expires = datetime.fromisoformat(access.request["status"]["accessExpires"]).timestamp()
    with OpenStreams(proxy, access.credential) as streams:
        assert streams.are_open()
        begun, now = time.monotonic(), time.time()
        after = streams.ended(since=begun + expires - now)
    print("expiry: " + ", ".join(f"{kind} {seconds:+.3f} s" for kind, seconds in after.items()))
    assert min(after.values()) >= -0.01  # not before, but for the two clocks
    assert access.status_of(POD) == 403
    assert access.call(None, "GET", "sessions/self")["metadata"]["name"] == access.session


def test_f116_a_page_shows_what_is_approved_when_it_is_asked_for(proxy: Postern) -> None:
    """The first page was read with more than is left when its token is used."""
    pods = "/api/v1/namespaces/dev/pods"
    narrow = Access(proxy, resources=["/postern.test/pod/mycluster/dev/nginx-*"])
    wide = Access(proxy, besides=(narrow.name,))
    answer = proxy.ask(None, "GET", f"{pods}?limit=1", [wide.credential])
    page = json.loads(answer.body)
    assert [item["metadata"]["name"] for item in page["items"]] == ["db-0"]
    wide.post(None, "sessions/self/requests", {"drop": [wide.name]})
    rest = proxy.ask(None, "GET", f"{pods}?limit=500&continue={page['metadata']['continue']}", [wide.credential])
    names = [item["metadata"]["name"] for item in json.loads(rest.body).get("items", [])]
    assert (rest.status, names) == (200, ["nginx-1", "nginx-2"])
    wide.post(None, "sessions/self/requests", {"drop": ["*"]})
    nothing = proxy.ask(None, "GET", f"{pods}?limit=500&continue={page['metadata']['continue']}", [wide.credential])
    assert nothing.status in (400, 403) and b"nginx" not in nothing.body


def test_the_cluster_is_told_the_request_whose_principals_it_is_told(proxy: Postern, cluster: Cluster) -> None:
    """Of two that were assumed, the cluster lists pods for the principals of one; the other's name comes first."""
    hers: dict[str, Any] = {"who": "wanda", "reviewer": "walter"}
    while True:
        other = Access(proxy, **hers, roles=["elsewhere"])
        one = Access(proxy, **hers, roles=["dev-pods"], besides=(other.name,))
        if other.name < one.name:
            break
    answer = proxy.ask(None, "GET", "/api/v1/namespaces/dev/pods", [one.credential])
    assert answer.status == 200 and len(answer.json()["items"]) > 1
    event = proxy.audit_log.complete(answer.get("Audit-Id"))
    assert event["annotations"]["access.postern.dev/request"] == one.name
    assert event["annotations"]["audit.postern.dev/roles"] == "dev-pods"
    told = {"username": "wanda", "groups": ["dev-team", "system:authenticated"],
            "extra": {"access.postern.dev/request": [one.name]}}  # fmt: skip
    assert event["impersonatedUser"] == told
    known = wait_for(
        "the cluster's audit log",
        lambda: [e for e in cluster.audit_events() if e["auditID"] == event["auditID"] and e["verb"] == "list"],
    )
    assert known[0]["impersonatedUser"] == told


def test_a_session_remembers_what_it_was_refused(proxy: Postern) -> None:
    access = Access(proxy)
    assert access.status_of("/api/v1/namespaces/prod/secrets/db") == 403
    refusals = access.call(None, "GET", "sessions/self/refusals")["items"]
    assert [(r["verb"], r["resourceId"]) for r in refusals] == [
        ("get", "/postern.test/secret/mycluster/prod/db")
    ]
    assert "db" in refusals[0]["message"]


def test_a_session_token_in_any_other_shape_is_nobody(proxy: Postern) -> None:
    access = Access(proxy)
    token = access.credential[1].removeprefix("Bearer ")
    for wrong in (token + "a", token[:-1], token.upper(), "pst_", token.replace("_", "-")):
        answer = proxy.ask(None, "GET", POD, [("Authorization", f"Bearer {wrong}")])
        assert answer.status == 401, wrong
    both = [access.credential, ("Authorization", f"Bearer {proxy.users['bob'].token}")]
    assert proxy.ask(None, "GET", POD, both).status in (400, 401)


def test_the_first_start_hands_out_one_login(
    authority: Authority, cluster: Cluster, tmp_path: Path
) -> None:
    postern = Postern(
        tmp_path / "postern",
        authority,
        clusters=[KubeCluster("mycluster", cluster.postern_kubeconfig)],
        documents="",
        users=[],
        own_certificate=False,
    )
    with postern:
        file = postern.folder / "data" / "first-login"
        assert file.stat().st_mode & 0o777 == 0o600
        first = file.read_text().split()
        assert first[:2] == ["postern", "login"]
        assert first[2] not in postern.log()
        postern.restart()
        second = file.read_text().split()
        assert second[2] != first[2]

        admin = Person(tmp_path, "admin", postern, cluster)
        admin.refusal("login", first[2], "--new-password-file", str(admin.password_file))
        admin.postern("login", second[2], "--new-password-file", str(admin.password_file))
        admin.postern("users", "add", "alice", "--roles", "requester")
        postern.restart()
        assert not file.exists()
        assert "alice" in admin.postern("get", "users")


class OnTerminal(Postern):
    """Started by a person: what it writes goes to a terminal, and from there to the log file."""

    def spawn(self) -> None:
        ours, its = pty.openpty()
        self._process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "--", str(binary()), "proxy", "--config", str(self.config_file)],
            stdin=its, stdout=its, stderr=its, env={**os.environ, "HOME": str(self.folder)},
            start_new_session=True,
        )  # fmt: skip
        os.close(its)
        threading.Thread(target=self._keep, args=(ours,), daemon=True).start()

    def _keep(self, terminal: int) -> None:
        with open(self.log_file, "ab") as log, open(terminal, "rb", buffering=0) as screen:
            try:
                while data := screen.read(4096):
                    log.write(data.replace(b"\r\n", b"\n"))
                    log.flush()
            except OSError:  # postern has ended
                return


def test_a_first_start_on_a_terminal_shows_the_next_three_commands(
    authority: Authority, cluster: Cluster, tmp_path: Path
) -> None:
    with OnTerminal(
        tmp_path / "postern", authority, documents="", own_certificate=False,
        clusters=[KubeCluster("mycluster", cluster.postern_kubeconfig)],
    ) as postern:  # fmt: skip
        login, add, kube = (line.strip() for line in postern.log().splitlines() if line.startswith("    postern "))
        assert not (postern.folder / "data" / "first-login").exists()

        admin = Person(tmp_path, "admin", postern, cluster)
        admin.run(*shlex.split(login), "--new-password-file", str(admin.password_file))
        added = admin.run(*shlex.split(add.replace("YOU", "yvonne").replace("GROUP", "dev-team"))).stdout
        yvonne = Person(tmp_path, "yvonne", postern, cluster)
        her_login = next(line for line in added.splitlines() if line.startswith("  postern login postern:"))
        yvonne.run(*shlex.split(her_login), "--new-password-file", str(yvonne.password_file))
        yvonne.run(*shlex.split(kube))
        said = yvonne.kubectl("get", "pods", "-n", "dev", code=1).stderr
        assert "postern request create" in said
        made = yvonne.json("request", "create", "--resource", "/postern.test/pod/mycluster/dev/nginx-1", "--nowait",
                           "--reason", "the first")  # fmt: skip
        assert made["spec"]["roles"] == ["access"]
