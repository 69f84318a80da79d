"""The commands against the real access API and a real cluster, beyond the main story: backup and
restore, editing, watching, terminals, and kubectl's plugins."""

import json
import os
import pty
import re
import select
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import yaml
from audit_log import ours
from documents import STORY
from harness import binary
from people import Person, names
from pki import Authority
from town import NGINX_1, Town, town  # noqa: F401  (a fixture)


def test_the_pin_that_is_logged_is_enough(town: Town) -> None:
    logged = [line["ca_pin"] for line in town.postern.log_lines() if "ca_pin" in line]
    other = Person(town.alice.home, "elsewhere", town.postern, town.cluster)
    other.postern("login", "--proxy", f"127.0.0.1:{town.postern.port}", "--user", "alice", "--ca-pin",
                  logged[-1], "--password-file", str(town.alice.password_file))  # fmt: skip
    profile = json.loads(next((other.home / ".postern").glob("*.proxy.json")).read_text())
    assert profile["certificateAuthority"].strip() == town.postern.ca_file.read_text().strip()
    other.postern("logout")


def test_login_by_certificate(town: Town, authority: Authority) -> None:
    pair = authority.issue("alice-client", "alice")
    other = Person(town.bob.home, "by-certificate", town.postern, town.cluster)
    common = ("login", "--proxy", f"127.0.0.1:{town.postern.port}", "--ca-file", str(town.postern.ca_file))
    assert "as alice" in other.postern(*common, "--cert", str(pair.cert_file), "--key", str(pair.key_file))
    assert other.json("status")["user"] == "alice"
    other.postern("logout")
    other.refusal(*common, "--cert", str(pair.cert_file), code=2)


def test_backup_and_restore(town: Town) -> None:
    backup = town.root.postern("export")
    documents = list(yaml.safe_load_all(backup))
    assert {d["metadata"]["name"] for d in documents} == {
        "k8s-access", "k8s-requester", "k8s-resource-requester-reviewer", "alice", "bob"}  # fmt: skip
    town.root.refusal("create", "-f", "-", stdin=backup)
    said = town.root.postern("create", "-f", "-", "--overwrite", stdin=backup)
    assert said.count(" replaced") == 5
    assert town.root.postern("export") == backup
    temporary = [d | {"metadata": {"name": "again"}} for d in documents if d["metadata"]["name"] == "k8s-access"]
    assert town.root.postern("create", "-f", "-", stdin=yaml.safe_dump_all(temporary)) == "role/again created\n"
    town.root.postern("rm", "role/again")


def test_edit(town: Town) -> None:
    editor = town.root.home / "editor"
    editor.write_text('#!/bin/sh\nsed -i "s/k8s-access/k8s-acces/" "$1"\n')
    editor.chmod(0o755)
    town.root.env["EDITOR"] = str(editor)
    role = "role/k8s-requester"
    trial = ("request", "create", "--resource", NGINX_1, "--reason", "r", "--dry-run")
    assert town.alice.json(*trial)["spec"]["roles"] == ["k8s-access"]
    town.root.postern("edit", role)
    town.alice.refusal(*trial, code=None)
    assert "k8s-acces\n" in town.root.postern("get", role, "-o", "yaml")
    editor.write_text('#!/bin/sh\nsed -i "s/k8s-acces$/k8s-access/" "$1"\n')
    assert town.root.postern("edit", role) == f"{role} edited\n"
    assert town.alice.json(*trial)["spec"]["roles"] == ["k8s-access"]
    editor.write_text('#!/bin/sh\ngrep -q refused "$1" || sed -i "s/search_as_roles/serch_as_roles/" "$1"\n')
    said = town.root.refusal("edit", role)
    assert "serch_as_roles" in said and "what you wrote is in" in said
    Path(re.findall(r"is in (\S+)", said)[-1]).unlink()
    assert "search_as_roles" in town.root.postern("get", role, "-o", "yaml")


