"""Access requests: searching, filing, waiting, reviewing, listing, and what Ctrl-C and a broken connection
do to it."""

import json
import signal
import threading
import time
from typing import Any

import pytest
from access_script import answer
from desks import ID, Desk, Terminal, alice, desk  # noqa: F401  (fixtures)
from raw_http import wait_for
from upstream import Recorded, Reply


def page_of_two(n: int, more: str) -> dict[str, Any]:
    return {"resources": [{"id": f"/c/pod/k/dev/p{i}", "name": f"p{i}", "namespace": "dev",
                           "labels": {"app": "web"}} for i in range(n, n + 2)],
            "patterns": [{"id": "/c/pod/k/dev/web-*", "workload": "Deployment web"}], "continue": more}  # fmt: skip


def test_search_goes_through_all_pages(alice: Desk) -> None:
    alice.api.objects["search"] = {"pages": [page_of_two(0, "more"), page_of_two(2, "")]}
    said = alice.run("request", "search", "--kind", "pod", "--kube-cluster", "k", "--kube-namespace", "dev",
                     "--search", "p", "--labels", "app=web").stdout  # fmt: skip
    assert "NAME   NAMESPACE   LABELS    RESOURCE ID\n" in said
    assert all(f"/c/pod/k/dev/p{i}\n" in said for i in range(4))
    assert "postern request create --resource /c/pod/k/dev/p0" in said
    assert "--resource '/c/pod/k/dev/web-*' --reason" in said
    sent = [json.loads(r.message.body)["spec"] for r in alice.asked("POST", "/resourcesearches")]
    assert sent[1]["continue"] == "more" and sent[0]["labels"] == {"app": "web"}
    assert sent[0] | {"limit": 0} == {"kind": "pod", "kubeCluster": "k", "namespace": "dev", "search": ["p"],
                                      "labels": {"app": "web"}, "limit": 0}  # fmt: skip


def test_a_search_shows_how_far_it_is_on_a_terminal(alice: Desk) -> None:
    go_on = threading.Event()
    pages = iter([page_of_two(0, "more"), page_of_two(2, "more"), page_of_two(4, "")])

    def slowly(request: Recorded) -> Reply:
        del request
        found = next(pages)
        assert found["continue"] or go_on.wait(20)
        return answer({"kind": "ResourceSearch", "status": found}, 201)

    alice.server.on("/resourcesearches", slowly)
    terminal = Terminal(alice, "request", "search", "--kind", "pod")
    terminal.expect("2 found …\r\x1b[K4 found …")
    assert "p0" not in terminal.seen
    go_on.set()
    assert terminal.end() == 0, terminal.seen
    progress, _, table = terminal.seen.partition("NAME ")
    assert progress == "\r\x1b[K2 found …\r\x1b[K4 found …\r\x1b[K"  # and is taken away
    assert "/c/pod/k/dev/p5" in table and "found" not in table and "\x1b[K" not in table


def test_a_search_says_nothing_of_it_elsewhere(alice: Desk) -> None:
    alice.api.objects["search"] = {"pages": [page_of_two(0, "more"), page_of_two(2, "")]}
    done = alice.run("request", "search", "--kind", "pod", "-o", "name")
    assert done.stderr == ""
    assert done.stdout.split() == [f"/c/pod/k/dev/p{i}" for i in range(4)]


def wait_for_request(desk: Desk) -> str:
    end = time.monotonic() + 20
    while not desk.asked("GET", "/accessrequests"):
        assert time.monotonic() < end
        time.sleep(0.02)
    return next(iter(desk.api.objects["accessrequests"]))


def test_create_waits_and_tells(alice: Desk) -> None:
    waiting = alice.start("request", "create", "--resource", ID, "--reason", "r", "--max-duration", "1d")
    name = wait_for_request(alice)
    alice.api.put("accessrequests", name, status={
        "state": "APPROVED", "reviews": [{"author": "bob", "decision": "Approve", "reason": "fine\x1b[2J"}]})  # fmt: skip
    said, chatter = waiting.communicate(timeout=30)
    assert waiting.returncode == 0, chatter
    assert "bob approved: fine\\x1b[2J" in chatter and "PENDING → APPROVED" in chatter
    assert f"postern request assume {name}" in said
    sent = json.loads(alice.asked("POST", "/accessrequests")[0].message.body)["spec"]
    assert sent == {"resources": [ID], "reason": "r", "maxDuration": "86400s"}


