"""Attack matrix, group F: pages. Choice: 114's token is wrapped or left out."""

import base64
import json
import re
import time
from urllib.parse import quote

import pytest
from attack import POD, Attack, check_status, visible
from fixture_api import KINDS, compact, list_body, make_object, status
from raw_http import wait_for
from upstream import Recorded, Reply

PODS = KINDS[0]
NAMES = [f"db-{n}" for n in range(40)] + ["nginx-1"] + [f"db-{n}" for n in range(40, 80)]
NAMES += ["nginx-2"] + [f"db-{n}" for n in range(80, 120)]


def upstream_token(start: int) -> str:
    """kube-apiserver's own: it names a hidden object."""
    text = json.dumps({"v": "meta.k8s.io/v1", "rv": 7, "start": f"dev/db-0 {start}\u0000"})
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def paged(names: list[str]) -> "type[object]":
    def answer(request: Recorded) -> Reply:
        limit = int(request.parameter("limit") or len(names))
        token = request.parameter("continue")
        start = 0
        if token:
            text = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode()
            start = int(re.search(r" (\d+)\\u0000", text)[1])  # type: ignore[index]
        page = [make_object(PODS, "dev", n, i) for i, n in enumerate(names)][start : start + limit]
        more = start + limit < len(names)
        metadata = {"continue": upstream_token(start + limit)} if more else {}
        return Reply(body=list_body(PODS, page, metadata))

    return answer  # type: ignore[return-value]


def all_pages(attack: Attack, limit: int) -> tuple[list[str], list[str]]:
    """Names in the order in which they came, and the tokens between the pages."""
    names: list[str] = []
    tokens: list[str] = []
    query = f"limit={limit}"
    while True:
        answer = attack.send("GET", f"{POD}?{query}")
        assert answer.status == 200, answer.body
        body = answer.json()
        names += [item["metadata"]["name"] for item in body["items"]]
        assert "remainingItemCount" not in body["metadata"]
        token = body["metadata"].get("continue")
        if not token:
            return names, tokens
        tokens.append(token)
        query = f"limit={limit}&continue={quote(token, safe='')}"
        assert len(tokens) < 200


@pytest.mark.parametrize("limit", [1, 2, 10, 50, 500])
def test_pages_show_what_is_visible_and_nothing_of_the_rest(attack: Attack, limit: int) -> None:
    attack.on(rf"^GET {POD}\?", paged(NAMES))
    names, tokens = all_pages(attack, limit)
    assert names == ["nginx-1", "nginx-2"]
    for token in tokens:
        decoded = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        assert b"db-0" not in decoded and b"start" not in decoded


def test_f_limit_1_tells_nothing_about_hidden_neighbours(attack: Attack) -> None:
    """A page of hidden objects is followed by the next one until something can be shown."""
    attack.on(rf"^GET {POD}\?", paged(NAMES))
    first = attack.send("GET", f"{POD}?limit=1")
    assert visible(first) == {"dev/nginx-1"}


def test_a_page_that_has_to_be_counted_is_not_held_when_it_is_large(attack: Attack) -> None:
    """Behind a hidden page comes a larger one; with objects of 3 MB it is asked for again, smaller."""
    names = [f"db-{n}" for n in range(4)] + [f"nginx-{n}" for n in range(4)]
    objects = [make_object(PODS, "dev", n, i) for i, n in enumerate(names)]
    for made in objects[4:]:
        made["metadata"]["annotations"] = {"a": "x" * 3_000_000}
    limits = []

    def answer(request: Recorded) -> Reply:
        limit, token = int(request.parameter("limit") or 0), request.parameter("continue")
        start = 0
        if token:
            text = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode()
            start = int(re.search(r" (\d+)\\u0000", text)[1])  # type: ignore[index]
        limits.append((start, limit))
        more = {"continue": upstream_token(start + limit)} if start + limit < len(objects) else {}
        return Reply(body=list_body(PODS, objects[start : start + limit], more))

    attack.on(rf"^GET {POD}\?", answer)
    assert visible(attack.send("GET", f"{POD}?limit=4")) == {f"dev/nginx-{n}" for n in range(4)}
    assert limits == [(0, 4), (4, 8), (4, 4)]


def first_token(attack: Attack) -> str:
    attack.on(rf"^GET {POD}\?", paged(["nginx-1", "nginx-2", "nginx-3", "nginx-4"]))
    token = attack.send("GET", f"{POD}?limit=1").json()["metadata"]["continue"]
    attack.upstream.reset()
    return token


