"""Attack matrix, group H: create, update, patch. Choices: 151 is 400 here or at the API server; 157 is
415; 160 is a Status instead of the object."""

import json
from typing import Any

import pytest
from attack import POD, Attack
from upstream import Reply

DEPLOYMENTS = "/apis/apps/v1/namespaces/dev/deployments"
STRATEGIC = "application/strategic-merge-patch+json"
MERGE = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
APPLY = "application/apply-patch+yaml"
PROTOBUF = "application/vnd.kubernetes.protobuf"


def pod(**metadata: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata}


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def field(number: int, data: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(data)) + data


def unknown(raw: bytes, *, kind: bytes = b"Pod", more: bytes = b"") -> bytes:
    """runtime.Unknown behind its magic."""
    type_meta = field(1, b"v1") + field(2, kind)
    return b"k8s\0" + field(1, type_meta) + field(2, raw) + field(3, b"") + field(4, b"") + more


def proto_pod(name: bytes) -> bytes:
    return unknown(field(1, field(1, name)))


# -- create ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "metadata",
    [
        pytest.param({"name": "nginx-9"}, id="H131-name"),
        pytest.param({"name": "nginx-9", "namespace": "dev"}, id="H131-with-namespace"),
        pytest.param({"name": "nginx-9", "generateName": "db-"}, id="H137-name-wins"),
        pytest.param({"generateName": "nginx-"}, id="H138-generated"),
    ],
)
def test_create_of_a_granted_name(attack: Attack, metadata: dict[str, str]) -> None:
    answer = attack.post(f"{POD}?fieldManager=kubectl", pod(**metadata))
    assert answer.status == 201, answer.body
    request = attack.forwarded(f"POST {POD}?fieldManager=kubectl")
    assert json.loads(request.message.body) == pod(**metadata)


def test_h135_escaped_key_counts_as_what_it_means(attack: Attack) -> None:
    body = b'{"apiVersion":"v1","kind":"Pod","meta\\u0064ata":{"name":"db-9"}}'
    attack.refused(attack.post(POD, body), 400, 403)
    body = b'{"apiVersion":"v1","kind":"Pod","metadata":{"name":"nginx-9"},"meta\\u0064ata":{"name":"db-9"}}'
    attack.refused(attack.post(POD, body), 400)


NOT_GRANTED = {
    "H132-name": pod(name="db-9"),
    "H137-name-wins": pod(name="db-9", generateName="nginx-"),
    "H139-shorter-prefix": pod(generateName="ng"),
    "H139-other-prefix": pod(generateName="db-"),
    "H140-no-name": pod(),
}


@pytest.mark.parametrize("body", NOT_GRANTED.values(), ids=NOT_GRANTED.keys())
def test_create_of_another_name_is_403(attack: Attack, body: dict[str, Any]) -> None:
    attack.refused(attack.post(POD, body), 403, 400)


def test_h149_dry_run_needs_the_same(attack: Attack) -> None:
    attack.refused(attack.post(f"{POD}?dryRun=All", pod(name="db-9")), 403)


WHOLE = json.dumps(pod(name="nginx-9")).encode()
AMBIGUOUS = {
    "H133-two-metadata": b'{"metadata":{"name":"db-9"},"metadata":{"generateName":"nginx-"}}',
    "H133-two-names": b'{"kind":"Pod","metadata":{"name":"nginx-9","name":"db-9"}}',
    "H133-two-kinds": b'{"kind":"Pod","kind":"Secret","metadata":{"name":"nginx-9"}}',
    "H134-name-null": b'{"metadata":{"name":"nginx-9","name":null}}',
    "H134-null": b'{"kind":"Pod","metadata":{"name":null}}',
    "H134-number": b'{"kind":"Pod","metadata":{"name":7}}',
    "H134-metadata-array": b'{"kind":"Pod","metadata":[{"name":"nginx-9"}]}',
    "H136-byte-order-mark": b"\xef\xbb\xbf" + WHOLE,
    "H136-second-document": WHOLE + WHOLE,
    "H136-comment": b"/* */" + WHOLE,
    "H136-trailing-comma": WHOLE[:-1] + b",}",
    "H136-nothing": b"",
    "H136-array": b"[" + WHOLE + b"]",
    "H136-deep": b'{"metadata":{"name":"nginx-9"},"spec":' + b"[" * 5000 + b"]" * 5000 + b"}",
    "H136-other-namespace": json.dumps(pod(name="nginx-9", namespace="prod")).encode(),
    "H136-case": b'{"kind":"Pod","Metadata":{"name":"nginx-9"}}',
    "H136-bad-utf-8": WHOLE.replace(b"nginx", b"ngi\xffnx"),
}