def test_a_denial_is_3(alice: Desk) -> None:
    waiting = alice.start("request", "create", "--resource", ID, "--reason", "r")
    name = wait_for_request(alice)
    alice.api.put("accessrequests", name, status={
        "state": "DENIED", "reviews": [{"author": "bob", "decision": "Deny", "reason": "no"}]})  # fmt: skip
    _, chatter = waiting.communicate(timeout=30)
    assert waiting.returncode == 3 and "bob denied it: no" in chatter


def test_ctrl_c_leaves_it_pending(alice: Desk) -> None:
    waiting = alice.start("request", "create", "--resource", ID, "--reason", "r")
    name = wait_for_request(alice)
    waiting.send_signal(signal.SIGINT)
    _, chatter = waiting.communicate(timeout=10)
    assert waiting.returncode == 130 and f"request {name} stays pending" in chatter
    assert alice.asked("DELETE", name) == []


def test_ctrl_c_while_it_is_filed_says_that_it_may_be_there(alice: Desk) -> None:
    come, go_on = threading.Event(), threading.Event()

    def slowly(request: Recorded) -> Reply:
        come.set()
        assert go_on.wait(20)
        return alice.api(request)

    alice.server.on("/accessrequests", slowly)
    waiting = alice.start("request", "create", "--resource", ID, "--reason", "r")
    assert come.wait(20)
    waiting.send_signal(signal.SIGINT)
    said, chatter = waiting.communicate(timeout=10)
    go_on.set()
    assert waiting.returncode == 130 and said == ""
    assert "interrupted while the request was sent" in chatter and "postern request ls --mine" in chatter


def test_out_of_time_is_5(alice: Desk) -> None:
    for patience in ("500ms", "0s"):  # which is not for ever
        said = alice.run("request", "create", "--resource", ID, "--reason", "r", "--timeout", patience, code=5)
        assert "stays pending" in said.stderr
    filed = len(alice.asked("POST", "/accessrequests"))
    alice.run("request", "create", "--resource", ID, "--reason", "r", "--timeout", "soon", code=2)
    said = alice.run("kubectl", "--request-reason", "r", "--request-wait", "soon", "get", "pods", code=2)
    assert "--request-wait" in said.stderr
    assert len(alice.asked("POST", "/accessrequests")) == filed, "nothing is filed before that is known"


def test_a_broken_connection_is_tried_again(alice: Desk) -> None:
    broken = []

    def cut(asked: Recorded) -> Reply:
        if broken:
            return alice.api(asked)
        broken.append(asked)
        return Reply(raw=lambda connection, _: connection.sock.close())

    alice.server.on("watch=true", cut)
    waiting = alice.start("request", "create", "--resource", ID, "--reason", "r")
    end = time.monotonic() + 20
    while not broken and time.monotonic() < end:
        time.sleep(0.02)
    alice.api.put("accessrequests", wait_for_request(alice), status={"state": "APPROVED"})
    _, chatter = waiting.communicate(timeout=30)
    assert waiting.returncode == 0, chatter


def test_a_watch_goes_on_when_its_server_was_away(alice: Desk) -> None:
    """Cut, then refused for a while, then ended cleanly: nothing is missed, and the trouble is told once."""
    asked: list[str | None] = []

    def troubled(request: Recorded) -> Reply:
        asked.append(request.parameter("resourceVersion"))
        if len(asked) == 1:
            return Reply(raw=lambda connection, _: connection.sock.close())
        if len(asked) < 4:
            return Reply(503, b'{"kind":"Status","message":"not now"}')
        return Reply(pieces=[]) if len(asked) == 4 else alice.api(request)

    alice.api.request("r1")
    alice.server.on("watch=true", troubled)
    watching = alice.start("request", "ls", "-w", "-o", "name")
    wait_for("the fifth try", lambda: len(asked) >= 5, 30)
    alice.api.request("r2")
    lines = [watching.stdout.readline().strip() for _ in range(2)]  # type: ignore[union-attr]
    watching.send_signal(signal.SIGINT)
    _, chatter = watching.communicate(timeout=10)
    assert lines == ["request/r1", "request/r2"] and watching.returncode == 130
    assert chatter.count("trying again") == 1, chatter
    assert len(set(asked)) == 1, "it goes on from where it was"


