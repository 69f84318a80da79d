"""What a store of custom resources lacks at a start: it is waited for, and told exactly.

These tests take the definitions away from the cluster, and put them back."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from cluster import Cluster
from custom_resource_store import GROUP, RESOURCES, Caller, ResourceStore, install_definitions
from harness import Postern
from in_pod import InPod, can_unshare, make_pod
from pki import Authority
from raw_http import wait_for
from store_pair import definitions  # noqa: F401  (fixtures)


def rules_told(postern: Postern) -> list[dict[str, Any]]:
    """What the self-check says is missing, as rules."""
    _, text = postern.admin("/readyz?verbose")
    return [yaml.safe_load(line.split(": give it this rule in a Role of the namespace ", 1)[1].split(": ", 1)[1])
            for line in text.splitlines() if line.startswith("warn: RightMissing") and " a Role of " in line]  # fmt: skip


def same_rules(one: list[dict[str, Any]], other: list[dict[str, Any]]) -> bool:
    def plain(rules: list[dict[str, Any]]) -> list[str]:
        return sorted(str({key: sorted(rule[key]) for key in sorted(rule)}) for rule in rules)

    return plain(one) == plain(other)


def test_what_is_missing_is_waited_for_and_told(
    cluster: Cluster, authority: Authority, tmp_path: Path
) -> None:
    store = ResourceStore(cluster, "late", rights=False)
    for resource in RESOURCES:
        cluster.kubectl("delete", "crd", f"{resource}.{GROUP}", "--ignore-not-found")
    postern = store.replica(authority, tmp_path / "late")
    postern.spawn()
    try:
        wait_for("the log", lambda: "may not read or make the Secret store-late/postern-keys" in postern.log(), 10)
        status, text = postern.admin("/readyz?verbose")
        assert status == 500 and "[-]access-store failed" in text, text
        assert postern.admin("/livez")[0] == 200
        wait_for("the whole Role to be told", lambda: same_rules(rules_told(postern), store.role()["rules"]), 10)
        store.grant()
        said = "does not know accessrequests.store.postern.dev: install postern's CustomResourceDefinitions"
        wait_for("the log", lambda: said in postern.log(), 20)
        install_definitions(cluster)
        wait_for("readiness", lambda: postern.admin("/readyz")[0] == 200, 30)
        assert Caller(postern, "alice").file() and not rules_told(postern)
    finally:
        install_definitions(cluster)
        postern.stop()


EVENTS = """
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: postern-events, namespace: postern}
rules: [{apiGroups: [""], resources: [events], verbs: [create]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: postern-events, namespace: postern}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: postern-events}
subjects: [{kind: ServiceAccount, name: postern, namespace: postern}]
"""


@pytest.fixture
def waiting_pod(cluster: Cluster, authority: Authority, tmp_path: Path) -> Iterator[InPod]:
    """A postern in a pod, with all rights and without the definitions; not started."""
    if not can_unshare():
        pytest.skip("no real node here: mount namespaces cannot be made")
    store = ResourceStore(cluster, "waiting-pod")
    cluster.kubectl("apply", "-f", "-", stdin=EVENTS)
    make_pod(cluster, "waiting", "postern")
    cluster.kubectl("delete", "crd", *(f"{resource}.{GROUP}" for resource in RESOURCES), "--ignore-not-found")
    postern = store.replica(authority, tmp_path / "waiting", kind=InPod)
    postern.be_pod("waiting", "postern", cluster)
    yield postern
    install_definitions(cluster)
    cluster.kubectl("delete", "-f", "-", stdin=EVENTS)
    cluster.kubectl("delete", "pod", "waiting", "-n", "postern", "--force")


def test_the_pods_events_tell_what_is_waited_for(waiting_pod: InPod, cluster: Cluster) -> None:
    waiting_pod.spawn()
    described = lambda: waiting_pod.described("waiting")  # noqa: E731
    wait_for("the event", lambda: "install postern's CustomResourceDefinitions" in described(), 20)
    assert "StoreUnavailable" in described()
    assert "warn: StoreUnavailable: " in waiting_pod.admin("/readyz?verbose")[1]
    install_definitions(cluster)
    wait_for("readiness", lambda: waiting_pod.admin("/readyz")[0] == 200, 30)
    assert "StoreUnavailable" not in waiting_pod.admin("/readyz?verbose")[1]
    wait_for("the event of its end", lambda: "SelfCheckPassed" in described(), 20)
    waiting_pod.stop()


def test_a_rule_that_is_missing_is_told_exactly(
    definitions: Cluster, authority: Authority, tmp_path: Path
) -> None:
    """Not found out before a session ends: what is asked is whether postern may."""
    store = ResourceStore(definitions, "partial", rights=False)
    role = store.role()
    objects, status, *others = role["rules"]
    objects["resources"] = [each for each in RESOURCES if each not in ("logins", "sessions")]
    kept = {**objects, "resources": ["logins", "sessions"], "verbs": ["get", "list", "watch", "create", "update"]}
    status["resources"].remove("marks/status")
    store.grant({**role, "rules": [objects, kept, status, *others]})
    group = {"apiGroups": [GROUP]}
    with store.replica(authority, tmp_path) as postern:
        missing = [{**group, "resources": ["logins", "sessions"], "verbs": ["delete"]},
                   {**group, "resources": ["marks/status"], "verbs": ["patch"]}]  # fmt: skip
        wait_for("both rules to be told", lambda: same_rules(rules_told(postern), missing), 10)


def test_sigterm_ends_the_wait(cluster: Cluster, authority: Authority, tmp_path: Path) -> None:
    store = ResourceStore(cluster, "never", rights=False)
    postern = store.replica(authority, tmp_path / "never")
    postern.spawn()
    wait_for("the log", lambda: "waiting for the store" in postern.log(), 10)
    postern.stop()
