"""Attack matrix, group I: delete and deletecollection. Choice: a deletecollection becomes single
deletes, so `delete` gives it as well as `deletecollection`; without either it is 403."""

import json
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import roles
from attack import POD, Attack, check_status, visible
from conftest import USERS
from fixture_api import KINDS, FixtureApi, compact, make_object, status
from harness import KubeCluster, Postern, upstream_kubeconfig
from pki import Authority
from raw_http import wait_for
from upstream import Recorded, RecordingUpstream, Reply

PODS = KINDS[0]
BOTH = {f"{POD}/nginx-1", f"{POD}/nginx-2"}


def deleted(attack: Attack) -> list[Recorded]:
    return [r for r in attack.upstream.client_requests if r.method == "DELETE"]


def test_i163_delete_of_a_hidden_name_is_403(attack: Attack) -> None:
    attack.refused(attack.send("DELETE", f"{POD}/db-0"), 403)


def test_i_delete_of_a_granted_name(attack: Attack) -> None:
    body = b'{"kind":"DeleteOptions","apiVersion":"v1","propagationPolicy":"Background"}'
    answer = attack.send("DELETE", f"{POD}/nginx-1", [("Content-Type", "application/json")], body)
    assert answer.status == 200
    assert json.loads(attack.forwarded(f"DELETE {POD}/nginx-1").message.body) == json.loads(body)


def test_i164_delete_gives_the_collection_too(attack: Attack) -> None:
    assert visible(attack.send("DELETE", POD)) == {"dev/nginx-1", "dev/nginx-2"}
    assert {r.path for r in deleted(attack)} == BOTH


def test_i164_without_either_verb_it_is_403(attack: Attack) -> None:
    attack.refused(attack.send("DELETE", "/api/v1/namespaces/dev/services"), 403)


def test_i164_i165_a_collection_becomes_its_visible_objects(attack: Attack) -> None:
    answer = attack.send("DELETE", POD, user="dora")
    assert visible(answer) == {"dev/nginx-1", "dev/nginx-2"}
    first, *rest = attack.upstream.client_requests
    assert first.method == "GET" and first.path == POD
    assert {r.path for r in rest} == BOTH and {r.method for r in rest} == {"DELETE"}
    for request in rest:
        number = 1 if request.path.endswith("nginx-1") else 2
        uid = json.loads(request.message.body)["preconditions"]["uid"]
        assert uid == f"00000000-0000-4000-8000-{number:012d}"
        assert request.get("Impersonate-User") == "dora"


def test_i166_selectors_go_into_the_list(attack: Attack) -> None:
    attack.send("DELETE", f"{POD}?labelSelector=app%3Dx", user="dora")
    first = attack.upstream.client_requests[0]
    assert first.method == "GET" and first.parameter("labelSelector") == "app=x"
    assert all(r.parameter("labelSelector") is None for r in deleted(attack))


def test_i167_a_hidden_name_is_never_deleted(attack: Attack) -> None:
    answer = attack.send("DELETE", f"{POD}?fieldSelector=metadata.name%3Ddb-0", user="dora")
    assert answer.status in (200, 403)
    assert not deleted(attack)


def test_i168_dry_run_is_on_every_delete(attack: Attack) -> None:
    assert attack.send("DELETE", f"{POD}?dryRun=All", user="dora").status == 200
    assert len(deleted(attack)) == 2
    for request in deleted(attack):
        said = json.loads(request.message.body).get("dryRun") or [request.parameter("dryRun")]
        assert said == ["All"]


def test_i169_options_are_on_every_delete(attack: Attack) -> None:
    body = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Foreground",
            "gracePeriodSeconds": 0}  # fmt: skip
    fields = [("Content-Type", "application/json")]
    answer = attack.send("DELETE", POD, fields, json.dumps(body).encode(), user="dora")
    assert answer.status == 200
    assert {r.path for r in deleted(attack)} == BOTH
    for request in deleted(attack):
        sent = json.loads(request.message.body)
        assert (sent["propagationPolicy"], sent["gracePeriodSeconds"]) == ("Foreground", 0)


def test_i169_options_in_the_query_are_on_every_delete(attack: Attack) -> None:
    query = "gracePeriodSeconds=0&orphanDependents=true&propagationPolicy=Orphan"
    assert attack.send("DELETE", f"{POD}?{query}", user="dora").status == 200
    assert {r.path for r in deleted(attack)} == BOTH
    for request in deleted(attack):
        sent = json.loads(request.message.body)
        assert (sent["gracePeriodSeconds"], sent["orphanDependents"], sent["propagationPolicy"]) == (0, True, "Orphan")


@pytest.mark.parametrize("query", ["gracePeriodSeconds=soon", "gracePeriodSeconds=", "gracePeriodSeconds=1x"])
def test_i169_options_that_are_none_are_400(attack: Attack, query: str) -> None:
    attack.refused(attack.send("DELETE", f"{POD}?{query}", user="dora"), 400)


