#!/usr/bin/python3
"""postern beside nginx: CPU and latency of the same answers through both, in one run.

nginx serves prepared answers over TLS in the place of an API server: discovery documents, a pod of
1 KB, a list of 10,000 pods (75 MB). In front of it stand, in turn, nginx as a plain TLS reverse proxy
(one worker, kept-alive upstream connections) and postern (one worker; authentication, authorization,
impersonation and metrics on). What is printed are ratios postern : nginx of CPU time, which other
programs on the machine disturb less than wall time.

    tests/bench/proxy_bench.py            # needs nginx and wrk, and POSTERN_BINARY or build/postern
"""

import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

TREE = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TREE / "tests" / "e2e"), str(TREE / "tests" / "cluster")]

from harness import KubeCluster, Postern, User, upstream_kubeconfig  # noqa: E402
from pki import Authority  # noqa: E402
from ports import Reservations  # noqa: E402

PODS = 10_000
SECONDS = 6
CONNECTIONS = 8
ALICE = User("alice")

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
    with (folder / "pods.json").open("w") as out:
        out.write('{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"1"},"items":[')
        for i in range(PODS):
            out.write("," if i else "")
            out.write(json.dumps(pod(f"pod-{i:05}", 7100), separators=(",", ":")))
        out.write("]}\n")


DISCOVERY_TYPE = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


def nginx_config(folder: Path, name: str, servers: str) -> Path:
    path = folder / f"{name}.conf"
    path.write_text(f"""
daemon off; worker_processes 1; pid {folder}/{name}.pid; error_log {folder}/{name}.log warn;
events {{ worker_connections 1024; }}
http {{
  access_log off; sendfile on; tcp_nodelay on; keepalive_requests 1000000; keepalive_timeout 300;
  client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2; fastcgi_temp_path {folder}/t3;
  uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;
  {servers}
}}
""")
    return path


def upstream_server(folder: Path, port: int, cert: Path, key: Path) -> str:
    def serve(path: str, file: str, content_type: str) -> str:
        return (
            f"location = {path} {{ default_type '{content_type}'; types {{ }} "
            f"alias {folder}/{file}; }}\n"
        )

    return f"""server {{
  listen 127.0.0.1:{port} ssl; ssl_certificate {cert}; ssl_certificate_key {key};
  {serve("/api", "api.json", DISCOVERY_TYPE)}
  {serve("/apis", "apis.json", DISCOVERY_TYPE)}
  {serve("/api/v1/namespaces/kube-system", "system.json", "application/json")}
  {serve("/api/v1/namespaces/dev/pods/small", "small.json", "application/json")}
  {serve("/api/v1/namespaces/dev/pods", "pods.json", "application/json")}
}}"""


def proxy_server(port: int, upstream: int, cert: Path, key: Path, ca: Path) -> str:
    return f"""upstream api {{ server 127.0.0.1:{upstream}; keepalive 32; keepalive_requests 1000000; }}
server {{
  listen 127.0.0.1:{port} ssl; ssl_certificate {cert}; ssl_certificate_key {key};
  location / {{
    proxy_pass https://api; proxy_http_version 1.1; proxy_set_header Connection "";
    proxy_ssl_verify on; proxy_ssl_trusted_certificate {ca}; proxy_ssl_name localhost;
    proxy_buffers 16 16k;
  }}
}}"""


@contextlib.contextmanager
def nginx(config: Path) -> Iterator[int]:
    """Runs nginx; yields the process id of its worker."""
    process = subprocess.Popen(["/usr/sbin/nginx", "-c", str(config), "-p", str(config.parent)])
    try:
        for _ in range(100):
            found = subprocess.run(
                ["pgrep", "-P", str(process.pid)], capture_output=True, text=True, check=False
            ).stdout.split()
            if found:
                break
            time.sleep(0.05)
        yield int(found[0])
    finally:
        process.terminate()
        process.wait(10)


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def load_small(url: str, pid: int) -> tuple[float, str, str]:
    """CPU microseconds a request, and wrk's p50 and p99."""
    before = cpu_seconds(pid)
    text = subprocess.run(
        ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "--latency",
         "-H", f"Authorization: Bearer {ALICE.token}", url],
        capture_output=True, text=True, check=True, timeout=SECONDS + 30,
    ).stdout  # fmt: skip
    used = cpu_seconds(pid) - before
    requests = int(re.search(r"(\d+) requests in", text).group(1))
    if "Non-2xx" in text:
        raise SystemExit(f"{url} answered with errors:\n{text}")
    p50, p99 = (re.search(rf"{p}%\s+(\S+)", text).group(1) for p in (50, 99))
    return used / requests * 1e6, p50, p99


