#!/usr/bin/python3
"""What a proxied watch weighs while nothing happens: TLS and HTTP/1.1 on both sides, a connection each.

The API server's place is taken by one that answers each watch of pods with one event and then says nothing.
postern's RSS is looked at before and after; what the first one costs (buffers and pools that stay) is not in it.

    tests/bench/idle_watch_bench.py       # needs POSTERN_BINARY or build/postern
"""

import contextlib
import resource
import sys
import tempfile
import time
from pathlib import Path

TREE = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TREE / "tests" / "e2e"), str(TREE / "tests" / "cluster")]

from fixture_api import KINDS, FixtureApi, compact, make_object  # noqa: E402
from harness import KubeCluster, Postern, User, upstream_kubeconfig  # noqa: E402
from pki import Authority  # noqa: E402
from raw_http import RawClient  # noqa: E402
from roles import ALICE  # noqa: E402
from upstream import Connection, Recorded, RecordingUpstream, Reply  # noqa: E402

WATCHES = 500
PATH = "/api/v1/namespaces/dev/pods?watch=true"
EVENT = compact({"type": "ADDED", "object": make_object(KINDS[0], "dev", "nginx-1", 1)}) + b"\n"


def one_event_and_silence(connection: Connection, _: Recorded) -> None:
    connection.send_head(200, ("Content-Type", "application/json"), ("Transfer-Encoding", "chunked"))
    connection.send_chunk(EVENT)
    connection.wait_for_end(120)


def watch(postern: Postern) -> RawClient:
    client = postern.client(timeout=60)
    client.send(postern.request("alice", "GET", PATH))
    if client.read_head().status != 200 or client.read_event()["type"] != "ADDED":
        raise SystemExit("a watch did not begin")
    return client


def settled(postern: Postern) -> float:
    time.sleep(1)
    return postern.memory() / 1024


def main() -> None:
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))  # postern's, too
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="postern-bench-")))
        authority = Authority(folder, "bench-ca", "bench")
        upstream = RecordingUpstream(authority, FixtureApi())
        stack.callback(upstream.close)
        upstream.on(r"^GET /api/v1/namespaces/dev/pods\?.*watch=", Reply(raw=one_event_and_silence))
        kubeconfig = upstream_kubeconfig(folder / "kubeconfig", upstream.url, upstream.ca_file, "bench-token")
        postern = stack.enter_context(
            Postern(folder / "postern", authority, clusters=[KubeCluster("mycluster", kubeconfig)],
                    documents=ALICE, users=[User("alice")])
        )  # fmt: skip
        clients = [stack.enter_context(watch(postern)) for _ in range(20)]
        before = settled(postern)
        clients += [stack.enter_context(watch(postern)) for _ in range(WATCHES)]
        after = settled(postern)
        print(f"RSS {before / 1024:.1f} MiB with 20 watches; {WATCHES} more: {(after - before) / WATCHES:.1f} KiB each")


if __name__ == "__main__":
    main()
