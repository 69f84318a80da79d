"""storage: {type: kubernetes}: objects as custom resources, shared by replicas, that nobody else can forge."""

import base64
import copy
import json
import os
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from cluster import Cluster
from custom_resource_store import FILES, GROUP, POD, RESOURCES, ROLES, Caller, ResourceStore, install_definitions
from harness import KubeCluster, Postern, binary
from in_pod import InPod, can_unshare, make_pod
from people import Person
from pki import Authority
from raw_http import wait_for


def rules_told(postern: Postern) -> list[dict[str, Any]]:
    """What the self-check says is missing, as rules."""
    _, text = postern.admin("/readyz?verbose")
    return [yaml.safe_load(line.split(": give it this rule in a Role of the namespace ", 1)[1].split(": ", 1)[1])
            for line in text.splitlines() if line.startswith("warn: RightMissing") and " a Role of " in line]  # fmt: skip


def same_rules(one: list[dict[str, Any]], other: list[dict[str, Any]]) -> bool:
    def plain(rules: list[dict[str, Any]]) -> list[str]:
        return sorted(str({key: sorted(rule[key]) for key in sorted(rule)}) for rule in rules)

    return plain(one) == plain(other)


# The first ones, for they take the definitions away.


def test_what_is_missing_is_waited_for_and_told(
    cluster: Cluster, authority: Authority, tmp_path: Path
) -> None:
    store = ResourceStore(cluster, "late", rights=False)
    for resource in RESOURCES:
        cluster.kubectl("delete", "crd", f"{resource}.{GROUP}", "--ignore-not-found")
    postern = store.replica(authority, tmp_path / "late")
    postern.spawn()
    try:
        wait_for("the log", lambda: "may not read or make the Secret store-late/postern-keys" in postern.log(), 10)
        status, text = postern.admin("/readyz?verbose")
        assert status == 500 and "[-]access-store failed" in text, text
        assert postern.admin("/livez")[0] == 200
        wait_for("the whole Role to be told", lambda: same_rules(rules_told(postern), store.role()["rules"]), 10)
        store.grant()
        said = "does not know accessrequests.store.postern.dev: install postern's CustomResourceDefinitions"
        wait_for("the log", lambda: said in postern.log(), 20)
        install_definitions(cluster)
        wait_for("readiness", lambda: postern.admin("/readyz")[0] == 200, 30)
        assert Caller(postern, "alice").file() and not rules_told(postern)
    finally:
        install_definitions(cluster)
        postern.stop()


EVENTS = """
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: postern-events, namespace: postern}
rules: [{apiGroups: [""], resources: [events], verbs: [create]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: postern-events, namespace: postern}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: postern-events}
subjects: [{kind: ServiceAccount, name: postern, namespace: postern}]
"""


@pytest.fixture
def waiting_pod(cluster: Cluster, authority: Authority, tmp_path: Path) -> Iterator[InPod]:
    """A postern in a pod, with all rights and without the definitions; not started."""
    if not can_unshare():
        pytest.skip("no real node here: mount namespaces cannot be made")
    store = ResourceStore(cluster, "waiting-pod")
    cluster.kubectl("apply", "-f", "-", stdin=EVENTS)
    make_pod(cluster, "waiting", "postern")
    cluster.kubectl("delete", "crd", *(f"{resource}.{GROUP}" for resource in RESOURCES), "--ignore-not-found")
    postern = store.replica(authority, tmp_path / "waiting", kind=InPod)
    postern.be_pod("waiting", "postern", cluster)
    yield postern
    install_definitions(cluster)
    cluster.kubectl("delete", "-f", "-", stdin=EVENTS)
    cluster.kubectl("delete", "pod", "waiting", "-n", "postern", "--force")


def test_the_pods_events_tell_what_is_waited_for(waiting_pod: InPod, cluster: Cluster) -> None:
    waiting_pod.spawn()
    described = lambda: waiting_pod.described("waiting")  # noqa: E731
    wait_for("the event", lambda: "install postern's CustomResourceDefinitions" in described(), 20)
    assert "StoreUnavailable" in described()
    assert "warn: StoreUnavailable: " in waiting_pod.admin("/readyz?verbose")[1]
    install_definitions(cluster)
    wait_for("readiness", lambda: waiting_pod.admin("/readyz")[0] == 200, 30)
    assert "StoreUnavailable" not in waiting_pod.admin("/readyz?verbose")[1]
    wait_for("the event of its end", lambda: "SelfCheckPassed" in described(), 20)
    waiting_pod.stop()


