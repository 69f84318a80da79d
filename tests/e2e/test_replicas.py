"""Three replicas over one store: what is given or taken at one counts at all, each can be killed at any time, and
a rolling restart drops nothing."""

import contextlib
import http.client
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from balancer import Balancer
from cluster import Cluster
from conftest import As
from custom_resource_store import API, GROUP, POD, ROLES, Caller, ResourceStore, install_definitions
from harness import Postern
from load import ApiClient, Load, Refused, Watcher
from people import Person
from pki import Authority, write_kubeconfig
from raw_http import Cut, RawClient, request_bytes, wait_for

REQUESTS = f"{API}/accessrequests"
WATCH = "/api/v1/namespaces/dev/pods?watch=true"
DRAIN = {"delay": "1s", "spread": "500ms", "idle": "3s", "timeout": "20s"}
CAROL = """
---
kind: user
metadata: {name: carol}
spec: {roles: [dev-pods]}
"""
SOON = 5.0  # for what takes milliseconds: the figures are printed, not asserted


class Trio:
    """Three replicas over one store, and the Service in front of them."""

    def __init__(self, store: ResourceStore, replicas: list[Postern], balancer: Balancer) -> None:
        self.store, self.replicas, self.balancer = store, replicas, balancer

    def caller(self, number: int, user: str) -> Caller:
        return Caller(self.replicas[number % 3], user)

    def client(self, user: str, token: str | None = None, **options: Any) -> ApiClient:
        """Through the Service."""
        first = self.replicas[0]
        return ApiClient(self.balancer.port, first.ca_file, token or first.users[user].token, **options)

    def approved(self, number: int, duration: str = "1h") -> dict[str, Any]:
        """A request of alice's, filed and approved at one replica."""
        request = self.caller(number, "alice").call("POST", "accessrequests", {"spec": spec(duration)})
        self.caller(number, "bob").review(request)
        return dict(request)

    def wait_until_ready(self) -> None:
        wait_for("all to be ready", lambda: self.balancer.ready() == 3, 30)

    def leader(self) -> Postern | None:
        return next((r for r in self.replicas if alive(r) and r.metric("postern_leader") == 1), None)


def spec(duration: str = "1h") -> dict[str, Any]:
    return {"resources": ["/postern.test/pod/mycluster/dev/*"], "maxDuration": duration}


def alive(replica: Postern) -> bool:
    return replica.process.poll() is None


@pytest.fixture(scope="module")
def trio(
    cluster: Cluster, authority: Authority, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Trio]:
    install_definitions(cluster)
    store = ResourceStore(cluster, "trio")
    folder = tmp_path_factory.mktemp("trio")
    replicas = [store.replica(authority, folder / str(number), ROLES + CAROL) for number in range(3)]
    for replica in replicas:
        replica.config["drain"] = DRAIN
        replica.write_config()
        replica.start()
    with Balancer((r.port, r.admin_port) for r in replicas) as balancer:
        made = Trio(store, replicas, balancer)
        made.wait_until_ready()
        yield made
    for replica in replicas:
        replica.stop()


def seconds_until(done: Callable[[], bool]) -> float:
    began = time.monotonic()
    wait_for("it to count at all replicas", done, SOON)
    return time.monotonic() - began


# -- what is given and taken -------------------------------------------------------------------------


def test_what_is_approved_at_one_is_in_force_at_all(trio: Trio) -> None:
    waits = []
    for number in range(9):
        request = trio.approved(number)
        session = trio.caller(number, "alice").session(request["metadata"]["name"])
        others = [session.at(trio.replicas[(number + step) % 3]) for step in (1, 2)]
        waits.append(seconds_until(lambda others=others: all(o.status(POD) == 200 for o in others)))
    print(f"in force at all after {statistics.median(waits):.3f} s, at most {max(waits):.3f} s")


def open_watch(replica: Postern, session: Caller) -> RawClient:
    client = replica.client()
    client.send(request_bytes("GET", WATCH, [("Authorization", f"Bearer {session.token}")]))
    assert client.read_head().status == 200
    return client