def load_list(url: str, pid: int, token: str, times: int) -> tuple[float, float, int]:
    """CPU and wall seconds a list, and the size of one answer."""
    before, started = cpu_seconds(pid), time.monotonic()
    for _ in range(times):
        done = subprocess.run(
            ["curl", "-sSk", "--fail", "-o", "/dev/null", "-w", "%{size_download}",
             "-H", f"Authorization: Bearer {token}", url],
            capture_output=True, text=True, check=True, timeout=60,
        )  # fmt: skip
    wall = (time.monotonic() - started) / times
    return (cpu_seconds(pid) - before) / times, wall, int(done.stdout)


def peak_memory(pid: int) -> int:
    return int(re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text()).group(1))


def main() -> None:
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="postern-bench-")))
        folder.chmod(0o755)  # nginx's worker runs as another user
        authority = Authority(folder, "bench-ca", "bench")
        pair = authority.issue(str(folder / "serving"), "bench", hosts=("localhost", "127.0.0.1"))
        pair.key_file.chmod(0o644)
        write_answers(folder)
        ports = Reservations()
        stack.callback(ports.close)
        api, plain = ports.port(), ports.port()
        stack.enter_context(
            nginx(nginx_config(folder, "api", upstream_server(folder, api, pair.cert_file, pair.key_file)))
        )
        nginx_pid = stack.enter_context(
            nginx(nginx_config(folder, "proxy", proxy_server(
                plain, api, pair.cert_file, pair.key_file, authority.cert_file)))
        )  # fmt: skip
        bob = User("bob")
        kubeconfig = upstream_kubeconfig(
            folder / "kubeconfig", f"https://localhost:{api}", authority.cert_file, "bench-token"
        )
        postern = stack.enter_context(
            Postern(folder / "postern", authority, clusters=[KubeCluster("bench", kubeconfig)],
                    documents=ROLES, users=[ALICE, bob], config={"workers": 1})
        )  # fmt: skip
        ours, theirs = f"https://127.0.0.1:{postern.port}", f"https://127.0.0.1:{plain}"
        small, pods = "/api/v1/namespaces/dev/pods/small", "/api/v1/namespaces/dev/pods"

        print(f"1 KB request, TLS on both sides, {CONNECTIONS} connections")
        a, a50, a99 = load_small(theirs + small, nginx_pid)
        b, b50, b99 = load_small(ours + small, postern.pid)
        print(f"  nginx   {a:7.1f} us CPU a request, p50 {a50}, p99 {a99}")
        print(f"  postern {b:7.1f} us CPU a request, p50 {b50}, p99 {b99}")
        print(f"  ratio   {b / a:7.2f}")

        print(f"list of {PODS} pods, {(folder / 'pods.json').stat().st_size / 1e6:.0f} MB, TLS on both sides")
        n_cpu, n_wall, n_size = load_list(theirs + pods, nginx_pid, ALICE.token, 5)
        d_wall = load_list(f"https://127.0.0.1:{api}{pods}", nginx_pid, ALICE.token, 5)[1]
        print(f"  nginx, unfiltered   {n_cpu:6.3f} s CPU, {n_wall:6.3f} s wall, {n_size / 1e6:6.1f} MB")
        for name, token in (("1 % kept", ALICE.token), ("100 % kept", bob.token)):
            cpu, wall, size = load_list(ours + pods, postern.pid, token, 5)
            print(f"  postern, {name:10} {cpu:6.3f} s CPU, {wall:6.3f} s wall, {size / 1e6:6.1f} MB,"
                  f" CPU ratio {cpu / n_cpu:4.2f}, wall to a direct download {wall / d_wall:4.2f}")  # fmt: skip
        print(f"  postern's peak memory {peak_memory(postern.pid) / 1024:.1f} MiB")


if __name__ == "__main__":
    main()
