"""login, status and logout: passwords that are typed, invites, files, the session that is there already."""

import json
import os
import stat
from pathlib import Path

import yaml
from access_script import answer
from desks import ID, Desk, Terminal, alice, desk  # noqa: F401  (fixtures)


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


def test_a_token_of_somebody_else(desk: Desk) -> None:
    (desk.home / "token").write_text("pst_static\n")
    said = desk.login("--ca-file", str(desk.authority.cert_file), "--token-file", "token").stdout
    assert "as alice" in said
    desk.run("logout")
    said = desk.run("login", "--proxy", desk.proxy, "--user", "bob", "--ca-file",
                    str(desk.authority.cert_file), "--token-file", "token", code=1).stderr  # fmt: skip
    assert "it proves that you are alice, not bob" in said
    assert desk.asked("DELETE", "/sessions/self"), "its session ends"
    desk.run("request", "ls", code=1)


def test_nothing_is_spent_or_written_where_nothing_can_be_kept(desk: Desk, tmp_path: Path) -> None:
    """An invite works once: it is not shown before there is a place for what it gives."""
    trust = ("--ca-file", str(desk.authority.cert_file))
    link = f"postern://alice@{desk.proxy}/invite/once"
    said = desk.run("login", link, *trust, stdin="sesame\n", code=1, HOME="").stderr
    assert said == "error: HOME is not set; say with POSTERN_HOME where to keep logins\n"
    said = desk.run("login", link, *trust, stdin="sesame\n", code=1, POSTERN_HOME="/proc/postern").stderr
    assert said.startswith("error: /proc/postern: ")
    assert not desk.asked("POST", "/sessions")
    desk.run("login", link, *trust, stdin="sesame\n", HOME="", POSTERN_HOME=str(tmp_path / "kept"))
    assert (tmp_path / "kept" / "config.json").exists()
    desk.api.put("kubeclusters", "k", status={"default": True})
    said = desk.run("kube", "login", "k", code=1, HOME="", POSTERN_HOME=str(tmp_path / "kept")).stderr
    assert said == "error: HOME is not set; say with --kubeconfig where to write to\n"


def test_a_kubeconfig_that_is_no_file_stays_what_it_is(alice: Desk) -> None:
    """KUBECONFIG=/dev/null is how people say none; as root its place could be taken by a file."""
    alice.api.put("kubeclusters", "k", status={"default": True})
    pipe = alice.home / "pipe"
    os.mkfifo(pipe)
    said = alice.run("kube", "login", "k", code=1, KUBECONFIG=str(pipe)).stderr
    assert "is no regular file" in said, said
    assert stat.S_ISFIFO(pipe.stat().st_mode)
