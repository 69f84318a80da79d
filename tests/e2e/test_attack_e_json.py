"""Attack matrix, group E: content negotiation, lists and tables, as far as they concern JSON.

Choices: 89 is 403 without a call; 94 is upgraded to v1; 95 to 101: what lists JSON among its types is
answered in JSON, the rest is 406; 108 is 502 or the item is dropped."""

import gzip
import json
from typing import Any

import pytest
from attack import PARTIAL, POD, TABLE, WIDGETS, Attack, Rise, check_status, visible
from fixture_api import KINDS, compact, list_body, make_object, partial
from upstream import Connection, Recorded, Reply

BOTH = {"dev/nginx-1", "dev/nginx-2"}
PODS = KINDS[0]
PROTOBUF = "application/vnd.kubernetes.protobuf"
DEV_LIST = rf"^GET {POD}(\?|$)"


def accept(value: str) -> list[tuple[str, str]]:
    return [("Accept", value)]


def pod_list(*items: bytes, metadata: bytes = b'{"resourceVersion":"9"}') -> bytes:
    head = b'{"kind":"PodList","apiVersion":"v1","metadata":' + metadata + b',"items":['
    return head + b",".join(items) + b"]}\n"


def pod(name: str, namespace: str = "dev", **more: Any) -> bytes:
    return compact({"metadata": {"name": name, "namespace": namespace}, **more})


# -- what is seen ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "fields", "expected"),
    [
        pytest.param(POD, accept("application/json"), BOTH, id="E085-json"),
        pytest.param("/api/v1/pods", accept("application/json"), BOTH, id="E086-all-namespaces"),
        pytest.param("/api/v1/namespaces/dev/secrets", [], {"dev/app-config"}, id="E087-secrets"),
        pytest.param(WIDGETS, [], {"dev/w1"}, id="E090-items-before-kind"),
        pytest.param("/apis/e.com/v1/widgets", [], {"dev/w1"}, id="E090-all-namespaces"),
        pytest.param(POD, accept(TABLE), BOTH, id="E091-table"),
        pytest.param(f"{POD}?includeObject=Object", accept(TABLE), BOTH, id="E091-table-objects"),
        pytest.param(POD, accept(PARTIAL), BOTH, id="E097-partial-metadata"),
        pytest.param(POD, accept(f"{PROTOBUF},application/json"), BOTH, id="E095-prefers-protobuf"),
        pytest.param(POD, [], BOTH, id="E100-no-accept"),
        pytest.param(POD, accept("*/*"), BOTH, id="E100-anything"),
        pytest.param(POD, accept("application/json, */*"), BOTH, id="E100-kubectl"),
        pytest.param(
            POD,
            accept(f"{TABLE},{TABLE.replace('v=v1;', 'v=v1beta1;')},application/json"),
            BOTH,
            id="E091-kubectl-get",
        ),
        pytest.param(
            POD,
            accept(f"{PROTOBUF};as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,{PARTIAL},application/json"),
            BOTH,
            id="E097-metadata-client",
        ),
    ],
)
def test_only_what_is_granted_is_seen(
    attack: Attack, target: str, fields: list[tuple[str, str]], expected: set[str]
) -> None:
    answer = attack.send("GET", target, fields)
    assert visible(answer) == expected
    assert (answer.get("Content-Type") or "").startswith("application/json")
    assert b"remainingItemCount" not in answer.body
    asked = attack.forwarded()
    assert "protobuf" not in (asked.get("Accept") or "") and "cbor" not in (asked.get("Accept") or "")
    assert asked.get("Accept-Encoding") == "identity"


def test_e085_items_lack_kind_and_keep_their_bytes(attack: Attack) -> None:
    answer = attack.send("GET", POD)
    upstream = list_body(PODS, [i for i in json.loads(attack_list(attack))["items"]])
    for item in json.loads(upstream)["items"]:
        if item["metadata"]["name"].startswith("nginx-"):
            assert compact(item) in answer.body
    assert all("kind" not in item for item in answer.json()["items"])


def attack_list(attack: Attack) -> bytes:
    """What the upstream answers to a list in dev."""
    request = attack.upstream.client_requests[0]
    return attack.upstream._api(request).body


def test_e088_kind_without_a_grant_is_403(attack: Attack) -> None:
    status = attack.refused(attack.send("GET", "/api/v1/namespaces/dev/configmaps"), 403)
    assert status["message"].startswith("configmaps is forbidden: User \"alice\" cannot list")
    assert "name" not in status["details"]


def test_e089_namespace_without_a_grant_is_403_whether_it_exists_or_not(attack: Attack) -> None:
    existing = attack.send("GET", "/api/v1/namespaces/prod/pods")
    unknown = attack.send("GET", "/api/v1/namespaces/nowhere/pods")
    attack.refused(existing, 403)
    assert existing.body.replace(b"prod", b"NS") == unknown.body.replace(b"nowhere", b"NS")


