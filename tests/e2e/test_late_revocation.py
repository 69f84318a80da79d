"""Access that is taken back while a request is on its way: what has been decided is asked again before
anything more happens."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import roles
from attack import POD, check_status
from conftest import USERS
from fixture_api import FixtureApi
from harness import KubeCluster, Postern, upstream_kubeconfig
from pki import Authority
from raw_http import Cut, RawClient, wait_for
from upstream import Connection, Recorded, RecordingUpstream, Reply

WITH_ALICE = roles.ALICE + roles.OTHERS
BODY = b'{"apiVersion":"v1","kind":"Pod","metadata":{"name":"nginx-9"}}'
DEADLINE = 20.0


class World:
    """alice in front of an API server that answers when it is told to."""

    def __init__(self, folder: Path, authority: Authority) -> None:
        self.upstream = RecordingUpstream(authority, FixtureApi())
        kubeconfig = upstream_kubeconfig(
            folder / "upstream.kubeconfig", self.upstream.url, self.upstream.ca_file, "secret"
        )
        self.postern = Postern(folder / "postern", authority, documents=WITH_ALICE, users=USERS,
                               clusters=[KubeCluster("mycluster", kubeconfig)])  # fmt: skip

    def revoke(self) -> None:
        self.postern.write_documents(roles.OTHERS)
        wait_for("the new policy",
                 lambda: self.postern.ask("alice", "GET", f"{POD}/nginx-1").status != 200, DEADLINE)  # fmt: skip
        time.sleep(1)  # by then every worker has looked at its open streams, of which this one is none yet

    def asked(self, method: str) -> list[Recorded]:
        return [r for r in self.upstream.client_requests if r.method == method]

    def begin(self, client: RawClient, method: str, target: str, fields: list[tuple[str, str]]) -> None:
        """A request whose body comes later."""
        client.send(self.postern.request("alice", method, target, fields))


@pytest.fixture
def world(tmp_path: Path, authority: Authority) -> Iterator[World]:
    made = World(tmp_path, authority)
    with made.postern:
        yield made
    made.upstream.close()


def held_answer(world: World, pattern: str, script: Callable[[Connection, Recorded], None]) -> threading.Event:
    """Requests that match are answered by the script once the event is set."""
    release = threading.Event()

    def wait(connection: Connection, request: Recorded) -> None:
        assert release.wait(DEADLINE)
        script(connection, request)

    world.upstream.on(pattern, Reply(raw=wait))
    return release


def test_a_watch_that_was_not_answered_yet(world: World) -> None:
    ended = threading.Event()

    def watch(connection: Connection, _: Recorded) -> None:
        connection.send_head(200, ("Content-Type", "application/json"), ("Transfer-Encoding", "chunked"))
        if connection.wait_for_end(DEADLINE):
            ended.set()

    release = held_answer(world, "watch=", watch)
    with world.postern.client() as client:
        client.send(world.postern.request("alice", "GET", f"{POD}?watch=true"))
        wait_for("the watch to arrive", lambda: any(r.parameter("watch") for r in world.asked("GET")))
        world.revoke()
        release.set()
        assert client.read_head().status == 200
        client.reader.chunks()
    assert ended.wait(5)


def test_an_exec_that_was_not_answered_yet(world: World) -> None:
    ended = threading.Event()

    def switch(connection: Connection, _: Recorded) -> None:
        connection.send_head(101, ("Connection", "Upgrade"), ("Upgrade", "SPDY/3.1"),
                             ("X-Stream-Protocol-Version", "v4.channel.k8s.io"))  # fmt: skip
        if connection.wait_for_end(DEADLINE):
            ended.set()

    release = held_answer(world, "/exec", switch)
    fields = [("Connection", "Upgrade"), ("Upgrade", "SPDY/3.1"),
              ("X-Stream-Protocol-Version", "v4.channel.k8s.io")]  # fmt: skip
    with world.postern.client() as client:
        client.send(world.postern.request("alice", "POST", f"{POD}/nginx-1/exec?command=sh", fields))
        wait_for("the exec to arrive", lambda: world.asked("POST"))
        world.revoke()
        release.set()
        assert client.is_closed() or client.reader.take_all() is not None
    assert ended.wait(5)


def test_a_create_whose_body_comes_late(world: World) -> None:
    fields = [("Content-Type", "application/json"), ("Content-Length", str(len(BODY)))]
    with world.postern.client() as client:
        world.begin(client, "POST", POD, fields)
        client.send(BODY[:10])
        world.revoke()
        client.send(BODY[10:])
        check_status(client.read_response("POST"))
    assert not world.asked("POST")


@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_a_patch_whose_body_comes_late(world: World, framing: str) -> None:
    fields = [("Content-Type", "application/merge-patch+json")]
    body = b'{"metadata":{"labels":{"a":"b"}}}'
    head, tail = body[:10], body[10:]
    if framing == "length":
        fields += [("Content-Length", str(len(body)))]
    else:
        fields += [("Transfer-Encoding", "chunked")]
        head, tail = b"a\r\n%s\r\n" % head, b"%x\r\n%s\r\n0\r\n\r\n" % (len(tail), tail)
    with world.postern.client() as client:
        world.begin(client, "PATCH", f"{POD}/nginx-1", fields)
        client.send(head)
        world.revoke()
        client.send(tail)
        try:
            assert client.read_response("PATCH").status in (401, 403)
        except Cut:
            pass
    assert not any(r.message.complete for r in world.asked("PATCH")), "the API server has got the whole of it"


def test_a_change_for_others_disturbs_nobody(world: World) -> None:
    fields = [("Content-Type", "application/json"), ("Content-Length", str(len(BODY)))]
    with world.postern.client() as client:
        world.begin(client, "POST", POD, fields)
        client.send(BODY[:10])
        world.postern.write_documents(roles.ALICE + roles.OTHERS.replace("name: cleaner", "name: other", 1)
                                      .replace("roles: [cleaner]", "roles: [other]"))  # fmt: skip
        wait_for("the reload", lambda: world.postern.metric(
            "postern_config_reloads_total", kind="policy", result="success") >= 1, DEADLINE)  # fmt: skip
        client.send(BODY[10:])
        assert client.read_response("POST").status == 201
    assert len(world.asked("POST")) == 1
