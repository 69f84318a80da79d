"""Fixtures of the end-to-end tests: postern in front of a recording upstream and of real clusters."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import roles
from attack import Attack
from cluster import Cluster
from fixture_api import FixtureApi
from harness import KubeCluster, Postern, User, upstream_kubeconfig
from pki import Authority
from streams import Running, kubectl_running
from upstream import RecordingUpstream

UPSTREAM_TOKEN = "upstream-token-of-postern"
NAMES = ("alice", "bob", "carol", "dave", "dora", "erin", "oscar", "mallory")
USERS = [User(name) for name in NAMES]


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


@pytest.fixture(scope="session")
def second_cluster() -> Iterator[Cluster]:
    """Another real cluster, which its users may stop and stall; they leave it running."""
    with Cluster(name="second") as running:
        running.apply_fixture()
        yield running


CLUSTER_USERS = [*USERS, User("grace"), User("heidi"), User("frank", ("contractors",))]


@pytest.fixture(scope="session")
def postern(
    authority: Authority, cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Postern]:
    """postern in front of the session's cluster, with the roles of roles.py."""
    with cluster_postern(authority, cluster, tmp_path_factory.mktemp("cluster")) as running:
        yield running


def cluster_postern(authority: Authority, cluster: Cluster, folder: Path) -> Postern:
    """A postern of one's own in front of a real cluster, not started yet."""
    made = Postern(
        folder,
        authority,
        clusters=[KubeCluster("mycluster", cluster.postern_kubeconfig, {"env": "test"})],
        documents=roles.ALICE + roles.OTHERS + roles.TEAM + roles.PRINCIPALS,
        users=CLUSTER_USERS,
    )
    made.config["authentication"]["groupRoles"] = {"contractors": ["dev-widgets"]}
    made.write_config()
    return made


class As:
    """kubectl as one user through postern: `as_("alice")("get", "pods")` gives what it said."""

    def __init__(self, cluster: Cluster, kubeconfig: Path) -> None:
        self.cluster = cluster
        self.kubeconfig = kubeconfig

    def __call__(self, *args: str, **options: Any) -> "subprocess.CompletedProcess[Any]":
        """Runs to the end; ComponentError with stderr when the exit code is not 0."""
        return self.cluster.kubectl(*args, kubeconfig=self.kubeconfig, **options)

    def fails(self, *args: str, **options: Any) -> str:
        """Runs, must exit with 1; what it said on stderr."""
        done = self(*args, check=False, **options)
        assert done.returncode == 1, (done.returncode, done.stdout, done.stderr)
        return str(done.stderr)

    def running(self, *args: str, **options: Any) -> Running:
        """A kubectl that the test looks at while it runs."""
        return kubectl_running(self.cluster, *args, kubeconfig=self.kubeconfig, **options)

    def json(self, *args: str, **options: Any) -> Any:
        return json.loads(self(*args, "-o", "json", **options).stdout)

    def names(self, *args: str, **options: Any) -> set[str]:
        """namespace/name of every object of a list."""
        items = self.json("get", *args, **options)["items"]
        return {f"{i['metadata'].get('namespace', '')}/{i['metadata']['name']}" for i in items}


@pytest.fixture(scope="session")
def as_(postern: Postern, cluster: Cluster) -> Callable[[str], As]:
    return lambda user: As(cluster, postern.kubeconfig(user))


@pytest.fixture
def alice(as_: Callable[[str], As]) -> As:
    return as_("alice")


@pytest.fixture
def bob(as_: Callable[[str], As]) -> As:
    return as_("bob")
