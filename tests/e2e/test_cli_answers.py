"""What the commands say when something is not as one thinks, with the real access API: invites that
are used up, wrong passwords, approvals that nobody was asked about, several objects at once."""

import json

import yaml
from people import Person
from raw_http import wait_for
from town import NGINX_1, Town, town  # noqa: F401  (a fixture)


def test_who_has_used_up_an_invite_is_told(town: Town) -> None:
    link = town.root.json("users", "add", "zoe", "--roles", "k8s-requester")["link"]
    zoe = Person(town.alice.home, "zoe", town.postern, town.cluster)
    done = zoe.run("postern", "login", link)
    assert "as zoe" in done.stdout
    assert "no password was chosen" in done.stderr and "--new-password-file" in done.stderr
    said = zoe.refusal("login", link, "--new-password-file", str(zoe.password_file))
    assert "does not take this invite of zoe" in said and "postern users invite zoe" in said
    common = ("login", "--proxy", f"127.0.0.1:{town.postern.port}", "--ca-file", str(town.postern.ca_file))
    said = zoe.refusal(*common, "--user", "zoe", "--password-file", str(zoe.password_file))
    assert said.endswith("does not take this password of zoe\n")
    (zoe.home / "token").write_text("nonsense\n")
    assert zoe.refusal(*common, "--token-file", "token").endswith("does not take this token\n")
    assert "no password was chosen" not in town.alice.run(
        "postern", "login", "--password-file", str(town.alice.password_file)).stderr  # fmt: skip
    said = zoe.refusal("login", "--password-file", str(zoe.password_file), "--ttl", "0s")
    assert "Unauthorized" in said
    said = town.alice.refusal("login", "--password-file", str(town.alice.password_file), "--ttl", "0s")
    assert "spec.ttl: must be more than nothing, and at most 30h" in said


def test_logging_out_twice(town: Town) -> None:
    town.alice.postern("logout")
    done = town.alice.run("postern", "logout")
    assert done.stderr == f"Nobody is logged in at 127.0.0.1:{town.postern.port}\n"
    town.alice.postern("login", "--password-file", str(town.alice.password_file))


def test_nobody_locks_themselves_out(town: Town) -> None:
    town.root.postern("users", "lock", "bob")
    town.root.postern("users", "unlock", "bob")
    assert "lock yourself out" in town.root.refusal("users", "lock", "bob", "root", code=2)
    assert "remove yourself" in town.root.refusal("users", "rm", "bob", "root", code=2)
    assert "remove yourself" in town.root.refusal("rm", "user/root", code=2)
    assert town.root.json("get", "user/bob")["spec"].get("locked") is None


def test_an_approval_that_nobody_was_asked_about(town: Town) -> None:
    request = town.alice.postern("request", "create", "--resource", NGINX_1, "--reason", "r", "--nowait",
                                 "-o", "name").strip().removeprefix("request/")  # fmt: skip
    said = town.bob.refusal("request", "review", "--approve", request, code=2)
    assert "nothing was sent" in said and "--yes" in said and "--digest" in said
    assert town.bob.json("request", "show", request)["status"]["state"] == "PENDING"
    done = town.alice.run("postern", "request", "drop", request)
    assert done.stderr == f"note: request {request} was not assumed\n"
    town.bob.postern("request", "review", "--deny", request)  # gives nothing away
    assert town.bob.json("request", "show", request)["status"]["state"] == "DENIED"


def test_an_assumed_request_that_gives_nothing_any_more_says_why(town: Town) -> None:
    town.alice.postern("request", "create", "--resource", NGINX_1, "--reason", "why", "--nowait")
    name = town.approve("why")
    town.alice.postern("request", "assume", name)
    ask = ("auth", "can-i", "get", "pods/nginx-1", "-n", "dev", "--explain")
    assert f"request {name}" in town.alice.postern(*ask)
    assert "no longer" not in town.alice.postern("status")
    assert town.alice.json("status")["requests"][0]["inForce"] is True
    town.root.postern("users", "update", "alice", "--set-roles", "requester")
    why = f"within request {name} (today's roles no longer let \"alice\" request"
    wait_for("the refusal that says why", lambda: why in town.alice.run("postern", *ask, code=None).stdout)
    table = town.alice.postern("status").splitlines()
    row = next(line for line in table if line.startswith(name))
    assert row.split("  ")[1].strip() == "no longer in force", table
    assert table[-1].startswith(f"{name} is no longer in force: today's roles no longer let"), table
    shown = town.alice.json("status")["requests"][0]
    assert shown["inForce"] is False and "today's roles" in shown["message"]
    said = town.alice.postern("request", "drop", "another")  # every command that tells of a session
    assert f"{name} is no longer in force" in said
    town.root.postern("users", "update", "alice", "--set-roles", "k8s-requester")
    wait_for("the request to count again", lambda: "no longer" not in town.alice.postern("status"))
    town.alice.postern("request", "drop")


