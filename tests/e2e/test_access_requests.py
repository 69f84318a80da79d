"""Access requests with nothing but kubectl: filing, watching, deciding, searching, refusals."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from access_api import (  # noqa: F401  (fixtures)
    ROOT, TABLE, alice, approve, bob, create, get, last_event, person, post, proxy, refused,
    request_for,
)
from conftest import As
from documents import READ_ACCESS
from harness import Postern
from raw_http import wait_for


def test_a_request_from_filing_to_its_end(proxy: Postern, alice: As, bob: As) -> None:
    name = create(alice, request_for(maxDuration="4h"))
    assert name.startswith("fire-") and len(name) > len("fire-")
    table = alice("get", "accessrequests", name).stdout.splitlines()
    assert table[0].split() == ["NAME", "USER", "ROLES", "RESOURCES", "STATE", "EXPIRES", "AGE"]
    assert table[1].split()[:5] == [
        name, "alice", "dev-pods", "/postern.test/pod/mycluster/dev/nginx-*", "PENDING",
    ]  # fmt: skip
    assert "the site is down" in alice("get", "ar", name, "-o", "wide").stdout
    document = yaml.safe_load(alice("get", "ar", name, "-o", "yaml").stdout)
    assert document["spec"]["user"] == "alice"
    assert document["status"]["state"] == "PENDING"
    assert document["status"]["implications"]
    described = alice("describe", "accessrequest", name).stdout
    assert "the site is down" in described and "PENDING" in described

    with alice.running("wait", "--for=condition=Approved", f"accessrequest/{name}") as waiting:
        assert approve(proxy, "bob", name)["status"]["state"] == "APPROVED"
        assert waiting.finish() == 0, waiting.output
    alice("wait", "--for=condition=Resolved", f"accessrequest/{name}", "--timeout=10s")
    assert name in bob("get", "ar", "--field-selector", "status.state=APPROVED").stdout

    alice("delete", "accessrequest", name)
    assert "not found" in alice.fails("get", "accessrequest", name)


def test_yaml_and_json_answers(proxy: Postern, alice: As) -> None:
    name = create(alice, request_for())
    answer = proxy.ask("alice", "GET", f"{ROOT}/accessrequests/{name}", [("Accept", "application/yaml")])
    assert answer.get("content-type") == "application/yaml"
    assert yaml.safe_load(answer.body) == get(proxy, "alice", f"accessrequests/{name}")
    assert get(proxy, "alice", "accessrequests?includeObject=None", TABLE)["kind"] == "Table"
    metadata = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"
    assert get(proxy, "alice", "accessrequests", metadata)["items"][0].keys() == {
        "kind", "apiVersion", "metadata",
    }  # fmt: skip
    assert proxy.ask("alice", "GET", f"{ROOT}/accessrequests", [("Accept", "text/html")]).status == 406


def test_a_trial_keeps_nothing(alice: As) -> None:
    before = alice.json("get", "ar")["items"]
    assert "server dry run" in alice(
        "create", "-f", "-", "--dry-run=server", stdin=yaml.safe_dump(request_for())
    ).stdout
    assert alice.json("get", "ar")["items"] == before


def test_others_requests_do_not_exist(proxy: Postern, alice: As, person: Callable[[str], As]) -> None:
    name = create(alice, request_for())
    eve = person("eve")
    assert eve.json("get", "ar")["items"] == []
    hidden = eve.fails("get", "ar", name)
    absent = eve.fails("get", "ar", "x" * len(name))
    assert hidden.replace(name, "NAME") == absent.replace("x" * len(name), "NAME")
    assert approve_status(proxy, "eve", name) == 404
    assert approve(proxy, "alice", name)["code"] == 403
    alice("delete", "ar", name)


def approve_status(proxy: Postern, who: str, name: str) -> int:
    body = {"spec": {"decision": "Approve", "uid": "u", "effectiveDigest": "d"}}
    return int(post(proxy, who, f"accessrequests/{name}/reviews", body)["code"])


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"spec": {"resources": ["no-id"]}}, "spec.resources[0]"),
        ({"spec": {"resources": ["/postern.test/pod/mycluster/dev/nginx-*"], "reasn": "x"}},
         'strict decoding error: unknown field "spec.reasn"'),
        ({"spec": {"resources": "x"}}, "must be of type array"),
        ({"spec": {"resources": ["/postern.test/pod/mycluster/dev/x"], "maxDuration": "soon"}},
         "spec.maxDuration"),
        ({"metadata": {"name": "mine"}}, "metadata.name"),
        ({"metadata": {"generateName": "x-", "labels": {"a b": "c"}}}, "metadata.labels"),
        ({"spec": {"resources": ["/postern.test/pod/mycluster/dev/x"], "user": "bob"}}, "spec.user"),
        ({"spec": {"roles": ["none"]}}, "none"),
    ],
    ids=["id", "unknown", "type", "duration", "name", "label", "user", "role"],
)  # fmt: skip
def test_bad_documents_are_refused_with_their_field(
    alice: As, change: dict[str, Any], says: str
) -> None:
    assert says in refused(alice, request_for() | change)


def test_unknown_fields_may_warn(alice: As) -> None:
    document = request_for() | {"spec": request_for()["spec"] | {"reasn": "x"}}
    done = alice("create", "-f", "-", "--validate=warn", stdin=yaml.safe_dump(document))
    assert 'Warning: unknown field "spec.reasn"' in done.stderr


def test_a_request_cannot_be_changed(alice: As) -> None:
    name = create(alice, request_for())
    said = alice.fails("label", "ar", name, "a=b")
    assert "does not allow this method" in said
    alice("delete", "ar", name)


def test_a_watch_shows_what_happens(proxy: Postern, alice: As) -> None:
    first = create(alice, request_for())
    with alice.running("get", "ar", "-w", "--output-watch-events") as watching:
        watching.wait_for(rb"ADDED +" + first.encode())
        name = create(alice, request_for())
        watching.wait_for(rb"ADDED +" + name.encode() + rb" +alice .* PENDING")
        approve(proxy, "bob", name)
        watching.wait_for(rb"MODIFIED +" + name.encode() + rb" +alice .* APPROVED")
        alice("delete", "ar", name, first)
        watching.wait_for(rb"DELETED +" + name.encode())


def test_a_watch_begins_with_what_is_there(proxy: Postern, alice: As) -> None:
    name = create(alice, request_for())
    query = (
        "watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"
        f"&allowWatchBookmarks=true&timeoutSeconds=1&fieldSelector=metadata.name%3D{name}"
    )
    answer = proxy.ask("alice", "GET", f"{ROOT}/accessrequests?{query}")
    events = [json.loads(line) for line in answer.body.splitlines()]
    assert [event["type"] for event in events[:2]] == ["ADDED", "BOOKMARK"]
    annotations = events[1]["object"]["metadata"]["annotations"]
    assert annotations == {"k8s.io/initial-events-end": "true"}
    unknown = proxy.ask("alice", "GET", f"{ROOT}/accessrequests?watch=true&resourceVersion=9999999")
    assert json.loads(unknown.body.splitlines()[0])["object"]["code"] == 410
    alice("delete", "ar", name)


def test_a_watch_ends_when_the_roles_change(
    proxy: Postern, alice: As, person: Callable[[str], As]
) -> None:
    with proxy.client() as client:
        client.send(proxy.request("bob", "GET", f"{ROOT}/accessrequests?watch=true"))
        assert client.read_head().status == 200
        proxy.write_documents(READ_ACCESS.replace("roles: [reviews]", "roles: []"))
        try:
            event = last_event(client)
        finally:
            proxy.write_documents(READ_ACCESS)
        assert (event["type"], event["object"]["code"]) == ("ERROR", 410)
    wait_for(
        "bob's role", lambda: get(proxy, "root", "accessusers/bob")["spec"]["roles"] == ["reviews"]
    )


def test_what_a_request_matches_now(proxy: Postern, alice: As) -> None:
    name = create(alice, request_for("nginx-1"))
    shown = get(proxy, "bob", f"accessrequests/{name}/preview")
    assert [found["name"] for found in shown["status"]["resources"]] == ["nginx-1"], shown
    assert get(proxy, "bob", f"accessrequests/{name}/review")["status"]["mayReview"] is True
    assert get(proxy, "alice", f"accessrequests/{name}/review")["status"]["mayReview"] is False
    alice("delete", "ar", name)


def test_a_search(proxy: Postern) -> None:
    spec = {"kind": "pod", "kubeCluster": "mycluster", "namespace": "dev"}
    found = post(proxy, "alice", "resourcesearches", {"spec": spec})["status"]["resources"]
    assert "/postern.test/pod/mycluster/dev/nginx-1" in [one["id"] for one in found]
