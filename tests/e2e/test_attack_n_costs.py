"""Attack matrix, beyond it: what one user's request may cost everybody else in time and memory."""

import json
import re
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from attack import POD, Attack, Rise, check_status
from harness import binary
from raw_http import Message, wait_for
from upstream import Reply

ACCESS = "/apis/access.postern.dev/v1alpha1"
REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
JSON = [("Content-Type", "application/json")]
YAML = "application/yaml"
MIB = 1024 * 1024
KIB = 1024


def peak(attack: Attack) -> int:
    """The most bytes that were ever resident in the process."""
    status = Path(f"/proc/{attack.postern.pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) * KIB  # type: ignore[index]


def check_growth(attack: Attack, before: int, most: int) -> None:
    """With a sanitizer, which keeps what was freed, the figure says nothing."""
    if binary().parent.name not in ("build-asan", "build-tsan"):
        assert peak(attack) - before < most, "it takes many times its size"


def padded_pod(size: int) -> bytes:
    """A pod that alice and oscar may create, with an annotation that makes it so large."""
    pod: dict[str, Any] = {"apiVersion": "v1", "kind": "Pod",
                           "metadata": {"name": "nginx-9", "annotations": {"a": "x" * size}}}  # fmt: skip
    return json.dumps(pod).encode()


# -- YAML that takes many times its size, and a worker's time ---------------------------------------


@pytest.mark.parametrize("bracket", [b"[", b"{", b"a: {"])
def test_yaml_of_brackets_is_refused_before_it_is_parsed(attack: Attack, bracket: bytes) -> None:
    before = peak(attack)
    attack.refused(attack.post(POD, bracket * (2 * MIB // len(bracket)), YAML), 413)
    answer = attack.post(f"{ACCESS}/accessrequests", bracket * (250 * KIB // len(bracket)), YAML)
    assert check_status(answer)["code"] == 413
    check_growth(attack, before, 200 * MIB)


def test_json_may_be_large_where_yaml_is_announced(attack: Attack) -> None:
    answer = attack.post(POD, padded_pod(MIB), YAML)
    assert answer.status == 201, answer.body[:300]
    attack.forwarded()


# -- bodies that are held while they come -----------------------------------------------------------


def begin(attack: Attack, stack: ExitStack, user: str, size: int) -> Any:
    """A POST of so many bytes whose last one does not come."""
    client = stack.enter_context(attack.postern.client())
    fields = [*JSON, ("Content-Length", str(size))]
    client.send(attack.postern.request(user, "POST", POD, fields) + padded_pod(size)[: size - 1])
    return client


def large_post(attack: Attack, user: str) -> Message:
    return attack.send("POST", POD, JSON, padded_pod(MIB), user=user)


def test_one_user_holds_no_more_than_a_part_of_what_bodies_may_take(attack: Attack) -> None:
    with ExitStack() as stack:
        for _ in range(8):  # of 3 MiB: 24 together
            begin(attack, stack, "alice", 3 * MIB)
        refused = wait_for("alice to hold all that one user may",
                           lambda: (answer := large_post(attack, "alice")).status == 429 and answer)  # fmt: skip
        assert check_status(refused)["reason"] == "TooManyRequests"
        assert refused.get("Retry-After") == "1"
        assert large_post(attack, "oscar").status == 201, "others have nothing left"
        small = attack.send("POST", POD, JSON, padded_pod(10))
        assert small.status == 201, "small bodies count for nothing"
    wait_for("room again", lambda: large_post(attack, "alice").status == 201)


def test_large_events_do_not_wait_for_slow_clients_without_end(attack: Attack) -> None:
    """Each of 20 watches of alice's gets 12 MB in events of 3 MB, and reads nothing."""
    pod = json.loads(padded_pod(3_000_000)) | {"kind": "Pod", "apiVersion": "v1"}
    pod["metadata"]["namespace"] = "dev"
    event = json.dumps({"type": "ADDED", "object": pod}).encode() + b"\n"
    attack.on(rf"^GET {POD}\?.*watch=true", Reply(pieces=[event] * 4))
    before = peak(attack)
    cut = Rise.of(attack.postern, "postern_responses_cut_total", reason="stalled")
    with ExitStack() as stack:
        for _ in range(20):
            client = stack.enter_context(attack.postern.client())
            client.send(attack.postern.request("alice", "GET", f"{POD}?watch=true"))
        cut.by(1)
        other = attack.send("GET", f"{POD}?watch=true", user="oscar")
        assert other.status == 200 and other.body.count(b"ADDED") == 4
    check_growth(attack, before, 200 * MIB)


def test_a_review_is_small(attack: Attack) -> None:
    spec = {"resourceAttributes": {"verb": "get", "resource": "pods", "name": "x" * 64 * KIB}}
    attack.refused(attack.post(REVIEWS, {"spec": spec}), 413)


# -- patterns ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "pattern", [r"^(?i:\pL){50}$", r"^\PC{300}$", "^(a?){250}b$", "^((a{0,30}){0,30}b){0,1}$"]
)
def test_patterns_that_cost_much_are_refused_unread(attack: Attack, pattern: str) -> None:
    ids = [f"/postern.test/pod/mycluster/dev/{pattern[:-1]}{n}$" for n in range(30)]
    answer = attack.post(f"{ACCESS}/accessrequests", {"spec": {"resources": ids}})
    causes = check_status(answer)["details"]["causes"]
    assert answer.status == 422 and len(causes) == 30, answer.body[:300]
    assert all(re.search("Unicode class|too much time", one["message"]) for one in causes), causes[0]


def test_a_resource_is_not_repeated_without_end(attack: Attack) -> None:
    ids = ["/postern.test/pod/mycluster/dev/x"] * 3001
    answer = attack.post(f"{ACCESS}/accessrequests", {"spec": {"resources": ids}})
    assert answer.status == 422 and "Too many" in check_status(answer)["message"]


def test_words_of_a_search_are_few(attack: Attack) -> None:
    spec = {"kind": "pod", "namespace": "dev", "search": ["x"] * 33}
    answer = attack.post(f"{ACCESS}/resourcesearches", {"spec": spec})
    assert answer.status == 422 and "spec.search" in check_status(answer)["message"]


# -- documents that are wrong a million times ---------------------------------------------------------

WRONG = {
    "types": b'{"spec":{"roles":[%s]}}' % b",".join([b"0"] * 400_000),
    "labels": b'{"metadata":{"labels":{%s}},"spec":{"resources":["x"]}}'
              % b",".join(b'"-%d":""' % n for n in range(80_000)),
    "characters": rb'{"spec":{"roles":[%s]}}' % rb",".join([rb'"\u0001"'] * 100_000),
    "path": b'{"spec":{},"status":{"effective":{"%s":[%s]}}}' % (b"k" * 400_000, b",".join([b"0"] * 200_000)),
}  # fmt: skip


@pytest.mark.parametrize("body", WRONG.values(), ids=WRONG.keys())
def test_a_wrong_document_is_told_of_some_of_its_faults(attack: Attack, body: bytes) -> None:
    before = peak(attack)
    answer = attack.post(f"{ACCESS}/accessrequests", body)
    assert answer.status == 422, answer.body[:300]
    assert len(check_status(answer)["details"]["causes"]) <= 64
    assert len(answer.body) < 100 * KIB
    check_growth(attack, before, 400 * MIB)


def test_a_document_has_1_mib_at_most(attack: Attack) -> None:
    body = b'{"spec":{"reason":"%s"}}' % (b"x" * MIB)
    assert attack.post(f"{ACCESS}/accessrequests", body).status == 413


# -- before anybody is known --------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["eyj", "eyj.", "b", "pst_", "&token=x"])
def test_targets_of_nobody_are_audited_without_effort(attack: Attack, word: str) -> None:
    target = f"{POD}?x=" + word * (60_000 // len(word))
    answer = attack.send("GET", target, [("User-Agent", "pst_ b " * 100)], user=None)
    assert answer.status == 401
    event = attack.postern.audit_log.complete(answer.get("Audit-Id"))
    assert event["requestURI"].startswith(f"{POD}?x=")
    attack.untouched()


def test_media_types_with_endless_parameters_are_none(attack: Attack) -> None:
    endless = "application/json" + "".join(f";p{n}=x" for n in range(6000))
    attack.refused(attack.send("GET", f"{POD}/nginx-1", [("Accept", endless)]), 406)
    login = attack.send("POST", f"{ACCESS}/sessions", [("Content-Type", endless)], b"{}", user=None)
    assert login.status == 401