def test_f111_somebody_elses_token_is_400(attack: Attack) -> None:
    token = first_token(attack)
    answer = attack.send("GET", f"{POD}?limit=1&continue={token}", user="oscar")
    attack.refused(answer, 400)


def test_f111_token_of_another_collection_is_400(attack: Attack) -> None:
    token = first_token(attack)
    secrets = "/api/v1/namespaces/dev/secrets"
    attack.refused(attack.send("GET", f"{secrets}?limit=1&continue={token}"), 400)
    attack.refused(attack.send("GET", f"/api/v1/pods?limit=1&continue={token}"), 400)
    selected = f"{POD}?limit=1&labelSelector=a%3Db&continue={token}"
    attack.refused(attack.send("GET", selected), 400)


def test_f112_changed_token_is_400(attack: Attack) -> None:
    token = first_token(attack)
    for at in (0, len(token) // 2, len(token) - 1):
        other = "A" if token[at] != "A" else "Q"
        changed = token[:at] + other + token[at + 1 :]
        attack.refused(attack.send("GET", f"{POD}?limit=1&continue={changed}"), 400)


@pytest.mark.parametrize("token", ["", "x", "a" * 5000, "%00"], ids=["empty", "x", "long", "nul"])
def test_f113_garbage_is_400(attack: Attack, token: str) -> None:
    answer = attack.send("GET", f"{POD}?limit=1&continue={token}")
    if token:
        attack.refused(answer, 400)
    else:
        assert answer.status in (200, 400)


def test_f113_the_api_servers_own_token_is_400(attack: Attack) -> None:
    answer = attack.send("GET", f"{POD}?limit=1&continue={upstream_token(3)}")
    attack.refused(answer, 400)


def test_f114_expired_pages_are_410_without_the_inner_token(attack: Attack) -> None:
    token = first_token(attack)
    inner = upstream_token(2)
    body = json.loads(status(410, "Expired", "The provided continue parameter is too old").body)
    body["metadata"] = {"continue": inner}
    attack.on(rf"^GET {POD}\?", Reply(410, compact(body)))
    answer = attack.send("GET", f"{POD}?limit=1&continue={token}")
    assert answer.status == 410 and answer.json()["reason"] == "Expired"
    assert inner.encode() not in answer.body


def test_f115_hidden_rest_has_no_continue(attack: Attack) -> None:
    attack.on(rf"^GET {POD}\?", paged(["nginx-1", *[f"db-{n}" for n in range(30)]]))
    names, tokens = all_pages(attack, 5)
    assert names == ["nginx-1"]
    assert len(tokens) <= 1


@pytest.mark.parametrize("limit", ["-1", "abc", "1.5", "99999999999999999999"])
def test_f117_bad_limit(attack: Attack, limit: str) -> None:
    """400 from here, or the API server's own answer to it."""
    answer = attack.send("GET", f"{POD}?limit={limit}")
    if answer.status == 400:
        attack.untouched()
    else:
        assert attack.forwarded().parameter("limit") == limit


def test_f117_limit_0_is_everything(attack: Attack) -> None:
    assert visible(attack.send("GET", f"{POD}?limit=0")) == {"dev/nginx-1", "dev/nginx-2"}


def hidden_page(start: int) -> Reply:
    return Reply(body=list_body(PODS, [make_object(PODS, "dev", "db-0", 0)], {"continue": upstream_token(start)}))


@pytest.mark.parametrize(("method", "query", "user"), [("GET", "?limit=1", "alice"), ("DELETE", "", "dora")])
def test_pages_that_lead_nowhere_are_502(attack: Attack, method: str, query: str, user: str) -> None:
    """The same token for ever: neither client nor API server is kept busy with it."""
    attack.on(f"GET {POD}", hidden_page(1))
    check_status(answer := attack.send(method, f"{POD}{query}", user=user))
    assert answer.status == 502
    assert len([r for r in attack.upstream.client_requests if r.path == POD]) == 2


def test_a_client_that_is_gone_ends_the_search_for_visible_objects(attack: Attack) -> None:
    asked = []

    def answer(request: Recorded) -> Reply:
        asked.append(request)
        time.sleep(0.01)  # all pages that would be looked at take twenty seconds
        return hidden_page(len(asked))

    attack.on(f"GET {POD}", answer)
    with attack.postern.client() as client:
        client.send(attack.postern.request("alice", "GET", f"{POD}?limit=1"))
        wait_for("some pages", lambda: len(asked) > 5)

    def at_rest() -> bool:
        before = len(asked)
        time.sleep(0.5)
        return len(asked) == before

    wait_for("the last page", at_rest)
    assert len(asked) < 1000