ENDS: dict[str, Callable[[Trio, Caller, dict[str, Any]], Any]] = {
    "revoked": lambda trio, session, request: trio.caller(0, "bob").review(request, "Revoke"),
    "dropped": lambda trio, session, request: session.call(
        "POST", "sessions/self/requests", {"spec": {"drop": ["*"]}}),
    "logged-out": lambda trio, session, request: session.call("DELETE", "sessions/self"),
}  # fmt: skip


@pytest.mark.parametrize("how", ENDS)
def test_what_ends_at_one_ends_the_streams_at_the_others(trio: Trio, how: str) -> None:
    request = trio.approved(0)
    session = trio.caller(0, "alice").session(request["metadata"]["name"])
    others = [session.at(replica) for replica in trio.replicas[1:]]
    seconds_until(lambda: all(other.status(POD) == 200 for other in others))
    watches = [open_watch(other.proxy, other) for other in others]
    ENDS[how](trio, session, request)
    began = time.monotonic()
    for watch in watches:
        with pytest.raises(Cut):
            while True:
                watch.read_event()
        watch.close()
    print(f"{how}: the watches at the others ended after {time.monotonic() - began:.3f} s")
    assert all(other.status(POD) in (401, 403, 404) for other in others)


def looks_for_sessions(cluster: Cluster, mark: int) -> list[str]:
    """The sessions that replicas have looked for in the cluster, one by one, since `mark`."""
    about = [event["objectRef"] for event in cluster.audit_events(mark)
             if event["verb"] == "get" and "objectRef" in event]  # fmt: skip
    return [each["name"] for each in about if each.get("apiGroup") == GROUP and each["resource"] == "sessions"]


def test_a_new_session_is_known_at_every_replica_at_once(trio: Trio, cluster: Cluster) -> None:
    """Over connections that are there already, or the watch would be faster than the handshake."""
    mark = cluster.audit_mark()
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(replica.client()) for replica in trio.replicas]
        for number in range(30):
            session = trio.caller(number, "alice").session()
            for client in (clients[(number + step) % 3] for step in (1, 2)):
                for path, status in ((REQUESTS, 200), (POD, 403)):  # alice is known, and has no role for pods
                    client.send(request_bytes("GET", path, [("Authorization", f"Bearer {session.token}")]))
                    assert client.read_response().status == status
    print(f"{len(looks_for_sessions(cluster, mark))} of 60 first uses had to look in the cluster")


def test_tokens_that_somebody_made_up_are_no_load_for_the_cluster(trio: Trio, cluster: Cluster) -> None:
    proxy, secret = trio.replicas[0], trio.caller(0, "alice").session().token.rsplit("_", 1)[1]  # type: ignore[union-attr]
    mark = cluster.audit_mark()
    same = [Caller(proxy, None, f"pst_nobody_{secret}").status("accessrequests") for _ in range(50)]
    assert set(same) == {401} and looks_for_sessions(cluster, mark) == ["nobody"]
    began = time.monotonic()
    answers = [Caller(proxy, None, f"pst_nobody{n}_{secret}").status("accessrequests") for n in range(200)]
    seconds = time.monotonic() - began
    looks = looks_for_sessions(cluster, mark)
    print(f"200 made-up sessions in {seconds:.1f} s: {len(looks)} reads, {answers.count(429)} times 429")
    assert set(answers) <= {401, 429}
    assert len(looks) <= 1 + 50 * (seconds + 2)
    # The ID of a session and the secret of another one are refused as ever.
    name = str(trio.caller(0, "alice").session().token).split("_")[1]
    wait_for("the budget", lambda: Caller(proxy, None, f"pst_{name}_{secret}").status("accessrequests") == 401, SOON)


