"""Attack matrix, group M: an API server in trouble. Always a clear Status or a cut, never a leak."""

import json
import re
from pathlib import Path

import pytest
import roles
from attack import POD, Attack, Rise, check_status
from conftest import USERS
from fixture_api import FixtureApi, compact, status
from harness import KubeCluster, Postern, upstream_kubeconfig
from pki import Authority
from raw_http import wait_for
from upstream import Connection, Recorded, RecordingUpstream, Reply


def test_m216_401_of_upstream_is_not_the_clients(attack: Attack) -> None:
    attack.on(f"GET {POD}", status(401, "Unauthorized", "Unauthorized"))
    for path in (f"{POD}/nginx-1", POD, f"{POD}?watch=true"):
        check_status(answer := attack.send("GET", path))
        assert answer.status == 502, answer.body


def test_m217_refused_impersonation_does_not_name_postern(attack: Attack) -> None:
    message = ('users "alice" is forbidden: User "system:serviceaccount:postern:postern" cannot '
               'impersonate resource "users" in API group "" at the cluster scope')  # fmt: skip
    attack.on(f"GET {POD}", status(403, "Forbidden", message))
    for path in (f"{POD}/nginx-1", POD):
        check_status(answer := attack.send("GET", path))
        assert answer.status in (403, 502)
        assert b"system:serviceaccount:postern" not in answer.body


def test_m_the_clusters_own_403_is_passed_on(attack: Attack) -> None:
    message = 'pods "nginx-1" is forbidden: User "alice" cannot get resource "pods"'
    attack.on(f"GET {POD}/nginx-1", status(403, "Forbidden", message))
    answer = attack.send("GET", f"{POD}/nginx-1")
    assert answer.status == 403 and answer.json()["message"].startswith(message)


@pytest.mark.parametrize(("code", "reason"), [(404, "NotFound"), (418, None), (429, "TooManyRequests"),
                                              (500, "InternalError"), (503, "ServiceUnavailable")])  # fmt: skip
def test_m_a_failure_in_plain_text_keeps_its_code_and_when_to_try_again(
    attack: Attack, code: int, reason: str | None
) -> None:
    """kube-apiserver answers so when it has too much to do, when it shuts down, and where a kind was deleted."""
    text = Reply(code, b"db-0 of prod: try again later", "text/plain", [("Retry-After", "1")])
    attack.on(f"GET {POD}", text)
    for path in (POD, f"{POD}?watch=true"):
        said = check_status(answer := attack.send("GET", path))
        assert (answer.status, answer.get("Retry-After"), said.get("reason")) == (code, "1", reason)
    said = check_status(answer := attack.send("DELETE", POD, user="dora"))
    assert (answer.status, said.get("reason")) == (code, reason)
    assert answer.get("Retry-After") == ("1" if code == 429 else None)


def test_m_words_about_what_is_stored_name_nobody(attack: Attack) -> None:
    """What every list is told of an object that cannot be decrypted; the operator is told, too."""
    words = 'Internal error occurred: unable to transform key "/registry/pods/dev/db-0": no matching prefix found'
    attack.on(f"GET {POD}", status(500, "InternalError", words))
    for method, path, user in (("GET", POD, "alice"), ("GET", f"{POD}?watch=true", "alice"), ("DELETE", POD, "dora")):
        said = check_status(answer := attack.send(method, path, user=user))
        assert (answer.status, said["reason"]) == (500, "InternalError")
        assert said["message"] == "an error on the server has prevented the request from succeeding"
    wait_for("the log", lambda: [
        line for line in attack.postern.log_lines() if line["level"] == "warn" and line.get("words") == words])  # fmt: skip


