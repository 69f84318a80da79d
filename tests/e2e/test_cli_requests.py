"""The shapes of the request commands (behaviour reference §5), against an access API that answers
what the test says. What differs on purpose from the model is said at its test."""

import json
import signal
from typing import Any

import pytest
import yaml
from access_script import refusal
from desks import (  # noqa: F401  (fixtures)
    ID, Desk, alice, approve_when_filed, desk, kubectl, refuse,
)
from harness import binary
from raw_http import wait_for

SECRET = "/c/secret/k/dev/s"


def found(name: str, kind: str = "pod", namespace: str | None = "dev", **labels: str) -> dict[str, Any]:
    path = f"{namespace}/{name}" if namespace else name
    place = {"namespace": namespace} if namespace else {}
    return {"id": f"/c/{kind}/k/{path}", "name": name, "labels": labels, **place}


def rows(table: str) -> list[list[str]]:
    """The cells of the first table of an output."""
    return [line.split() for line in table.split("\n\n", maxsplit=1)[0].splitlines()]


# -- request search ----------------------------------------------------------------------------------


def test_behaviour_5_search_shows_each_resource_once(alice: Desk) -> None:
    """Labels are whole, also without asking for them: an ID is chosen by them."""
    long = "x" * 63
    pages = [
        {"resources": [found("a", app="web", note=long), found("b")], "continue": "more"},
        {"resources": [found("b"), found("c")], "continue": ""},
    ]
    alice.api.objects["search"] = {"pages": pages}
    said = alice.run("request", "search", "--kind", "pod", "--kube-namespace", "dev").stdout
    assert rows(said) == [
        ["NAME", "NAMESPACE", "LABELS", "RESOURCE", "ID"],
        ["a", "dev", f"app=web,note={long}", "/c/pod/k/dev/a"],
        ["b", "dev", "/c/pod/k/dev/b"],
        ["c", "dev", "/c/pod/k/dev/c"],
    ]
    command = said.split("To ask for them:\n\n")[1].strip()
    ids = " ".join(f"--resource /c/pod/k/dev/{name}" for name in "abc")
    assert command == f"postern request create {ids} --reason 'why you need it'"


def test_behaviour_5_search_without_namespaces(alice: Desk) -> None:
    alice.api.objects["search"] = {"pages": [{"resources": [found("n1", "kube_node", None)], "continue": ""}]}
    said = alice.run("request", "search", "--kind", "kube_node").stdout
    assert rows(said) == [["NAME", "LABELS", "RESOURCE", "ID"], ["n1", "/c/kube_node/k/n1"]]
    assert "To ask for it:\n\n  postern request create --resource /c/kube_node/k/n1 --reason " in said


def test_behaviour_5_search_that_finds_nothing_or_too_much(alice: Desk) -> None:
    alice.api.objects["search"] = {"pages": [{"resources": [], "continue": ""}]}
    nothing = alice.run("request", "search", "--kind", "pod")
    assert nothing.stdout == "" and nothing.stderr == "Nothing was found that you may ask for.\n"
    many = [found(f"p{n}") for n in range(301)]
    alice.api.objects["search"] = {"pages": [{"resources": many, "continue": ""}]}
    said = alice.run("request", "search", "--kind", "pod").stdout
    assert "postern request create" not in said and "more than one request can name" in said


def test_behaviour_5_search_of_an_unknown_place_is_an_error(alice: Desk) -> None:
    alice.run("request", "search", code=2)
    alice.run("request", "search", "--kind", "pod", "--limit", "-1", code=2)
    alice.run("request", "search", "--kind", "pod", "--labels", "app", code=2)


# -- request create ----------------------------------------------------------------------------------


def block(text: str) -> dict[str, str]:
    """`Label:  value` lines, those without a label joined to the one before."""
    fields: dict[str, str] = {}
    label = ""
    for line in text.splitlines():
        if line.startswith(" " * 13):
            fields[label] += " " + line.strip()
        elif ":" in line and not line.startswith(" "):
            label, value = line.split(":", 1)
            fields[label] = value.strip()
    return fields


def test_behaviour_5_create_prints_what_was_filed(alice: Desk) -> None:
    said = alice.run("request", "create", "--resource", ID, "--resource", SECRET, "--reason", "bug 12",
                     "--reviewers", "carol,bob", "--nowait").stdout  # fmt: skip
    fields = block(said)
    name = next(iter(alice.api.objects["accessrequests"]))
    assert fields["Request"] == name
    assert fields["User"] == "alice" and fields["Roles"] == "dev"
    assert fields["Resources"] == f"{ID} {SECRET}"
    assert fields["Reason"] == "bug 12"
    assert fields["Reviewers"] == "carol, bob (suggested)"
    assert fields["State"] == "PENDING"
    assert fields["Waits until"].startswith("2098-01-01T00:00:00Z")
    assert fields["Access ends"].startswith("2099-01-01T00:00:00Z")


