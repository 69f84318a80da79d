"""Attack matrix, group A: paths. Choices: 7 is 400; 22 is 400 or 405 by method; 28 is 404."""

from dataclasses import dataclass

import pytest
from attack import POD, WIDGETS, Attack


@dataclass(frozen=True)
class Refused:
    row: str
    method: str
    target: str | bytes
    codes: tuple[int, ...]


REFUSED = [
    Refused("A004-empty-namespace", "GET", "/api/v1/namespaces//pods", (400,)),
    Refused("A005-empty-resource", "GET", "/api/v1/namespaces/dev//pods", (400,)),
    Refused("A006-two-slashes-at-end", "GET", f"{POD}//", (400,)),
    Refused("A007-slash-at-end", "GET", f"{POD}/", (400,)),
    Refused("A008-two-slashes-at-start", "GET", f"/{POD}/nginx-1", (400,)),
    Refused("A009-log-by-selector", "GET", f"{POD}//log?fieldSelector=metadata.name%3Ddb-0", (400,)),
    Refused("A009-exec-by-selector", "POST", f"{POD}//exec?fieldSelector=metadata.name%3Ddb-0&command=id", (400,)),
    Refused("A010-dot-segments", "GET", f"{POD}/../../prod/pods/nginx-1", (400,)),
    Refused("A010-one-dot", "GET", f"{POD}/./nginx-1", (400,)),
    Refused("A010-encoded-dots", "GET", f"{POD}/%2e%2e/secrets", (400,)),
    Refused("A011-encoded-slash", "GET", f"{POD}/nginx-1%2Flog", (400,)),
    Refused("A012-encoded-slash-dots", "GET", f"{POD}/nginx-1%2f..%2fdb-0", (400,)),
    Refused("A013-encoded-slashes", "GET", "/api/v1/namespaces/dev%2Fpods%2Fdb-0", (400,)),
    Refused("A014-nul", "GET", f"{POD}/nginx-1%00db-0", (400,)),
    Refused("A015-crlf", "GET", f"{POD}/nginx-1%0d%0aImpersonate-User:x", (400,)),
    Refused("A016-bad-escape", "GET", f"{POD}/nginx-%zz", (400,)),
    Refused("A016-lone-percent", "GET", f"{POD}/nginx-1%", (400,)),
    Refused("A017-backslash", "GET", f"{POD}/nginx-1\\..\\db-0", (400,)),
    Refused("A018-raw-utf-8", "GET", f"{POD}/nginx-".encode() + b"\xc3\xa9", (400,)),
    Refused("A018-encoded-utf-8", "GET", f"{POD}/nginx-%C3%A9", (400,)),
    Refused("A018-fragment", "GET", f"{POD}/nginx-1#db-0", (400,)),
    Refused("A018-semicolon", "GET", f"{POD}/nginx-1;db-0", (400,)),
    Refused("A019-twice-encoded", "GET", f"{POD}/nginx-1%252Flog", (400,)),
    Refused("A020-absolute-form", "GET", f"http://evil.example{POD}/nginx-1", (400,)),
    Refused("A021-scheme-alone", "GET", "https:/api/v1/pods", (400,)),
    Refused("A022-options", "OPTIONS", "*", (400, 405)),
    Refused("A022-connect", "CONNECT", "host:443", (400, 405)),
    Refused("A022-options-on-pods", "OPTIONS", POD, (405,)),
    Refused("A023-upper-case-api", "GET", "/API/v1/namespaces/dev/pods/nginx-1", (403,)),
    Refused("A024-upper-case-kind", "GET", "/api/v1/namespaces/dev/Pods/nginx-1", (404, 400)),
    Refused("A024-unknown-kind", "GET", "/api/v1/namespaces/dev/gizmos/nginx-1", (404,)),
    Refused("A025-upper-case-name", "GET", f"{POD}/NGINX-1", (403,)),
    Refused("A026-unknown-version", "GET", "/api/v2/namespaces/dev/pods/nginx-1", (404,)),
    Refused("A027-empty-group", "GET", "/apis//v1/namespaces/dev/pods/nginx-1", (400,)),
    Refused("A028-no-group", "GET", "/apis/v1/namespaces/dev/pods/nginx-1", (400, 403, 404)),
    Refused("A029-watch-prefix", "GET", "/api/v1/watch/pods", (403,)),
    Refused("A030-watch-prefix-name", "GET", "/api/v1/watch/namespaces/dev/pods/nginx-1", (403,)),
    Refused("A031-delete-by-watch", "DELETE", "/apis/e.com/v1/watch/namespaces/dev/widgets/w2", (403,)),
    Refused("A032-proxy-prefix", "GET", "/api/v1/proxy/namespaces/dev/pods/nginx-1", (403,)),
    Refused("A033-namespaces-in-namespace", "GET", "/api/v1/namespaces/dev/namespaces/prod", (404,)),
    Refused("A034-nodes-in-namespace", "GET", "/api/v1/namespaces/dev/nodes/n1", (404,)),
    Refused("A035-pod-without-namespace", "GET", "/api/v1/pods/nginx-1", (404,)),
    Refused("A036-empty-before-status", "GET", f"{WIDGETS}/w1//status", (400,)),
    Refused("A037-delete-empty-before-status", "DELETE", f"{WIDGETS}/w1//status", (400,)),
    Refused("A037-deep-status", "GET", f"{WIDGETS}/w1/status/x", (400, 403, 404)),
]  # fmt: skip


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: case.row)
def test_refused_without_a_call(attack: Attack, case: Refused) -> None:
    attack.refused(attack.send(case.method, case.target), *case.codes)


