"""The audit log: who did what, by which role, rule and access request, and what came of it.

What the matrix says of it is here: O233 (both logs join), O235 (refusals), O236 (changes of access),
and that no secret is in it; M222 is in test_audit_sink.py.
"""

import base64
import gzip
import json
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import roles
from attack import POD, Attack
from audit_log import AuditLog, Event, ours, stages
from cluster import Cluster
from conftest import USERS, As
from fixture_api import FixtureApi, compact
from harness import KubeCluster, Postern, upstream_kubeconfig
from pki import Authority
from raw_http import chunked, wait_for
from upstream import Connection, Recorded, RecordingUpstream, Reply

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.fixture
def log(recorded_postern: Postern) -> AuditLog:
    return recorded_postern.audit_log


# -- one request, one story ------------------------------------------------------------------------


def test_a_read_is_one_event(attack: Attack, log: AuditLog) -> None:
    answer = attack.send("GET", f"{POD}/nginx-1?pretty=1", [("User-Agent", "kubectl/v1.37 (linux)")])
    assert answer.status == 200
    event = log.complete(answer.get("Audit-Id"))
    assert stages(log.of(event["auditID"])) == ["ResponseComplete"]
    assert attack.forwarded().get("Audit-ID") == event["auditID"]
    assert event["kind"] == "Event" and event["apiVersion"] == "audit.k8s.io/v1"
    assert event["level"] == "Metadata" and event["verb"] == "get"
    assert event["requestURI"] == f"{POD}/nginx-1?pretty=1"
    assert event["user"] == {
        "username": "alice", "uid": "uid-alice", "groups": ["system:authenticated"]
    }  # fmt: skip
    assert event["impersonatedUser"] == {
        "username": "alice", "groups": ["dev-team", "system:authenticated"]
    }  # fmt: skip
    assert event["sourceIPs"] == ["127.0.0.1"] and event["userAgent"] == "kubectl/v1.37 (linux)"
    assert event["objectRef"] == {
        "resource": "pods", "namespace": "dev", "name": "nginx-1", "apiVersion": "v1"
    }  # fmt: skip
    assert event["responseStatus"] == {"metadata": {}, "code": 200}
    time = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"
    assert re.fullmatch(time, event["requestReceivedTimestamp"])
    assert re.fullmatch(time, event["stageTimestamp"])
    assert event["requestReceivedTimestamp"] <= event["stageTimestamp"]
    annotations = event["annotations"]
    assert annotations["authorization.k8s.io/decision"] == "allow"
    assert "role dev-team" in annotations["authorization.k8s.io/reason"]
    assert ours(event, "roles") == "dev-team" and ours(event, "kube-cluster") == "mycluster"
    assert ours(event, "rule") == "dev-team: allow.kubernetes_resources[0]"


def test_o235_a_refusal_tells_what_was_asked_for(attack: Attack, log: AuditLog) -> None:
    answer = attack.send("GET", f"{POD}/db-0")
    status = attack.refused(answer, 403)
    event = log.complete(answer.get("Audit-Id"))
    assert event["responseStatus"]["code"] == 403
    assert event["responseStatus"]["reason"] == "Forbidden"
    assert event["responseStatus"]["message"] == status["message"]
    assert event["annotations"]["authorization.k8s.io/decision"] == "forbid"
    assert "no role gives get" in event["annotations"]["authorization.k8s.io/reason"]
    assert ours(event, "requested-resource") == "/postern.test/pod/mycluster/dev/db-0"
    assert event["objectRef"]["name"] == "db-0" and "impersonatedUser" not in event


@pytest.mark.parametrize(("user", "fields"), [
    (None, []), (None, [("Authorization", "Bearer wrong-token-0123456789")])], ids=["none", "wrong"])  # fmt: skip