def test_m_words_about_the_call_are_passed_on(attack: Attack) -> None:
    """The client is who can do something about them."""
    for code, reason in ((400, "BadRequest"), (503, "ServiceUnavailable"), (504, "Timeout")):
        attack.on(f"GET {POD}", status(code, reason, "these very words"))
        for method, path, user in (("GET", POD, "alice"), ("DELETE", POD, "dora")):
            said = check_status(answer := attack.send(method, path, user=user))
            assert (answer.status, said["message"]) == (code, "these very words")


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308, 304, 300])
def test_m218_redirect_is_502(attack: Attack, code: int) -> None:
    fields = [("Location", "https://evil.example/")]
    attack.on(f"GET {POD}", Reply(code, b"", fields=fields))
    for path in (f"{POD}/nginx-1", POD):
        answer = attack.send("GET", path)
        assert answer.status == 502 and "location" not in answer.names()


def raw_answer(data: bytes) -> Reply:
    def script(connection: Connection, request: Recorded) -> None:
        del request
        connection.send(data)
        connection.wait_for_end(0.3)  # what never becomes a head ends then

    return Reply(raw=script)


BODY = b'{"kind":"Pod","apiVersion":"v1","metadata":{"name":"nginx-1","namespace":"dev"}}'
GOOD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (
    len(BODY), BODY)  # fmt: skip


@pytest.mark.parametrize("informational", [b"HTTP/1.1 100 Continue\r\n\r\n",
                                           b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"])  # fmt: skip
def test_m219_informational_answers_are_skipped(attack: Attack, informational: bytes) -> None:
    attack.on(f"GET {POD}/nginx-1", raw_answer(informational + GOOD))
    answer = attack.send("GET", f"{POD}/nginx-1")
    assert answer.status == 200 and answer.body == BODY and "link" not in answer.names()


def test_m219_endless_informational_answers_are_502(attack: Attack) -> None:
    attack.on(f"GET {POD}/nginx-1", raw_answer(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000 + GOOD))
    assert attack.send("GET", f"{POD}/nginx-1").status == 502


def test_m220_cookies_are_not_relayed(attack: Attack) -> None:
    attack.on(f"GET {POD}/nginx-1", Reply(body=BODY, fields=[("Set-Cookie", "a=b"), ("X-Evil", "1")]))
    answer = attack.send("GET", f"{POD}/nginx-1")
    assert answer.status == 200 and "set-cookie" not in answer.names()


NONSENSE = {
    "not-http": b"SSH-2.0-OpenSSH_9.2\r\n",
    "nothing": b"",
    "half-head": b"HTTP/1.1 200 OK\r\nContent-Type: appl",
    "bad-status": b"HTTP/1.1 2x0 OK\r\n\r\n",
    "status-0": b"HTTP/1.1 000 OK\r\n\r\n",
    "http-2": b"HTTP/2 200 OK\r\n\r\n",
    "bare-lf": b"HTTP/1.1 200 OK\nContent-Length: 2\n\n{}",
    "two-lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}x",
    "length-and-chunks": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
    "te-gzip": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n{}",
    "fold": b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 2\r\n\r\n{}",
    "huge-head": b"HTTP/1.1 200 OK\r\nX: " + b"a" * 1024 * 1024 + b"\r\n\r\n",
}


@pytest.mark.parametrize("path", [f"{POD}/nginx-1", POD], ids=["object", "list"])
@pytest.mark.parametrize("data", NONSENSE.values(), ids=NONSENSE.keys())
def test_nonsense_is_502(attack: Attack, data: bytes, path: str) -> None:
    attack.on(f"GET {POD}", raw_answer(data))
    upstream_errors = Rise.of(attack.postern, "postern_http_request_outcomes_total", outcome="upstream_error")
    warnings = Rise.of_warnings(attack.postern)
    check_status(answer := attack.send("GET", path))
    assert answer.status == 502
    upstream_errors.by(1)
    warnings.by(1)


def test_truncated_object_is_not_a_whole_one(attack: Attack) -> None:
    attack.on(f"GET {POD}/nginx-1", raw_answer(GOOD[:-10]))
    answer = attack.send("GET", f"{POD}/nginx-1")
    assert answer.status == 502 or not answer.complete


def test_bytes_behind_an_answer_are_nobodys(attack: Attack) -> None:
    """An answer nobody asked for must not become the answer to the next request."""
    attack.on(f"GET {POD}/nginx-1", raw_answer(GOOD + GOOD.replace(b"nginx-1", b"db-0-xx")))
    client = attack.client()
    for _ in range(3):
        client.send(attack.postern.request("alice", "GET", f"{POD}/nginx-1"))
        assert client.read_response().json()["metadata"]["name"] == "nginx-1"


def test_stale_pooled_connection_is_retried_for_reads(attack: Attack) -> None:
    def close_after_answer(connection: Connection, request: Recorded) -> None:
        del request
        connection.send(GOOD)  # keep-alive, it says; then it goes

    client = attack.client()
    for _ in range(5):
        attack.on(f"GET {POD}/nginx-1", Reply(raw=close_after_answer))
        client.send(attack.postern.request("alice", "GET", f"{POD}/nginx-1"))
        assert client.read_response().status == 200


def test_a_read_whose_body_is_gone_is_not_sent_again(attack: Attack) -> None:
    """A body comes from the client once. Promised a second time it would never come, and whatever is
    sent on that connection next would be taken for it."""

    def answer_and_hang_up_on_the_next(connection: Connection, request: Recorded) -> None:
        del request
        connection.send(GOOD)
        connection.reader.body(connection.reader.head())

    client = attack.client()
    for body, status in ((None, 200), (b"12345", 502)):
        attack.on(f"GET {POD}/nginx-1", Reply(raw=answer_and_hang_up_on_the_next))
        client.send(attack.postern.request("alice", "GET", f"{POD}/nginx-1"))
        assert client.read_response().status == 200
        attack.upstream.reset()
        client.send(attack.postern.request("alice", "GET", f"{POD}/nginx-1", body=body))
        assert client.read_response().status == status
        assert len(attack.upstream.client_requests) == (1 if status == 200 else 0)


def test_a_write_is_never_sent_twice(attack: Attack) -> None:
    """An upstream that hangs up on a create leaves it open whether it happened."""

    def hang_up(connection: Connection, request: Recorded) -> None:
        del connection, request

    attack.send("GET", f"{POD}/nginx-1")  # a pooled connection that may be used
    attack.upstream.reset()
    attack.on(f"POST {POD}", Reply(raw=hang_up))
    body = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "nginx-9"}}
    check_status(answer := attack.post(POD, body))
    assert answer.status == 502
    assert len(attack.upstream.client_requests) == 1


