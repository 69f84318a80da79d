"""The commands against an access API that does what the test says: trust, texts that would act on a
terminal, waiting, Ctrl-C, editors, and `postern kubectl` with a kubectl of our own."""

import hashlib
import json
import os
import pty
import select
import signal
import socket
import ssl
import stat
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from access_script import ScriptedAccess, answer, refusal
from harness import binary
from pki import Authority
from raw_http import wait_for
from upstream import Recorded, RecordingUpstream, Reply

ID = "/c/pod/k/dev/web-0"


class Desk:
    """alice's home, and the proxy that she works with."""

    def __init__(self, home: Path, authority: Authority) -> None:
        self.home = home
        self.authority = authority
        self.api = ScriptedAccess()
        self.server = RecordingUpstream(authority, self.api)
        self.proxy = f"127.0.0.1:{self.server.port}"
        self.env = {"HOME": str(home), "PATH": f"{home}/bin:{os.environ['PATH']}", "LC_ALL": "C.UTF-8"}
        self.env |= {key: value for key, value in os.environ.items() if key.endswith("SAN_OPTIONS")}
        (home / "bin").mkdir()

    def run(self, *args: str, code: int = 0, stdin: str | None = None,
            program: str | None = None, **env: str) -> subprocess.CompletedProcess[str]:  # fmt: skip
        done = subprocess.run(
            [program or str(binary()), *args], env=self.env | env, cwd=self.home, capture_output=True,
            text=True, timeout=60, check=False, input=stdin or "",
        )  # fmt: skip
        assert done.returncode == code, (args, done.returncode, done.stdout, done.stderr)
        return done

    def start(self, *args: str) -> subprocess.Popen[str]:
        return subprocess.Popen([str(binary()), *args], env=self.env, cwd=self.home, text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip

    def login(self, *args: str, **options: Any) -> subprocess.CompletedProcess[str]:
        args = args or ("--ca-file", str(self.authority.cert_file))
        options.setdefault("stdin", "sesame\n")
        return self.run("login", "--proxy", self.proxy, "--user", "alice", *args, **options)

    def asked(self, method: str, path: str) -> list[Recorded]:
        return [r for r in self.server.requests if r.method == method and r.path.endswith(path)]

    def script(self, name: str, text: str) -> Path:
        path = self.home / "bin" / name
        path.write_text("#!/bin/sh\n" + text)
        path.chmod(0o755)
        return path


@pytest.fixture
def desk(tmp_path: Path, authority: Authority) -> Iterator[Desk]:
    made = Desk(tmp_path, authority)
    yield made
    made.server.close()
    assert made.server.failures == []


@pytest.fixture
def alice(desk: Desk) -> Desk:
    desk.login()
    return desk


class Terminal:
    """A command with a terminal of its own."""

    def __init__(self, desk: Desk, *args: str) -> None:
        pid, self.fd = pty.fork()
        if pid == 0:
            os.chdir(desk.home)
            os.execve(str(binary()), [str(binary()), *args], desk.env | {"TERM": "xterm"})
        self.pid = pid
        self.seen = ""

    def expect(self, text: str, seconds: float = 20) -> str:
        end = time.monotonic() + seconds
        while text not in self.seen:
            assert time.monotonic() < end, self.seen
            if not select.select([self.fd], [], [], 0.2)[0]:
                continue
            try:
                data = os.read(self.fd, 4096)
            except OSError:
                data = b""
            assert data or text in self.seen, self.seen
            self.seen += data.decode(errors="replace")
        return self.seen

    def type(self, text: str) -> None:
        os.write(self.fd, text.encode())

    def end(self, seconds: float = 30) -> int:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if select.select([self.fd], [], [], 0.1)[0]:
                try:
                    self.seen += os.read(self.fd, 4096).decode(errors="replace")
                    continue
                except OSError:
                    pass
            done, status = os.waitpid(self.pid, os.WNOHANG)
            if done:
                os.close(self.fd)
                return os.waitstatus_to_exitcode(status)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        raise AssertionError(f"did not end: {self.seen}")


# -- trust -----------------------------------------------------------------------------------------


def key_pin(certificate: Path) -> str:
    key = subprocess.run(["openssl", "x509", "-in", str(certificate), "-noout", "-pubkey"],
                         capture_output=True, check=True).stdout  # fmt: skip
    der = subprocess.run(["openssl", "pkey", "-pubin", "-outform", "DER"], input=key,
                         capture_output=True, check=True).stdout  # fmt: skip
    return "sha256:" + hashlib.sha256(der).hexdigest()


def certificate_pin(certificate: Path) -> str:
    der = ssl.PEM_cert_to_DER_cert(certificate.read_text()[certificate.read_text().index("-----BEGIN") :])
    return "sha256:" + hashlib.sha256(der).hexdigest()


def test_a_password_never_goes_to_an_unverified_server(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = Authority(tmp_path / "other", "ca", "somebody else")
    for wrong in ((), ("--ca-file", str(other.cert_file)), ("--ca-pin", "sha256:" + "0" * 64),
                  ("--ca-pin", key_pin(other.cert_file))):  # fmt: skip
        said = desk.run("login", "--proxy", desk.proxy, "--user", "alice", *wrong, code=1, stdin="sesame\n")
        assert "cannot be trusted" in said.stderr, said.stderr
    assert desk.server.requests == []
    assert not (desk.home / ".postern").exists()


def test_the_name_counts_too(desk: Desk) -> None:
    ca = ("--ca-file", str(desk.authority.cert_file))
    desk.login(*ca, "--tls-server-name", "wrong.example.com", code=1)
    assert desk.server.requests == []
    desk.login(*ca, "--tls-server-name", "localhost")
    assert desk.server.requests[0].get("Host") == desk.proxy


@pytest.mark.parametrize("kind", [key_pin, certificate_pin])
def test_a_pin_of_the_servers_own_certificate(desk: Desk, kind: Any) -> None:
    shown = desk.home / "shown.crt"
    shown.write_text(ssl.get_server_certificate(("127.0.0.1", desk.server.port)))
    desk.login("--ca-pin", kind(shown).upper().replace("SHA", "sha"))
    desk.run("status")  # the pinned certificate is remembered
    assert "BEGIN CERTIFICATE" in next((desk.home / ".postern").glob("*.proxy.json")).read_text()


def test_a_pin_of_the_authority_that_is_shown(desk: Desk) -> None:
    pair = desk.authority.issue("chained", "chained", hosts=("127.0.0.1",))
    chain = desk.home / "chain.crt"
    chain.write_text(pair.cert_file.read_text() + desk.authority.cert_file.read_text())
    desk.server._context.load_cert_chain(chain, pair.key_file)
    for pin in (key_pin(desk.authority.cert_file), certificate_pin(desk.authority.cert_file)):
        desk.login("--ca-pin", pin)
        desk.run("status")
    said = json.loads(desk.run("users", "invite", "bob", "-o", "json").stdout)
    assert said["caPin"] == key_pin(desk.authority.cert_file)
    assert said["link"] == f"postern://bob@{desk.proxy}/invite/once/{said['caPin']}"
    bob = {"HOME": str(desk.home / "bob")}
    (desk.home / "bob").mkdir()
    done = desk.run("login", said["link"], **bob)
    assert "as bob" in done.stdout
    assert json.loads(desk.asked("POST", "/sessions")[-1].message.body)["spec"]["login"]["invite"] == "once"


def test_https_proxy_and_no_proxy(desk: Desk) -> None:
    """The CONNECT carries nothing of ours."""
    seen: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def tunnel() -> None:
        client, _ = listener.accept()
        seen.append(client.recv(65536))
        upstream = socket.create_connection(("127.0.0.1", desk.server.port))
        client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            ready = select.select([client, upstream], [], [], 20)[0]
            for one in ready:
                data = one.recv(65536)
                if not data:
                    return
                (upstream if one is client else client).sendall(data)

    threading.Thread(target=tunnel, daemon=True).start()
    desk.login()
    proxy = {"HTTPS_PROXY": f"http://127.0.0.1:{listener.getsockname()[1]}"}
    desk.run("status", **proxy)
    assert seen and seen[0].startswith(f"CONNECT {desk.proxy} ".encode())
    assert b"pst_" not in seen[0]
    desk.run("status", **proxy, NO_PROXY="127.0.0.1")
    listener.close()


# -- login, status, logout --------------------------------------------------------------------------


def test_login_and_logout(desk: Desk) -> None:
    said = desk.login()
    assert "as alice" in said.stdout and "pst_" not in said.stdout + said.stderr
    for path in [desk.home / ".postern", *(desk.home / ".postern").iterdir()]:
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
    status = json.loads(desk.run("status", "-o", "json").stdout)
    assert status["user"] == "alice" and status["requests"] == []
    desk.run("logout")
    assert "s1" not in desk.api.objects["sessions"]
    said = desk.run("status", code=1)
    assert f"postern login --proxy {desk.proxy} --user alice" in said.stderr
    desk.run("login", "--password-file", "-", stdin="sesame\n")  # proxy, user and trust are known


def test_a_wrong_password(desk: Desk) -> None:
    said = desk.login(stdin="wrong\n", code=1)
    assert "Unauthorized" in said.stderr
    assert not list((desk.home / ".postern").glob("*.proxy.json"))


def test_the_password_is_typed_without_echo(desk: Desk) -> None:
    terminal = Terminal(desk, "login", "--proxy", desk.proxy, "--user", "alice", "--ca-file",
                        str(desk.authority.cert_file))  # fmt: skip
    terminal.expect("Password of alice")
    terminal.type("sesame\n")
    assert terminal.end() == 0, terminal.seen
    assert "sesame" not in terminal.seen


def test_a_new_password_is_typed_twice(desk: Desk) -> None:
    terminal = Terminal(desk, "login", f"postern://alice@{desk.proxy}/invite/once", "--ca-file",
                        str(desk.authority.cert_file))  # fmt: skip
    for question, typed in (("New password", "one"), ("The same again", "two"), ("not the same", ""),
                            ("New password", "three"), ("The same again", "three")):  # fmt: skip
        terminal.expect(question)
        terminal.seen = terminal.seen.split(question, 1)[1]
        if typed:
            terminal.type(typed + "\n")
    assert terminal.end() == 0, terminal.seen
    login = json.loads(desk.asked("POST", "/sessions")[0].message.body)["spec"]["login"]
    assert login == {"user": "alice", "invite": "once", "newPassword": "three"}
    assert "three" not in terminal.seen


def test_ctrl_c_at_the_password(desk: Desk) -> None:
    terminal = Terminal(desk, "login", "--proxy", desk.proxy, "--user", "alice", "--ca-file",
                        str(desk.authority.cert_file))  # fmt: skip
    terminal.expect("Password of alice")
    terminal.type("\x03")
    assert terminal.end() == 130, terminal.seen


def test_request_ids_are_assumed_in_the_present_session(alice: Desk) -> None:
    alice.api.request("r1", "APPROVED", resources=[ID])
    alice.api.request("r2", "APPROVED", resources=[ID])
    said = alice.run("login", "--request-id", "r1")
    assert "r1" in said.stdout and ID in said.stdout
    assert len(alice.asked("POST", "/sessions")) == 1, "no password was needed"
    alice.run("request", "assume", "r2")
    assert alice.api.objects["sessions"]["s1"]["status"]["requests"] == ["r1", "r2"]
    alice.run("request", "drop", "r1")
    assert "r2" in alice.run("status").stdout
    assert "your own roles" in alice.run("request", "drop").stdout


def test_by_token_file_and_by_kubeconfig(desk: Desk) -> None:
    (desk.home / "token").write_text("pst_static\n")
    desk.run("login", "--proxy", desk.proxy, "--ca-file", str(desk.authority.cert_file),
             "--token-file", "token")  # fmt: skip
    assert desk.asked("POST", "/sessions")[0].get("Authorization") == "Bearer pst_static"
    config = {"apiVersion": "v1", "kind": "Config", "current-context": "none",
              "clusters": [{"name": "p", "cluster": {"server": f"https://{desk.proxy}/clusters/k",
                                                     "certificate-authority": str(desk.authority.cert_file)}}],
              "users": [{"name": "u", "user": {"token": "pst_kube"}}],
              "contexts": [{"name": "c", "context": {"cluster": "p", "user": "u"}}]}  # fmt: skip
    (desk.home / "kubeconfig").write_text(yaml.safe_dump(config))
    desk.server.on("^GET /clusters/k/apis", lambda asked: answer({"kind": "AccessRoleList", "items": []}))
    said = desk.run("get", "roles", "--kubeconfig", "kubeconfig", "--context", "c")
    assert "No roles found" in said.stderr
    assert desk.server.requests[-1].get("Authorization") == "Bearer pst_kube"


# -- objects ----------------------------------------------------------------------------------------

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


# -- requests ---------------------------------------------------------------------------------------


def page_of_two(n: int, more: str) -> dict[str, Any]:
    return {"resources": [{"id": f"/c/pod/k/dev/p{i}", "name": f"p{i}", "namespace": "dev",
                           "labels": {"app": "web"}} for i in range(n, n + 2)],
            "patterns": [{"id": "/c/pod/k/dev/web-*", "workload": "Deployment web"}], "continue": more}  # fmt: skip


def test_search_goes_through_all_pages(alice: Desk) -> None:
    alice.api.objects["search"] = {"pages": [page_of_two(0, "more"), page_of_two(2, "")]}
    said = alice.run("request", "search", "--kind", "pod", "--kube-cluster", "k", "--kube-namespace", "dev",
                     "--search", "p", "--labels", "app=web").stdout  # fmt: skip
    assert "NAME   NAMESPACE   LABELS    RESOURCE ID\n" in said
    assert all(f"/c/pod/k/dev/p{i}\n" in said for i in range(4))
    assert "postern request create --resource /c/pod/k/dev/p0" in said
    assert "--resource '/c/pod/k/dev/web-*' --reason" in said
    sent = [json.loads(r.message.body)["spec"] for r in alice.asked("POST", "/resourcesearches")]
    assert sent[1]["continue"] == "more" and sent[0]["labels"] == {"app": "web"}
    assert sent[0] | {"limit": 0} == {"kind": "pod", "kubeCluster": "k", "namespace": "dev", "search": ["p"],
                                      "labels": {"app": "web"}, "limit": 0}  # fmt: skip


def test_a_search_shows_how_far_it_is_on_a_terminal(alice: Desk) -> None:
    go_on = threading.Event()
    pages = iter([page_of_two(0, "more"), page_of_two(2, "more"), page_of_two(4, "")])

    def slowly(request: Recorded) -> Reply:
        del request
        found = next(pages)
        assert found["continue"] or go_on.wait(20)
        return answer({"kind": "ResourceSearch", "status": found}, 201)

    alice.server.on("/resourcesearches", slowly)
    terminal = Terminal(alice, "request", "search", "--kind", "pod")
    terminal.expect("2 found …\r\x1b[K4 found …")
    assert "p0" not in terminal.seen
    go_on.set()
    assert terminal.end() == 0, terminal.seen
    progress, _, table = terminal.seen.partition("NAME ")
    assert progress == "\r\x1b[K2 found …\r\x1b[K4 found …\r\x1b[K"  # and is taken away
    assert "/c/pod/k/dev/p5" in table and "found" not in table and "\x1b[K" not in table


def test_a_search_says_nothing_of_it_elsewhere(alice: Desk) -> None:
    alice.api.objects["search"] = {"pages": [page_of_two(0, "more"), page_of_two(2, "")]}
    done = alice.run("request", "search", "--kind", "pod", "-o", "name")
    assert done.stderr == ""
    assert done.stdout.split() == [f"/c/pod/k/dev/p{i}" for i in range(4)]


def wait_for_request(desk: Desk) -> str:
    end = time.monotonic() + 20
    while not desk.asked("GET", "/accessrequests"):
        assert time.monotonic() < end
        time.sleep(0.02)
    return next(iter(desk.api.objects["accessrequests"]))


def test_create_waits_and_tells(alice: Desk) -> None:
    waiting = alice.start("request", "create", "--resource", ID, "--reason", "r", "--max-duration", "1d")
    name = wait_for_request(alice)
    alice.api.put("accessrequests", name, status={
        "state": "APPROVED", "reviews": [{"author": "bob", "decision": "Approve", "reason": "fine\x1b[2J"}]})  # fmt: skip
    said, chatter = waiting.communicate(timeout=30)
    assert waiting.returncode == 0, chatter
    assert "bob approved: fine\\x1b[2J" in chatter and "PENDING → APPROVED" in chatter
    assert f"postern request assume {name}" in said
    sent = json.loads(alice.asked("POST", "/accessrequests")[0].message.body)["spec"]
    assert sent == {"resources": [ID], "reason": "r", "maxDuration": "86400s"}


def test_a_denial_is_3(alice: Desk) -> None:
    waiting = alice.start("request", "create", "--resource", ID, "--reason", "r")
    name = wait_for_request(alice)
    alice.api.put("accessrequests", name, status={
        "state": "DENIED", "reviews": [{"author": "bob", "decision": "Deny", "reason": "no"}]})  # fmt: skip
    _, chatter = waiting.communicate(timeout=30)
    assert waiting.returncode == 3 and "bob denied it: no" in chatter


def test_ctrl_c_leaves_it_pending(alice: Desk) -> None:
    waiting = alice.start("request", "create", "--resource", ID, "--reason", "r")
    name = wait_for_request(alice)
    waiting.send_signal(signal.SIGINT)
    _, chatter = waiting.communicate(timeout=10)
    assert waiting.returncode == 130 and f"request {name} stays pending" in chatter
    assert alice.asked("DELETE", name) == []


def test_out_of_time_is_5(alice: Desk) -> None:
    said = alice.run("request", "create", "--resource", ID, "--reason", "r", "--timeout", "500ms", code=5)
    assert "stays pending" in said.stderr


def test_a_broken_connection_is_tried_again(alice: Desk) -> None:
    broken = []

    def cut(asked: Recorded) -> Reply:
        if broken:
            return alice.api(asked)
        broken.append(asked)
        return Reply(raw=lambda connection, _: connection.sock.close())

    alice.server.on("watch=true", cut)
    waiting = alice.start("request", "create", "--resource", ID, "--reason", "r")
    end = time.monotonic() + 20
    while not broken and time.monotonic() < end:
        time.sleep(0.02)
    alice.api.put("accessrequests", wait_for_request(alice), status={"state": "APPROVED"})
    _, chatter = waiting.communicate(timeout=30)
    assert waiting.returncode == 0, chatter


def test_a_watch_goes_on_when_its_server_was_away(alice: Desk) -> None:
    """Cut, then refused for a while, then ended cleanly: nothing is missed, and the trouble is told once."""
    asked: list[str | None] = []

    def troubled(request: Recorded) -> Reply:
        asked.append(request.parameter("resourceVersion"))
        if len(asked) == 1:
            return Reply(raw=lambda connection, _: connection.sock.close())
        if len(asked) < 4:
            return Reply(503, b'{"kind":"Status","message":"not now"}')
        return Reply(pieces=[]) if len(asked) == 4 else alice.api(request)

    alice.api.request("r1")
    alice.server.on("watch=true", troubled)
    watching = alice.start("request", "ls", "-w", "-o", "name")
    wait_for("the fifth try", lambda: len(asked) >= 5, 30)
    alice.api.request("r2")
    lines = [watching.stdout.readline().strip() for _ in range(2)]  # type: ignore[union-attr]
    watching.send_signal(signal.SIGINT)
    _, chatter = watching.communicate(timeout=10)
    assert lines == ["request/r1", "request/r2"] and watching.returncode == 130
    assert chatter.count("trying again") == 1, chatter
    assert len(set(asked)) == 1, "it goes on from where it was"


def test_show_and_review_bind_what_was_shown(alice: Desk) -> None:
    alice.api.request("r1", resources=[ID], reason="bug \u202e 12")
    shown = alice.run("request", "show", "r1").stdout
    assert "reads pods in dev" in shown and "/c/pod/k/dev/a" in shown and "sha256:00" in shown
    assert "bug \\u202e 12" in shown
    said = alice.run("request", "review", "--approve", "r1", "--reason", "ok", "--yes").stdout
    assert "reads pods in dev" in said and "r1 is APPROVED" in said
    sent = json.loads(alice.asked("POST", "/reviews")[0].message.body)["spec"]
    assert sent == {"decision": "Approve", "reason": "ok", "uid": "uid-r1", "effectiveDigest": "sha256:00"}
    alice.run("request", "review", "--deny", "r1", "--digest", "sha256:11")
    assert json.loads(alice.asked("POST", "/reviews")[1].message.body)["spec"]["effectiveDigest"] == "sha256:11"
    alice.run("request", "review", "r1", code=2)
    alice.run("request", "review", "--approve", "--deny", "r1", code=2)


@pytest.mark.parametrize(("typed", "code", "sent"), [("y\n", 0, 1), ("n\n", 1, 0), ("\x03", 130, 0)])
def test_on_a_terminal_a_review_asks_first(alice: Desk, typed: str, code: int, sent: int) -> None:
    alice.api.request("r1", resources=[ID])
    terminal = Terminal(alice, "request", "review", "--approve", "r1")
    terminal.expect("Approve exactly this?")
    assert "reads pods in dev" in terminal.seen
    terminal.type(typed)
    assert terminal.end() == code, terminal.seen
    assert len(alice.asked("POST", "/reviews")) == sent


def test_ls(alice: Desk) -> None:
    alice.api.request("mine")
    alice.api.request("theirs", user="bob")
    alice.api.request("done", "APPROVED", user="bob")
    alice.api.objects["may"] = {"mine": {"mayReview": False, "why": "it is your own"}}

    def names(*args: str) -> list[str]:
        return sorted(alice.run("request", "ls", "-o", "name", *args).stdout.split())

    assert names() == ["request/done", "request/mine", "request/theirs"]
    assert names("--mine") == ["request/mine"]
    assert names("--reviewable") == ["request/theirs"]
    assert names("--state", "APPROVED") == ["request/done"]
    assert "it is your own" in alice.run("request", "show", "mine").stdout


def test_tables_of_the_server(alice: Desk) -> None:
    alice.server.on("GET .*/accessrequests", answer(
        {"kind": "Table", "columnDefinitions": [{"name": "Name"}, {"name": "State"}, {"name": "Reason", "priority": 1}],
         "rows": [{"cells": ["a\x1b]0;x\x07", "PENDING", "why"],
                   "object": {"metadata": {"name": "a", "creationTimestamp": "2026-01-01T00:00:00Z"}}}]}))  # fmt: skip
    said = alice.run("request", "ls").stdout
    assert said == "NAME            STATE\na\\x1b]0;x\\x07   PENDING\n", said
    assert "REASON" in alice.run("request", "ls", "-o", "wide").stdout
    assert "NAME" not in alice.run("request", "ls", "--no-headers").stdout
    assert "as=Table" in (alice.server.requests[-1].get("Accept") or "")


# -- kubectl ----------------------------------------------------------------------------------------


@pytest.fixture
def kubectl(alice: Desk) -> Desk:
    """A kubectl that is refused until its session has assumed something."""
    alice.api.put("kubeclusters", "k", status={"ready": True, "default": True})
    alice.script("kubectl", 'cp "$KUBECONFIG" seen.kubeconfig; stat -c %a "$KUBECONFIG" > seen.mode\n'
                 'echo "$@" >> seen.words; echo "$KUBECONFIG" > seen.path; cat > seen.stdin\n'
                 "[ -e allowed ] && echo yes && exit 0; echo no >&2; exit 7\n")  # fmt: skip
    return alice


def test_kube_login_and_credential(kubectl: Desk) -> None:
    path = kubectl.home / ".kube" / "config"
    said = kubectl.run("kube", "login", "k", "--set-context-namespace", "dev")
    assert "postern-k" in said.stdout
    config = yaml.safe_load(path.read_text())
    assert config["current-context"] == "postern-k"
    assert config["contexts"][0]["context"] == {"cluster": "postern-k", "user": "postern-k", "namespace": "dev"}
    assert config["clusters"][0]["cluster"]["server"] == f"https://{kubectl.proxy}/clusters/k"
    exec_ = config["users"][0]["user"]["exec"]
    assert exec_["apiVersion"] == "client.authentication.k8s.io/v1" and exec_["interactiveMode"] == "Never"
    done = kubectl.run(*exec_["args"], program=exec_["command"])
    credential = json.loads(done.stdout)
    assert credential["status"] == {"token": "pst_of_alice", "expirationTimestamp": "2099-01-01T00:00:00Z"}
    kubectl.run("kube", "login")
    assert yaml.safe_load(path.read_text()) == config
    kubectl.run("logout")
    done = kubectl.run("kube", "credential", "--proxy", kubectl.proxy, code=1)
    assert done.stdout == "" and "postern login" in done.stderr


def test_an_entry_of_somebody_else_is_not_taken_over(kubectl: Desk) -> None:
    path = kubectl.home / "config"
    path.write_text("clusters:\n- name: postern-k\n  cluster: {server: https://else}\n")
    before = path.read_text()
    said = kubectl.run("kube", "login", "k", code=1, KUBECONFIG=str(path))
    assert "--context-name" in said.stderr and path.read_text() == before
    kubectl.run("kube", "login", "k", "--context-name", "mine", KUBECONFIG=str(path))
    assert path.read_text().startswith(before)


def refuse(desk: Desk, *ids: str) -> None:
    desk.api.refusals = [{"verb": "get", "resourceId": i, "message": "no", "time": "x"} for i in ids]


def test_kubectl_runs_in_a_session_of_its_own(kubectl: Desk) -> None:
    (kubectl.home / "allowed").touch()
    kubectl.run("kube", "login", "k", "--set-context-namespace", "dev")
    done = kubectl.run("kubectl", "--no-request", "apply", "-f", "-", "--context", "postern-k", "--", "-x",
                       stdin="some input")  # fmt: skip
    assert done.stdout == "yes\n"
    assert (kubectl.home / "seen.words").read_text() == "apply -f - -- -x\n"
    assert (kubectl.home / "seen.stdin").read_text() == "some input"
    config = yaml.safe_load((kubectl.home / "seen.kubeconfig").read_text())
    assert config["users"][0]["user"] == {"token": "pst_of_child"}
    assert config["contexts"][0]["context"]["namespace"] == "dev"
    assert config["clusters"][0]["cluster"]["server"].endswith("/clusters/k")
    assert (kubectl.home / "seen.mode").read_text() == "600\n"
    assert not Path((kubectl.home / "seen.path").read_text().strip()).exists()
    assert "child" not in kubectl.api.objects["sessions"]


def test_without_a_terminal_nothing_is_asked(kubectl: Desk) -> None:
    refuse(kubectl, ID)
    assert kubectl.run("kubectl", "get", "pods", code=7).stderr == "no\n"
    kubectl.run("kubectl", "--no-request", "--request-reason", "r", "get", "pods", code=7)
    kubectl.run("kubectl", "--request-reason", "r", "get", "pods", code=7, POSTERN_NO_REQUEST="1")
    refuse(kubectl)
    kubectl.run("kubectl", "--request-reason", "r", "get", "pods", code=7)
    assert kubectl.asked("POST", "/accessrequests") == []


def test_a_setting_turns_it_off(kubectl: Desk) -> None:
    """`requestOnRefusal` of the profile's config.json; everything else in it stays."""
    refuse(kubectl, ID)
    kubectl.script("kubectl", "[ -e allowed ] && echo yes && exit 0; echo no >&2; exit 7\n")
    file = kubectl.home / ".postern" / "config.json"
    setting = json.loads(file.read_text()) | {"requestOnRefusal": False}
    file.write_text(json.dumps(setting))
    done = kubectl.run("kubectl", "--request-reason", "r", "get", "pods", code=7)
    assert done.stderr == "no\n"
    terminal = Terminal(kubectl, "kubectl", "get", "pods")
    terminal.expect("no")
    assert terminal.end() == 7 and "Why" not in terminal.seen
    assert kubectl.asked("POST", "/accessrequests") == []
    kubectl.login()
    assert json.loads(file.read_text()) == setting
    # Turned on again, the same command asks.
    file.write_text(json.dumps(setting | {"requestOnRefusal": True}))
    thread = approve_when_filed(kubectl)
    assert kubectl.run("kubectl", "--request-reason", "r", "get", "pods").stdout == "yes\n"
    thread.join()


def approve_when_filed(desk: Desk, state: str = "APPROVED") -> threading.Thread:
    def watch() -> None:
        name = wait_for_filed(desk)
        (desk.home / "allowed").touch()
        desk.api.put("accessrequests", name, status={"state": state})

    thread = threading.Thread(target=watch)
    thread.start()
    return thread


def wait_for_filed(desk: Desk) -> str:
    end = time.monotonic() + 20
    while not desk.api.objects.get("accessrequests") and time.monotonic() < end:
        time.sleep(0.02)
    return next(iter(desk.api.objects["accessrequests"]))


def test_a_refusal_becomes_a_request_and_kubectl_runs_again(kubectl: Desk) -> None:
    refuse(kubectl, ID, "/c/secret/k/dev/s", ID)
    thread = approve_when_filed(kubectl)
    done = kubectl.run("kubectl", "--request-reason", "ticket", "get", "pod", "web-0", "-n", "dev")
    thread.join()
    assert done.stdout == "yes\n"
    sent = json.loads(kubectl.asked("POST", "/accessrequests")[0].message.body)["spec"]
    assert sent == {"resources": [ID, "/c/secret/k/dev/s"], "reason": "ticket"}
    assumed = kubectl.asked("POST", "/sessions/self/requests")
    assert assumed[0].get("Authorization") == "Bearer pst_of_child"
    assert (kubectl.home / "seen.words").read_text().count("get pod web-0") == 2
    # What was approved already is used without another request.
    (kubectl.home / "allowed").unlink()
    kubectl.script("kubectl", "[ -e again ] && exit 0; touch again; exit 1\n")
    kubectl.run("kubectl", "--request-reason", "ticket", "get", "pod", "web-0", "-n", "dev")
    assert len(kubectl.asked("POST", "/accessrequests")) == 1


def test_a_denied_request_of_kubectl_is_3(kubectl: Desk) -> None:
    refuse(kubectl, ID)
    thread = approve_when_filed(kubectl, "DENIED")
    kubectl.run("kubectl", "--request-reason", "ticket", "get", "pods", code=3)
    thread.join()


def test_on_a_terminal_kubectl_asks_for_a_reason(kubectl: Desk) -> None:
    refuse(kubectl, ID)
    kubectl.script("kubectl", "[ -e allowed ] && echo yes && exit 0; echo no >&2; exit 7\n")
    terminal = Terminal(kubectl, "kubectl", "get", "pods")
    terminal.expect("Why do you need it?")
    assert ID in terminal.seen
    thread = approve_when_filed(kubectl)
    terminal.type("because\n")
    assert terminal.end() == 0, terminal.seen
    thread.join()
    assert json.loads(kubectl.asked("POST", "/accessrequests")[0].message.body)["spec"]["reason"] == "because"


def test_an_empty_reason_asks_for_nothing(kubectl: Desk) -> None:
    refuse(kubectl, ID)
    kubectl.script("kubectl", "exit 7\n")
    terminal = Terminal(kubectl, "kubectl", "get", "pods")
    terminal.expect("Why do you need it?")
    terminal.type("\n")
    assert terminal.end() == 7
    assert kubectl.asked("POST", "/accessrequests") == []


@pytest.mark.parametrize("which", [signal.SIGTERM, signal.SIGHUP])
def test_signals_leave_nothing_behind(kubectl: Desk, which: signal.Signals) -> None:
    kubectl.script("kubectl", 'echo "$KUBECONFIG" > path.new; mv path.new path; exec sleep 30\n')
    running = kubectl.start("kubectl", "get", "pods")
    end = time.monotonic() + 20
    while not (kubectl.home / "path").exists() and time.monotonic() < end:
        time.sleep(0.02)
    running.send_signal(which)
    assert running.wait(10) == 128 + which
    assert not Path((kubectl.home / "path").read_text().strip()).exists()
    assert "child" not in kubectl.api.objects["sessions"]


# -- shell ------------------------------------------------------------------------------------------


def test_completion(alice: Desk) -> None:
    def candidates(*words: str) -> list[str]:
        lines = alice.run("__complete", *words).stdout.splitlines()
        assert lines[-1].startswith(":")
        return [line.split("\t")[0] for line in lines[:-1]]

    alice.api.request("r1")
    alice.api.put("accessroles", "dev", spec={}, version="v8")
    assert candidates("requ") == ["request"]
    assert {"search", "create", "review"} <= set(candidates("request", ""))
    assert "--approve" in candidates("request", "review", "--a")
    assert candidates("request", "show", "") == ["r1"]
    assert candidates("get", "role/") == ["role/dev"]
    assert candidates("get", "roles", "-o", "y") == ["yaml"]
    assert candidates("status", "--proxy", "") == [alice.proxy]
    assert candidates("completion", "") == ["bash", "zsh"]
    for shell in ("bash", "zsh"):
        assert "__complete" in alice.run("completion", shell).stdout
    checked = subprocess.run(["bash", "-n"], input=alice.run("completion", "bash").stdout, text=True, check=False)
    assert checked.returncode == 0


def test_bash_completes(alice: Desk) -> None:
    (alice.home / "bin" / "postern").symlink_to(binary())
    script = (
        'source <(postern completion bash); COMP_LINE="postern request sho"; COMP_POINT=${#COMP_LINE}; '
        'COMP_WORDS=(postern request sho); COMP_CWORD=2; _postern; echo "${COMPREPLY[@]}"'
    )
    assert alice.run("-c", script, program="bash").stdout == "show\n"


def test_zsh_completes(alice: Desk) -> None:
    """The function as zsh calls it, with zsh's own commands for the outcome as stubs."""
    if not (alice.home / "bin" / "postern").exists():
        (alice.home / "bin" / "postern").symlink_to(binary())
    script = (
        "compdef() { :; }; _files() { echo files; }; "
        '_describe() { [[ $1 == -V ]] && shift; print -l -- "${(@P)2}"; }; '
        "source <(postern completion zsh); words=(postern request sho); CURRENT=3; _postern; "
        "words=(postern create -f ''); CURRENT=4; _postern"
    )
    said = alice.run("-f", "-c", script, program="zsh").stdout.splitlines()
    assert said[0].startswith("show:") and said[-1] == "files", said


def test_as_a_plugin_of_kubectl(alice: Desk) -> None:
    for name in ("kubectl-postern", "kubectl_complete-postern"):
        (alice.home / "bin" / name).symlink_to(binary())
    assert "kubectl postern" in alice.run("--help", program=str(alice.home / "bin" / "kubectl-postern")).stdout
    said = alice.run("requ", program=str(alice.home / "bin" / "kubectl_complete-postern")).stdout
    assert said.startswith("request\t") and said.endswith(":4\n")


def test_help_and_man(alice: Desk) -> None:
    assert "130" in alice.run("help", "exit-codes").stdout
    assert "--approve" in alice.run("help", "request", "review").stdout
    alice.run("help", "nonsense", code=2)
    page = alice.run("man").stdout
    assert page.startswith(".TH POSTERN 1") and "postern request create" in page.replace("\\-", "-")

    def commands(words: list[str]) -> Iterator[list[str]]:
        if len(words) == 2:
            yield words
            return
        lines = alice.run("__complete", *words, "").stdout.splitlines()
        children = [line.split("\t")[0] for line in lines[:-1] if "\t" in line]
        if not children:
            yield words
        for child in children:
            yield from commands([*words, child])

    checked = [words for words in commands([]) if words and words[0] not in ("get", "rm", "edit", "help", "kubectl")]
    assert len(checked) > 25
    for words in checked:
        assert "Examples:" in alice.run(*words, "--help").stdout, words


def test_colours(alice: Desk) -> None:
    alice.api.request("r1", "APPROVED")
    assert "\x1b[32mAPPROVED" in alice.run("request", "show", "r1", "--color", "always").stdout
    assert "\x1b" not in alice.run("request", "show", "r1").stdout
    assert "\x1b" not in alice.run("request", "show", "r1", CLICOLOR_FORCE="1", NO_COLOR="1").stdout
    assert "\x1b" in alice.run("request", "show", "r1", CLICOLOR_FORCE="1").stdout