def test_e091_include_object_twice_is_400(attack: Attack) -> None:
    query = "includeObject=None&includeObject=Object"
    attack.refused(attack.send("GET", f"{POD}?{query}", accept(TABLE)), 400)


def test_e091_include_object_none_is_filtered_and_blanked(attack: Attack) -> None:
    answer = attack.send("GET", f"{POD}?includeObject=None", accept(TABLE))
    assert attack.forwarded().parameter("includeObject") != "None"
    rows = answer.json()["rows"]
    assert [row["cells"][0] for row in rows] == ["nginx-1", "nginx-2"]
    assert all(row["object"] is None for row in rows)


def table_of(*objects: bytes) -> bytes:
    rows = b",".join(b'{"cells":["x"],"object":' + one + b"}" for one in objects)
    return (
        b'{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":{"resourceVersion":"9"},'
        b'"columnDefinitions":[],"rows":[' + rows + b"]}\n"
    )


def partial_pod(name: str) -> bytes:
    return compact(partial(make_object(PODS, "dev", name, 1)))


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param(b"null", id="E092-object-null"),
        pytest.param(b'{"metadata":{"namespace":"dev"}}', id="E093-no-name"),
        pytest.param(b'{"kind":"PartialObjectMetadata"}', id="E093-no-metadata"),
        pytest.param(b'{"metadata":{"namespace":"dev","name":null}}', id="E093-name-null"),
        pytest.param(b'{"metadata":{"namespace":"dev","name":7}}', id="E093-name-number"),
    ],
)
def test_row_that_cannot_be_decided_never_gets_out(attack: Attack, bad: bytes) -> None:
    attack.on(DEV_LIST, Reply(body=table_of(bad, partial_pod("nginx-1"))))
    answer = attack.send("GET", POD, accept(TABLE))
    if answer.status == 200 and answer.complete:
        assert visible(answer) == {"dev/nginx-1"}
    else:
        assert answer.status == 502 or not answer.complete


def test_e094_old_table_version(attack: Attack) -> None:
    old = "application/json;as=Table;v=v1beta1;g=meta.k8s.io"
    answer = attack.send("GET", POD, accept(old))
    if answer.status == 200:
        assert visible(answer) == BOTH
    else:
        attack.refused(answer, 406)


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(PROTOBUF, id="E096-protobuf-only"),
        pytest.param(f"{PROTOBUF};as=PartialObjectMetadataList;v=v1beta1;g=meta.k8s.io", id="E097"),
        pytest.param("application/yaml", id="E098-yaml"),
        pytest.param("text/html", id="E099-html"),
        pytest.param("application/json;as=Foo;v=v1;g=meta.k8s.io", id="E101-unknown-form"),
        pytest.param("application/cbor", id="E101-cbor"),
        pytest.param("application/json;as=Table;v=v1;g=evil.example", id="E101-foreign-group"),
    ],
)
def test_what_cannot_be_filtered_is_406(attack: Attack, value: str) -> None:
    attack.refused(attack.send("GET", POD, accept(value)), 406)


# -- encodings --------------------------------------------------------------------------------------


def test_e102_identity_is_asked_for(attack: Attack) -> None:
    assert visible(attack.send("GET", POD, [("Accept-Encoding", "gzip, deflate")])) == BOTH
    assert attack.forwarded().get("Accept-Encoding") == "identity"


def test_e103_compressed_anyway_is_502(attack: Attack) -> None:
    body = gzip.compress(list_body(PODS, []))
    attack.on(DEV_LIST, Reply(body=body, fields=[("Content-Encoding", "gzip")]))
    check_status(answer := attack.send("GET", POD))
    assert answer.status == 502


@pytest.mark.parametrize(
    "content_type",
    [PROTOBUF, "application/yaml", "text/plain", "application/cbor", "text/html", ""],
)
def test_e103_another_type_than_asked_for_is_502(attack: Attack, content_type: str) -> None:
    attack.on(DEV_LIST, Reply(body=pod_list(pod("nginx-1"), pod("db-0")), content_type=content_type))
    check_status(answer := attack.send("GET", POD))
    assert answer.status == 502