def test_who_is_nobody_is_told_too(
    attack: Attack, log: AuditLog, user: str | None, fields: list[tuple[str, str]]
) -> None:
    answer = attack.send("GET", f"{POD}/nginx-1", fields, user=user)
    attack.refused(answer, 401)
    event = log.complete(answer.get("Audit-Id"))
    assert event["user"] == {} and event["responseStatus"]["code"] == 401
    assert event["objectRef"]["resource"] == "pods" and event["verb"] == "get"
    assert "wrong-token" not in log.text()


def test_what_changes_something_is_written_before_it_goes_out(
    attack: Attack, recording_upstream: RecordingUpstream, log: AuditLog
) -> None:
    """Not queued: in the file, when the API server sees the request."""
    seen: list[list[str]] = []

    def look(request: Recorded) -> Reply:
        seen.append(stages(log.of(request.get("Audit-ID"))))
        return Reply(200, compact({"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "nginx-1"}}))

    recording_upstream.on("^PATCH ", look)
    answer = attack.send("PATCH", f"{POD}/nginx-1", [("Content-Type", "application/merge-patch+json")],
                         b'{"metadata":{"labels":{"a":"b"}}}')  # fmt: skip
    assert answer.status == 200 and seen == [["RequestReceived"]]
    log.complete(answer.get("Audit-Id"))
    first, last = log.of(answer.get("Audit-Id"))
    assert stages([first, last]) == ["RequestReceived", "ResponseComplete"]
    assert "responseStatus" not in first
    assert first["annotations"]["authorization.k8s.io/decision"] == "allow"
    assert first["impersonatedUser"]["username"] == "alice"
    assert first["objectRef"]["name"] == "nginx-1"


def test_a_created_objects_name_is_its_bodys(attack: Attack, log: AuditLog) -> None:
    answer = attack.post(POD, {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "nginx-7"}})
    event = log.complete(answer.get("Audit-Id"))
    assert event["verb"] == "create" and event["objectRef"]["name"] == "nginx-7"


def test_a_filtered_list_tells_how_much_was_hidden(attack: Attack, log: AuditLog) -> None:
    answer = attack.send("GET", POD)
    event = log.complete(answer.get("Audit-Id"))
    kept = len(answer.json()["items"])
    assert kept > 0 and ours(event, "items-kept") == str(kept)
    assert int(ours(event, "items-dropped") or 0) > 0
    assert "filtered by the rules of" in event["annotations"]["authorization.k8s.io/reason"]


def test_a_watch_tells_when_it_begins_and_when_it_ends(
    attack: Attack, recording_upstream: RecordingUpstream, log: AuditLog
) -> None:
    release = threading.Event()

    def script(connection: Connection, request: Recorded) -> None:
        del request
        connection.send_head(200, ("Content-Type", "application/json"), ("Transfer-Encoding", "chunked"))
        release.wait(20)
        connection.send(b"0\r\n\r\n")

    recording_upstream.on("watch=true", Reply(raw=script))
    mark = log.mark()
    client = attack.client()
    client.send(attack.postern.request("alice", "GET", f"{POD}?watch=true"))
    started = log.wait(lambda e: e["verb"] == "watch", mark)
    assert started["stage"] == "ResponseStarted" and started["responseStatus"]["code"] == 200
    assert stages(log.of(started["auditID"])) == ["ResponseStarted"]
    release.set()
    log.complete(started["auditID"])


def test_deletes_of_a_collection_are_children_of_it(attack: Attack, log: AuditLog) -> None:
    mark = log.mark()
    answer = attack.send("DELETE", POD, user="dora")
    assert answer.status == 200, answer.body
    parent = log.complete(answer.get("Audit-Id"))
    assert parent["verb"] == "deletecollection"
    children = [e for e in log.events(mark) if ours(e, "parent-audit-id") == parent["auditID"]]
    asked = [r for r in attack.upstream.client_requests if r.method == "DELETE"]
    assert asked and len(children) == len(asked) == int(ours(parent, "items-kept") or 0)
    assert {e["auditID"] for e in children} == {r.get("Audit-ID") for r in asked}
    assert all(r.message.all("Audit-ID") == [r.get("Audit-ID")] for r in asked)
    for child in children:
        assert child["verb"] == "delete" and child["objectRef"]["uid"]
        assert child["responseStatus"]["code"] == 200 and child["user"]["username"] == "dora"
        assert child["requestURI"] == f"{POD}/{child['objectRef']['name']}"


def test_discovery_and_health_are_noise(attack: Attack, log: AuditLog) -> None:
    mark = log.mark()
    for path in ("/version", "/api", "/apis/apps/v1", "/openapi/v3"):
        attack.send("GET", path)
    last = attack.send("GET", f"{POD}/nginx-1")
    log.complete(last.get("Audit-Id"))
    assert [e["auditID"] for e in log.events(mark)] == [last.get("Audit-Id")]


# -- traces ----------------------------------------------------------------------------------------


def test_a_trace_goes_on_and_is_in_the_event(attack: Attack, log: AuditLog) -> None:
    answer = attack.send("GET", f"{POD}/nginx-1", [("traceparent", TRACE), ("tracestate", "a=1,b=2")])
    sent = attack.forwarded()
    assert sent.get("traceparent") == TRACE and sent.get("tracestate") == "a=1,b=2"
    event = log.complete(answer.get("Audit-Id"))
    assert ours(event, "trace-id") == "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.mark.parametrize("fields", [
    [("traceparent", TRACE.upper())], [("traceparent", TRACE + "-")],
    [("traceparent", TRACE), ("traceparent", TRACE)], [("tracestate", "a=1")],
    [("traceparent", "00-00000000000000000000000000000000-00f067aa0ba902b7-01"), ("tracestate", "a=1")],
])  # fmt: skip
def test_a_broken_trace_is_left_out(
    attack: Attack, log: AuditLog, fields: list[tuple[str, str]]
) -> None:
    answer = attack.send("GET", f"{POD}/nginx-1", fields)
    if answer.status == 200:
        sent = attack.forwarded()
        assert sent.get("traceparent") is None and sent.get("tracestate") is None
    assert ours(log.complete(answer.get("Audit-Id")), "trace-id") is None


