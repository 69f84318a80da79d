"""Objects of the store that kubectl wrote past postern: edited, put back, copied, and what the admission
policy refuses."""

import copy
import json
from pathlib import Path
from typing import Any

from cluster import Cluster
from custom_resource_store import FILES, GROUP, POD, Caller, ResourceStore
from pki import Authority
from raw_http import wait_for
from store_pair import Pair, approved, definitions, edited, pair  # noqa: F401  (fixtures)


def refused(pair: Pair) -> float:
    return pair.one.metric("postern_store_objects_refused_total")


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