@pytest.mark.parametrize("body", AMBIGUOUS.values(), ids=AMBIGUOUS.keys())
def test_ambiguous_body_is_400(attack: Attack, body: bytes) -> None:
    attack.refused(attack.post(POD, body), 400, 403)


def test_yaml_body_is_read_as_yaml(attack: Attack) -> None:
    text = b"apiVersion: v1\nkind: Pod\nmetadata:\n  name: %s\n"
    attack.refused(attack.post(POD, text % b"db-9", "application/yaml"), 403)
    assert attack.post(POD, text % b"nginx-9", "application/yaml").status == 201
    assert attack.forwarded().message.body == text % b"nginx-9"


def test_large_yaml_is_read_and_goes_on_as_it_came(attack: Attack) -> None:
    """Not on the worker, which would be there for nobody else meanwhile."""
    text = b"apiVersion: v1\nkind: Pod\nmetadata:\n  name: %s\nspec:\n  a: [" + b"1, " * 60_000 + b"1]\n"
    attack.refused(attack.post(POD, text % b"db-9", "application/yaml"), 403)
    attack.refused(attack.post(POD, text % b"nginx-9" + b"a: [\n", "application/yaml"), 400)
    assert attack.post(POD, text % b"nginx-9", "application/yaml").status == 201
    assert attack.forwarded(f"POST {POD}").message.body == text % b"nginx-9"


YAML_TRICKS = {
    "duplicate": b"kind: Pod\nmetadata: {name: nginx-9, name: db-9}\n",
    "alias": b"kind: Pod\nmetadata: &m {name: nginx-9}\nspec: *m\n",
    "merge-key": b"kind: Pod\nbase: &b {name: db-9}\nmetadata: {<<: *b}\n",
    "second-document": b"kind: Pod\nmetadata: {name: nginx-9}\n---\nkind: Pod\nmetadata: {name: db-9}\n",
    "tag": b"kind: Pod\nmetadata: {name: !!binary bmdpbngtOQ==}\n",
}


@pytest.mark.parametrize("body", YAML_TRICKS.values(), ids=YAML_TRICKS.keys())
def test_ambiguous_yaml_is_400(attack: Attack, body: bytes) -> None:
    attack.refused(attack.post(POD, b"apiVersion: v1\n" + body, "application/yaml"), 400, 403)


def test_h141_protobuf_is_read(attack: Attack) -> None:
    answer = attack.post(POD, proto_pod(b"nginx-9"), PROTOBUF)
    assert answer.status == 201, answer.body
    assert attack.forwarded().message.body == proto_pod(b"nginx-9")
    attack.upstream.reset()
    attack.refused(attack.post(POD, proto_pod(b"db-9"), PROTOBUF), 403)


PROTOBUF_TRICKS = {
    "H142-name-twice": unknown(field(1, field(1, b"nginx-9") + field(1, b"db-9"))),
    "H142-metadata-twice": unknown(field(1, field(1, b"nginx-9")) + field(1, field(1, b"db-9"))),
    "H143-raw-twice": unknown(field(1, field(1, b"nginx-9")), more=field(2, field(1, field(1, b"db-9")))),
    "H144-no-magic": proto_pod(b"nginx-9")[4:],
    "H144-truncated": proto_pod(b"nginx-9")[:-6],
    "H144-too-long": b"k8s\0" + varint(2 << 3 | 2) + varint(1000) + b"x",
    "H144-endless-varint": b"k8s\0" + b"\xff" * 20,
    "H144-empty": b"",
    "H144-group": b"k8s\0" + varint(2 << 3 | 3),
}