def test_behaviour_5_create_without_a_reason_has_no_such_line(alice: Desk) -> None:
    """The model prints `[none]`."""
    fields = block(alice.run("request", "create", "--roles", "dev,ops", "--nowait").stdout)
    assert "Reason" not in fields and "Reviewers" not in fields
    assert fields["Resources"] == "everything that the roles allow"
    sent = json.loads(alice.asked("POST", "/accessrequests")[0].message.body)["spec"]
    assert sent == {"roles": ["dev", "ops"]}


def test_behaviour_5_create_may_assume_at_once(alice: Desk) -> None:
    """On approval the model fetches new certificates; here the same session works with it, if asked."""
    thread = approve_when_filed(alice)
    said = alice.run("request", "create", "--resource", ID, "--reason", "r", "--assume").stdout
    thread.join()
    name = next(iter(alice.api.objects["accessrequests"]))
    assert alice.api.objects["sessions"]["s1"]["status"]["requests"] == [name]
    assert "ASSUMED" in said and ID in said
    alice.run("request", "create", "--resource", ID, "--assume", "--nowait", code=2)
    alice.run("request", "create", "--reason", "r", code=2)


# -- request ls, show, review ------------------------------------------------------------------------


@pytest.fixture
def history(alice: Desk) -> Desk:
    for day, (name, state) in enumerate(
        [("b-oldest", "EXPIRED"), ("a-older", "DENIED"), ("c-newest", "PENDING")], start=1
    ):
        alice.api.request(name, state, resources=[ID])
        alice.api.put("accessrequests", name, metadata={"creationTimestamp": f"2026-01-0{day}T00:00:00Z"})
    return alice


def test_behaviour_5_ls_has_the_newest_first(history: Desk) -> None:
    """Expired ones are left out, as the model has it, unless `--all` or `--state` asks for them."""
    newest_first = ["c-newest", "a-older"]
    assert history.run("request", "ls", "-o", "name").stdout.split() == [f"request/{n}" for n in newest_first]
    every = history.run("request", "ls", "--all", "-o", "name").stdout.split()
    assert every == [f"request/{n}" for n in [*newest_first, "b-oldest"]]
    for text, load in (("json", json.loads), ("yaml", yaml.safe_load)):
        listed = load(history.run("request", "ls", "-o", text).stdout)
        assert [item["metadata"]["name"] for item in listed["items"]] == newest_first
    assert history.run("request", "ls", "--state", "EXPIRED", "-o", "name").stdout == "request/b-oldest\n"
    history.run("request", "ls", "--state", "GONE", code=2)
    history.run("request", "ls", "-o", "text", code=2)


def test_behaviour_5_show_tells_who_said_what(alice: Desk) -> None:
    alice.api.request("r1", resources=[ID], reason="bug 12")
    alice.api.put("accessrequests", "r1", status={
        "reviews": [{"author": "bob", "decision": "Approve", "reason": "fine", "time": "2026-01-02T03:04:05Z"},
                    {"author": "carol", "decision": "Deny", "time": "2026-01-02T03:04:06Z"}],
        "thresholds": [{"name": "two", "approve": 2, "deny": 2, "filter": 'contains(reviewer.roles, "dev")'}]})  # fmt: skip
    said = alice.run("request", "show", "r1").stdout
    assert "  2026-01-02T03:04:05Z  bob: Approve, fine\n" in said
    assert "  2026-01-02T03:04:06Z  carol: Deny\n" in said
    assert 'Needs:       two: 2 to approve, 2 to deny, of those where contains(reviewer.roles, "dev")\n' in said
    assert json.loads(alice.run("request", "show", "r1", "-o", "json").stdout)["spec"]["reason"] == "bug 12"
    assert yaml.safe_load(alice.run("request", "show", "r1", "-o", "yaml").stdout)["metadata"]["name"] == "r1"
    alice.run("request", "show", "none", code=1)


@pytest.mark.parametrize(
    ("flags", "code"), [((), 2), (("--approve", "--deny"), 2), (("--deny",), 0), (("--approve", "--yes"), 0)]
)
def test_behaviour_5_review_takes_exactly_one_word(alice: Desk, flags: tuple[str, ...], code: int) -> None:
    alice.api.request("r1", resources=[ID])
    done = alice.run("request", "review", "r1", *flags, code=code)
    state = {"--deny": "DENIED", "--approve": "APPROVED"}.get(flags[0] if flags else "")
    assert len(alice.asked("POST", "/reviews")) == (1 if code == 0 else 0)
    if code == 0:
        assert f"Reviewed. Request r1 is {state}." in done.stdout
    else:
        assert "one of --approve and --deny" in done.stderr


