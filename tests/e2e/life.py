"""postern before a scripted API server, for tests of its own life: files that change, limits, signals."""

import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import roles
from attack import POD
from conftest import USERS
from fixture_api import FixtureApi
from harness import KubeCluster, Postern, upstream_kubeconfig
from pki import Authority
from upstream import Connection, Recorded, RecordingUpstream, Reply

WATCH = f"{POD}?watch=true"
LONG = 20.0


class Life:
    """A postern of one's own in front of an upstream of one's own."""

    def __init__(self, folder: Path, authority: Authority, **options: Any) -> None:
        self.authority = authority
        self.upstream = RecordingUpstream(authority, FixtureApi())
        kubeconfig = upstream_kubeconfig(
            folder / "upstream.kubeconfig", self.upstream.url, self.upstream.ca_file, "secret"
        )
        options.setdefault("users", USERS)
        options.setdefault("documents", roles.ALICE + roles.OTHERS)
        options.setdefault("clusters", [KubeCluster("mycluster", kubeconfig)])
        self.postern = Postern(folder / "postern", authority, **options)

    def hold_watch(self) -> threading.Event:
        """Watches stay open and silent; the event tells that the proxy ended one."""
        ended = threading.Event()

        def script(connection: Connection, request: Recorded) -> None:
            del request
            connection.send_head(200, ("Content-Type", "application/json"),
                                 ("Transfer-Encoding", "chunked"))  # fmt: skip
            if connection.wait_for_end(120):
                ended.set()

        self.upstream.on("watch=", Reply(raw=script))
        return ended

    def status(self, user: str = "alice", path: str = f"{POD}/nginx-1") -> int:
        return self.postern.ask(user, "GET", path).status

    def read_files(self) -> None:
        """Now, where a test is not about postern's noticing by itself that they changed."""
        self.postern.process.send_signal(signal.SIGHUP)


@pytest.fixture
def make(tmp_path: Path, authority: Authority) -> Iterator[Callable[..., Life]]:
    """Makes running lives; each is ended, and its end checked, after the test."""
    lives: list[Life] = []

    def start(**options: Any) -> Life:
        life = Life(tmp_path, authority, **options)
        lives.append(life)
        life.postern.start()
        return life

    yield start
    for life in lives:
        try:
            life.postern.stop()
        finally:
            life.postern.kill()
            life.upstream.close()


@pytest.fixture
def life(make: Callable[..., Life]) -> Life:
    return make()