@pytest.mark.parametrize("body", PROTOBUF_TRICKS.values(), ids=PROTOBUF_TRICKS.keys())
def test_ambiguous_protobuf_is_400(attack: Attack, body: bytes) -> None:
    attack.refused(attack.post(POD, body, PROTOBUF), 400)


def test_h145_two_content_types_are_400(attack: Attack) -> None:
    fields = [("Content-Type", "application/json"), ("Content-Type", "application/yaml")]
    attack.refused(attack.send("POST", POD, fields, WHOLE), 400)


@pytest.mark.parametrize("content_type", ["text/plain", "application/cbor", "multipart/form-data"])
def test_h146_unknown_content_type_is_415(attack: Attack, content_type: str) -> None:
    attack.refused(attack.post(POD, WHOLE, content_type), 415)


@pytest.mark.parametrize("user, method, path", [
    ("alice", "POST", POD),
    ("dora", "DELETE", POD),
    ("alice", "POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"),
], ids=["create", "deletecollection", "review"])  # fmt: skip
def test_h146_compressed_body_is_415(attack: Attack, user: str, method: str, path: str) -> None:
    fields = [("Content-Type", "application/json"), ("Content-Encoding", "gzip")]
    attack.refused(attack.send(method, path, fields, WHOLE, user=user), 415)


def test_h147_large_body_is_413(attack: Attack) -> None:
    body = json.dumps(pod(name="nginx-9", annotations={"a": "x" * 4 * 1024 * 1024})).encode()
    attack.refused(attack.post(POD, body), 413)


def test_h148_binding_by_body_is_403(attack: Attack) -> None:
    body = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": "db-0"},
            "target": {"kind": "Node", "name": "n1"}}  # fmt: skip
    attack.refused(attack.post("/api/v1/namespaces/dev/bindings", body), 403)


# -- update and patch -----------------------------------------------------------------------------


def test_h150_put_of_a_granted_object(attack: Attack) -> None:
    body = json.dumps(pod(name="nginx-1")).encode()
    answer = attack.send("PUT", f"{POD}/nginx-1", [("Content-Type", "application/json")], body)
    assert answer.status == 200
    assert attack.forwarded(f"PUT {POD}/nginx-1").message.body == body


def test_h151_put_of_another_name_never_reaches_it(attack: Attack) -> None:
    body = json.dumps(pod(name="db-0")).encode()
    answer = attack.send("PUT", f"{POD}/nginx-1", [("Content-Type", "application/json")], body)
    if answer.status == 400:
        attack.untouched()
    else:  # the API server itself refuses a name that is not the path's
        attack.forwarded(f"PUT {POD}/nginx-1")


def test_h152_put_that_would_create_is_403(attack: Attack) -> None:
    body = json.dumps({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "new"}}).encode()
    path = "/api/v1/namespaces/dev/services/new"
    attack.refused(attack.send("PUT", path, [("Content-Type", "application/json")], body), 403)


def patch(attack: Attack, path: str, content_type: str, body: bytes = b"{}") -> Any:
    return attack.send("PATCH", path, [("Content-Type", content_type)], body)


@pytest.mark.parametrize("content_type", [STRATEGIC, MERGE])
def test_h153_patch_of_a_granted_object(attack: Attack, content_type: str) -> None:
    body = b'{"metadata":{"labels":{"a":"b"}}}'
    assert patch(attack, f"{DEPLOYMENTS}/web", content_type, body).status == 200
    assert attack.forwarded(f"PATCH {DEPLOYMENTS}/web").get("Content-Type") == content_type


def test_h154_patch_of_a_hidden_object_is_403(attack: Attack) -> None:
    attack.refused(patch(attack, f"{DEPLOYMENTS}/api", STRATEGIC), 403)


def test_h155_patch_of_the_name_is_the_api_servers_to_refuse(attack: Attack) -> None:
    body = b'[{"op":"replace","path":"/metadata/name","value":"db-0"}]'
    patch(attack, f"{DEPLOYMENTS}/web", JSON_PATCH, body)
    attack.forwarded(f"PATCH {DEPLOYMENTS}/web")


