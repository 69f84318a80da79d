#!/usr/bin/python3
"""postern beside nginx and haproxy: CPU and latency of the same answers through all, in one run.

nginx serves prepared answers over TLS in the place of an API server: discovery documents, a pod of
1 KB, a log of 10 MB, a list of 10,000 pods (75 MB). In front of it stand, in turn, nginx and haproxy as
plain TLS reverse proxies (one worker, kept-alive upstream connections) and postern (one worker;
authentication, authorization, impersonation, audit and metrics on). What is printed are ratios of CPU
time, which other programs on the machine disturb less than wall time.

    tests/bench/proxy_bench.py            # needs nginx, haproxy and wrk, and POSTERN_BINARY or build/postern
"""

import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

TREE = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TREE / "tests" / "e2e"), str(TREE / "tests" / "cluster")]

from harness import KubeCluster, Postern, User, upstream_kubeconfig  # noqa: E402
from pki import Authority  # noqa: E402
from ports import Reservations  # noqa: E402
from reverse_proxies import (  # noqa: E402
    haproxy,
    haproxy_config,
    nginx,
    nginx_config,
    proxy_server,
    upstream_server,
)

PODS = 10_000
SECONDS = 2
ROUNDS = 5  # by turns; the round that took the least CPU counts
CONNECTIONS = 8
ALICE, BOB = User("alice"), User("bob")
LIST = "/api/v1/namespaces/dev/pods"
SMALL = f"{LIST}/small"

ROLES = """
kind: role
version: v8
metadata: {name: some-pods}
spec:
  allow:
    kubernetes_labels: {"*": "*"}
    kubernetes_groups: [viewers]
    kubernetes_resources:
    - {kind: pods, api_group: "", namespace: dev, name: "pod-*42", verbs: [get, list, watch]}
    - {kind: pods, api_group: "", namespace: dev, name: small, verbs: [get]}
---
kind: role
version: v8
metadata: {name: all-pods}
spec:
  allow:
    kubernetes_labels: {"*": "*"}
    kubernetes_groups: [viewers]
    kubernetes_resources:
    - {kind: pods, api_group: "", namespace: dev, name: "pod-*", verbs: [get, list, watch]}
---
kind: user
version: v2
metadata: {name: alice}
spec: {roles: [some-pods]}
---
kind: user
version: v2
metadata: {name: bob}
spec: {roles: [all-pods]}
"""


def pod(name: str, filler: int) -> dict:
    return {
        "metadata": {
            "name": name,
            "namespace": "dev",
            "uid": "0b5c0b5e-0000-4000-8000-000000000000",
            "labels": {"app": "web", "pod-template-hash": "5d8f7c6b9"},
            "annotations": {"note": 'quotes \\" and {brackets} in text'},
        },
        "spec": {"containers": [{"name": "c", "image": "registry/image:1", "env": []}]},
        "status": {"phase": "Running", "conditions": [], "message": "x" * filler},
    }