def test_what_means_nothing_here_is_warned_of(town: Town) -> None:
    """A role of Teleport's loads as it is; what postern has no use for is named, by its key."""
    role = """kind: role
version: v7
metadata: {name: of-teleport}
spec:
  options: {forward_agent: true, max_session_ttl: 8h, enhanced_recording: [command], ssh_file_copy: true}
  allow:
    logins: [root, ubuntu]
    kubernetes_groups: [dev-team]
    windows_desktop_labels: {env: test}
"""
    done = town.root.run(str(binary()), "create", "-f", "-", stdin=role)
    assert done.stdout == "role/of-teleport created\n"
    assert sorted(line.split(": ")[:2] for line in done.stderr.splitlines()) == [
        ["warning", "spec.options.enhanced_recording"], ["warning", "spec.options.forward_agent"]]  # fmt: skip
    kept = town.root.json("get", "role/of-teleport")["spec"]  # what other kinds have is kept for them
    assert kept["allow"]["logins"] == ["root", "ubuntu"] and kept["allow"]["windows_desktop_labels"]
    said = town.root.refusal("create", "-f", "-", stdin=role.replace("copy: true", "copy: false"))
    assert "spec.options.ssh_file_copy" in said, "what would restrict is no warning"
    town.root.postern("rm", "role/of-teleport")


WIDE = """kind: role
version: v8
metadata: {name: all-of-dev}
spec:
  allow:
    kubernetes_labels: {'*': '*'}
    kubernetes_groups: [viewers]
    kubernetes_resources:
    - {kind: '*', api_group: '*', namespace: dev, name: '*', verbs: [get, list]}
    - {kind: namespaces, api_group: '', name: dev, verbs: [get, list]}
---
kind: role
version: v8
metadata: {name: asks-for-all}
spec: {allow: {request: {search_as_roles: [all-of-dev]}}}
"""


def test_search_of_namespaces_and_custom_kinds(town: Town) -> None:
    """With a role that reaches them; each ID that is found can be asked for as it stands."""
    town.root.postern("create", "-f", "-", stdin=WIDE)
    town.root.postern("users", "update", "alice", "--set-roles", "k8s-requester,asks-for-all")
    try:
        find = ("request", "search", "--kube-cluster", "mycluster")
        namespaces = town.alice.postern(*find, "--kind", "namespace")
        widgets = town.alice.postern(*find, "--kind", "widgets.e.com", "--kube-namespace", "dev")
        assert "prod" not in namespaces
        for found, one in ((namespaces, "/postern.test/namespace/mycluster/dev"),
                           (widgets, "/postern.test/widgets.e.com/mycluster/dev/w1")):  # fmt: skip
            assert one in found and "postern request create" in found
            made = town.alice.json("request", "create", "--resource", one, "--reason", "r", "--dry-run")
            assert "all-of-dev" in made["spec"]["roles"]
    finally:
        town.root.postern("users", "update", "alice", "--set-roles", "k8s-requester")
        town.root.postern("rm", "role/asks-for-all", "role/all-of-dev")


def test_who_may_not_is_told_so_with_3(town: Town) -> None:
    said = town.alice.refusal("create", "-f", "-", stdin=STORY.split("---")[0], code=3)
    assert "has a rule for it (rules: role, create)" in said
    said = town.alice.refusal("users", "add", "eve", "--roles", "access", code=3)
    assert "has a rule for it (rules: user, create)" in said
    town.alice.refusal("rm", "role/k8s-access", code=3)


def test_a_watch_of_requests(town: Town) -> None:
    watching = town.bob.start("request", "ls", "-w")
    assert watching.stdout
    town.alice.postern("request", "create", "--resource", NGINX_1, "--reason", "watched", "--nowait")
    while "PENDING" not in (line := watching.stdout.readline()):
        assert line, "the watch ended"
    name = town.approve("watched")
    while "APPROVED" not in (line := watching.stdout.readline()):
        assert line, "the watch ended"
    assert line.startswith(name)
    watching.send_signal(2)
    assert watching.wait(10) == 130
    town.alice.postern("request", "revoke", name)