class AtReplica(Person):
    """Somebody at a terminal whose program and kubectl speak to one replica. A person has one for each."""

    def __init__(self, trio: Trio, folder: Path, number: int, user: str, cluster: Cluster) -> None:
        self.replica = trio.replicas[number]
        super().__init__(folder, f"{user}-at-{number}", self.replica, cluster)
        (self.home / "token").write_text(self.replica.users[user].token + "\n")
        self.log_in()

    def log_in(self, *more: str) -> None:
        self.postern("login", "--proxy", f"127.0.0.1:{self.replica.port}", "--ca-file", str(self.replica.ca_file),
                     "--token-file", "token", *more)  # fmt: skip

    def use_kubectl(self) -> None:
        self.postern("kube", "login", "--set-context-namespace", "dev")

    def request(self) -> str:
        made = self.json("request", "create", "--resource", "/postern.test/pod/mycluster/dev/nginx-1",
                         "--reason", "across replicas", "--nowait")  # fmt: skip
        return str(made["metadata"]["name"])


def test_the_commands_work_across_replicas(trio: Trio, cluster: Cluster, tmp_path: Path) -> None:
    """Filed at one, reviewed at another, used at the third, without a wait in between."""
    alice = AtReplica(trio, tmp_path, 0, "alice", cluster)
    bob = AtReplica(trio, tmp_path, 1, "bob", cluster)
    elsewhere = AtReplica(trio, tmp_path, 2, "alice", cluster)
    elsewhere.use_kubectl()
    elsewhere.kubectl("get", "pod", "nginx-1", code=1)
    name = alice.request()
    bob.postern("request", "review", "--approve", "--yes", name)
    elsewhere.log_in("--request-id", name)
    assert elsewhere.kubectl("get", "pod", "nginx-1", "-o", "name").stdout == "pod/nginx-1\n"
    assert "APPROVED" in alice.postern("request", "ls")
    # The session that was made at the third is known at the first, and ends everywhere when it ends there.
    session = elsewhere.json("status")["session"]
    assert session in {each["metadata"]["name"] for each in alice.json("get", "sessions")["items"]}
    alice.postern("sessions", "rm", session)
    wait_for("the end of it at the third", lambda: elsewhere.run(
        str(cluster.kubectl_program), "get", "pod", "nginx-1", code=None).returncode == 1, SOON)  # fmt: skip


def test_a_shell_ends_within_a_second_of_its_revocation_elsewhere(
    trio: Trio, cluster: Cluster, tmp_path: Path
) -> None:
    """kubectl exec at one replica, the review that takes it back at another."""
    alice = AtReplica(trio, tmp_path, 0, "alice", cluster)
    bob = AtReplica(trio, tmp_path, 1, "bob", cluster)
    name = alice.request()
    bob.postern("request", "review", "--approve", "--yes", name)
    alice.log_in("--request-id", name)
    alice.use_kubectl()
    shell = alice.start_program(
        str(cluster.kubectl_program), "exec", "nginx-1", "--", "sh", "-c", "echo ready; exec sleep 60")
    try:
        assert shell.stdout and shell.stdout.readline() == "ready\n"
        bob.postern("request", "revoke", name)
        revoked = time.monotonic()
        shell.wait(10)
        print(f"the shell ended {time.monotonic() - revoked:.2f} s after the review had been acknowledged")
        assert shell.returncode != 0
    finally:
        shell.kill()
        shell.communicate()
    assert alice.kubectl("get", "pod", "nginx-1", code=1)


def test_a_page_goes_on_at_another_replica(trio: Trio) -> None:
    """Tokens for the next page are sealed with the keys that replicas share."""
    made = {trio.caller(0, "alice").file()["metadata"]["name"] for _ in range(3)}
    wait_for("them at all", lambda: all(
        made <= {i["metadata"]["name"] for i in trio.caller(n, "alice").call("GET", "accessrequests")["items"]}
        for n in range(3)), SOON)  # fmt: skip
    for path, user in ((REQUESTS, "alice"), ("/api/v1/namespaces/dev/pods", "carol")):
        seen, go_on = set(), ""
        for page in range(100):
            answer = trio.caller(page, user).call("GET", f"{path}?limit=1{go_on}")
            seen |= {item["metadata"]["name"] for item in answer["items"]}
            if not answer["metadata"].get("continue"):
                break
            go_on = f"&continue={answer['metadata']['continue']}"
        assert page > 0
        assert seen >= (made if user == "alice" else {"nginx-1", "nginx-2"})