# -- nothing secret --------------------------------------------------------------------------------


def test_no_credential_of_a_request_is_in_it(attack: Attack, log: AuditLog) -> None:
    token = attack.postern.users["alice"].token
    attack.send("GET", f"{POD}/nginx-1", [("User-Agent", f"curl Bearer {token}")])
    attack.send("GET", f"{POD}/nginx-1?access_token={token}")
    attack.send("GET", f"/api/v1/namespaces/dev/services/web/proxy/?token={token}", user="dave")
    word = base64.urlsafe_b64encode(token.encode()).decode().rstrip("=")
    last = attack.send("GET", f"{POD}/nginx-1",
                       [("Sec-WebSocket-Protocol", f"base64url.bearer.authorization.k8s.io.{word}")],
                       user=None)  # fmt: skip
    log.complete(last.get("Audit-Id"))
    text = log.text()
    for user in attack.postern.users.values():
        assert user.token not in text
    assert word not in text and "access_token=[redacted]" in text


# -- the API server's log and ours -----------------------------------------------------------------


def joined(log: AuditLog, cluster: Cluster, mark: int, theirs: int) -> dict[str, tuple[Event, Event]]:
    """Of every request that both logs know: our last event and the API server's."""
    log.settle()
    upstream = {e["auditID"]: e for e in cluster.audit_events(theirs)}
    ended = [e for e in log.events(mark) if e["stage"] == "ResponseComplete"]
    return {e["auditID"]: (e, upstream[e["auditID"]]) for e in ended if e["auditID"] in upstream}


