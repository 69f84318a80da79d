"""Files that change while postern runs: roles, tokens, certificates; and what that does to what is open."""

import copy
from collections.abc import Callable
from pathlib import Path

import pytest
import roles
import yaml
from attack import POD
from harness import User, replace_file
from life import LONG, WATCH, Life, life, make  # noqa: F401  (fixtures)
from pki import Authority, KeyPair
from raw_http import RawClient, wait_for
from upstream import Connection, Recorded, Reply

NEW_RULE = "{kind: pod, namespace: dev, name: db-0, verbs: [get, list, watch]}"
SECRET_RULE = "    - {kind: secret,"
WIDER = roles.ALICE.replace(SECRET_RULE, f"    - {NEW_RULE}\n{SECRET_RULE}", 1)


def test_a_changed_role_counts_without_a_restart(life: Life) -> None:
    assert life.status(path=f"{POD}/db-0") == 403
    life.postern.write_documents(WIDER + roles.OTHERS)
    wait_for("the new rule", lambda: life.status(path=f"{POD}/db-0") == 200, LONG)
    life.postern.write_documents(roles.ALICE + roles.OTHERS)
    wait_for("the old rules", lambda: life.status(path=f"{POD}/db-0") == 403, LONG)
    assert life.postern.metric("postern_config_reloads_total", kind="policy", result="success") >= 2


def test_hangup_reloads(life: Life) -> None:
    """SIGHUP reads files again, also where nobody tells of their change."""
    life.postern.roles_file.write_text(WIDER + roles.OTHERS)
    life.read_files()
    wait_for("the new rule", lambda: life.status(path=f"{POD}/db-0") == 200, LONG)


@pytest.mark.parametrize(
    "text",
    ["\t- : broken", "kind: role\nversion: v9\nmetadata: {name: x}\n", "{", "kind: role\n", "a: &a [*a]\n",
     roles.ALICE + "kind: user\nversion: v2\nmetadata: {name: z}\nspec: {roles: [x], unknown: 1}\n"],
    ids=["tab", "version", "yaml", "half", "alias", "unknown-key"],
)  # fmt: skip
def test_a_bad_role_file_keeps_the_old_policy(life: Life, text: str) -> None:
    life.postern.expect_error("polic|role|resource|load")
    life.postern.write_documents(text)
    life.read_files()
    wait_for("the failure to be counted", lambda: life.postern.metric(
        "postern_config_reloads_total", kind="policy", result="failure") > 0, LONG)  # fmt: skip
    assert life.status() == 200 and life.status(path=f"{POD}/db-0") == 403
    assert "roles.yaml" in life.postern.log()
    life.postern.write_documents(WIDER)
    life.read_files()
    wait_for("the next good file", lambda: life.status(path=f"{POD}/db-0") == 200, LONG)


def test_a_changed_kubeconfig_counts_as_soon_as_other_files(life: Life) -> None:
    """Not only when somebody who needs it next happens to look: a mended one ends an outage."""
    kubeconfig = Path(life.postern.config["kubeClusters"][0]["kubeconfig"])
    good = yaml.safe_load(kubeconfig.read_text())
    bad = copy.deepcopy(good)
    bad["clusters"][0]["cluster"]["tls-server-name"] = "elsewhere.example"
    for code, content in ((502, bad), (200, good), (502, bad), (200, good)):
        replace_file(kubeconfig, yaml.safe_dump(content))
        life.read_files()
        wait_for(f"{code} by the new kubeconfig", lambda code=code: life.status() == code, 8)
    assert life.postern.metric("postern_config_reloads_total", kind="kubeconfig", result="success") >= 4


def test_changed_tokens_count_and_bad_ones_do_not(life: Life) -> None:
    life.postern.expect_error("token")
    life.postern.users["zoe"] = User("zoe")
    life.postern.write_tokens()
    wait_for("the new token", lambda: life.status("zoe") != 401, LONG)
    del life.postern.users["alice"]
    life.postern.write_tokens()
    life.read_files()
    life.postern.users["alice"] = User("alice")
    wait_for("the old token's end", lambda: life.status("alice") == 401, LONG)
    replace_file(life.postern.token_file, "only-a-token\n")
    life.read_files()
    wait_for("the failure to be counted", lambda: life.postern.metric(
        "postern_config_reloads_total", kind="tokens", result="failure") > 0, LONG)  # fmt: skip
    assert life.status("zoe") != 401


def test_a_new_serving_certificate_drops_no_connection(life: Life) -> None:
    def serial() -> int:
        with life.postern.client() as client:
            return client.sock.getpeercert()["serialNumber"]  # type: ignore[index,return-value]

    before = serial()
    with life.postern.client() as held:
        held.send(life.postern.request("alice", "GET", f"{POD}/nginx-1"))
        assert held.read_response().status == 200
        fresh = life.authority.issue(str(life.postern.folder / "fresh"), "postern", hosts=("127.0.0.1",))
        life.postern.certificate.key_file.write_bytes(fresh.key_file.read_bytes())
        life.postern.certificate.cert_file.write_bytes(fresh.cert_file.read_bytes())
        wait_for("the new certificate", lambda: serial() != before, LONG)
        held.send(life.postern.request("alice", "GET", f"{POD}/nginx-1"))
        assert held.read_response().status == 200


