"""M222: an audit log that cannot be written. What cannot be audited is refused, and nothing of it
goes upstream; a setting relaxes it."""

import json
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from attack import POD, check_status
from audit_log import AuditLog
from pki import Authority
from raw_http import wait_for
from test_audit import Own, own  # noqa: F401 (a fixture)

PATCH = [("Content-Type", "application/merge-patch+json")]
BODY = b'{"metadata":{"labels":{"a":"b"}}}'


def patch(one: Own) -> int:
    return one.postern.ask("alice", "PATCH", f"{POD}/nginx-1", PATCH, BODY).status


def asked(one: Own) -> list[str]:
    return [request.line for request in one.upstream.client_requests]


def ready(one: Own) -> bool:
    return one.postern.admin("/readyz")[0] == 200


def point(link: Path, target: str) -> None:
    """The log's path leads there from now on."""
    fresh = link.with_name("fresh")
    fresh.symlink_to(target)
    fresh.rename(link)


@pytest.fixture
def full(own: Callable[..., Own], tmp_path: Path) -> Own:  # noqa: F811
    """Its disk is full from now on."""
    link = tmp_path / "link.log"
    point(link, str(tmp_path / "real.log"))
    one = own(path=str(link))
    one.postern.expect_error("audit")
    point(link, "/dev/full")
    return one


def test_m222_a_full_disk_refuses(full: Own) -> None:
    one = full
    answer = one.postern.ask("alice", "PATCH", f"{POD}/nginx-1", PATCH, BODY)
    assert answer.status == 500, answer.body
    assert "what cannot be audited is refused" in check_status(answer)["message"]
    assert asked(one) == [], "it went upstream all the same"
    # From now on everything is refused at once, also what only reads and what would be 403 or 401.
    for user, path in (("alice", f"{POD}/nginx-1"), ("alice", f"{POD}/db-0"), (None, POD)):
        assert one.postern.ask(user, "GET", path).status == 500
    assert asked(one) == []
    assert not ready(one) and "No space left on device" in one.postern.log()
    assert one.postern.metric("postern_audit_errors_total") >= 1
    # What the policy does not want is not refused for its sake.
    assert one.postern.ask("alice", "GET", "/version").status == 200


def test_m222_the_access_api_too(full: Own) -> None:
    one = full
    body = json.dumps({"kind": "AccessRequest", "apiVersion": "access.postern.dev/v1alpha1",
                       "spec": {"reason": "x"}}).encode()  # fmt: skip
    json_type = [("Content-Type", "application/json")]
    path = "/apis/access.postern.dev/v1alpha1/accessrequests"
    assert one.postern.ask("alice", "POST", path, json_type, body).status == 500
    login = json.dumps({"kind": "Session", "apiVersion": "access.postern.dev/v1alpha1",
                        "spec": {"login": {"user": "x", "password": "y"}}}).encode()  # fmt: skip
    sessions = "/apis/access.postern.dev/v1alpha1/sessions"
    assert one.postern.ask(None, "POST", sessions, json_type, login).status == 500


def test_m222_a_removed_folder_is_noticed_and_forgotten_when_it_is_back(
    own: Callable[..., Own], tmp_path: Path
) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    one = own(path=str(folder / "audit.log"))
    one.postern.expect_error("audit")
    assert patch(one) == 200
    one.upstream.reset()
    shutil.rmtree(folder)
    assert patch(one) == 500 and asked(one) == []
    wait_for("readyz", lambda: not ready(one))
    folder.mkdir()
    wait_for("readyz", lambda: ready(one))
    assert patch(one) == 200
    # What had been refused meanwhile is in the new file, too: it was kept, not dropped.
    log = AuditLog(folder / "audit.log")
    for code in (500, 200):
        log.wait(lambda e, code=code: e.get("responseStatus", {}).get("code") == code)  # type: ignore[misc]
    assert one.postern.metric("postern_audit_dropped_total") == 0


def test_m222_relaxed(own: Callable[..., Own]) -> None:
    one = own(path="/dev/full", onFailure="continue")
    one.postern.expect_error("audit")
    assert patch(one) == 200 and patch(one) == 200
    wait_for("the error", lambda: one.postern.metric("postern_audit_errors_total") >= 1)
    assert ready(one)


def test_m222_memory_stays_bounded(own: Callable[..., Own]) -> None:
    one = own(path="/dev/full", queueSize="1Mi", onFailure="continue")
    one.postern.expect_error("audit")
    agent = [("User-Agent", "x" * 1000)]
    with one.postern.client() as client:
        for _ in range(1500):
            client.send(one.postern.request("alice", "GET", f"{POD}/db-0", agent))
            client.read_response("GET")
    wait_for("drops", lambda: one.postern.metric("postern_audit_dropped_total") > 0)
    assert one.postern.metric("postern_audit_queue_bytes") <= 1024 * 1024


def test_queued_delivery(own: Callable[..., Own]) -> None:
    one = own(delivery="queued")
    answer = one.postern.ask("alice", "PATCH", f"{POD}/nginx-1", PATCH, BODY)
    assert answer.status == 200
    one.log.complete(answer.get("Audit-Id"))
    assert len(one.log.of(answer.get("Audit-Id"))) == 2


def test_a_log_that_cannot_be_opened_is_no_start(tmp_path: Path, authority: Authority) -> None:
    one = Own(tmp_path, authority, None, path=str(tmp_path / "nowhere" / "audit.log"))
    one.postern.spawn()
    try:
        assert one.postern.process.wait(20) == 2
        assert "audit.path: " in one.postern.log() and "No such file" in one.postern.log()
    finally:
        one.postern.kill()
        one.upstream.close()


def test_hangup_opens_it_again(own: Callable[..., Own]) -> None:
    one = own()
    first = one.postern.ask("alice", "GET", f"{POD}/nginx-1")
    one.log.complete(first.get("Audit-Id"))
    moved = one.log.path.with_name("moved")
    one.log.path.rename(moved)
    one.postern.process.send_signal(signal.SIGHUP)
    wait_for("the new file", one.log.path.exists)
    second = one.postern.ask("alice", "GET", f"{POD}/nginx-1")
    one.log.complete(second.get("Audit-Id"))
    assert first.get("Audit-Id") in moved.read_text()
    assert second.get("Audit-Id") not in moved.read_text()