def test_o233_both_logs_tell_the_same_story(postern: Postern, cluster: Cluster, alice: As) -> None:
    log = postern.audit_log
    mark, theirs = log.mark(), cluster.audit_mark()
    alice("get", "pod", "nginx-1")
    alice("get", "pods")
    alice("annotate", "pod", "nginx-1", "audited=yes", "--overwrite")
    assert alice("exec", "nginx-1", "--", "echo", "hi").stdout == "hi\n"
    alice.fails("get", "pod", "db-0")
    cluster.wait_for_audit(lambda e: e.get("objectRef", {}).get("subresource") == "exec", since=theirs)
    pairs = joined(log, cluster, mark, theirs)
    assert {"get", "list", "patch"} <= {mine["verb"] for mine, _ in pairs.values()}
    for mine, theirs_event in pairs.values():
        assert mine["verb"] == theirs_event["verb"]
        same = ("resource", "namespace", "name", "subresource", "apiVersion", "apiGroup")
        for key in same:
            assert mine["objectRef"].get(key) == theirs_event["objectRef"].get(key), key
        assert mine["impersonatedUser"]["username"] == theirs_event["impersonatedUser"]["username"]
        assert set(mine["impersonatedUser"]["groups"]) == set(theirs_event["impersonatedUser"]["groups"])
        assert mine["user"]["username"] == "alice"
        assert theirs_event["user"]["username"] == "system:serviceaccount:postern:postern"
        if "code" in theirs_event.get("responseStatus", {}):
            assert mine["responseStatus"]["code"] == theirs_event["responseStatus"]["code"]
    refused = [e for e in log.events(mark) if e.get("responseStatus", {}).get("code") == 403]
    assert refused and refused[0]["auditID"] not in pairs, "a refused request reached the cluster"


def test_an_exec_tells_its_beginning_its_end_and_its_bytes(
    postern: Postern, alice: As
) -> None:
    log = postern.audit_log
    mark = log.mark()
    alice("exec", "nginx-1", "--", "echo", "hello")
    begun = log.wait(lambda e: e.get("objectRef", {}).get("subresource") == "exec", mark)
    log.complete(begun["auditID"])
    events = log.of(begun["auditID"])
    assert stages(events) == ["RequestReceived", "ResponseStarted", "ResponseComplete"]
    assert events[-1]["responseStatus"]["code"] == 101
    assert int(ours(events[-1], "bytes-to-client") or 0) > len("hello")
    assert "command=echo&command=hello" in events[0]["requestURI"]


# -- policies --------------------------------------------------------------------------------------


class Own:
    """A postern of one's own with a policy file, in front of a recording upstream."""

    def __init__(self, folder: Path, authority: Authority, policy: str | None, **audit: Any) -> None:
        self.upstream = RecordingUpstream(authority, FixtureApi())
        kubeconfig = upstream_kubeconfig(
            folder / "upstream.kubeconfig", self.upstream.url, self.upstream.ca_file, "secret"
        )
        self.policy_file = folder / "policy.yaml"
        if policy:
            self.policy_file.write_text(policy)
            audit["policyFile"] = str(self.policy_file)
        self.postern = Postern(
            folder / "postern", authority, clusters=[KubeCluster("mycluster", kubeconfig)],
            documents=roles.ALICE + roles.OTHERS, users=USERS, config={"audit": audit},
        )  # fmt: skip
        self.log = self.postern.audit_log

    def end(self) -> None:
        try:
            self.postern.stop()
        finally:
            self.postern.kill()
            self.upstream.close()


@pytest.fixture
def own(tmp_path: Path, authority: Authority) -> Iterator[Callable[..., Own]]:
    made: list[Own] = []

    def make(policy: str | None = None, **audit: Any) -> Own:
        made.append(Own(tmp_path, authority, policy, **audit))
        made[-1].postern.start()
        return made[-1]

    yield make
    for one in made:
        one.end()


OMITTED = "audit.postern.dev/request-object-omitted"
HEAD = "apiVersion: audit.k8s.io/v1\nkind: Policy\n"
EVERYTHING = HEAD + "rules: [{level: RequestResponse, omitManagedFields: true}]\n"