def test_a_rule_that_is_missing_is_told_exactly(
    definitions: Cluster, authority: Authority, tmp_path: Path
) -> None:
    """Not found out before a session ends: what is asked is whether postern may."""
    store = ResourceStore(definitions, "partial", rights=False)
    role = store.role()
    objects, status, *others = role["rules"]
    objects["resources"] = [each for each in RESOURCES if each not in ("logins", "sessions")]
    kept = {**objects, "resources": ["logins", "sessions"], "verbs": ["get", "list", "watch", "create", "update"]}
    status["resources"].remove("marks/status")
    store.grant({**role, "rules": [objects, kept, status, *others]})
    group = {"apiGroups": [GROUP]}
    with store.replica(authority, tmp_path) as postern:
        missing = [{**group, "resources": ["logins", "sessions"], "verbs": ["delete"]},
                   {**group, "resources": ["marks/status"], "verbs": ["patch"]}]  # fmt: skip
        wait_for("both rules to be told", lambda: same_rules(rules_told(postern), missing), 10)


def test_sigterm_ends_the_wait(cluster: Cluster, authority: Authority, tmp_path: Path) -> None:
    store = ResourceStore(cluster, "never", rights=False)
    postern = store.replica(authority, tmp_path / "never")
    postern.spawn()
    wait_for("the log", lambda: "waiting for the store" in postern.log(), 10)
    postern.stop()


@pytest.fixture(scope="module")
def definitions(cluster: Cluster) -> Cluster:
    install_definitions(cluster)
    return cluster


class Pair:
    """Two replicas over one store."""

    def __init__(self, store: ResourceStore, one: Postern, other: Postern) -> None:
        self.store, self.one, self.other = store, one, other


@pytest.fixture(scope="module")
def pair(
    definitions: Cluster, authority: Authority, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pair]:
    folder = tmp_path_factory.mktemp("pair")
    store = ResourceStore(definitions, "pair")
    with store.replica(authority, folder / "one") as one, store.replica(authority, folder / "other") as other:
        yield Pair(store, one, other)


def approved(pair: Pair) -> tuple[dict[str, Any], Caller]:
    """A request of alice's, approved, and a session that has assumed it; all at the first replica."""
    alice = Caller(pair.one, "alice")
    request = alice.file()
    Caller(pair.one, "bob").review(request)
    return request, alice.session(request["metadata"]["name"])


