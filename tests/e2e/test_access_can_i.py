"""`kubectl auth can-i` about the access API's own objects."""

from collections.abc import Callable

import pytest
from access_api import alice, bob, create, person, proxy, request_for, root  # noqa: F401  (fixtures)
from conftest import As


@pytest.mark.parametrize(
    ("who", "verb", "what", "allowed"),
    [
        ("alice", "create", "accessrequests.access.postern.dev", True),
        ("alice", "list", "accessrequests.access.postern.dev", True),
        ("alice", "delete", "accessrequests.access.postern.dev", True),
        ("alice", "update", "accessrequests.access.postern.dev", False),
        ("alice", "create", "accessrequests.access.postern.dev/reviews", False),
        ("bob", "create", "accessrequests.access.postern.dev/reviews", True),
        ("alice", "create", "accessroles.access.postern.dev", False),
        ("alice", "get", "accessusers.access.postern.dev/bob", False),
        ("root", "create", "accessroles.access.postern.dev", True),
        ("root", "update", "accessroles.access.postern.dev/asks", False),
        ("root", "*", "accessusers.access.postern.dev", True),
        ("alice", "*", "accessusers.access.postern.dev", False),
        ("alice", "get", "kubeclusters.access.postern.dev/mycluster", True),
        ("eve", "get", "kubeclusters.access.postern.dev/mycluster", False),
    ],
)  # fmt: skip
def test_can_i(
    person: Callable[[str], As], who: str, verb: str, what: str, allowed: bool
) -> None:
    resource, _, rest = what.partition("/")
    words = [resource, "--subresource=reviews"] if rest == "reviews" else [what]
    done = person(who)("auth", "can-i", verb, *words, check=False)
    assert done.stdout.startswith("yes" if allowed else "no"), done.stdout + done.stderr
    assert done.returncode == (0 if allowed else 1)


def test_can_i_about_one_request(alice: As, bob: As, person: Callable[[str], As]) -> None:
    name = create(alice, request_for())
    what = f"accessrequests.access.postern.dev/{name}"
    for who, verb, allowed in [
        (alice, "get", True), (alice, "delete", True), (bob, "get", True), (bob, "delete", False),
        (person("eve"), "get", False), (person("root"), "delete", True),
    ]:  # fmt: skip
        done = who("auth", "can-i", verb, what, check=False)
        assert (done.returncode == 0) is allowed, (verb, done.stdout, done.stderr)
    reviews = ["create", what, "--subresource=reviews"]
    assert "yes" in bob("auth", "can-i", *reviews).stdout
    assert "own" in alice("auth", "can-i", *reviews, check=False).stdout
    alice("delete", "ar", name)
    absent = alice("auth", "can-i", "get", what, check=False).stdout
    hidden = person("eve")("auth", "can-i", "get", what, check=False).stdout
    assert absent == hidden


def test_can_i_list(alice: As, root: As) -> None:
    def rules(who: As) -> dict[str, str]:
        lines = who("auth", "can-i", "--list", "-n", "dev").stdout.splitlines()
        return {line.split()[0]: line.rsplit("[", 1)[1] for line in lines if "postern.dev" in line}

    of_alice, of_root = rules(alice), rules(root)
    assert of_alice["accessrequests.access.postern.dev"] == "create delete get list watch]"
    assert of_alice["sessions.access.postern.dev"] == "create delete get list watch]"
    assert "accessroles.access.postern.dev" not in of_alice
    assert of_root["accessroles.access.postern.dev"] == "create delete get list patch update watch]"
    assert of_root["accessusers.access.postern.dev/invite"] == "create]"