def test_bodies_where_the_policy_wants_them_and_never_secrets(own: Callable[..., Own]) -> None:
    one = own(EVERYTHING)
    pod = {"kind": "Pod", "apiVersion": "v1",
           "metadata": {"name": "nginx-7", "managedFields": [{"manager": "me"}]}}  # fmt: skip
    json_type = [("Content-Type", "application/json")]
    created = one.postern.ask("alice", "POST", POD, json_type, compact(pod))
    event = one.log.complete(created.get("Audit-Id"))
    assert event["level"] == "RequestResponse"
    assert event["requestObject"] == {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "nginx-7"}}
    read = one.postern.ask("alice", "GET", f"{POD}/nginx-1")
    assert one.log.complete(read.get("Audit-Id"))["responseObject"]["kind"] == "Pod"
    patched = one.postern.ask("alice", "PATCH", f"{POD}/nginx-1",
                              [("Content-Type", "application/merge-patch+json")],
                              b'{"metadata":{"labels":{"told":"yes"}}}')  # fmt: skip
    event = one.log.complete(patched.get("Audit-Id"))
    assert event["requestObject"] == {"metadata": {"labels": {"told": "yes"}}}
    assert OMITTED not in event["annotations"]

    secret = {"kind": "Secret", "apiVersion": "v1", "metadata": {"name": "app-config"},
              "data": {"password": "c2VjcmV0LXdvcmQ="}}  # fmt: skip
    put = one.postern.ask("oscar", "PUT", "/api/v1/namespaces/dev/secrets/app-config", json_type,
                          compact(secret))  # fmt: skip
    event = one.log.complete(put.get("Audit-Id"))
    assert event["level"] == "Metadata" and "requestObject" not in event
    read = one.postern.ask("alice", "GET", "/api/v1/namespaces/dev/secrets/app-config")
    assert "responseObject" not in one.log.complete(read.get("Audit-Id"))
    assert "c2VjcmV0LXdvcmQ=" not in one.log.text()