def test_i165_a_uid_of_the_clients_own_spares_all_others(attack: Attack) -> None:
    body = b'{"preconditions":{"uid":"00000000-0000-4000-8000-000000000001"}}'
    fields = [("Content-Type", "application/json")]
    answer = attack.send("DELETE", POD, fields, body, user="dora")
    assert check_status(answer)["reason"] == "Conflict" and answer.status == 409
    assert not deleted(attack)
    answer = attack.send("DELETE", f"{POD}?fieldSelector=metadata.name%3Dnginx-1", fields, body, user="dora")
    assert answer.status in (200, 409)
    assert {r.path for r in deleted(attack)} <= {f"{POD}/nginx-1"}


AMBIGUOUS = {
    "I170-two-policies": b'{"propagationPolicy":"Orphan","propagationPolicy":"Foreground"}',
    "I170-two-preconditions": b'{"preconditions":{"uid":"a"},"preconditions":{"uid":"b"}}',
    "I170-no-json": b"{",
    "I170-array": b"[]",
}


@pytest.mark.parametrize("body", AMBIGUOUS.values(), ids=AMBIGUOUS.keys())
def test_ambiguous_options_are_400(attack: Attack, body: bytes) -> None:
    fields = [("Content-Type", "application/json")]
    attack.refused(attack.send("DELETE", POD, fields, body, user="dora"), 400)


@pytest.mark.parametrize("code", [409, 500])
def test_i171_a_failed_delete_is_the_answer(attack: Attack, code: int) -> None:
    attack.on(f"DELETE {POD}/nginx-2", status(code, "Conflict", "it is not the one"))
    check_status(answer := attack.send("DELETE", POD, user="dora"))
    assert answer.status in (code, 502)


def test_i171_what_is_gone_already_is_no_failure(attack: Attack) -> None:
    attack.on(f"DELETE {POD}/nginx-2", status(404, "NotFound", 'pods "nginx-2" not found'))
    assert attack.send("DELETE", POD, user="dora").status == 200


def test_i164_deletes_are_few_at_a_time(attack: Attack) -> None:
    items = [make_object(PODS, "dev", f"nginx-{n}", n) for n in range(60)]
    lock, now, most = threading.Lock(), [0], [0]

    def listed(request: Recorded) -> Reply:
        del request
        return Reply(body=compact({"kind": "PodList", "apiVersion": "v1", "metadata": {}, "items": items}))

    def delete(request: Recorded) -> Reply:
        del request
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        threading.Event().wait(0.01)
        with lock:
            now[0] -= 1
        return Reply(body=compact({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}))

    attack.on(f"GET {POD}", listed)
    attack.on(f"DELETE {POD}/", delete)
    assert attack.send("DELETE", POD, user="dora").status == 200
    assert len(deleted(attack)) == 60 and most[0] <= 32


def test_collections_of_all_users_together_hold_so_much_and_no_more(attack: Attack) -> None:
    """A page of up to 32 MiB each, of 256 MiB in all: the ninth comes back later."""
    listing, released = threading.Semaphore(0), threading.Event()
    pods = {"kind": "PodList", "apiVersion": "v1", "metadata": {},
            "items": [make_object(PODS, "dev", "nginx-1", 1)]}  # fmt: skip

    def listed(request: Recorded) -> Reply:
        del request
        listing.release()
        released.wait(30)
        return Reply(body=compact(pods))

    attack.on(f"GET {POD}", listed)
    clients = [attack.client() for _ in range(8)]
    for client in clients:
        client.send(attack.postern.request("dora", "DELETE", POD))
    for _ in clients:
        assert listing.acquire(timeout=20)
    late = attack.send("DELETE", POD, user="dora")
    assert late.status == 429 and late.get("Retry-After") == "1"
    assert check_status(late)["details"]["retryAfterSeconds"] == 1
    assert not deleted(attack)
    limit = attack.postern.metric("postern_held_limit_bytes", of="deletecollection_lists")
    assert limit == attack.postern.metric("postern_held_bytes", of="deletecollection_lists") == 256 * 1024 * 1024
    released.set()
    for client in clients:
        assert visible(client.read_response("DELETE")) == {"dev/nginx-1"}
    assert visible(attack.send("DELETE", POD, user="dora")) == {"dev/nginx-1"}
    wait_for("the memory", lambda: attack.postern.metric("postern_held_bytes", of="deletecollection_lists") == 0)