def test_show_and_review_bind_what_was_shown(alice: Desk) -> None:
    alice.api.request("r1", resources=[ID], reason="bug \u202e 12")
    shown = alice.run("request", "show", "r1").stdout
    assert "reads pods in dev" in shown and "/c/pod/k/dev/a" in shown and "sha256:00" in shown
    assert "bug \\u202e 12" in shown
    said = alice.run("request", "review", "--approve", "r1", "--reason", "ok", "--yes").stdout
    assert "reads pods in dev" in said and "r1 is APPROVED" in said
    sent = json.loads(alice.asked("POST", "/reviews")[0].message.body)["spec"]
    assert sent == {"decision": "Approve", "reason": "ok", "uid": "uid-r1", "effectiveDigest": "sha256:00"}
    alice.run("request", "review", "--deny", "r1", "--digest", "sha256:11")
    assert json.loads(alice.asked("POST", "/reviews")[1].message.body)["spec"]["effectiveDigest"] == "sha256:11"
    alice.run("request", "review", "r1", code=2)
    alice.run("request", "review", "--approve", "--deny", "r1", code=2)


@pytest.mark.parametrize(("typed", "code", "sent"), [("y\n", 0, 1), ("n\n", 1, 0), ("\x03", 130, 0)])
def test_on_a_terminal_a_review_asks_first(alice: Desk, typed: str, code: int, sent: int) -> None:
    alice.api.request("r1", resources=[ID])
    terminal = Terminal(alice, "request", "review", "--approve", "r1")
    terminal.expect("Approve exactly this?")
    assert "reads pods in dev" in terminal.seen
    terminal.type(typed)
    assert terminal.end() == code, terminal.seen
    assert len(alice.asked("POST", "/reviews")) == sent
    if code == 130:
        assert "^C\r\nerror: interrupted; nothing was sent" in terminal.seen


def test_ls(alice: Desk) -> None:
    alice.api.request("mine")
    alice.api.request("theirs", user="bob")
    alice.api.request("done", "APPROVED", user="bob")
    alice.api.objects["may"] = {"mine": {"mayReview": False, "why": "it is your own"}}

    def names(*args: str) -> list[str]:
        return sorted(alice.run("request", "ls", "-o", "name", *args).stdout.split())

    assert names() == ["request/done", "request/mine", "request/theirs"]
    assert names("--mine") == ["request/mine"]
    assert names("--reviewable") == ["request/theirs"]
    assert names("--state", "APPROVED") == ["request/done"]
    assert "it is your own" in alice.run("request", "show", "mine").stdout


def test_tables_of_the_server(alice: Desk) -> None:
    alice.server.on("GET .*/accessrequests", answer(
        {"kind": "Table", "columnDefinitions": [{"name": "Name"}, {"name": "State"}, {"name": "Reason", "priority": 1}],
         "rows": [{"cells": ["a\x1b]0;x\x07", "PENDING", "why"],
                   "object": {"metadata": {"name": "a", "creationTimestamp": "2026-01-01T00:00:00Z"}}}]}))  # fmt: skip
    said = alice.run("request", "ls").stdout
    assert said == "NAME            STATE\na\\x1b]0;x\\x07   PENDING\n", said
    assert "REASON" in alice.run("request", "ls", "-o", "wide").stdout
    assert "NAME" not in alice.run("request", "ls", "--no-headers").stdout
    assert "as=Table" in (alice.server.requests[-1].get("Accept") or "")