# -- a postern of its own ---------------------------------------------------------------------------


def start(folder: Path, authority: Authority, upstream: RecordingUpstream, **options: object) -> Postern:
    folder.mkdir(parents=True, exist_ok=True)
    kubeconfig = upstream_kubeconfig(
        folder / "upstream.kubeconfig", upstream.url, Path(str(options.pop("ca", upstream.ca_file))),
        str(options.pop("token", "upstream-token")),
    )  # fmt: skip
    return Postern(
        folder, authority, clusters=[KubeCluster("mycluster", kubeconfig)],
        documents=roles.ALICE, users=USERS, **options,  # type: ignore[arg-type]
    )  # fmt: skip


def test_m215_unverified_upstream_is_never_spoken_to(tmp_path: Path, authority: Authority) -> None:
    """The upstream's certificate is of another CA: 502 or not ready, and not one request."""
    upstream = RecordingUpstream(authority, FixtureApi())  # others look after the shared one's health
    other = Authority(tmp_path, "other", "somebody else")
    postern = start(tmp_path / "p", authority, upstream, ca=other.cert_file)
    postern.expect_error(".*")
    postern.spawn()
    try:
        wait_for("the port", lambda: postern.admin("/livez")[0] == 200, 20)
        answer = postern.ask("alice", "GET", f"{POD}/nginx-1")
        assert answer.status in (502, 503), answer.body
        check_status(answer)
        assert not upstream.requests
    finally:
        postern.kill()
        upstream.close()