PADDED = compact({"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "nginx-7", "annotations": {"a": "x" * 70_000}}})


APPLIED = b"apiVersion: v1\nkind: Pod\nmetadata: {name: nginx-1}\n"
LABELLED = b'{"metadata":{"labels":{"told":"yes"}}}'
CHUNKED, GZIP = [("Transfer-Encoding", "chunked")], [("Content-Encoding", "gzip")]


@pytest.mark.parametrize("kind, fields, body, why", [
    ("application/apply-patch+yaml", [], APPLIED, "not a JSON object"),
    ("application/apply-patch+yaml", CHUNKED, chunked(APPLIED[:20], APPLIED[20:]), "of unknown length"),
    ("application/merge-patch+json", CHUNKED, chunked(LABELLED), "of unknown length"),
    ("application/merge-patch+json", GZIP, gzip.compress(LABELLED, mtime=0), "compressed"),
    ("application/apply-patch+yaml", GZIP, gzip.compress(APPLIED, mtime=0), "compressed"),
    ("application/merge-patch+json", [*CHUNKED, *GZIP], chunked(gzip.compress(LABELLED, mtime=0)), "of unknown length"),
    ("application/json-patch+json", [], b'[{"op":"remove","path":"/metadata/labels"}]', "not a JSON object"),
    ("application/strategic-merge-patch+json", [], PADDED, "too large"),
    ("application/strategic-merge-patch+json", CHUNKED, chunked(PADDED), "of unknown length"),
])  # fmt: skip
def test_a_body_that_is_left_out_is_told_of(
    own: Callable[..., Own], kind: str, fields: list[tuple[str, str]], body: bytes, why: str
) -> None:
    one = own(EVERYTHING)
    target = f"{POD}/nginx-1" + ("?fieldManager=me" if "apply" in kind else "")
    patched = one.postern.ask("alice", "PATCH", target, [("Content-Type", kind), *fields], body)
    assert patched.status == 200, patched.body
    event = one.log.complete(patched.get("Audit-Id"))
    assert event["level"] == "RequestResponse" and "requestObject" not in event
    assert event["annotations"][OMITTED] == why
    read = one.postern.ask("alice", "GET", f"{POD}/nginx-1")
    assert OMITTED not in one.log.complete(read.get("Audit-Id"))["annotations"]


def test_delete_options_of_a_collection_survive_being_written_down(own: Callable[..., Own]) -> None:
    """What is read for the log still counts: a dry run stays one."""
    one = own(EVERYTHING)
    options = compact({"kind": "DeleteOptions", "apiVersion": "v1", "dryRun": ["All"]})
    answer = one.postern.ask("dora", "DELETE", POD, [("Content-Type", "application/json")], options)
    assert answer.status == 200
    deletes = [r for r in one.upstream.client_requests if r.method == "DELETE"]
    assert deletes and all(json.loads(r.message.body)["dryRun"] == ["All"] for r in deletes)


def test_a_policy_that_changes_counts_and_a_bad_one_does_not(own: Callable[..., Own]) -> None:
    one = own(HEAD + "rules: [{level: None, users: [alice]}, {level: Metadata}]\n")

    def is_told() -> bool:
        answer = one.postern.ask("alice", "GET", f"{POD}/nginx-1")
        last = one.postern.ask("oscar", "GET", f"{POD}/nginx-1")
        one.log.complete(last.get("Audit-Id"))
        return bool(one.log.of(answer.get("Audit-Id")))

    assert not is_told()
    one.policy_file.write_text(HEAD + "rules: [{level: Metadata}]\n")
    wait_for("the new policy", is_told)
    one.postern.expect_error("the audit policy")
    one.policy_file.write_text(HEAD + "rules: [{level: Nothing}]\n")
    wait_for("the failure", lambda: one.postern.metric(
        "postern_config_reloads_total", kind="audit_policy", result="failure") > 0)  # fmt: skip
    assert is_told()
    assert "policy.yaml:3:17: rules[0].level: must be one of" in one.postern.log()


def test_the_log_makes_room(own: Callable[..., Own]) -> None:
    one = own(maxSize="20Ki", maxBackups=2)
    for _ in range(120):
        one.postern.ask("alice", "GET", f"{POD}/db-0")
    wait_for("a second backup", lambda: len(list(one.log.path.parent.glob("audit-*.log"))) == 2)
    for file in one.log.path.parent.glob("audit*.log"):
        assert AuditLog(file).events(), file
        assert file.stat().st_mode & 0o777 == 0o600


def test_what_was_answered_before_sigterm_is_in_the_file(tmp_path: Path, authority: Authority) -> None:
    one = Own(tmp_path, authority, None)
    one.postern.start()
    try:
        ids = []
        with one.postern.client() as client:
            for _ in range(50):
                client.send(one.postern.request("alice", "GET", f"{POD}/nginx-1"))
                ids.append(client.read_response("GET").get("Audit-Id"))
    finally:
        one.end()  # at once
    told = {event["auditID"] for event in one.log.events()}
    assert len(set(ids)) == 50 and set(ids) <= told


def test_standard_output(tmp_path: Path, authority: Authority) -> None:
    one = Own(tmp_path, authority, None, path="/dev/stdout")
    one.postern.start()
    try:
        answer = one.postern.ask("alice", "GET", f"{POD}/nginx-1")
        wait_for("the event", lambda: f'"auditID":"{answer.get("Audit-Id")}"' in one.postern.log())
    finally:
        one.end()


def test_turned_off(own: Callable[..., Own]) -> None:
    one = own(enabled=False)
    assert one.postern.ask("alice", "GET", f"{POD}/nginx-1").status == 200
    assert not one.log.path.exists()
    assert "nobody will know who did what" in one.postern.log()