def test_standard_input_and_exit_codes_are_kubectls(town: Town) -> None:
    name = town.alice.json("request", "create", "--resource", NGINX_1, "--reason", "stdin", "--nowait")
    town.approve("stdin")
    town.alice.postern("request", "assume", name["metadata"]["name"])
    said = town.alice.run(str(binary()), "kubectl", "exec", "-i", "nginx-1", "--", "sh", "-c",
                          "read line; echo $line", stdin="through\n")  # fmt: skip
    assert said.stdout == "through\n"
    assert town.alice.refusal("kubectl", "get", "nonsense")
    town.alice.refusal("kubectl", "get", "pods", "--no-such-flag")
    town.alice.postern("request", "drop")
    assert [s["metadata"]["name"] for s in town.alice.json("get", "sessions")["items"]] == [
        town.alice.json("status")["session"]], "children end with their kubectl"  # fmt: skip
    town.alice.postern("rm", f"request/{name['metadata']['name']}")


def test_kubectl_on_a_terminal(town: Town) -> None:
    """The whole of it, as a person sees it: a refusal, a question, an approval, the answer."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(town.alice.home)
        os.execve(str(binary()), ["postern", "kubectl", "get", "pod", "nginx-1", "-o", "name"],
                  town.alice.env | {"TERM": "xterm"})  # fmt: skip
    seen = ""

    def read_until(text: str | None) -> None:
        nonlocal seen
        end = time.monotonic() + 40
        while text is None or text not in seen:
            assert time.monotonic() < end, seen
            if select.select([terminal], [], [], 0.2)[0]:
                try:
                    seen += os.read(terminal, 4096).decode()
                except OSError:
                    return

    read_until("Why do you need it?")
    assert "Forbidden" in seen and NGINX_1 in seen
    os.write(terminal, b"on a terminal\n")
    read_until("Waiting for a decision")
    town.approve("on a terminal")
    read_until(None)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0, seen
    assert "pod/nginx-1" in seen
    assert town.alice.json("status")["requests"] == [], "it was for that command alone"


def test_as_a_plugin_of_kubectl(town: Town) -> None:
    (town.alice.home / "bin").mkdir()
    (town.alice.home / "bin" / "kubectl-postern").symlink_to(binary())
    path = {"PATH": f"{town.alice.home}/bin:{town.alice.env['PATH']}"}
    before = dict(town.alice.env)
    town.alice.env |= path
    try:
        assert "alice" in town.alice.kubectl("postern", "status").stdout
        assert names(town.alice.kubectl("postern", "kube", "ls").stdout) == ["mycluster"]
    finally:
        town.alice.env = before


def test_without_a_session_by_a_kubeconfig(town: Town) -> None:
    """root's static token in a kubeconfig reaches the access API, too."""
    config = town.postern.kubeconfig("root", cluster="mycluster")

    def root(*args: str, **options: Any) -> str:
        return town.root.postern("--kubeconfig", str(config), *args, **options)

    assert "k8s-access" in root("get", "roles")
    assert "alice" in root("users", "ls", "-o", "name")
    root("request", "ls", "--mine")


def test_invites_resets_and_roles(town: Town) -> None:
    made = town.root.json("users", "add", "zoe", "--roles", "k8s-requester", "--ttl", "30h")
    left = datetime.fromisoformat(made["expires"].replace("Z", "+00:00")) - datetime.now(timezone.utc)
    assert timedelta(hours=29) < left <= timedelta(hours=30)
    zoe = Person(town.alice.home, "zoe", town.postern, town.cluster)
    zoe.login(made["link"], kube=False)
    town.root.postern("users", "update", "zoe", "--set-roles",
                      "k8s-requester,k8s-resource-requester-reviewer")  # fmt: skip
    assert town.root.json("get", "user/zoe")["spec"]["roles"][1] == "k8s-resource-requester-reviewer"
    assert "nothing to change" in town.root.refusal("users", "update", "zoe", code=2)

    link = town.root.json("users", "reset", "zoe")["link"]
    assert "Unauthorized" in zoe.refusal("request", "ls")
    again = ("login", "--proxy", f"127.0.0.1:{town.postern.port}", "--ca-file",
             str(town.postern.ca_file), "--user", "zoe")  # fmt: skip
    zoe.refusal(*again, "--password-file", str(zoe.password_file))
    zoe.login(link, kube=False)
    assert "zoe" in zoe.postern("status")

    town.root.postern("users", "rm", "zoe")