def test_a001_allowed_name_is_forwarded(attack: Attack) -> None:
    answer = attack.send("GET", f"{POD}/nginx-1")
    assert answer.status == 200 and answer.json()["metadata"]["name"] == "nginx-1"
    request = attack.forwarded(f"GET {POD}/nginx-1")
    assert request.get("Impersonate-User") == "alice"
    assert sorted(request.message.all("Impersonate-Group")) == ["dev-team", "system:authenticated"]


def test_a002_hidden_name_is_403_with_its_details(attack: Attack) -> None:
    status = attack.refused(attack.send("GET", f"{POD}/db-0"), 403)
    assert status["reason"] == "Forbidden"
    assert status["details"]["name"] == "db-0" and status["details"]["kind"] == "pods"
    assert status["message"].startswith(
        'pods "db-0" is forbidden: User "alice" cannot get resource "pods" in API group "" '
        'in the namespace "dev"'
    )
    # alice may ask for nothing: with no role to ask by, she is told whom to ask.
    assert status["message"].endswith(": ask your administrator")
    assert "postern request" not in status["message"]
    causes = [cause["message"] for cause in status["details"]["causes"]]
    assert causes == ["/postern.test/pod/mycluster/dev/db-0"]


def test_a003_absent_name_gives_the_same_answer(attack: Attack) -> None:
    hidden = attack.send("GET", f"{POD}/db-0").body
    absent = attack.send("GET", f"{POD}/does-not-exist").body
    attack.untouched()
    assert hidden.replace(b"db-0", b"NAME") == absent.replace(b"does-not-exist", b"NAME")


def test_a019_needless_escape_is_decided_and_sent_canonical(attack: Attack) -> None:
    """Choice: decoded, decided on and forwarded in our own encoding."""
    assert attack.send("GET", f"{POD}/%6eginx-1").status == 200
    attack.forwarded(f"GET {POD}/nginx-1")
    attack.upstream.reset()
    attack.refused(attack.send("GET", f"{POD}/%64b-0"), 403)


def test_a024_unknown_kind_costs_one_discovery_call_at_most(attack: Attack) -> None:
    for _ in range(3):
        attack.refused(attack.send("GET", "/apis/e.com/v1/namespaces/dev/doodads/x"), 404)
    refreshes = [r for r in attack.upstream.own_requests if "/apis/e.com/v1" in r.target]
    assert len(refreshes) <= 1, [r.line for r in refreshes]
