"""Fixtures of the end-to-end tests: postern in front of a recording upstream and of real clusters."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import roles
from attack import Attack
from fixture_api import FixtureApi
from harness import KubeCluster, Postern, User, upstream_kubeconfig
from pki import Authority
from upstream import RecordingUpstream

UPSTREAM_TOKEN = "upstream-token-of-postern"
USERS = [User(name) for name in ("alice", "bob", "carol", "dave", "erin", "oscar", "mallory")]


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """The CA of everything that is not a cluster's own: postern's certificate, its users'."""
    return Authority(tmp_path_factory.mktemp("pki"), "ca", "postern tests")


@pytest.fixture(scope="session")
def recording_upstream(authority: Authority) -> Iterator[RecordingUpstream]:
    upstream = RecordingUpstream(authority, FixtureApi())
    yield upstream
    upstream.close()


@pytest.fixture(scope="session")
def recorded_postern(
    authority: Authority,
    recording_upstream: RecordingUpstream,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Postern]:
    """postern in front of the recording upstream, shared by the attack tests."""
    folder: Path = tmp_path_factory.mktemp("recorded")
    kubeconfig = upstream_kubeconfig(
        folder / "upstream.kubeconfig",
        recording_upstream.url,
        recording_upstream.ca_file,
        UPSTREAM_TOKEN,
    )
    with Postern(
        folder,
        authority,
        clusters=[KubeCluster("mycluster", kubeconfig)],
        documents=roles.ALICE + roles.OTHERS,
        users=USERS,
    ) as postern:
        yield postern


@pytest.fixture
def attack(
    recorded_postern: Postern, recording_upstream: RecordingUpstream
) -> Iterator[Attack]:
    """A clean recording; what must hold after every attack is checked at the end."""
    recording_upstream.reset()
    made = Attack(recorded_postern, recording_upstream)
    yield made
    made.finish()