def test_h156_apply_needs_create(attack: Attack) -> None:
    attack.refused(patch(attack, f"{DEPLOYMENTS}/web2?fieldManager=k&force=true", APPLY), 403)
    attack.refused(patch(attack, f"{DEPLOYMENTS}/web?fieldManager=k&force=true", APPLY), 403)


REFUSED_TYPES = {
    "H157-case-and-parameter": "Application/Apply-Patch+Yaml; x",
    "H158-cbor": "application/apply-patch+cbor",
    "H158-json": "application/json",
    "H158-nothing": "",
    "H158-list": "application/merge-patch+json, application/apply-patch+yaml",
}


@pytest.mark.parametrize("content_type", REFUSED_TYPES.values(), ids=REFUSED_TYPES.keys())
def test_patch_of_an_unknown_type_is_415(attack: Attack, content_type: str) -> None:
    answer = patch(attack, f"{DEPLOYMENTS}/web", content_type)
    attack.refused(answer, 415, 403, 400)


def test_h159_patch_without_the_verb_is_403(attack: Attack) -> None:
    attack.refused(patch(attack, "/api/v1/namespaces/dev/secrets/app-config", MERGE), 403)


def test_h160_a_write_without_get_shows_no_object(attack: Attack) -> None:
    answer = attack.send("PATCH", f"{POD}/nginx-1", [("Content-Type", MERGE)], b"{}", user="carol")
    assert answer.status == 200
    assert answer.json()["kind"] == "Status" and b"containers" not in answer.body
    body = json.dumps(pod(name="nginx-1")).encode()
    answer = attack.send("PUT", f"{POD}/nginx-1", [("Content-Type", "application/json")], body, user="carol")
    assert answer.status == 200 and answer.json()["kind"] == "Status"


@pytest.mark.parametrize("code", [400, 403, 409, 422, 500])
def test_h160_a_failed_write_without_get_quotes_no_object(attack: Attack, code: int) -> None:
    body = json.dumps({"kind": "Status", "code": code, "message": "Invalid value: \"{hunter2}\"",
                       "details": {"causes": [{"message": "hunter2"}]}}).encode()  # fmt: skip
    attack.upstream.on("PATCH ", Reply(code, body, fields=[("Warning", '299 - "hunter2"')]))
    answer = attack.send("PATCH", f"{POD}/nginx-1", [("Content-Type", MERGE)], b"{}", user="carol")
    assert answer.status == code and answer.json()["kind"] == "Status"
    assert b"hunter2" not in answer.raw and "hunter2" not in str(answer.fields)
    assert attack.send("PATCH", f"{POD}/nginx-1", [("Content-Type", MERGE)], b"{}").body == body


@pytest.mark.parametrize("operation", ["test", "copy", "move"])
def test_h160_patch_operations_that_read_need_get(attack: Attack, operation: str) -> None:
    body = json.dumps([{"op": operation, "path": "/a", "from": "/b", "value": 1}]).encode()
    fields = [("Content-Type", JSON_PATCH)]
    answer = attack.send("PATCH", f"{POD}/nginx-1", fields, body, user="carol")
    attack.refused(answer, 403)


def test_h161_scale(attack: Attack) -> None:
    body = json.dumps({"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": "web"},
                       "spec": {"replicas": 2}}).encode()  # fmt: skip
    fields = [("Content-Type", "application/json")]
    assert attack.send("PUT", f"{DEPLOYMENTS}/web/scale", fields, body).status in (200, 201)
    attack.forwarded(f"PUT {DEPLOYMENTS}/web/scale")
    attack.upstream.reset()
    attack.refused(attack.send("PUT", f"{DEPLOYMENTS}/api/scale", fields, body), 403)


@pytest.mark.parametrize(
    "path",
    [
        "/apis/rbac.authorization.k8s.io/v1/namespaces/dev/rolebindings",
        "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
        "/apis/certificates.k8s.io/v1/certificatesigningrequests",
        "/apis/apiregistration.k8s.io/v1/apiservices",
        "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations",
    ],
)
def test_h162_what_gives_power_is_403(attack: Attack, path: str) -> None:
    attack.refused(attack.post(path, {"metadata": {"name": "nginx-9"}}), 403)
