"""A proxy before a real cluster, whose administrator works with commands, and two people: alice asks, bob
decides."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from cluster import Cluster
from documents import ROOT, STORY
from harness import KubeCluster, Postern, User
from people import Person
from pki import Authority
from raw_http import wait_for

NGINX_1 = "/postern.test/pod/mycluster/dev/nginx-1"


class Town:
    """A proxy, its administrator, and two people."""

    def __init__(self, folder: Path, postern: Postern, cluster: Cluster) -> None:
        self.postern = postern
        self.cluster = cluster
        self.root, self.alice, self.bob = (
            Person(folder, name, postern, cluster) for name in ("root", "alice", "bob")
        )
        (self.root.home / "token").write_text(postern.users["root"].token + "\n")
        self.root.postern("login", "--proxy", f"127.0.0.1:{postern.port}", "--ca-file",
                          str(postern.ca_file), "--token-file", "token")  # fmt: skip
        (self.root.home / "roles.yaml").write_text(STORY)
        self.root.postern("create", "-f", "roles.yaml")
        for person, role in ((self.alice, "k8s-requester"), (self.bob, "k8s-resource-requester-reviewer")):
            link = self.root.json("users", "add", person.name, "--roles", role)["link"]
            person.postern("login", link, "--new-password-file", str(person.password_file))
        self.alice.postern("kube", "login", "--set-context-namespace", "dev")

    def approve(self, reason: str) -> str:
        """Waits for alice's request with this reason; bob approves it."""

        def pending() -> list[str]:
            listed = self.bob.json("request", "ls", "--reviewable")["items"]
            return [r["metadata"]["name"] for r in listed if r["spec"]["reason"] == reason]

        name = wait_for(f"the request for {reason}", pending)[0]
        self.bob.postern("request", "review", "--approve", "--yes", name)
        return name


@pytest.fixture(scope="module")
def town(authority: Authority, cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    folder = tmp_path_factory.mktemp("town")
    postern = Postern(
        folder / "postern", authority, documents=ROOT, users=[User("root")], own_certificate=False,
        clusters=[KubeCluster("mycluster", cluster.postern_kubeconfig, {"env": "test"})],
    )  # fmt: skip
    with postern:
        yield Town(folder, postern, cluster)
