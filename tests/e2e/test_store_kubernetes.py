"""storage: {type: kubernetes}: objects as custom resources, which replicas share and faults do not harm."""

import base64
import json
import os
import subprocess
import threading
import time
from pathlib import Path

from cluster import Cluster
from custom_resource_store import GROUP, POD, RESOURCES, Caller, ResourceStore
from harness import KubeCluster, Postern, binary
from people import Person
from pki import Authority
from raw_http import wait_for
from store_pair import Pair, approved, definitions, edited, pair  # noqa: F401  (fixtures)


def test_the_contract_of_all_stores(definitions: Cluster) -> None:
    program = binary().parent / "tests/proxy/access/kubernetes/kubernetes_contract_tests"
    done = subprocess.run(
        [str(program)], env={**os.environ, "KUBECONFIG": str(definitions.kubeconfig)},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    assert "12 passed" in done.stdout


def test_an_approval_at_one_replica_is_in_force_at_the_other(pair: Pair) -> None:
    request, session = approved(pair)
    began = time.monotonic()
    wait_for("the session at the other", lambda: session.at(pair.other).status(POD) == 200, 15)
    print(f"in force at the other replica after {time.monotonic() - began:.3f} s")
    assert session.status(POD) == 200

    # A review at the other replica, of what was filed here; and its end.
    second = Caller(pair.one, "alice").file()
    bob = Caller(pair.other, "bob")
    wait_for("the request", lambda: bob.status(f"accessrequests/{second['metadata']['name']}") == 200, 15)
    bob.review(second)
    bob.review(request, "Revoke")
    wait_for("the revocation at the first", lambda: session.status(POD) == 403, 15)


def test_versions_are_the_same_at_all_replicas(pair: Pair) -> None:
    request = Caller(pair.one, "alice").file()
    path = f"accessrequests/{request['metadata']['name']}"
    alice = Caller(pair.other, "alice")
    wait_for("the request", lambda: alice.status(path) == 200, 15)
    version = request["metadata"]["resourceVersion"]
    assert alice.call("GET", path)["metadata"]["resourceVersion"] == version
    assert pair.store.object("accessrequests", request["metadata"]["name"])["metadata"]["resourceVersion"] == version

    # A watch that began at one goes on at the other, from there.
    Caller(pair.one, "bob").review(request)
    with pair.other.client() as client:
        target = f"/apis/access.postern.dev/v1alpha1/accessrequests?watch=true&resourceVersion={version}"
        client.send(pair.other.request("alice", "GET", target))
        assert client.read_head().status == 200
        while True:
            event = client.read_event()
            assert event["type"] != "ERROR", event
            if event["object"]["metadata"]["name"] == request["metadata"]["name"]:
                break
    assert event["type"] == "MODIFIED"
    assert int(event["object"]["metadata"]["resourceVersion"]) > int(version)


def test_sessions_are_kept_as_hashes(pair: Pair) -> None:
    _, session = approved(pair)
    assert session.token
    secret = session.token.rpartition("_")[2]
    for resource in RESOURCES:
        text = json.dumps(pair.store.objects(resource))
        assert session.token not in text and secret not in text, resource
    shown = pair.store.kubectl("get", f"sessions.{GROUP}").stdout
    assert "alice" in shown, shown


def test_one_replica_keeps_house(pair: Pair) -> None:
    def leaders() -> float:
        return pair.one.metric("postern_leader") + pair.other.metric("postern_leader")

    wait_for("a leader", lambda: leaders() == 1, 20)
    lease = json.loads(pair.store.kubectl("get", "lease", "postern-housekeeping", "-o", "json").stdout)
    assert lease["spec"]["holderIdentity"]
    assert lease["spec"]["leaseDurationSeconds"] == 15


def test_who_gets_a_removed_users_name_has_nothing_of_theirs(pair: Pair) -> None:
    """Removed at one replica, made again at the other."""
    root, dave = Caller(pair.one, "root"), Caller(pair.one, "dave")
    document = {"apiVersion": "access.postern.dev/v1alpha1", "kind": "AccessUser",
                "metadata": {"name": "dave"}, "spec": {"roles": ["asks"]}}  # fmt: skip
    root.call("POST", "accessusers", document)
    approved, waiting = dave.file(), dave.file()
    names = [each["metadata"]["name"] for each in (approved, waiting)]
    Caller(pair.one, "bob").review(approved)
    session = dave.session(names[0])
    wait_for("the session at the other", lambda: session.at(pair.other).status(POD) == 200, 15)
    assert session.status(POD) == 200

    root.at(pair.other).call("DELETE", "accessusers/dave")
    kept = [pair.store.object("accessrequests", name)["metadata"]["name"] for name in names]
    assert kept == names  # for those who look into what was
    seen = [root.at(pair.other).call("GET", f"accessrequests/{name}")["status"] for name in names]
    assert [status["state"] for status in seen] == ["REVOKED", "EXPIRED"]
    assert (seen[0]["revokedBy"], seen[0]["revokeReason"]) == ("root", "its user was removed")

    wait_for("the removal at the first", lambda: root.status("accessusers/dave") == 404, 15)
    root.call("POST", "accessusers", document)
    wait_for("the new dave at the other", lambda: root.at(pair.other).status("accessusers/dave") == 200, 15)
    for proxy in (pair.one, pair.other):
        assert session.at(proxy).status(POD) == 401
        again = dave.at(proxy).ask("POST", "sessions", {"spec": {"requests": names[:1]}})
        assert again.status == 403 and "is REVOKED" in again.body.decode(), again.body
        late = {"decision": "Approve", "uid": waiting["metadata"]["uid"],
                "effectiveDigest": waiting["status"]["effectiveDigest"]}  # fmt: skip
        review = Caller(proxy, "bob").ask("POST", f"accessrequests/{names[1]}/reviews", {"spec": late})
        assert review.status == 403 and "expired" in review.body.decode(), review.body
    assert dave.session().status(POD) == 403


def test_what_was_acknowledged_survives_kill(
    definitions: Cluster, authority: Authority, tmp_path: Path
) -> None:
    store = ResourceStore(definitions, "kill")
    postern = store.replica(authority, tmp_path / "killed")
    postern.start()
    acknowledged: list[str] = []

    def load() -> None:
        try:
            while True:
                acknowledged.append(Caller(postern, "alice").file()["metadata"]["name"])
        except Exception:  # noqa: BLE001  the process was killed
            return

    threads = [threading.Thread(target=load) for _ in range(3)]
    for thread in threads:
        thread.start()
    wait_for("some requests", lambda: len(acknowledged) >= 20, 20)
    postern.kill()
    for thread in threads:
        thread.join()
    postern.start()
    names = {i["metadata"]["name"] for i in Caller(postern, "alice").call("GET", "accessrequests")["items"]}
    assert set(acknowledged) <= names
    print(f"{len(acknowledged)} acknowledged, {len(names)} there")
    postern.stop()


def test_the_api_server_goes_and_comes_back(pair: Pair) -> None:
    request, session = approved(pair)
    assert session.status(POD) == 200
    for replica in (pair.one, pair.other):
        replica.expect_error("the store cannot be written")
    pair.store.cluster.restart_apiserver()
    wait_for("the session", lambda: session.status(POD) == 200, 30)
    alice = Caller(pair.one, "alice")
    wait_for("a write", lambda: alice.ask("POST", "accessrequests?dryRun=All", {"spec": {
        "resources": ["/postern.test/pod/mycluster/dev/*"]}}).status == 201, 30)  # fmt: skip

    def file() -> bool:
        answer = alice.ask("POST", "accessrequests", {"spec": {
            "resources": ["/postern.test/pod/mycluster/dev/*"]}})  # fmt: skip
        return bool(answer.status == 201)

    wait_for("a request to be filed", file, 30)
    # Both follow again.
    wait_for("both to be ready", lambda: pair.one.admin("/readyz")[0] == pair.other.admin("/readyz")[0] == 200, 30)
    Caller(pair.one, "bob").review(request, "Revoke")
    wait_for("the revocation at the other", lambda: session.at(pair.other).status(POD) == 403, 15)


def test_what_does_not_count_is_marked(pair: Pair) -> None:
    alice = Caller(pair.one, "alice")
    name = alice.file()["metadata"]["name"]
    pair.store.write("replace", edited(pair.store.object("accessrequests", name), data="{}"))

    def marked() -> bool:
        shown = pair.store.kubectl("get", f"accessrequests.{GROUP}", name).stdout
        return "OtherState" in shown

    wait_for("the leader to mark it", marked, 30)
    condition = pair.store.object("accessrequests", name)["status"]["conditions"][0]
    assert (condition["type"], condition["status"]) == ("Authentic", "False")
    assert alice.status(f"accessrequests/{name}") == 404
    # What postern wrote itself has no mark.
    good = pair.store.object("accessrequests", alice.file()["metadata"]["name"])
    assert "status" not in good


def is_refused(session: Caller) -> bool:
    """What is on its way to an API server that stalls gets no answer for long."""
    try:
        return session.status(POD) == 503
    except TimeoutError:
        return False


def test_grants_count_for_nothing_while_the_store_is_silent(
    definitions: Cluster, authority: Authority, tmp_path: Path
) -> None:
    store = ResourceStore(definitions, "silent")
    postern = store.replica(authority, tmp_path / "silent")
    postern.config["storage"]["maxSilence"] = "5s"
    postern.config["upstream"] = {"firstByteTimeout": "2s"}  # of those who ask while it is silent
    postern.write_config()
    postern.expect_error("the store cannot be written")
    with postern:
        alice = Caller(postern, "alice")
        request = alice.file()
        Caller(postern, "bob").review(request)
        session = alice.session(request["metadata"]["name"])
        assert session.status(POD) == 200
        with postern.client() as watch:
            watch.send(postern.request(None, "GET", "/api/v1/namespaces/dev/pods?watch=true",
                                       [("Authorization", f"Bearer {session.token}")]))  # fmt: skip
            assert watch.read_head().status == 200
            says = lambda: postern.admin("/readyz?verbose")[1]  # noqa: E731
            # It stalls: connections stay, nobody answers.
            store.cluster.pause_apiserver()
            try:
                wait_for("503", lambda: is_refused(session), 40)
                body = session.ask("GET", POD).body
                assert b"does not hear from where access requests are kept" in body, body
                assert postern.admin("/readyz")[0] == 500
                wait_for("the self-check", lambda: "warn: StoreUnavailable: " in says(), 15)
            finally:
                store.cluster.resume_apiserver()
        wait_for("the grant", lambda: session.status(POD) == 200, 30)
        wait_for("the self-check", lambda: "StoreUnavailable" not in says(), 15)


def test_replicas_show_the_same_authority(
    definitions: Cluster, authority: Authority, tmp_path: Path
) -> None:
    store = ResourceStore(definitions, "keys")
    one = store.replica(authority, tmp_path / "one", own_certificate=False)
    other = store.replica(authority, tmp_path / "other", own_certificate=False)
    with one, other:
        assert one.ca_file.read_bytes() == other.ca_file.read_bytes()
        secret = json.loads(store.kubectl("get", "secret", "postern-keys", "-o", "json").stdout)
        assert base64.b64decode(secret["data"]["ca.crt"]) == one.ca_file.read_bytes()
        assert len(base64.b64decode(secret["data"]["master.key"])) == 32
        assert not (tmp_path / "one" / "data" / "master.key").exists()


LATE_SHIFT = """
kind: role
version: v7
metadata: {name: late-shift}
spec: {allow: {request: {roles: [access]}}}
---
kind: user
metadata: {name: dora}
spec: {roles: [late-shift]}
"""


def first_administrator(folder: Path, postern: Postern, cluster: Cluster) -> Person:
    admin = Person(folder, postern.folder.name + "-admin", postern, cluster)
    command = (postern.folder / "data" / "first-login").read_text().split()
    admin.login(command[2], kube=False)
    return admin


def test_moving_from_sqlite(definitions: Cluster, authority: Authority, tmp_path: Path) -> None:
    with Postern(
        tmp_path / "sqlite", authority, documents="", own_certificate=False,
        clusters=[KubeCluster("mycluster", definitions.postern_kubeconfig)],
    ) as old:  # fmt: skip
        admin = first_administrator(tmp_path, old, definitions)
        admin.postern("create", "-f", "-", stdin=LATE_SHIFT)
        exported = admin.postern("export")
    assert "late-shift" in exported and "dora" in exported, exported
    store = ResourceStore(definitions, "moved")
    with store.replica(authority, tmp_path / "moved", documents="", own_certificate=False) as new:
        admin = first_administrator(tmp_path, new, definitions)
        admin.postern("create", "--overwrite", "-f", "-", stdin=exported)
        assert admin.postern("export") == exported
    assert [item["spec"]["name"] for item in store.objects("accessroles")] == ["late-shift"]
    assert {item["spec"]["name"] for item in store.objects("accessusers")} == {"admin", "dora"}
