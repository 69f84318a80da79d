"""One postern in front of two real clusters, `first` and `second`, and the people who use it."""

import threading
from pathlib import Path

import roles
from cluster import Cluster
from conftest import As
from documents import ASKS, BOB, READ_DEV_PODS, REVIEWS, user
from harness import KubeCluster, Postern, User
from people import Person
from pki import Authority

POD = "/api/v1/namespaces/dev/pods"

# alice has a filtered view and oscar everything, in both; una asks, and bob reviews.
DOCUMENTS = roles.ALICE + roles.OTHERS + READ_DEV_PODS + ASKS + REVIEWS + user("una", "asks") + BOB
USERS = [User(name) for name in ("alice", "bob", "oscar", "una")]


def two_cluster_postern(authority: Authority, folder: Path, clusters: dict[str, Cluster]) -> Postern:
    """Not started yet. It gives up connecting soon, so that a silent cluster is soon known to be one."""
    return Postern(
        folder,
        authority,
        clusters=[KubeCluster(name, cluster.postern_kubeconfig) for name, cluster in clusters.items()],
        documents=DOCUMENTS,
        users=USERS,
        config={"upstream": {"connectTimeout": "2s", "firstByteTimeout": "20s"}},
    )


def status(postern: Postern, cluster: str, user: str = "oscar", path: str = POD) -> int:
    return postern.ask(user, "GET", f"/clusters/{cluster}{path}").status


def reachable(postern: Postern, cluster: str) -> bool:
    return postern.metric("postern_cluster_reachable", cluster=cluster) == 1


def person(folder: Path, name: str, postern: Postern, cluster: Cluster) -> Person:
    """Somebody who has logged in, and has a kubectl context for each cluster."""
    who = Person(folder, name, postern, cluster)
    token = who.home / "token"
    token.write_text(postern.users[name].token + "\n")
    who.postern("login", "--proxy", f"127.0.0.1:{postern.port}", "--ca-file", str(postern.ca_file),
                "--token-file", str(token))  # fmt: skip
    return who


def kubectl(postern: Postern, cluster: Cluster, user: str, name: str) -> As:
    return As(cluster, postern.kubeconfig(user, cluster=name))


class Traffic:
    """Requests to one cluster, one after the other, for as long as the block lasts; each must be answered 200."""

    def __init__(self, postern: Postern, cluster: str, user: str = "alice") -> None:
        self.good = 0
        self.bad: list[object] = []
        self._postern, self._cluster, self._user = postern, cluster, user
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        while not self._ending.is_set():
            try:
                answer = status(self._postern, self._cluster, self._user)
            except OSError as error:
                self.bad.append(error)
                continue
            if answer == 200:
                self.good += 1
            else:
                self.bad.append(answer)

    def __enter__(self) -> "Traffic":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join(30)