def test_an_invite_that_cannot_be_made_makes_no_user(town: Town) -> None:
    for ttl in ("1000h", "169h", "8d", "0", "10ms"):
        said = town.root.refusal("users", "add", "late", "--roles", "k8s-requester", "--ttl", ttl, code=2)
        assert said.startswith("error: --ttl: an invite holds for at least 1s and at most 168h"), said
        assert "late" not in town.root.postern("users", "ls")
    for word in ("invite", "reset"):
        assert "at most 168h" in town.root.refusal("users", word, "bob", "--ttl", "1000h", code=2)
    town.root.postern("users", "add", "late", "--roles", "k8s-requester", "--ttl", "7d")
    town.root.postern("users", "rm", "late")


def test_sessions_are_listed_and_ended(town: Town) -> None:
    other = Person(town.bob.home, "desk", town.postern, town.cluster)
    other.postern("login", "--proxy", f"127.0.0.1:{town.postern.port}", "--user", "bob", "--ca-file",
                  str(town.postern.ca_file), "--password-file", str(town.bob.password_file))  # fmt: skip
    session = other.json("status")["session"]
    assert session in names(town.bob.postern("sessions", "ls"))
    assert session not in names(town.alice.postern("sessions", "ls"))
    town.alice.refusal("sessions", "rm", session)
    assert session in names(town.root.postern("sessions", "ls"))
    town.root.postern("sessions", "rm", session)
    assert "Unauthorized" in other.refusal("request", "ls")
    town.bob.postern("status")


def test_a_login_with_a_request_tells_when_that_ends(town: Town) -> None:
    """In this session, which `--session-ttl` ends before the approval: as `status` has it."""
    filed = town.alice.json("request", "create", "--resource", NGINX_1, "--reason", "for a login",
                            "--max-duration", "10m", "--session-ttl", "5m", "--nowait")  # fmt: skip
    name, ends = filed["metadata"]["name"], filed["status"]["accessExpires"]
    town.approve("for a login")
    other = Person(town.alice.home, "desk", town.postern, town.cluster)
    said = other.postern("login", "--proxy", f"127.0.0.1:{town.postern.port}", "--user", "alice", "--ca-file",
                         str(town.postern.ca_file), "--password-file", str(town.alice.password_file),
                         "--request-id", name)  # fmt: skip

    def told(text: str) -> str:
        return next(line for line in text.splitlines() if line.startswith(name)).split()[1]

    assert told(said) == told(other.postern("status")) < ends