# -- kill --------------------------------------------------------------------------------------------


class Work:
    """Access requests filed, approved and assumed through the Service, one after the other; what was acknowledged."""

    def __init__(self, trio: Trio, *, patient: bool) -> None:
        self.alice, self.bob = trio.client("alice"), trio.client("bob")
        self.patient = patient
        self.filed: list[str] = []
        self.approved: list[str] = []
        self.sessions: list[str] = []
        self.reconnects = 0

    def tried(self, client: ApiClient, method: str, path: str, body: Any = None) -> Any:
        """A patient client opens a new connection when the old one broke, and asks again. What another replica has
        just made is never 404."""
        while True:
            try:
                return client.call(method, path, body)
            except (OSError, http.client.HTTPException):
                if not self.patient:
                    raise
                self.reconnects += 1
                time.sleep(0.05)

    def step(self) -> None:
        request = self.tried(self.alice, "POST", REQUESTS, {"spec": spec()})
        name = request["metadata"]["name"]
        self.filed.append(name)
        self.review(request)
        self.approved.append(name)
        made = self.tried(self.alice, "POST", f"{API}/sessions", {"spec": {"requests": [name]}})
        self.sessions.append(made["metadata"]["name"])

    def review(self, request: dict[str, Any]) -> None:
        path = f"{REQUESTS}/{request['metadata']['name']}"
        review = {"decision": "Approve", "uid": request["metadata"]["uid"],
                  "effectiveDigest": request["status"]["effectiveDigest"]}  # fmt: skip
        before = self.reconnects
        try:
            self.tried(self.bob, "POST", f"{path}/reviews", {"spec": review})
        except Refused:  # it may have counted although its answer was lost
            if self.reconnects == before or self.tried(self.bob, "GET", path)["status"]["state"] != "APPROVED":
                raise

    def check(self, trio: Trio) -> None:
        """Everything that was acknowledged is there, at every replica."""
        for number in range(3):
            alice = trio.caller(number, "alice")
            states = {item["metadata"]["name"]: item["status"]["state"]
                      for item in alice.call("GET", "accessrequests?limit=0")["items"]}  # fmt: skip
            assert set(self.filed) <= set(states)
            assert {states[name] for name in self.approved} == {"APPROVED"}
            sessions = {item["metadata"]["name"] for item in alice.call("GET", "sessions")["items"]}
            assert set(self.sessions) <= sessions


class RequestWatcher(Watcher):
    """Follows the access requests through the Service. Where the server has forgotten a version it lists again, and
    a stream that breaks off it opens anew."""

    def __init__(self, trio: Trio, *, patient: bool) -> None:
        first = trio.replicas[0]
        self._client = trio.client("bob")
        self._patient = patient
        listed = self._client.call("GET", REQUESTS)
        super().__init__(trio.balancer.port, first.ca_file, first.users["bob"].token, REQUESTS,
                         listed["metadata"]["resourceVersion"])  # fmt: skip
        self.seen = {item["metadata"]["name"] for item in listed["items"]}
        self.relists = 0
        self.breaks = 0

    def follow(self) -> None:
        try:
            super().follow()
        except Expired:
            self.list_again()
        except (OSError, ValueError, http.client.HTTPException):
            if not self._patient:
                raise
            self.breaks += 1
            time.sleep(0.05)

    def list_again(self) -> None:
        self.relists += 1
        listed = self._client.call("GET", REQUESTS)
        self.version = listed["metadata"]["resourceVersion"]
        self.seen |= {item["metadata"]["name"] for item in listed["items"]}

    def _take(self, event: dict[str, Any]) -> None:
        if event["type"] == "ERROR" and event["object"]["code"] == 410:
            raise Expired
        super()._take(event)
        if event["type"] == "ADDED":
            self.seen.add(event["object"]["metadata"]["name"])


class Expired(Exception):
    """410: the version is no longer known, or not yet."""