def test_a_replaced_client_ca_counts_for_open_connections_too(
    make: Callable[..., Life], tmp_path: Path
) -> None:
    old, new = (Authority(tmp_path, name, name) for name in ("old-ca", "new-ca"))
    ca_file = tmp_path / "client-ca.crt"
    replace_file(ca_file, old.cert_file.read_text())
    life = make(config={"authentication": {"clientCAFile": str(ca_file)}})
    ended = life.hold_watch()
    of_old, of_new = (ca.issue(str(tmp_path / f"alice-of-{ca.cert_file.stem}"), "alice") for ca in (old, new))
    request = life.postern.request(None, "GET", f"{POD}/nginx-1")

    def code(client: RawClient) -> int:
        client.send(request)
        return client.read_response().status

    def code_with(pair: KeyPair) -> int:
        with life.postern.client(client=pair) as client:
            return code(client)

    assert (code_with(of_old), code_with(of_new)) == (200, 401)
    with life.postern.client(client=of_old) as kept, life.postern.client(client=of_old) as watch:
        assert code(kept) == 200
        watch.send(life.postern.request(None, "GET", WATCH))
        assert watch.read_head().status == 200
        replace_file(ca_file, new.cert_file.read_text())
        wait_for("the new CA", lambda: code_with(of_new) == 200, LONG)
        assert code_with(of_old) == 401 and code(kept) == 401
        assert b"nginx-1" not in watch.reader.chunks()
    assert ended.wait(5)
    assert life.postern.metric("postern_config_reloads_total", kind="client_ca", result="success") >= 2


def test_a_broken_serving_certificate_keeps_the_old_one(life: Life) -> None:
    life.postern.expect_error("certificate|tls|key")
    life.postern.certificate.cert_file.write_text("-----BEGIN CERTIFICATE-----\nnonsense\n")
    wait_for("the failure to be counted", lambda: life.postern.metric(
        "postern_config_reloads_total", kind="serving_certificate", result="failure") > 0, LONG)  # fmt: skip
    assert life.status() == 200


def test_revoked_access_ends_open_watches(life: Life) -> None:
    ended = life.hold_watch()
    with life.postern.client() as client:
        client.send(life.postern.request("alice", "GET", WATCH))
        assert client.read_head().status == 200
        life.postern.write_documents(roles.OTHERS)
        # An ERROR event that tells to list again may come before the end.
        rest = client.reader.chunks()
        assert b"nginx-1" not in rest
    assert ended.wait(5)
    assert life.status() != 200


def test_the_log_says_that_access_ended_not_that_the_cluster_failed(life: Life) -> None:
    def script(connection: Connection, request: Recorded) -> None:
        del request
        connection.send_head(200, ("Content-Type", "text/plain"), ("Transfer-Encoding", "chunked"))
        connection.send_chunk(b"a line")
        connection.wait_for_end(60)

    life.upstream.on("/log", Reply(raw=script))
    with life.postern.client() as client:
        client.send(life.postern.request("alice", "GET", f"{POD}/nginx-1/log?follow=true"))
        assert client.read_head().status == 200 and client.reader.chunk() == b"a line"
        life.postern.write_documents(roles.OTHERS)
        life.read_files()
        assert client.is_closed(LONG)
    [line] = wait_for("the log", lambda: [
        line for line in life.postern.log_lines() if line["msg"] == "answer cut"])  # fmt: skip
    assert (line["level"], line["user"], line["code"]) == ("info", "alice", 200)
    assert (line["cut"], line["message"]) == ("grant_ended", "the access that it rested on has ended")
    assert life.postern.metric("postern_responses_cut_total", reason="grant_ended") == 1


def test_wider_access_ends_open_watches_too(life: Life) -> None:
    """Else what became visible would never be shown."""
    ended = life.hold_watch()
    with life.postern.client() as client:
        client.send(life.postern.request("alice", "GET", WATCH))
        assert client.read_head().status == 200
        life.postern.write_documents(WIDER + roles.OTHERS)
        client.reader.chunks()
    assert ended.wait(5)


def test_a_change_for_others_leaves_a_watch_alone(make: Callable[..., Life]) -> None:
    others = roles.OTHERS.replace("[get, list, delete,", "[get, list, watch, delete,")
    life = make(documents=roles.ALICE + others)
    life.hold_watch()
    with life.postern.client() as client, life.postern.client() as other:
        for who, user in ((client, "alice"), (other, "dora")):
            who.send(life.postern.request(user, "GET", WATCH))
            assert who.read_head().status == 200
        narrower = others.replace("'nginx-*', verbs: [get, list, watch", "nginx-2, verbs: [get, list, watch")
        life.postern.write_documents(roles.ALICE + narrower)
        other.reader.chunks()
        # Hers would have ended with the other's.
        assert not client.is_closed(0.5)
        assert life.postern.metric("postern_longrunning_requests", verb="watch") == 1
