"""Rows of the behaviour table 3.6 at a real API server: what each role's lists show, and which
namespaces it may delete. tests/README.md says where the rows with requested IDs are."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from behaviour import (
    EVERYTHING, Role, behaviour_postern, collection, create, names, remove, rule, rule_v7, selected,
)  # fmt: skip
from cluster import Cluster
from harness import Postern
from pki import Authority

POD = {"spec": {"nodeName": "n1", "containers": [{"name": "main", "image": "x"}]}}
WIDGET = {"apiVersion": "e.com/v1", "kind": "Widget"}
MADE = [("/api/v1", "pods", POD, ["nginx-1", "nginx-2", "test"]),
        ("/apis/e.com/v1", "widgets", WIDGET, ["telerole-1", "telerole-2", "telerole-test"])]  # fmt: skip
LISTS = {
    "pods": "/api/v1/pods",
    "widgets": "/apis/e.com/v1/widgets",
    "clusterroles": "/apis/rbac.authorization.k8s.io/v1/clusterroles",
    "gadgets": "/apis/e.com/v1/gadgets",
    "namespaces": "/api/v1/namespaces",
}


@dataclass(frozen=True)
class Shows:
    """What lists show as globs of namespace/name; "": a list of nothing, for something could have been in
    it; None: 403. `get`: whether the pod default/test is given."""

    pods: str | None = None
    widgets: str | None = None
    clusterroles: str | None = None
    gadgets: str | None = None
    namespaces: str | None = None
    get: bool = False


def everywhere(inside: str | None, cluster_wide: str | None, namespaces: str | None, get: bool) -> Shows:
    return Shows(inside, inside, cluster_wide, cluster_wide, namespaces, get)


def v7(*allow: str, deny: tuple[str, ...] = ()) -> Role:
    return Role(allow, deny, "v7")


def v8(*allow: str, deny: tuple[str, ...] = ()) -> Role:
    return Role(allow, deny)


def all_kinds(namespace: str, name: str = "*") -> str:
    return rule("*", namespace, name, "*")


def namespace_object(name: str, verbs: str = "['*']") -> str:
    return rule("namespaces", "", name, verbs=verbs)


ROWS = {
    "pods": (v7(rule_v7("pod", "*", "*")), Shows("*", namespaces="*", get=True)),
    "pods-of-default": (v7(rule_v7("pod", "default", "*")),
                        Shows("default/*", namespaces="/default", get=True)),
    "pods-by-trait": (v7(rule_v7("pod", "{{external.namespaces}}", "*")),
                      Shows("default/*", namespaces="/default", get=True)),
    "pods-by-name": (v7(rule_v7("pod", "default", "nginx-*")),
                     Shows("default/nginx-*", namespaces="/default")),
    "pods-denied": (v7(rule_v7("pod", "*", "*"), deny=(rule_v7("pod", "default", "*"),)),
                    Shows("!default/*", namespaces="*")),
    "pods-get-only": (v7(rule_v7("pod", "default", "*", "[get]")), Shows(namespaces="/default", get=True)),
    "cluster-roles": (v7(rule_v7("clusterrole", "", "*")), Shows(clusterroles="*")),
    "cluster-roles-by-name": (v7(rule_v7("clusterrole", "", "fixture-*")), Shows(clusterroles="/fixture-*")),
    "widgets-of-dev": (v8(rule("widgets", "dev", "*", "e.com")), Shows(widgets="dev/*", namespaces="/dev")),
    "gadgets-by-name": (v8(rule("gadgets", "", "g1", "e.com")), Shows(gadgets="/g1")),
    "another-group": (v8(rule("widgets", "*", "*", "other.com")), Shows(namespaces="*")),
    "singular": (v8(rule("widget", "dev", "*", "e.com")), Shows(namespaces="/dev")),
    "v8-default": (v8(), everywhere("*", "*", "*", True)),
    "v8-total": (v8(all_kinds("*"), all_kinds("")), everywhere("*", "*", "*", True)),
    "v8-in-namespaces": (v8(all_kinds("^.+$")), everywhere("*", None, "*", True)),
    "v8-without-namespace": (v8(all_kinds("")), everywhere(None, "*", "*", False)),
    "v8-default-namespace": (v8(all_kinds("default")), everywhere("default/*", None, "/default", True)),
    "v8-namespaces": (v8(namespace_object("*")), everywhere(None, None, "*", False)),
    "v8-namespace-dev": (v8(namespace_object("dev")), everywhere(None, None, "/dev", False)),
    "v7-default-namespace": (v7(rule_v7("*", "default", "*")), everywhere("default/*", None, "/default", True)),
    "v7-namespaces": (v7(rule_v7("namespace", "", "*")), everywhere("*", None, "*", True)),
    "v7-namespace-dev": (v7(rule_v7("namespace", "", "dev")), everywhere("dev/*", None, "/dev", False)),
    "v7-by-name": (v7(rule_v7("*", "*", "*test*")), Shows("*/*test*", "*/*test*", "", "", "*", True)),
    "v8-by-name": (v8(all_kinds("*", "*test*")), Shows("*/*test*", "*/*test*", "", "", "*", True)),
    "some-namespaces": (v8(rule("pods", "pr*", "*"), rule("widgets", "dev", "*", "e.com")),
                        Shows("prod/*", "dev/*", namespaces="/dev /prod")),
    "pods-denied-in-one": (v8(rule("pods", "pr*", "*"), deny=(rule("pods", "prod", "*"),)),
                           Shows("", namespaces="/prod")),
    "namespace-denied": (v8(EVERYTHING, deny=(namespace_object("dev"),)), everywhere("*", "*", "!/dev", True)),
    "namespaces-denied": (v8(EVERYTHING, deny=(namespace_object("*"),)), everywhere("*", "*", None, True)),
    "cluster-wide-denied": (v8(EVERYTHING, deny=(all_kinds(""),)), everywhere("*", None, None, True)),
    "cluster-wide-and-dev-denied": (v8(EVERYTHING, deny=(all_kinds(""), all_kinds("dev"))),
                                    everywhere("!dev/*", None, None, True)),
}  # fmt: skip

MAY_DELETE = {
    "delete-all": (v8(EVERYTHING), True),
    "delete-denied-kinds": (v8(EVERYTHING, deny=(all_kinds("empty"),)), False),
    "delete-denied-namespaces": (v8(EVERYTHING, deny=(namespace_object("*"),)), False),
    "delete-denied-namespace": (v8(EVERYTHING, deny=(namespace_object("empty"),)), False),
    "delete-denied-another": (v8(EVERYTHING, deny=(namespace_object("dev"),)), True),
    "delete-denied-verb": (v8(EVERYTHING, deny=(namespace_object("empty", "[delete]"),)), False),
    "delete-denied-inside": (v8(EVERYTHING, deny=(rule("pods", "empty", "*"),)), False),
    "delete-inside-only": (v8(all_kinds("empty")), False),
    "delete-v7": (v7(rule_v7("namespace", "", "empty")), False),
}
ROLES = {name: row[0] for name, row in [*ROWS.items(), *MAY_DELETE.items()]}


@pytest.fixture(scope="module")
def proxy(authority: Authority, cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postern]:
    with behaviour_postern(authority, cluster, tmp_path_factory.mktemp("lists"), ROLES) as running:
        yield running


@pytest.fixture(scope="module")
def there(cluster: Cluster) -> Iterator[dict[str, list[str]]]:
    """What every list holds, with objects of ours in default beside the fixture's in dev and prod."""
    try:
        for prefix, plural, more, made in MADE:
            for name in made:
                create(cluster, prefix, "default", plural, name, more)
        yield {plural: names(cluster.request("GET", path)[1]["items"]) for plural, path in LISTS.items()}
    finally:
        for prefix, plural, _, made in MADE:
            for name in made:
                remove(cluster, f"{collection(prefix, 'default', plural)}/{name}")