def test_each_can_be_killed(trio: Trio, cluster: Cluster, tmp_path: Path) -> None:
    """Clients see a broken connection and come back; what was acknowledged is there. Whoever keeps house dies, too."""
    bob = As(cluster, service_kubeconfig(trio, tmp_path, "bob"))
    awaited = trio.caller(0, "alice").file()
    path = f"accessrequest/{awaited['metadata']['name']}"
    watcher = RequestWatcher(trio, patient=True)
    work = Work(trio, patient=True)
    waiting = ["wait", path, "--for=jsonpath={.status.state}=APPROVED", "--timeout=60s"]
    with Load() as load, bob.running(*waiting) as kubectl:
        load.run(work.step, pause=0.02)
        load.run(watcher.follow)
        wait_for("the load", lambda: len(work.sessions) > 3, 20)
        wait_for("a leader", lambda: trio.leader(), 20)
        for replica in sorted(trio.replicas, key=lambda replica: replica is trio.leader()):
            short = trio.approved(trio.replicas.index(replica), duration="4s")
            before = len(work.sessions)
            replica.process.kill()
            replica.process.wait()
            wait_for("work to go on", lambda before=before: len(work.sessions) > before + 3 or load.failures, 20)
            assert not load.failures, load.failures[:10]
            replica.start()
            trio.wait_until_ready()
        trio.caller(1, "bob").review(awaited)
        assert kubectl.process.wait(30) == 0, kubectl.output
        wait_for("a new leader", lambda: trio.leader(), 30)
        wait_for("the watch to catch up", lambda: set(work.filed) <= watcher.seen, 20)
        load.over.set()
        watcher.stop()
    print(f"{len(work.filed)} filed, {len(work.approved)} approved, {len(work.sessions)} sessions;"
          f" {work.reconnects} calls tried again, {watcher.breaks} watches broke off, {watcher.relists} lists again")
    assert not load.failures, load.failures[:10]
    assert work.reconnects > 0 or watcher.breaks > 0
    work.check(trio)
    name = short["metadata"]["name"]
    wait_for("what expired to be written down", lambda: trio.caller(2, "alice").call(
        "GET", f"accessrequests/{name}")["status"]["state"] == "EXPIRED", 30)  # fmt: skip


# -- rolling restart ---------------------------------------------------------------------------------


def service_kubeconfig(trio: Trio, folder: Path, user: str) -> Path:
    first = trio.replicas[0]
    return write_kubeconfig(
        folder / f"{user}.kubeconfig", name="postern", ca_file=first.ca_file, token=first.users[user].token,
        server=f"https://127.0.0.1:{trio.balancer.port}", namespace="dev")  # fmt: skip


def test_a_rolling_restart_drops_no_request(trio: Trio, cluster: Cluster, tmp_path: Path) -> None:
    watcher = RequestWatcher(trio, patient=False)
    work = Work(trio, patient=False)
    request = trio.approved(0)
    session = trio.caller(0, "alice").session(request["metadata"]["name"])
    seconds_until(lambda: all(session.at(replica).status(POD) == 200 for replica in trio.replicas))
    reader = trio.client("alice", session.token)
    refused = [replica.refused for replica in trio.balancer.replicas]  # by those that were killed
    with Load() as load:
        load.run(work.step, pause=0.02)
        load.run(watcher.follow)
        load.run(lambda: reader.call("GET", POD), pause=0.005)
        wait_for("the load", lambda: len(work.sessions) > 3, 20)
        for replica in trio.replicas:
            replica.restart()
            trio.wait_until_ready()
        wait_for("the watch to catch up", lambda: set(work.filed) <= watcher.seen or load.failures, 20)
        load.over.set()
        watcher.stop()
    print(f"{len(work.filed)} filed, {len(work.approved)} approved, {len(work.sessions)} sessions;"
          f" {watcher.streams} streams, {watcher.relists} lists again")
    assert not load.failures, load.failures[:10]
    assert refused == [replica.refused for replica in trio.balancer.replicas]
    work.check(trio)