def test_of_a_page_that_is_too_long_half_is_asked_for(attack: Attack) -> None:
    """32 MiB are held of a page: 250 objects may be more than that, and 31 of them are not."""
    padding = b" " * (33 * 1024 * 1024)
    limits: list[int] = []

    def listed(request: Recorded) -> Reply:
        limits.append(int(request.parameter("limit") or 0))
        last = request.parameter("continue") == "c2"
        metadata = {"resourceVersion": "7"} | ({} if last else {"continue": "c2"})
        items = [make_object(PODS, "dev", "nginx-2" if last else "nginx-1", 1)]
        page = compact({"kind": "PodList", "apiVersion": "v1", "metadata": metadata, "items": items})
        return Reply(body=page + (padding if limits[-1] > 40 else b""))

    attack.on(f"GET {POD}", listed)
    assert visible(attack.send("DELETE", POD, user="dora")) == {"dev/nginx-1", "dev/nginx-2"}
    assert limits == [250, 125, 62, 31, 31]
    assert {r.path for r in deleted(attack)} == BOTH


def test_pages_of_a_collection_are_one_list(attack: Attack) -> None:
    pages = {"": (["nginx-1", "db-0"], "c2"), "c2": (["db-0"], "c3"), "c3": (["nginx-2"], "")}

    def listed(request: Recorded) -> Reply:
        names, token = pages[request.parameter("continue") or ""]
        assert int(request.parameter("limit") or 0) > 0
        items = [make_object(PODS, "dev", name, n) for n, name in enumerate(names)]
        metadata = {"resourceVersion": "7"} | ({"continue": token} if token else {})
        return Reply(body=compact({"kind": "PodList", "apiVersion": "v1", "metadata": metadata, "items": items}))

    attack.on(f"GET {POD}", listed)
    answer = attack.send("DELETE", POD, user="dora")
    assert visible(answer) == {"dev/nginx-1", "dev/nginx-2"}
    body = answer.json()
    assert body["kind"] == "PodList" and body["metadata"] == {"resourceVersion": "7"}
    assert body["items"][0] == make_object(PODS, "dev", "nginx-1", 0)
    assert {r.path for r in deleted(attack)} == BOTH


@pytest.mark.parametrize("path", ["/api/v1/namespaces//pods", f"{POD}//", "/api/v1//pods"])
def test_i172_empty_segments_are_400(attack: Attack, path: str) -> None:
    attack.refused(attack.send("DELETE", path, user="dora"), 400)


@pytest.mark.parametrize("path", ["/apis/e.com/v1/widgets", "/api/v1/pods"])
def test_i173_no_collection_across_namespaces(attack: Attack, path: str) -> None:
    """The API server has none for namespaced kinds."""
    attack.refused(attack.send("DELETE", path, user="dora"), 403, 404, 405)


def evict(attack: Attack, name: str, in_body: str) -> Any:
    body = {"apiVersion": "policy/v1", "kind": "Eviction",
            "metadata": {"name": in_body, "namespace": "dev"}}  # fmt: skip
    return attack.post(f"{POD}/{name}/eviction", body)


def test_i174_eviction_is_a_delete(attack: Attack) -> None:
    assert evict(attack, "nginx-1", "nginx-1").status == 201
    attack.forwarded(f"POST {POD}/nginx-1/eviction")
    attack.upstream.reset()
    attack.refused(evict(attack, "db-0", "db-0"), 403)


def test_i175_delete_without_get_shows_no_object(attack: Attack) -> None:
    answer = attack.send("DELETE", f"{POD}/nginx-1", user="carol")
    assert answer.status == 200
    assert answer.json()["kind"] == "Status" and b"containers" not in answer.body


def test_refusals_have_a_way_out(attack: Attack) -> None:
    status_of = check_status(attack.send("DELETE", f"{POD}/db-0"))
    assert status_of["message"].endswith(": ask your administrator")


def test_a_collection_behind_a_base_path(tmp_path: Path, authority: Authority) -> None:
    """As Rancher's API servers have one: every call is made below it, and just once."""
    base, api = "/k8s/clusters/c-1", FixtureApi()

    def below(request: Recorded) -> Reply:
        assert request.target.startswith(f"{base}/"), request.target
        line = f"{request.method} {request.target[len(base) :]} HTTP/1.1"
        return api(replace(request, message=replace(request.message, start_line=line)))

    upstream = RecordingUpstream(authority, below)
    kubeconfig = upstream_kubeconfig(tmp_path / "upstream.kubeconfig", upstream.url + base, upstream.ca_file, "x")
    try:
        with Postern(tmp_path / "postern", authority, documents=roles.ALICE + roles.OTHERS, users=USERS,
                     clusters=[KubeCluster("mycluster", kubeconfig)]) as postern:  # fmt: skip
            assert visible(postern.ask("dora", "DELETE", POD)) == {"dev/nginx-1", "dev/nginx-2"}
        paths = {r.path for r in upstream.client_requests if r.method == "DELETE"}
        assert paths == {base + path for path in BOTH}
    finally:
        upstream.close()