NOT_LISTS = {
    "object": pod("db-0"),
    "array": b"[" + pod("db-0") + b"]",
    "string": b'"db-0"',
    "nothing": b"",
    "text": b"db-0 is here",
    "no-items": b'{"kind":"PodList","apiVersion":"v1","metadata":{},"objects":[' + pod("db-0") + b"]}",
    "items-object": b'{"kind":"PodList","metadata":{},"items":{"a":' + pod("db-0") + b"}}",
    "items-twice": pod_list(pod("nginx-1"))[:-2] + b',"items":[' + pod("db-0") + b"]}",
    "kind-last-and-wrong": b'{"items":[' + pod("nginx-1") + b'],"kind":"Pod","metadata":{}}',
    "trailing": pod_list(pod("nginx-1")) + pod("db-0"),
    "nul": pod_list(pod("nginx-1")).replace(b"nginx", b"ngi\x00nx"),
}


# What stands beside a list's items is left out of it.
LISTS_WITH_MORE = {
    "metadata-with-item": b'{"kind":"PodList","metadata":{"a":' + pod("db-0") + b'},"items":[]}',
    "extra-key": pod_list(pod("nginx-1"))[:-2] + b',"more":[' + pod("db-0") + b"]}",
}


@pytest.mark.parametrize("body", NOT_LISTS.values(), ids=NOT_LISTS.keys())
def test_a_body_that_is_no_list_is_502(attack: Attack, body: bytes) -> None:
    attack.on(DEV_LIST, Reply(body=body))
    failures = Rise.of(attack.postern, "postern_filter_failures_total")
    warnings = Rise.of_warnings(attack.postern)
    check_status(answer := attack.send("GET", POD))
    assert answer.status == 502 and b"db-0" not in answer.body
    failures.by(1)
    warnings.by(2)  # one says why, one whose request it was


@pytest.mark.parametrize("body", LISTS_WITH_MORE.values(), ids=LISTS_WITH_MORE.keys())
def test_what_is_no_item_of_a_list_is_not_shown(attack: Attack, body: bytes) -> None:
    attack.on(DEV_LIST, Reply(body=body))
    answer = attack.send("GET", POD)
    assert b"db-0" not in answer.body
    assert visible(answer) <= BOTH


# -- cut, twisted and large -------------------------------------------------------------------------


