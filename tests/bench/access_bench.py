#!/usr/bin/python3
"""Access requests through a whole postern, over TLS: how long filing one takes, and what open watches weigh.

postern keeps them in SQLite, every write synced before its answer. One client files them one after the other on
one connection. Then come a thousand connections, each answered once; then a watch of accessrequests on each of
them; then one event that all of them get. RSS is looked at in between, so that what a TLS connection costs
and what a watch adds to it stand apart.

    tests/bench/access_bench.py [FOLDER]       # needs POSTERN_BINARY or build/postern; FOLDER on the disk to measure
"""

import contextlib
import json
import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path

TREE = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TREE / "tests" / "e2e"), str(TREE / "tests" / "cluster")]

from documents import ACCESS  # noqa: E402
from fixture_api import FixtureApi  # noqa: E402
from harness import KubeCluster, Postern, User, upstream_kubeconfig  # noqa: E402
from pki import Authority  # noqa: E402
from raw_http import RawClient  # noqa: E402
from upstream import RecordingUpstream  # noqa: E402

REQUESTS = 200
WATCHES = 1000
PATH = "/apis/access.postern.dev/v1alpha1/accessrequests"
BODY = json.dumps({"spec": {"resources": ["/postern.test/pod/mycluster/dev/nginx-1"], "reason": "a bench"}}).encode()


def file_one(client: RawClient, postern: Postern) -> float:
    """Milliseconds from the first byte sent to the last one of the answer."""
    begun = time.perf_counter()
    client.send(postern.request("alice", "POST", PATH, [("Content-Type", "application/json")], BODY))
    answer = client.read_response("POST")
    if answer.status != 201:
        raise SystemExit(f"a request was not filed: {answer.body!r}")
    return (time.perf_counter() - begun) * 1e3


def measure_filing(postern: Postern) -> None:
    with postern.client() as client:
        file_one(client, postern)
        times = sorted(file_one(client, postern) for _ in range(REQUESTS))
    print(f"{REQUESTS} requests filed on one connection, SQLite with full sync: median"
          f" {statistics.median(times):.2f} ms, p99 {times[REQUESTS * 99 // 100 - 1]:.2f} ms,"
          f" slowest {times[-1]:.2f} ms")  # fmt: skip


def version(client: RawClient, postern: Postern) -> str:
    client.send(postern.request("alice", "GET", f"{PATH}?limit=1"))
    return str(client.read_response().json()["metadata"]["resourceVersion"])


def settled(postern: Postern) -> float:
    time.sleep(1)
    return postern.memory() / 1e6


def measure_watches(postern: Postern, stack: contextlib.ExitStack) -> None:
    at_first = settled(postern)
    clients = [stack.enter_context(postern.client(timeout=60)) for _ in range(WATCHES)]
    seen = [version(client, postern) for client in clients][-1]
    connected = settled(postern)
    for client in clients:
        client.send(postern.request("alice", "GET", f"{PATH}?watch=true&resourceVersion={seen}"))
        if client.read_head().status != 200:
            raise SystemExit("a watch was refused")
    watching = settled(postern)
    with postern.client() as another:
        begun = time.perf_counter()
        file_one(another, postern)
        kinds = {client.read_event()["type"] for client in clients}
        told = (time.perf_counter() - begun) * 1e3
    if kinds != {"ADDED"}:
        raise SystemExit(f"watches showed {kinds}")
    after = settled(postern)
    print(f"RSS {at_first:.1f} MB; {WATCHES} TLS connections, each answered once: {connected - at_first:+.1f} MB;"
          f" a watch on each: {watching - connected:+.1f} MB; after an event on all of them:"
          f" {after - watching:+.1f} MB, the last one read after {told:.0f} ms")  # fmt: skip


def main() -> None:
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))  # postern's, too
    with contextlib.ExitStack() as stack:
        where = sys.argv[1] if len(sys.argv) > 1 else None
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="postern-bench-", dir=where)))
        authority = Authority(folder, "bench-ca", "bench")
        upstream = RecordingUpstream(authority, FixtureApi())
        stack.callback(upstream.close)
        kubeconfig = upstream_kubeconfig(folder / "kubeconfig", upstream.url, upstream.ca_file, "bench-token")
        postern = stack.enter_context(
            Postern(folder / "postern", authority, clusters=[KubeCluster("mycluster", kubeconfig)],
                    documents=ACCESS, users=[User("alice")])
        )  # fmt: skip
        measure_filing(postern)
        with contextlib.ExitStack() as clients:
            measure_watches(postern, clients)


if __name__ == "__main__":
    main()