def test_can_i_knows_our_own_kinds_and_paths(town: Town) -> None:
    assert town.alice.postern("auth", "can-i", "create", "accessrequests") == "yes\n"
    assert town.alice.refused_with(3, "auth", "can-i", "list", "auser") == "no\n"
    assert town.root.postern("auth", "can-i", "list", "auser") == "yes\n"
    assert town.alice.postern("auth", "can-i", "get", "/version") == "yes\n"
    assert town.alice.refused_with(3, "auth", "can-i", "get", "/metrics") == "no\n"
    assert 'unknown kind "nonsense"; write PLURAL.GROUP' in town.alice.refusal(
        "auth", "can-i", "get", "nonsense", code=2)  # fmt: skip


def test_what_belongs_to_a_file_is_not_opened_in_an_editor(town: Town) -> None:
    town.root.env["EDITOR"] = "touch opened; false"
    for word, origin in (("role/access", "preset"), ("user/root", "file")):
        said = town.root.refusal("edit", word, code=3)
        assert f"{word} is given by a {origin} and read-only here" in said
    assert not (town.root.home / "opened").exists()


def test_several_objects_at_once(town: Town) -> None:
    words = ("get", "role/k8s-access", "role/k8s-requester", "user/alice")
    tables = town.root.postern(*words).split("\n\n")
    assert [[line.split()[0] for line in table.splitlines()] for table in tables] == [
        ["NAME", "k8s-access", "k8s-requester"], ["NAME", "alice"]]  # fmt: skip
    for text, load in (("json", json.loads), ("yaml", yaml.safe_load)):
        listed = load(town.root.postern(*words, "-o", text))
        assert listed["kind"] == "List"
        assert [item["metadata"]["name"] for item in listed["items"]] == ["k8s-access", "k8s-requester", "alice"]
    done = town.root.run("postern", "get", "roles", "nope", "k8s-access", "none", code=1)
    assert done.stdout.splitlines()[1].startswith("k8s-access")
    assert '"nope" not found' in done.stderr and '"none" not found' in done.stderr
    roles = town.root.postern("get", "roles", "-o", "yaml")
    said = town.root.refusal("create", "-f", "-", stdin=roles)
    assert 'role/k8s-access: accessroles.access.postern.dev "k8s-access" already exists' in said


def test_a_search_is_at_the_default_cluster(town: Town) -> None:
    found = town.alice.postern("request", "search", "--kind", "pod", "--kube-namespace", "dev", "-o", "name")
    assert NGINX_1 in found.splitlines()
    said = town.alice.refusal("request", "search", "--kind", "pod")
    assert "give --kube-namespace NAME, or --all-kube-namespaces" in said


def test_who_has_no_cluster_works_with_kubectl(town: Town) -> None:
    """root administers and bob reviews; no cluster is open to either of them."""
    town.alice.postern("request", "create", "--resource", NGINX_1, "--reason", "with kubectl", "--nowait")
    done = town.bob.run("postern", "kube", "login")
    assert "Context postern is in" in done.stdout and "no cluster is open to you" in done.stderr
    assert "with kubectl" in town.bob.kubectl("get", "accessrequests", "-o", "wide").stdout
    assert "spec" in town.bob.kubectl("explain", "accessrequest").stdout
    assert "doesn't have a resource type" in town.bob.kubectl("get", "pods", code=1).stderr
    town.root.postern("kube", "login")
    assert "k8s-requester" in town.root.kubectl("get", "accessroles").stdout
    labelled = town.root.kubectl("label", "accessrole", "k8s-requester", "team=web").stdout
    assert labelled == "accessrole.access.postern.dev/k8s-requester labeled\n"
    listed = town.root.kubectl("get", "accessroles", "-l", "team=web", "-o", "name").stdout
    assert listed == "accessrole.access.postern.dev/k8s-requester\n"
    assert town.root.kubectl("auth", "can-i", "delete", "accessusers.access.postern.dev").stdout == "yes\n"


def test_who_gives_up_their_own_may_say_why(town: Town) -> None:
    request = town.alice.postern("request", "create", "--resource", NGINX_1, "--reason", "for a while",
                                 "--nowait", "-o", "name").strip()  # fmt: skip
    town.approve("for a while")
    town.alice.postern("request", "revoke", request, "--reason", "work is done")
    shown = town.alice.postern("request", "show", request)
    assert "Revoked by:  alice\n" in shown and "Because:     work is done\n" in shown


def test_what_cannot_be_looked_at_or_for_says_why(town: Town) -> None:
    said = town.alice.refusal("request", "search", "--kind", "pod", "--kube-namespace", "d*")
    assert 'spec.namespace: "d*" is no name of a namespace' in said
    request = town.alice.postern("request", "create", "--resource", NGINX_1, "--reason", "a look",
                                 "--nowait", "-o", "name").strip()  # fmt: skip
    shown = town.root.postern("request", "show", request)
    assert "cannot be looked at: none of your roles shows live objects" in shown
    assert "nginx-1" in town.bob.postern("request", "show", request).split("What it matches now")[1]


def test_nobody_is_made_who_could_not_be_locked(town: Town) -> None:
    said = town.root.refusal("users", "add", "josé", "--roles", "k8s-requester")
    assert "metadata.name" in said and "printable ASCII" in said
    town.root.postern("users", "add", "jose smith", "--roles", "k8s-requester", "--no-invite")
    assert town.root.postern("users", "lock", "jose smith") == "user/jose smith locked\n"
    town.root.postern("users", "rm", "user/jose smith")