def test_e104_a_truncated_list_is_not_a_valid_one(attack: Attack) -> None:
    whole = pod_list(*[pod(f"nginx-{n}", spec={"pad": "x" * 2000}) for n in range(200)])

    def script(connection: Connection, request: Recorded) -> None:
        del request
        connection.send_head(200, ("Content-Type", "application/json"),
                             ("Transfer-Encoding", "chunked"))  # fmt: skip
        connection.send_chunk(whole[: len(whole) // 2])

    attack.on(DEV_LIST, Reply(raw=script))
    answer = attack.send("GET", POD)
    assert answer.status == 502 or not answer.complete
    if answer.status == 200:
        with pytest.raises(ValueError):
            json.loads(answer.body)


def test_e104_shorter_than_its_length_is_not_a_valid_one(attack: Attack) -> None:
    whole = pod_list(*[pod(f"nginx-{n}") for n in range(500)])

    def script(connection: Connection, request: Recorded) -> None:
        del request
        connection.send_head(200, ("Content-Type", "application/json"),
                             ("Content-Length", str(len(whole) + 10)))  # fmt: skip
        connection.send(whole)

    attack.on(DEV_LIST, Reply(raw=script))
    answer = attack.send("GET", POD)
    assert answer.status == 502 or not answer.complete


def test_e105_items_null_is_an_empty_list(attack: Attack) -> None:
    attack.on(DEV_LIST, Reply(body=b'{"kind":"PodList","apiVersion":"v1","metadata":{},"items":null}\n'))
    assert attack.send("GET", POD).json()["items"] == []


def test_e106_a_long_list_costs_no_memory(attack: Attack) -> None:
    """200 MB, of which every hundredth item is visible."""
    hidden = b",".join(pod(f"db-{n}", spec={"pad": "x" * 4000}) for n in range(1, 100))
    block = hidden + b"," + pod("nginx-1", spec={"pad": "x" * 4000}) + b","

    def script(connection: Connection, request: Recorded) -> None:
        del request
        connection.send_head(200, ("Content-Type", "application/json"),
                             ("Transfer-Encoding", "chunked"))  # fmt: skip
        connection.send_chunk(b'{"kind":"PodList","apiVersion":"v1","metadata":{},"items":[')
        for _ in range(500):
            connection.send_chunk(block)
        connection.send_chunk(pod("nginx-2") + b"]}\n")
        connection.send(b"0\r\n\r\n")

    attack.send("GET", POD)
    attack.upstream.reset()
    attack.on(DEV_LIST, Reply(raw=script))
    before = attack.postern.memory()
    answer = attack.send("GET", POD)
    assert len(answer.json()["items"]) == 501 and answer.complete
    grown = attack.postern.memory() - before
    assert grown < 64 * 1024 * 1024, f"{grown} bytes more after a list of 200 MB"


@pytest.mark.parametrize(
    "item",
    [
        pytest.param(b'{"meta\\u0064ata":{"name":"db-0","namespace":"dev"}}', id="E107-escaped-key"),
        pytest.param(b'{"metadata":{"n\\u0061me":"db-0","namespace":"dev"}}', id="E107-escaped-name-key"),
        pytest.param(b'{"metadata":{"name":"db\\u002d0","namespace":"dev"}}', id="E107-escaped-value"),
        pytest.param(
            b'{"metadata":{"name":"nginx-1","namespace":"dev"},"metadata":{"name":"db-0","namespace":"dev"}}',
            id="E108-two-metadata",
        ),
        pytest.param(
            b'{"metadata":{"name":"db-0","namespace":"dev"},"metadata":{"name":"nginx-1","namespace":"dev"}}',
            id="E108-two-metadata-other-order",
        ),
        pytest.param(b'{"metadata":{"name":"nginx-1","name":"db-0","namespace":"dev"}}', id="E108-two-names"),
        pytest.param(b'{"metadata":{"name":"db-0","name":"nginx-1","namespace":"dev"}}', id="E108-two-names-other"),
        pytest.param(
            b'{"metadata":{"name":"nginx-1","namespace":"dev","namespace":"prod"}}', id="E108-two-namespaces"
        ),
        pytest.param(b'{"spec":{"metadata":{"name":"nginx-1","namespace":"dev"}},"db-0":1}', id="E108-deep"),
        pytest.param(b'{"Metadata":{"name":"nginx-1","namespace":"dev"},"a":"db-0"}', id="E108-case"),
        pytest.param(b"7", id="E108-number"),
        pytest.param(b"null", id="E108-null"),
    ],
)
def test_twisted_items_never_get_out(attack: Attack, item: bytes) -> None:
    attack.on(DEV_LIST, Reply(body=pod_list(pod("nginx-2"), item, pod("nginx-3"))))
    answer = attack.send("GET", POD)
    assert item not in answer.body
    if answer.status == 200 and answer.complete:
        assert visible(answer) == {"dev/nginx-2", "dev/nginx-3"}
    else:
        assert answer.status == 502 or not answer.complete


def test_e107_escaped_key_of_a_visible_item(attack: Attack) -> None:
    item = b'{"meta\\u0064ata":{"name":"nginx-1","namespace":"dev"}}'
    attack.on(DEV_LIST, Reply(body=pod_list(item)))
    answer = attack.send("GET", POD)
    assert answer.status == 502 or not answer.complete or visible(answer) <= {"dev/nginx-1"}


def test_e109_headers_that_are_no_longer_true_are_not_copied(attack: Attack) -> None:
    fields = [("ETag", '"1"'), ("Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT"), ("Content-MD5", "x"),
              ("Set-Cookie", "a=b"), ("Server", "apiserver"), ("X-Kubernetes-Pf-Flowschema-Uid", "u")]  # fmt: skip
    body = pod_list(pod("nginx-1"), pod("db-0"))
    attack.on(DEV_LIST, Reply(body=body, fields=fields))
    answer = attack.send("GET", POD)
    assert not {"etag", "last-modified", "content-md5", "set-cookie"} & answer.names()
    assert answer.get("Content-Length") in (None, str(len(answer.body)))
    assert visible(answer) == {"dev/nginx-1"}


def test_e110_numbers_keep_their_bytes(attack: Attack) -> None:
    item = (b'{"metadata":{"name":"nginx-1","namespace":"dev"},"spec":{"a":1.10,"b":1e2,'
            b'"c":18446744073709551615,"d":1e400,"e":"\\u003c\\u0026\xc3\xa9"}}')  # fmt: skip
    attack.on(DEV_LIST, Reply(body=pod_list(pod("db-0"), item, pod("db-0"))))
    assert item in attack.send("GET", POD).body


@pytest.mark.parametrize("size", [1, 7, 16384])
def test_any_chunking_gives_the_same_bytes(attack: Attack, size: int) -> None:
    body = list_body(PODS, [make_object(PODS, "dev", f"{name}-{n}", n)
                            for n in range(10) for name in ("nginx", "db")])  # fmt: skip
    attack.on(DEV_LIST, Reply(body=body))
    whole = attack.send("GET", POD).body
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    attack.on(DEV_LIST, Reply(pieces=pieces))
    assert attack.send("GET", POD).body == whole
    assert len(json.loads(whole)["items"]) == 10


def test_space_between_tokens_changes_nothing(attack: Attack) -> None:
    body = json.dumps(json.loads(pod_list(pod("nginx-1"), pod("db-0"), pod("nginx-2"))), indent=2)
    attack.on(DEV_LIST, Reply(body=body.encode()))
    assert visible(attack.send("GET", POD)) == BOTH