def test_the_contract_of_all_stores(definitions: Cluster) -> None:
    program = binary().parent / "tests/proxy/access/kubernetes/kubernetes_contract_tests"
    done = subprocess.run(
        [str(program)], env={**os.environ, "KUBECONFIG": str(definitions.kubeconfig)},
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    assert "12 passed" in done.stdout


# -- replicas ----------------------------------------------------------------------------------------


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


# -- forgeries ---------------------------------------------------------------------------------------


def refused(pair: Pair) -> float:
    return pair.one.metric("postern_store_objects_refused_total")


def edited(manifest: dict[str, Any], **members: Any) -> dict[str, Any]:
    changed = copy.deepcopy(manifest)
    changed["spec"].update(members)
    return changed


def test_an_edited_approval_is_none(pair: Pair) -> None:
    before = refused(pair)
    alice = Caller(pair.one, "alice")
    request = alice.file()
    name = request["metadata"]["name"]
    kept = pair.store.object("accessrequests", name)
    assert kept["spec"]["summary"]["state"] == "PENDING"
    forged = kept["spec"]["data"].replace("PENDING", "APPROVED")
    assert forged != kept["spec"]["data"]
    pair.store.write("replace", edited(kept, data=forged))
    wait_for("the forgery to be seen", lambda: refused(pair) > before, 15)
    assert alice.status(f"accessrequests/{name}") == 404
    answer = alice.ask("POST", "sessions", {"spec": {"requests": [name]}})
    assert answer.status == 404, answer.body
    assert "its seal is not of this object in this state" in pair.one.log()


def test_an_approval_that_was_revoked_cannot_be_put_back(pair: Pair) -> None:
    request, session = approved(pair)
    name = request["metadata"]["name"]
    as_approved = pair.store.object("accessrequests", name)
    assert as_approved["spec"]["summary"]["state"] == "APPROVED"
    assert session.status(POD) == 200
    Caller(pair.one, "bob").review(request, "Revoke")
    assert session.status(POD) == 403
    pair.store.write("replace", as_approved)
    alice = Caller(pair.one, "alice")
    wait_for("the old state to be refused", lambda: alice.status(f"accessrequests/{name}") == 404, 15)
    assert session.status(POD) == 403
    # Deleted and made anew it has another uid.
    pair.store.kubectl("delete", f"accessrequests.{GROUP}", name)
    before = refused(pair)
    pair.store.write("create", as_approved)
    wait_for("the new one to be refused", lambda: refused(pair) > before, 15)
    assert alice.status(f"accessrequests/{name}") == 404
    assert session.status(POD) == 403
    # A restart reads it anew, and is no kinder.
    pair.other.restart()
    assert session.at(pair.other).status(POD) == 403


def test_a_session_that_ended_cannot_be_put_back_or_copied(pair: Pair) -> None:
    _, session = approved(pair)
    name = session.call("GET", "sessions/self")["metadata"]["name"]
    kept = pair.store.object("sessions", name)
    copied = copy.deepcopy(kept)
    copied["metadata"]["name"] = "copied"
    pair.store.kubectl("create", "-f", "-", stdin=json.dumps(
        {**copied, "metadata": {"name": "copied", "namespace": pair.store.namespace}}))  # fmt: skip
    session.call("DELETE", "sessions/self")
    assert session.status(POD) == 401
    wait_for("the object to go", lambda: name not in [
        item["metadata"]["name"] for item in pair.store.objects("sessions")], 15)  # fmt: skip
    before = refused(pair)
    pair.store.write("create", kept)
    wait_for("the forgery to be seen", lambda: refused(pair) > before, 15)
    assert session.status(POD) == 401
    assert "it is a copy of another one" in pair.one.log()


def test_roles_and_users_cannot_be_written_past_postern(pair: Pair) -> None:
    root = Caller(pair.one, "root")
    document = {"apiVersion": "access.postern.dev/v1alpha1", "kind": "AccessUser",
                "metadata": {"name": "carol"}, "spec": {"roles": ["asks"]}}  # fmt: skip
    root.call("POST", "accessusers", document)
    first = pair.store.object("accessusers", "carol")
    locked = root.call("GET", "accessusers/carol")
    locked["spec"]["locked"] = True
    root.call("PUT", "accessusers/carol", locked)
    # The user as she was before she was locked.
    pair.store.write("replace", first)
    wait_for("the old state to be refused", lambda: root.status("accessusers/carol") == 404, 15)
    answer = Caller(pair.one, "carol").ask("POST", "accessrequests", {"spec": {
        "resources": ["/postern.test/pod/mycluster/dev/*"]}})  # fmt: skip
    assert answer.status in (403, 422), answer.body
    # postern itself writes over it.
    root.call("POST", "accessusers", document)
    assert root.status("accessusers/carol") == 200
    before = refused(pair)
    pair.store.kubectl("delete", f"accessusers.{GROUP}", "carol")
    wait_for("the deletion to be seen", lambda: refused(pair) > before, 15)
    assert root.status("accessusers/carol") == 404


def test_the_admission_policy_lets_postern_alone_write(
    definitions: Cluster, authority: Authority, tmp_path: Path
) -> None:
    store = ResourceStore(definitions, "postern")
    definitions.kubectl("apply", "--server-side", f"--filename={FILES / 'admission'}")
    try:
        with store.replica(authority, tmp_path / "policy") as postern:
            alice = Caller(postern, "alice")

            def is_refused(kept: dict[str, Any]) -> bool:
                done = store.write("replace", edited(kept, data="{}"), check=False)
                return "only system:serviceaccount:postern:postern writes accessrequests" in done.stderr

            # Until the policy is in force a write gets through, and costs the request that it is tried on.
            tried = store.object("accessrequests", alice.file()["metadata"]["name"])
            wait_for("the policy to be in force", lambda: is_refused(tried), 20)
            request = alice.file()
            kept = store.object("accessrequests", request["metadata"]["name"])
            assert is_refused(kept)
            deleted = store.kubectl("delete", f"accessrequests.{GROUP}", kept["metadata"]["name"], check=False)
            assert "use the access API of postern" in deleted.stderr, deleted.stderr
            created = store.write("create", {**kept, "metadata": {"name": "x", "namespace": "postern"}}, check=False)
            assert created.returncode != 0, created.stdout
            Caller(postern, "bob").review(request)
            alice.call("DELETE", f"accessrequests/{request['metadata']['name']}")
    finally:
        definitions.kubectl("delete", f"--filename={FILES / 'admission'}", "--ignore-not-found")


# -- faults ------------------------------------------------------------------------------------------


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


# -- keys and moving in ------------------------------------------------------------------------------


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