def test_everything_a_request_can_say(town: Town) -> None:
    start = (datetime.now(timezone.utc) + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
    made = town.alice.json(
        "request", "create", "--resource", NGINX_1, "--resource", "/postern.test/pod/mycluster/dev/db-*",
        "--roles", "k8s-access", "--reviewers", "carol,bob", "--reason", "all of it",
        "--max-duration", "1d", "--request-ttl", "1h", "--session-ttl", "30m",
        "--assume-start-time", start, "--label", "team=web", "--dry-run",
    )  # fmt: skip
    assert made["spec"] == {
        "user": "alice", "roles": ["k8s-access"], "reason": "all of it",
        "resources": [NGINX_1, "/postern.test/pod/mycluster/dev/db-*"],
        "suggestedReviewers": ["bob", "carol"], "maxDuration": "24h", "requestTTL": "1h",
        "sessionTTL": "30m", "assumeStartTime": start,
    }  # fmt: skip
    assert made["metadata"]["labels"] == {"team": "web"}
    assert town.alice.json("request", "ls", "--mine")["items"] is not None


def test_can_i_explains_itself(town: Town) -> None:
    name = town.alice.json("request", "create", "--resource", NGINX_1, "--reason", "explain", "--nowait")
    name = name["metadata"]["name"]
    town.approve("explain")
    ask = ("auth", "can-i", "get", "pods/nginx-1", "-n", "dev")
    assert town.alice.refused_with(3, *ask, "--explain").startswith("no\n  why: no role gives get on this\n")
    town.alice.postern("request", "assume", name)
    assert town.alice.postern(*ask) == "yes\n"
    said = town.alice.postern(*ask, "--explain")
    assert re.fullmatch(
        rf"yes\n  why: allowed by role k8s-access, allow\.kubernetes_resources\[0\], request {name}, "
        r"until \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\n", said), said  # fmt: skip
    other = town.alice.refused_with(3, "auth", "can-i", "get", "pods/db-0", "-n", "dev", "--explain")
    assert f"why: no role gives get on this within request {name}\n" in other
    assert "answer: pods \"db-0\" is forbidden" in other
    own = town.alice.json("auth", "can-i", "create", "accessrequests.access.postern.dev")
    assert own == {"allowed": True, "explanation": "everybody may file requests of their own",
                   "reason": "everybody may file requests of their own"}  # fmt: skip

    deny = {"kind": "role", "version": "v7", "metadata": {"name": "never-nginx"},
            "spec": {"deny": {"kubernetes_resources": [
                {"kind": "pod", "namespace": "dev", "name": "nginx-1", "verbs": ["*"]}]}}}  # fmt: skip
    town.root.postern("create", "-f", "-", stdin=yaml.safe_dump(deny))
    town.root.postern("users", "update", "alice", "--set-roles", "k8s-requester,never-nginx")
    try:
        said = town.alice.refused_with(3, *ask, "--explain")
        assert "why: denied by role never-nginx, deny.kubernetes_resources[0]\n" in said
    finally:
        town.root.postern("users", "update", "alice", "--set-roles", "k8s-requester")
        town.root.postern("rm", "role/never-nginx")
        town.alice.postern("request", "drop")
        town.alice.postern("rm", f"request/{name}")


# These two are the last: one of them lets an address wait, the other reads what all of them left behind.


def test_guessing_is_slowed_down_and_tells_no_names(town: Town) -> None:
    """A known name and one that nobody has are answered alike, at first and when it was too often."""

    def guess(name: str) -> tuple[int, str | None, Any]:
        login = {"user": name, "password": "wrong horse"}
        answer = town.postern.ask(None, "POST", "/apis/access.postern.dev/v1alpha1/sessions",
                                  [("Content-Type", "application/json")],
                                  json.dumps({"spec": {"login": login}}).encode())  # fmt: skip
        return answer.status, answer.get("Retry-After"), json.loads(answer.body)

    def until_slowed(name: str) -> tuple[list[int], int, list[Any]]:
        answers = [guess(name)]
        while answers[-1][0] == 401:
            assert answers[-1][1] is None and len(answers) < 20, answers
            answers.append(guess(name))
        return [code for code, _, _ in answers], int(answers[-1][1] or 0), [a[2] for a in answers]

    known_codes, known_wait, known_bodies = until_slowed("bob")
    codes, wait, bodies = until_slowed("nobody-of-that-name")
    # How many more than the free ones depends on how long each took: the next may come a second later.
    for each in (known_codes, codes):
        assert set(each[:-1]) == {401} and each[-1] == 429
        assert len(each) > 5, "who mistypes a few times does not wait"
    assert wait > 0 and known_wait > 0
    assert all(body == bodies[0] for body in known_bodies[:-1] + bodies[:-1])
    assert known_bodies[0]["message"] == bodies[0]["message"] == "Unauthorized"
    assert known_bodies[-1]["reason"] == bodies[-1]["reason"] == "TooManyRequests"
    town.bob.postern("request", "ls")  # who is in already does not notice


def test_the_audit_tells_of_every_change(town: Town) -> None:
    log = town.postern.audit_log
    log.settle()
    events = {ours(event, "event") for event in log.events()}
    assert {"role.create", "role.update", "role.delete", "user.create", "user.update", "user.delete",
            "user.invite", "user.reset", "invite.redeem", "login.succeed", "login.fail", "session.create",
            "session.assume", "session.drop", "session.end", "accessrequest.create", "accessrequest.review",
            "accessrequest.approve", "accessrequest.delete", "accessrequest.revoke"} <= events, events  # fmt: skip