@pytest.mark.parametrize("row", ROWS)
def test_36_lists(proxy: Postern, there: dict[str, list[str]], row: str) -> None:
    _, shows = ROWS[row]
    for plural, path in LISTS.items():
        globs = getattr(shows, plural)
        answer = proxy.ask(row, "GET", path)
        if globs is None:
            assert answer.status == 403, (plural, answer.body)
            continue
        assert answer.status == 200, (plural, answer.body)
        expected = selected(there[plural], globs) if globs else []
        assert names(answer.json()["items"]) == expected, plural
        assert bool(expected) == bool(globs), f"the row of {plural} shows nothing"
    answer = proxy.ask(row, "GET", "/api/v1/namespaces/default/pods/test")
    assert answer.status == (200 if shows.get else 403)


@pytest.mark.parametrize("row", MAY_DELETE)
def test_36_deleting_a_namespace(proxy: Postern, row: str) -> None:
    """As a trial: other tests need the namespace."""
    _, allowed = MAY_DELETE[row]
    answer = proxy.ask(row, "DELETE", "/api/v1/namespaces/empty?dryRun=All")
    assert answer.status == (200 if allowed else 403), answer.body
    inside = proxy.ask(row, "DELETE", "/api/v1/namespaces/empty/secrets?dryRun=All")
    assert inside.status == (403 if row == "delete-denied-kinds" else 200), inside.body