def test_behaviour_5_review_that_decides_nothing_says_so(alice: Desk) -> None:
    """A review that has no effect at all is refused by the access API, never recorded."""
    alice.api.request("r1", resources=[ID])

    def recorded(asked: Any) -> Any:
        answered = alice.api(asked)
        alice.api.put("accessrequests", "r1", status={"state": "PENDING"})
        body = json.loads(answered.body)
        body["status"]["state"] = "PENDING"
        answered.body = json.dumps(body).encode()
        return answered

    alice.server.on("^POST .*/reviews", recorded)
    done = alice.run("request", "review", "--approve", "r1", "--yes", "--assume-start-time", "2030-01-31T09:00:00Z")
    assert "Request r1 is PENDING." in done.stdout and done.stderr == "More reviews are needed.\n"
    sent = json.loads(alice.asked("POST", "/reviews")[0].message.body)["spec"]
    assert sent["assumeStartTime"] == "2030-01-31T09:00:00Z"
    alice.run("request", "review", "--approve", "r1", "--yes", "--assume-start-time", "tomorrow", code=2)


# -- login --request-id, status, drop ----------------------------------------------------------------


def test_behaviour_5_login_status_and_drop(alice: Desk) -> None:
    for name, resource in (("r1", ID), ("r2", SECRET), ("r3", "/c/pod/k/dev/b")):
        alice.api.request(name, "APPROVED", resources=[resource])
        alice.run("login", "--request-id", name)
    status = alice.run("status").stdout
    assert all(text in status for text in ("r1", "r2", "r3", ID, SECRET, "2099-01-01"))
    assert json.loads(alice.run("status", "-o", "json").stdout)["requests"] != []

    def assumed() -> list[str]:
        return list(alice.api.objects["sessions"]["s1"]["status"]["requests"])

    assert assumed() == ["r1", "r2", "r3"]
    alice.run("request", "drop", "r1", "r3")
    assert assumed() == ["r2"]
    alice.run("request", "assume", "r1")
    alice.run("request", "drop", "*")
    assert assumed() == []
    alice.run("request", "assume", "r1", "r2")
    assert "your own roles" in alice.run("request", "drop").stdout
    assert assumed() == []


# -- kube ls, kubectl --------------------------------------------------------------------------------


def test_behaviour_5_kube_login_of_a_cluster_that_is_not_there(kubectl: Desk) -> None:
    """The model offers a request there; here a cluster that may be asked for is known, and reached,
    before anything is approved, so that it is `postern kubectl` that asks."""
    said = kubectl.run("kube", "login", "k").stdout
    assert said == f"Context postern-k is in {kubectl.home}/.kube/config, and is the current one\n"
    assert '"nowhere" not found' in kubectl.run("kube", "login", "nowhere", code=1).stderr
    assert "k" in [row[0] for row in rows(kubectl.run("kube", "ls").stdout)]


@pytest.mark.parametrize("code", [0, 1, 2, 7, 127])
def test_behaviour_5_the_exit_code_is_kubectls(kubectl: Desk, code: int) -> None:
    kubectl.script("kubectl", f"exit {code}\n")
    kubectl.run("kubectl", "--request-reason", "r", "get", "pods", code=code)
    assert kubectl.asked("POST", "/accessrequests") == []


def test_behaviour_5_what_succeeded_asks_for_nothing(kubectl: Desk) -> None:
    refuse(kubectl, ID)
    kubectl.script("kubectl", "exit 0\n")
    kubectl.run("kubectl", "--request-reason", "r", "get", "pods")
    assert kubectl.asked("POST", "/accessrequests") == []


@pytest.mark.parametrize("code", [1, 2, 7])
def test_behaviour_5_any_failure_after_a_refusal_asks(kubectl: Desk, code: int) -> None:
    """The model reads what kubectl printed and takes exit code 1 alone for a refusal, of a pod or a
    cluster. Here it is the proxy's record that counts, of any kind, whatever kubectl made of it."""
    refuse(kubectl, SECRET, "/c/widgets.e.com/k/dev/w")
    kubectl.script("kubectl", f"[ -e allowed ] && echo yes && exit 0; exit {code}\n")
    thread = approve_when_filed(kubectl)
    assert kubectl.run("kubectl", "--request-reason", "why", "get", "all").stdout == "yes\n"
    thread.join()
    filed = [json.loads(r.message.body)["spec"] for r in kubectl.asked("POST", "/accessrequests")]
    assert filed == [{"resources": [SECRET, "/c/widgets.e.com/k/dev/w"], "reason": "why"}]


