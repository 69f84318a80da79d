"""Roles and users: create, get, export, edit, and what the server warns of."""

import json
import stat

import pytest
import yaml
from access_script import answer, refusal
from desks import Desk, alice, desk  # noqa: F401  (fixtures)

ROLES = """
kind: role
version: v7
metadata: {name: dev}
spec:
  allow: {kubernetes_groups: ['007', "yes"], kubernetes_labels: {'*': '*'}}
---
apiVersion: access.postern.dev/v1alpha1
kind: AccessUser
version: v2
metadata: {name: bob}
spec: {roles: [dev]}
"""


def test_create_get_export(alice: Desk) -> None:
    (alice.home / "r.yaml").write_text(ROLES)
    assert alice.run("create", "-f", "r.yaml").stdout == "role/dev created\nuser/bob created\n"
    sent = json.loads(alice.asked("POST", "/accessroles")[0].message.body)
    assert sent["kind"] == "AccessRole" and sent["version"] == "v7"
    assert sent["spec"]["allow"]["kubernetes_groups"] == ["007", "yes"]
    said = alice.run("create", "-f", "r.yaml", code=1)
    assert "--overwrite" in said.stderr and "2 of 2" in said.stderr
    assert "role/dev replaced" in alice.run("create", "-f", "-", "--overwrite", stdin=ROLES).stdout
    assert alice.run("get", "roles", "-o", "name").stdout == "role/dev\n"
    assert "dev" in alice.run("get", "role/dev").stdout
    exported = alice.run("export").stdout
    documents = list(yaml.safe_load_all(exported))
    assert [d["kind"] for d in documents] == ["role", "user"]
    assert documents[0]["spec"]["allow"]["kubernetes_groups"] == ["007", "yes"]
    alice.run("rm", "role/dev", "user/bob")
    alice.run("create", "-f", "-", stdin=exported)
    alice.run("get", "role/absent", code=1)
    alice.run("get", "pods", code=2)


def test_what_the_server_warns_of_and_refuses(alice: Desk) -> None:
    alice.server.on("^POST .*/accessroles", answer(
        {"metadata": {"name": "dev"}}, 201, Warning='299 postern "spec.options.\\"pin\\" means nothing"'))  # fmt: skip
    said = alice.run("create", "-f", "-", stdin=ROLES.split("---")[0])
    assert 'warning: spec.options."pin" means nothing' in said.stderr
    alice.server.on("^POST .*/accessroles", refusal(
        422, "Invalid", "AccessRole is invalid", [{"field": "spec.allow", "message": "is a list"}]))  # fmt: skip
    said = alice.run("create", "-f", "-", stdin=ROLES.split("---")[0], code=1)
    assert "spec.allow: is a list" in said.stderr
    alice.server.on("^POST .*/accessroles", refusal(403, "Forbidden", "you may not"))
    alice.run("create", "-f", "-", stdin=ROLES.split("---")[0], code=3)


def test_users(alice: Desk) -> None:
    said = alice.run("users", "add", "bob", "--roles", "a,b", "--traits", "teams=x,y")
    sent = json.loads(alice.asked("POST", "/accessusers")[0].message.body)
    assert sent["spec"] == {"roles": ["a", "b"], "traits": {"teams": ["x", "y"]}}
    assert f"postern login postern://bob@{alice.proxy}/invite/once/sha256:" in said.stdout
    alice.run("users", "lock", "bob")
    assert json.loads(alice.asked("PATCH", "/bob")[0].message.body) == {"spec": {"locked": True}}
    assert "bob" in alice.run("users", "ls").stdout
    alice.run("users", "rm", "bob")
    alice.run("users", "add", "x", code=2)


@pytest.fixture
def role(alice: Desk) -> Desk:
    alice.api.put("accessroles", "dev", spec={"allow": {}}, version="v8")
    return alice


def test_edit(role: Desk) -> None:
    role.script("ed1", 'sed -i "s/allow: {}/deny: {}/" "$1"\n')
    role.run("edit", "role/dev", EDITOR="ed1")
    sent = json.loads(role.asked("PUT", "/dev")[0].message.body)
    assert sent["spec"] == {"deny": {}} and sent["metadata"]["resourceVersion"]
    role.script("ed2", "exit 0\n")
    assert "Nothing was changed" in role.run("edit", "role/dev", EDITOR="ed2").stderr
    assert len(role.asked("PUT", "/dev")) == 1


def test_edit_opens_what_was_refused_again_and_keeps_the_file(role: Desk) -> None:
    role.server.on("^PUT", refusal(422, "Invalid", "spec.allow: wrong"))
    role.script("ed", 'if grep -q "It was refused" "$1"; then cp "$1" seen; else echo "x: 1" >> "$1"; fi\n')
    said = role.run("edit", "role/dev", EDITOR="ed", code=1, TMPDIR=str(role.home))
    assert "# spec.allow: wrong" in (role.home / "seen").read_text()
    kept = next(role.home.glob("postern-edit-*.yaml"))
    assert str(kept) in said.stderr and "x: 1" in kept.read_text()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_create_from_a_folder(alice: Desk) -> None:
    folder = alice.home / "documents"
    (folder / "deeper").mkdir(parents=True)
    role, user = ROLES.split("---")
    (folder / "b.yaml").write_text(user)
    (folder / "a.yml").write_text(role)
    (folder / "README.md").write_text("no document")
    (folder / "deeper" / "c.yaml").write_text("kind: pod")
    assert alice.run("create", "-f", "documents").stdout == "role/dev created\nuser/bob created\n"
    assert "holds no .yaml" in alice.run("create", "-f", str(alice.home / "bin"), code=1).stderr
    said = alice.run("create", "-f", "https://example.com/roles.yaml", code=2).stderr
    assert "is not fetched" in said


def test_users_and_sessions_by_kind_and_name(alice: Desk) -> None:
    alice.run("create", "-f", "-", stdin=ROLES)
    assert alice.run("users", "lock", "user/bob").stdout == "user/bob locked\n"
    assert alice.run("users", "unlock", "auser/bob").stdout == "user/bob unlocked\n"
    for wrong in ("role/bob", "user/", ""):
        alice.run("users", "lock", wrong, code=2)
    assert alice.run("sessions", "ls", "-o", "name").stdout == "session/s1\n"
    assert alice.run("sessions", "rm", "session/s1").stdout == "session/s1 deleted\n"