def test_m216_changed_token_is_read_again(
    tmp_path: Path, authority: Authority
) -> None:
    """A tokenFile whose content was rotated, as a kubelet does for service accounts."""
    api, wanted = FixtureApi(), ["first"]

    def guarded(request: Recorded) -> Reply:
        if request.get("Authorization") != f"Bearer {wanted[0]}":
            return status(401, "Unauthorized", "Unauthorized")
        return api(request)

    upstream = RecordingUpstream(authority, guarded)
    token_file = tmp_path / "token"
    token_file.write_text("first\n")
    kubeconfig = upstream_kubeconfig(tmp_path / "up.kubeconfig", upstream.url, upstream.ca_file, "x")
    text = re.sub(r"token: x", f"tokenFile: {token_file}", kubeconfig.read_text())
    kubeconfig.write_text(text)
    postern = Postern(tmp_path / "p", authority, clusters=[KubeCluster("mycluster", kubeconfig)],
                      documents=roles.ALICE, users=USERS)  # fmt: skip
    postern.expect_error("401|credential|token")
    with postern:
        assert postern.ask("alice", "GET", f"{POD}/nginx-1").status == 200
        wanted[0] = "second"
        token_file.write_text("second\n")
        wait_for("the new token to be used",
                 lambda: postern.ask("alice", "GET", f"{POD}/nginx-1").status == 200, 90)  # fmt: skip
    upstream.close()


def test_m221_unknown_kinds_stay_closed_when_one_group_is_broken(
    tmp_path: Path, authority: Authority
) -> None:
    """A broken aggregated API neither opens nor closes the others."""
    api = FixtureApi()

    def broken(request: Recorded) -> Reply:
        reply = api(request)
        if request.path == "/apis" and b"APIGroupDiscoveryList" in reply.body:
            document = json.loads(reply.body)
            for group in document["items"]:
                if group["metadata"].get("name") == "metrics.k8s.io":
                    group["versions"] = [{"version": "v1beta1", "freshness": "Stale"}]
            return Reply(body=compact(document), content_type=reply.content_type)
        if request.path.startswith("/apis/metrics.k8s.io"):
            return status(503, "ServiceUnavailable", "service unavailable")
        return reply

    upstream = RecordingUpstream(authority, broken)
    with start(tmp_path, authority, upstream) as postern:
        assert postern.ask("alice", "GET", f"{POD}/nginx-1").status == 200
        widgets = postern.ask("alice", "GET", "/apis/e.com/v1/namespaces/dev/widgets/w1")
        assert widgets.status == 200
        path = "/apis/metrics.k8s.io/v1beta1/namespaces/dev/pods/db-0"
        answer = postern.ask("alice", "GET", path)
        assert answer.status in (403, 502, 503)
        calls = [r for r in upstream.requests if "/namespaces/" in r.target and "metrics" in r.target]
        assert not calls
    upstream.close()


def test_discovery_falls_back_to_the_old_documents(tmp_path: Path, authority: Authority) -> None:
    api = FixtureApi()

    def old(request: Recorded) -> Reply:
        request.message.fields = [f for f in request.message.fields if f[0].lower() != "accept"]
        return api(request)

    upstream = RecordingUpstream(authority, old)
    with start(tmp_path, authority, upstream) as postern:
        assert postern.ask("alice", "GET", f"{POD}/nginx-1").status == 200
        assert postern.ask("alice", "GET", "/apis/e.com/v2/namespaces/dev/widgets/w1").status == 200
        assert postern.ask("alice", "GET", "/apis/e.com/v9/namespaces/dev/widgets/w1").status == 404
    upstream.close()