def test_behaviour_5_a_refusal_that_nobody_recorded_asks_for_nothing(kubectl: Desk) -> None:
    kubectl.script("kubectl", 'echo "pods \\"web-0\\" is forbidden: User cannot get" >&2; exit 1\n')
    done = kubectl.run("kubectl", "--request-reason", "r", "get", "pods", code=1)
    assert "is forbidden" in done.stderr
    assert kubectl.asked("POST", "/accessrequests") == []


def test_behaviour_5_what_still_fails_is_not_asked_for_again(kubectl: Desk) -> None:
    refuse(kubectl, ID)
    kubectl.script("kubectl", "echo run >> runs; exit 4\n")
    thread = approve_when_filed(kubectl)
    kubectl.run("kubectl", "--request-reason", "r", "get", "pods", code=4)
    thread.join()
    assert (kubectl.home / "runs").read_text() == "run\nrun\n"
    assert len(kubectl.asked("POST", "/accessrequests")) == 1


def test_behaviour_5_ctrl_c_while_kubectl_waits_leaves_it_pending(kubectl: Desk) -> None:
    refuse(kubectl, ID)
    kubectl.script("kubectl", "exit 1\n")
    waiting = kubectl.start("kubectl", "--request-reason", "r", "get", "pods")
    wait_for("the request", lambda: kubectl.asked("POST", "/accessrequests"), 20)
    wait_for("its watch", lambda: kubectl.asked("GET", "/accessrequests"), 20)
    waiting.send_signal(signal.SIGINT)
    _, chatter = waiting.communicate(timeout=10)
    assert waiting.returncode == 130 and "stays pending" in chatter, chatter
    assert kubectl.asked("DELETE", "/accessrequests") == []


def test_ids_may_be_given_as_they_are_printed(alice: Desk) -> None:
    """`-o name` prints request/ID, and every command that takes an ID takes that, too."""
    alice.api.request("r1", "APPROVED", resources=[ID])
    assert alice.run("request", "ls", "-o", "name").stdout == "request/r1\n"
    assert "r1" in alice.run("request", "show", "request/r1").stdout
    alice.run("request", "assume", "request/r1")
    assert alice.api.objects["sessions"]["s1"]["status"]["requests"] == ["r1"]
    assert alice.run("request", "drop", "accessrequests.access.postern.dev/r1").stderr == ""
    alice.run("request", "review", "--approve", "--yes", "requests/r1")
    alice.run("request", "revoke", "ar/r1")
    for wrong in ("", "role/r1", "request/", "request/a/b", "a/b"):
        said = alice.run("request", "show", wrong, code=2).stderr
        assert "is empty" in said or "is no name" in said, said


def test_a_refusal_says_why_without_repeating_what_was_typed(alice: Desk) -> None:
    alice.api.request("r1", resources=[ID])
    sentence = ('accessrequests.access.postern.dev "r1" is forbidden: User "alice" cannot create resource '
                '"accessrequests/reviews" in API group "access.postern.dev" at the cluster scope')  # fmt: skip
    alice.server.on("^POST .*/reviews", refusal(403, "Forbidden", f"{sentence}: nobody reviews their own"))
    said = alice.run("request", "review", "--approve", "--digest", "sha256:00", "r1", code=3).stderr
    assert said == "error: nobody reviews their own\n"
    alice.server.on("^POST .*/reviews", refusal(403, "Forbidden", sentence))
    said = alice.run("request", "review", "--approve", "--digest", "sha256:00", "r1", code=3).stderr
    assert said == f"error: {sentence}\n", "without a reason, all of it"
    of_a_cluster = 'pods is forbidden: User "alice" cannot list resource "pods" in API group "" at the cluster scope: ask'
    alice.server.on("^POST .*/resourcesearches", refusal(403, "Forbidden", of_a_cluster))
    said = alice.run("request", "search", "--kind", "pod", "--all-kube-namespaces", code=3).stderr
    assert said == f"error: {of_a_cluster}\n", "what was refused there is not what was typed"
    alice.server.on("^POST .*/resourcesearches", refusal(
        403, "Forbidden", of_a_cluster, [{"reason": "ResourceID", "message": "/c/pod/k/*/*"}]))  # fmt: skip
    said = alice.run("request", "search", "--kind", "pod", "--all-kube-namespaces", code=3).stderr
    assert said == f"error: {of_a_cluster}\n", "that cause is for programs"


def test_what_is_printed_to_a_closed_stream_goes_nowhere_else(alice: Desk) -> None:
    """The next connection would be file 1, and the table would be sent to the server."""
    alice.api.request("r1", resources=[ID])
    alice.script("closed", f'exec "{binary()}" request ls >&- 2>&-\n')
    done = alice.run(program=str(alice.home / "bin" / "closed"))
    assert done.stdout == done.stderr == ""
    assert not alice.server.failures
