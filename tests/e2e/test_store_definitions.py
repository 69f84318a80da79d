"""The CustomResourceDefinitions of the store: what kubectl selects and shows, and each rule that refuses an edit.

The rules are reached with objects that no postern wrote: it is the API server that refuses, also where the
admission policy is switched off.
"""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from cluster import Cluster
from custom_resource_store import FILES, GROUP, RESOURCES, ResourceStore, install_definitions

Spec = dict[str, Any]

# Each breaks one rule and no other.
EDITS: dict[str, Callable[[Spec], Any]] = {
    "name is immutable": lambda spec: spec.update(name="another"),
    "data and seal come together": lambda spec: spec.pop("data"),
    "a seal is replaced and not removed": lambda spec: (spec.pop("data"), spec.pop("seal")),
    "user is immutable": lambda spec: spec["summary"].update(user="bob"),
    "created is immutable": lambda spec: spec["summary"].update(created="2026-01-02T00:00:00Z"),
}


def schema_of_spec(resource: str) -> dict[str, Any]:
    definition = yaml.safe_load((FILES / "crds" / f"{resource}.yaml").read_text())
    (version,) = definition["spec"]["versions"]
    return dict(version["schema"]["openAPIV3Schema"]["properties"]["spec"])


def made(resource: str, name: str, **summary: str) -> dict[str, Any]:
    kind = yaml.safe_load((FILES / "crds" / f"{resource}.yaml").read_text())["spec"]["names"]["kind"]
    spec: Spec = {"name": name, "data": "{}", "seal": "A" * 43, "nonce": "x"}
    known = schema_of_spec(resource)["properties"].get("summary", {"properties": {}})["properties"]
    if known:
        spec["summary"] = {key: value for key, value in summary.items() if key in known}
    return {"apiVersion": f"{GROUP}/v1alpha1", "kind": kind, "metadata": {"name": name}, "spec": spec}


@pytest.fixture(scope="module")
def store(cluster: Cluster) -> ResourceStore:
    install_definitions(cluster)
    return ResourceStore(cluster, "definitions", rights=False)


def test_every_definition_has_a_file() -> None:
    assert {path.stem for path in Path(FILES / "crds").glob("*.yaml")} == set(RESOURCES)


@pytest.mark.parametrize("resource", RESOURCES)
def test_each_rule_refuses_an_edit(store: ResourceStore, resource: str) -> None:
    rules = [rule["message"] for rule in schema_of_spec(resource)["x-kubernetes-validations"]]
    assert set(rules) <= set(EDITS) and len(rules) >= 3
    kept = made(resource, "edited", user="alice", created="2026-01-01T00:00:00Z")
    store.write("create", kept)
    for rule in rules:
        changed = copy.deepcopy(kept)
        EDITS[rule](changed["spec"])
        done = store.write("replace", changed, check=False)
        assert done.returncode != 0 and rule in done.stderr, (rule, done.stderr)
        assert [each for each in EDITS if each in done.stderr] == [rule], done.stderr
    # What postern does: another state with another seal, and the mark of what is about to go.
    written = copy.deepcopy(kept)
    written["spec"] |= {"data": '{"a":1}', "seal": "B" * 43, "removed": True}
    store.write("replace", written)
    assert store.object(resource, "edited")["spec"] == written["spec"]


def listed(store: ResourceStore, what: str, *selectors: str) -> set[str]:
    done = store.kubectl("get", what, "--field-selector", ",".join(selectors), "-o", "json")
    return {item["metadata"]["name"] for item in json.loads(done.stdout)["items"]}


def test_kubectl_selects_by_user_and_state(store: ResourceStore) -> None:
    for name, user, state in (("r1", "alice", "PENDING"), ("r2", "alice", "APPROVED"), ("r3", "bob", "PENDING")):
        store.write("create", made("accessrequests", name, user=user, state=state))
    store.write("create", made("sessions", "s1", user="alice"))
    store.write("create", made("sessions", "s2", user="bob"))
    store.write("create", made("accessusers", "u1", locked="true"))
    store.write("create", made("accessusers", "u2", locked="false"))
    requests = f"accessrequests.{GROUP}"
    assert listed(store, requests, "spec.summary.state=PENDING") == {"r1", "r3"}
    assert listed(store, requests, "spec.summary.state=PENDING", "spec.summary.user=alice") == {"r1"}
    assert listed(store, f"sessions.{GROUP}", "spec.summary.user=bob") == {"s2"}
    assert listed(store, f"accessusers.{GROUP}", "spec.summary.locked=true") == {"u1"}
    done = store.kubectl("get", requests, "--field-selector", "spec.data={}", check=False)
    assert "field label not supported" in done.stderr


def columns(table: str) -> list[list[str]]:
    """The lines of a table; kubectl puts three blanks between columns."""
    return [[cell.strip() for cell in line.split("   ") if cell.strip()] for line in table.splitlines()]


def test_kubectl_shows_them_all_by_their_category(store: ResourceStore) -> None:
    expires = "2026-01-01T08:00:00Z"
    store.write("create", made("accessrequests", "shown", user="carol", state="DENIED", expires=expires,
                               resources="/c/pod/m/dev/*"))  # fmt: skip
    for resource in RESOURCES[1:]:
        store.write("create", made(resource, "shown"))
    tables = [columns(table) for table in store.kubectl("get", "postern-store").stdout.split("\n\n")]
    rows = {row[0].partition(".")[0] + "s": row for table in tables for row in table if row[0].endswith("/shown")}
    assert set(rows) == set(RESOURCES)
    assert rows["accessrequests"][1:4] == ["carol", "DENIED", expires]
    heads = {row[0].partition(".")[0] + "s": table[0] for table in tables for row in table if "/shown" in row[0]}
    assert heads["accessrequests"] == ["NAME", "USER", "STATE", "EXPIRES", "REFUSED", "AGE"]
    assert heads["sessions"] == ["NAME", "USER", "REQUESTS", "EXPIRES", "REFUSED", "AGE"]
    assert heads["accessusers"] == ["NAME", "ROLES", "LOCKED", "REFUSED", "AGE"]
    wide = columns(store.kubectl("get", f"accessrequests.{GROUP}", "shown", "-o", "wide").stdout)
    assert wide[0] == ["NAME", "NAME OF", "USER", "STATE", "RESOURCES", "EXPIRES", "REFUSED", "AGE"]
    assert wide[1][:5] == ["shown", "shown", "carol", "DENIED", "/c/pod/m/dev/*"]
