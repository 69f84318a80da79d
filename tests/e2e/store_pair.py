"""Two replicas over one store of custom resources, for tests."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest
from cluster import Cluster
from custom_resource_store import Caller, ResourceStore, install_definitions
from harness import Postern
from pki import Authority


@pytest.fixture(scope="module")
def definitions(cluster: Cluster) -> Cluster:
    install_definitions(cluster)
    return cluster


class Pair:
    """Two replicas over one store."""

    def __init__(self, store: ResourceStore, one: Postern, other: Postern) -> None:
        self.store, self.one, self.other = store, one, other


@pytest.fixture(scope="module")
def pair(
    request: pytest.FixtureRequest, definitions: Cluster, authority: Authority,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Pair]:  # fmt: skip
    """One for each file: their clusters may be the same."""
    folder = tmp_path_factory.mktemp("pair")
    store = ResourceStore(definitions, f"pair-{request.module.__name__.rpartition('_')[2]}")
    with store.replica(authority, folder / "one") as one, store.replica(authority, folder / "other") as other:
        yield Pair(store, one, other)


def approved(pair: Pair) -> tuple[dict[str, Any], Caller]:
    """A request of alice's, approved, and a session that has assumed it; all at the first replica."""
    alice = Caller(pair.one, "alice")
    request = alice.file()
    Caller(pair.one, "bob").review(request)
    return request, alice.session(request["metadata"]["name"])


def edited(manifest: dict[str, Any], **members: Any) -> dict[str, Any]:
    changed = copy.deepcopy(manifest)
    changed["spec"].update(members)
    return changed