def write_answers(folder: Path) -> None:
    """The files that the upstream nginx serves."""
    resources = [
        {
            "resource": "pods",
            "responseKind": {"group": "", "version": "v1", "kind": "Pod"},
            "scope": "Namespaced",
            "singularResource": "pod",
            "verbs": ["get", "list", "watch", "create", "delete"],
        }
    ]
    core = {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": "apidiscovery.k8s.io/v2",
        "metadata": {},
        "items": [
            {
                "metadata": {"creationTimestamp": None},
                "versions": [{"version": "v1", "resources": resources, "freshness": "Current"}],
            }
        ],
    }
    none = {**core, "items": []}
    (folder / "api.json").write_text(json.dumps(core))
    (folder / "apis.json").write_text(json.dumps(none))
    system = {"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": "kube-system", "uid": "bench"}}
    (folder / "system.json").write_text(json.dumps(system))
    small = {"kind": "Pod", "apiVersion": "v1", **pod("small", 650)}
    (folder / "small.json").write_text(json.dumps(small, separators=(",", ":")))
    line = "2026-01-01T00:00:00Z a line of the log of a pod, as long as such lines are; " + "x" * 48 + "\n"
    (folder / "small.log").write_text(line * (10_000_000 // len(line)))
    with (folder / "pods.json").open("w") as out:
        out.write('{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"1"},"items":[')
        for i in range(PODS):
            out.write("," if i else "")
            out.write(json.dumps(pod(f"pod-{i:05}", 7100), separators=(",", ":")))
        out.write("]}\n")


@dataclass
class Proxy:
    """What stands in front of the API server: nginx, haproxy or postern; for `direct`, nothing."""

    name: str
    url: str
    pid: int


@dataclass
class Used:
    """By one request."""

    cpu: float  # seconds
    times: str  # as they are printed
    wall: float = 0.0  # seconds


def cpu_seconds(pid: int) -> float:
    """Of all threads; in nanoseconds, where /proc/PID/stat counts ticks of 10 ms."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def load_small(proxy: Proxy) -> Used:
    before = cpu_seconds(proxy.pid)
    text = subprocess.run(
        ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "--latency",
         "-H", f"Authorization: Bearer {ALICE.token}", proxy.url + SMALL],
        capture_output=True, text=True, check=True, timeout=SECONDS + 30,
    ).stdout  # fmt: skip
    used = cpu_seconds(proxy.pid) - before
    requests = int(re.search(r"(\d+) requests in", text).group(1))
    if "Non-2xx" in text:
        raise SystemExit(f"{proxy.name} answered with errors:\n{text}")
    p50, p99 = (re.search(rf"{p}%\s+(\S+)", text).group(1) for p in (50, 99))
    return Used(used / requests, f"p50 {p50}, p99 {p99}")


def load_large(proxy: Proxy, path: str, token: str, times: int) -> Used:
    before, started = cpu_seconds(proxy.pid), time.monotonic()
    for _ in range(times):
        done = subprocess.run(
            ["curl", "-sSk", "--fail", "-o", "/dev/null", "-w", "%{size_download}",
             "-H", f"Authorization: Bearer {token}", proxy.url + path],
            capture_output=True, text=True, check=True, timeout=60,
        )  # fmt: skip
    wall = (time.monotonic() - started) / times
    megabytes = int(done.stdout) / 1e6
    return Used((cpu_seconds(proxy.pid) - before) / times, f"{wall * 1e3:6.1f} ms wall, {megabytes:.1f} MB", wall)


def best(rounds: list[dict[str, Used]], name: str) -> Used:
    return min((used[name] for used in rounds), key=lambda used: used.cpu)


def compare(title: str, loads: dict[str, Callable[[], Used]]) -> dict[str, Used]:
    """Each load by turns, and of each the best round; ratios are to nginx and haproxy."""
    print(title)
    rounds = [{name: load() for name, load in loads.items()} for _ in range(ROUNDS)]
    used = {name: best(rounds, name) for name in loads}
    for name, one in used.items():
        ratios = [f"{one.cpu / used[other].cpu:.2f} of {other}'s" for other in ("nginx", "haproxy")
                  if other in used and name.startswith("postern")]  # fmt: skip
        print(f"  {name:19}{one.cpu * 1e6:8.0f} us CPU, {one.times}", *ratios, sep="  ")
    return used


def peak_memory(pid: int) -> int:
    return int(re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text()).group(1))


def start(stack: contextlib.ExitStack) -> dict[str, Proxy]:
    """All of them, before one API server."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="postern-bench-")))
    folder.chmod(0o755)  # nginx's worker runs as another user
    authority = Authority(folder, "bench-ca", "bench")
    pair = authority.issue(str(folder / "serving"), "bench", hosts=("localhost", "127.0.0.1"))
    pair.key_file.chmod(0o644)
    write_answers(folder)
    ports = Reservations()
    stack.callback(ports.close)
    api, one, other = ports.port(), ports.port(), ports.port()
    files = (pair.cert_file, pair.key_file)
    direct = stack.enter_context(nginx(nginx_config(folder, "api", upstream_server(folder, api, *files))))
    nginx_pid = stack.enter_context(
        nginx(nginx_config(folder, "proxy", proxy_server(one, api, *files, authority.cert_file)))
    )
    haproxy_pid = stack.enter_context(
        haproxy(haproxy_config(folder, other, api, *files, authority.cert_file))
    )
    kubeconfig = upstream_kubeconfig(
        folder / "kubeconfig", f"https://localhost:{api}", authority.cert_file, "bench-token"
    )
    postern = stack.enter_context(
        Postern(folder / "postern", authority, clusters=[KubeCluster("bench", kubeconfig)],
                documents=ROLES, users=[ALICE, BOB], config={"workers": 1})
    )  # fmt: skip
    all_of_them = [Proxy("direct", f"https://127.0.0.1:{api}", direct),
                   Proxy("nginx", f"https://127.0.0.1:{one}", nginx_pid),
                   Proxy("haproxy", f"https://127.0.0.1:{other}", haproxy_pid),
                   Proxy("postern", f"https://127.0.0.1:{postern.port}", postern.pid)]  # fmt: skip
    return {proxy.name: proxy for proxy in all_of_them}


def main() -> None:
    with contextlib.ExitStack() as stack:
        proxies = start(stack)
        three = [proxies[name] for name in ("nginx", "haproxy", "postern")]
        compare(f"1 KB request, TLS on both sides, {CONNECTIONS} connections",
                {proxy.name: partial(load_small, proxy) for proxy in three})  # fmt: skip
        compare("log of 10 MB, TLS on both sides",
                {proxy.name: partial(load_large, proxy, f"{SMALL}/log", ALICE.token, 10) for proxy in three})  # fmt: skip
        ours = proxies["postern"]
        lists = {name: partial(load_large, proxies[name], LIST, ALICE.token, 2) for name in ("direct", "nginx")}
        lists["postern, 1 % kept"] = partial(load_large, ours, LIST, ALICE.token, 2)
        lists["postern, all kept"] = partial(load_large, ours, LIST, BOB.token, 2)
        used = compare(f"list of {PODS} pods, TLS on both sides; direct and nginx unfiltered", lists)
        for name in ("postern, 1 % kept", "postern, all kept"):
            print(f"  {name}: wall {used[name].wall / used['direct'].wall:.2f} of a direct download's")
        print(f"  postern's peak memory {peak_memory(ours.pid) / 1024:.1f} MiB")


if __name__ == "__main__":
    main()
