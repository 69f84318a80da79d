#!/usr/bin/python3
"""A real Kubernetes cluster for tests: etcd, kube-apiserver, kube-controller-manager and kwok.

From Python (with this folder on sys.path; in pytest: the fixture `cluster` of tests/conftest.py):

    from cluster import Cluster

    with Cluster() as cluster:                 # ready on return; torn down on every way out
        cluster.apply_fixture()                # the objects of manifests/
        cluster.kubectl("get", "pods", "-A").stdout
        cluster.kubeconfig                     # file: administrator (system:masters)
        cluster.postern_kubeconfig             # file: the service account postern/postern
        cluster.server, cluster.ca_file        # "https://127.0.0.1:PORT", its CA certificate
        cluster.request("GET", "/version")     # (status, parsed JSON), as administrator
        mark = cluster.audit_mark()            # then: do something, and
        cluster.wait_for_audit(lambda event: ..., since=mark)   # or audit_events(since=mark)
        cluster.make_client_cert("alice", ["dev-team"])         # KeyPair of the cluster's CA
        cluster.make_token("postern/postern")                   # a service account's token
        cluster.client_kubeconfig("alice", ["dev-team"])        # alice, past postern
        cluster.restart_apiserver(); cluster.stop_apiserver(); cluster.start_apiserver()
        cluster.pause_apiserver(); cluster.resume_apiserver()   # it stalls, then goes on
        cluster.kwok.append_log("dev", "nginx-1", "a line")     # what `logs -f` then shows

From a shell:

    cluster.py up --dir DIR [--name N] [--nodes n1,n2] [--scheduler] [--real-node] [--no-fixture]
                  [--with-pid PID] [--foreground]
    cluster.py down --dir DIR
    cluster.py kubeconfig --dir DIR [--postern]

`up` returns when the cluster is ready; a supervisor stays and ends with it on `down`, on SIGTERM
or SIGINT, and with process PID when that is given. DIR must be empty or absent; it holds
kubeconfig, postern.kubeconfig, ca.crt, audit.log, logs/, bin/ (kubectl and the others), and
cluster.json with all of that.

Several clusters may run side by side. Start them from a thread that lives as long as they do (in
pytest: the main one): the kernel ends the components of a starter that dies.
"""

import http.client
import os
import shutil
import signal
import ssl
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import build_tools
import components
import kwok_node
import node
from cluster_client import ClusterClient
from components import Layout
from ports import Reservations
from process import Component, ComponentError

FIXTURE_PODS = [("dev", "nginx-1"), ("dev", "nginx-2"), ("dev", "db-0"), ("prod", "nginx-1")]
START_SECONDS = 90.0
PORTS = ("api", "etcd", "etcd-peer", "controller-manager", "scheduler", "kwok", "web")


class Cluster(ClusterClient):
    """One cluster; see the module's documentation. Not for use from several threads at once."""

    def __init__(
        self,
        directory: Path | str | None = None,
        *,
        name: str = "test",
        nodes: Sequence[str] = ("n1",),
        scheduler: bool = False,
        real_node: bool = False,
        compaction_seconds: int = 300,
        api_server_flags: Sequence[str] = (),
    ) -> None:
        """`directory` must be empty or absent; None makes one that goes with the cluster.

        `nodes` are played by kwok. `real_node` adds node `real` with containerd and kubelet (see
        node.py; implies the scheduler; NodeUnavailable when this machine cannot). An expired
        `continue` appears after `compaction_seconds` to twice that.
        """
        self.name = name
        self.nodes = list(nodes)
        self.kwok: kwok_node.Kwok
        self.real_node: Any = None  # node.RealNode when asked for
        self._temporary = directory is None
        self._wants_real_node = real_node
        self._wants_scheduler = scheduler or real_node
        self._compaction_seconds = compaction_seconds
        self._api_server_flags = list(api_server_flags)
        self._reservations = Reservations()
        self._running: list[Component] = []
        self._kubeconfigs: dict[str, Path] = {}
        if real_node:
            node.require()
        self._tools = build_tools.ensure(self._tool_names())
        self.directory = self._make_directory(directory)

    def _tool_names(self) -> list[str]:
        names = list(build_tools.SETS["cluster"])
        if self._wants_scheduler:
            names.append("kube-scheduler")
        if self._wants_real_node:
            names += build_tools.SETS["node"]
        return list(dict.fromkeys(names))

    def _make_directory(self, directory: Path | str | None) -> Path:
        if directory is None:
            folder = Path(tempfile.mkdtemp(prefix=f"postern-cluster-{self.name}-"))
        else:
            folder = Path(directory).resolve()
            folder.mkdir(parents=True, exist_ok=True)
            if any(folder.iterdir()):
                raise ComponentError(f"{folder} is not empty")
        # The commands that kwok runs as nobody must be able to reach their working directory.
        folder.chmod(0o711)
        return folder

    # -- life -------------------------------------------------------------------------------

    def __enter__(self) -> "Cluster":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Starts everything and waits until nodes are ready; on failure nothing is left."""
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def _start(self) -> None:
        address, prefix = "127.0.0.1", []
        if self._wants_real_node:
            self.real_node = node.RealNode(self, self._reservations)
            address, prefix = self.real_node.open_network()
        self._prefix = prefix
        self.layout = self._make_layout(address)
        self._log_folder = self.directory / "logs"
        self._log_folder.mkdir()
        self.pki = components.make_pki(self.layout)
        self._write_admin_files()
        self._start_control_plane()
        self._start_kwok()
        if self.real_node:
            self.real_node.start(self._tools)

    def _make_layout(self, address: str) -> Layout:
        return Layout(
            folder=self.directory,
            address=address,
            bind_address="0.0.0.0" if self._wants_real_node else address,
            ports={name: self._reservations.port() for name in PORTS},
            compaction_seconds=self._compaction_seconds,
            real_node=self._wants_real_node,
            api_server_flags=self._api_server_flags,
        )

    def _write_admin_files(self) -> None:
        admin = self.pki.ca.issue("admin", "admin", ("system:masters",))
        self.kubeconfig = self.write_kubeconfig("kubeconfig", admin)
        shutil.copyfile(self.pki.ca.cert_file, self.directory / "ca.crt")
        self._tls = ssl.create_default_context(cafile=str(self.ca_file))
        self._tls.load_cert_chain(admin.cert_file, admin.key_file)
        self.bin_directory.mkdir()
        for name, path in self._tools.items():
            (self.bin_directory / name).symlink_to(path)

    def component(self, name: str, argv: Sequence[str], **options: Any) -> Component:
        """Starts a further server that ends with the cluster (its log is logs/NAME.log)."""
        options.setdefault("prefix", self._prefix)
        component = Component(name, argv, self._log_folder, **options)
        self._running.append(component)
        component.start()
        return component

    def _start_control_plane(self) -> None:
        tools, layout = self._tools, self.layout
        self._etcd = self.component("etcd", components.etcd(tools["etcd"], layout))
        argv = components.kube_apiserver(tools["kube-apiserver"], layout, self.pki)
        self._apiserver = self.component("kube-apiserver", argv)
        self._wait_apiserver()
        program = tools["kube-controller-manager"]
        kubeconfig = self._system_kubeconfig("controller-manager", "kube-controller-manager")
        argv = components.kube_controller_manager(program, layout, self.pki, kubeconfig)
        self.component("kube-controller-manager", argv)
        if self._wants_scheduler:
            kubeconfig = self._system_kubeconfig("scheduler", "kube-scheduler")
            argv = components.kube_scheduler(tools["kube-scheduler"], layout, kubeconfig)
            self.component("kube-scheduler", argv)

    def _system_kubeconfig(self, name: str, user: str) -> Path:
        pair = self.pki.ca.issue(name, f"system:{user}")
        return self.write_kubeconfig(f"{name}.kubeconfig", pair)

    def _start_kwok(self) -> None:
        self.kwok = kwok_node.Kwok(self.layout, self.pki, FIXTURE_PODS)
        self.component("pod-web", self.kwok.web_command())
        pair = self.pki.ca.issue("kwok-client", "kwok", ("system:masters",))
        kubeconfig = self.write_kubeconfig("kwok.kubeconfig", pair)
        self._kwok = self.component("kwok", self.kwok.command(self._tools["kwok"], kubeconfig))
        for name in self.nodes:
            self.create("/api/v1/nodes", kwok_node.fake_node(name))
        self._kwok.wait_ready(lambda: all(map(self.node_ready, self.nodes)), START_SECONDS)

    def node_ready(self, name: str) -> bool:
        """Whether a node's Ready condition is true."""
        status, found = self.request("GET", f"/api/v1/nodes/{name}")
        conditions = found.get("status", {}).get("conditions", []) if status == 200 else []
        return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)

    def stop(self) -> None:
        """Ends everything, the newest first. May be called twice."""
        if self.real_node:
            self.real_node.stop()
        while self._running:
            self._running.pop().stop()
        if self.real_node:
            self.real_node.close_network()
            self.real_node = None
        self._reservations.close()
        if self._temporary and not os.environ.get("POSTERN_KEEP_CLUSTER"):
            shutil.rmtree(self.directory, ignore_errors=True)

    def check(self) -> None:
        """ComponentError, with its log, for a component that has ended by itself."""
        for component in self._running:
            if not component.running() and component is not self._apiserver:
                raise ComponentError(component.failure("ended"))

    # -- trouble ----------------------------------------------------------------------------

    def _api_ready(self) -> bool:
        try:
            return self.request("GET", "/readyz")[0] == 200
        except (OSError, http.client.HTTPException):
            return False

    def _wait_apiserver(self) -> None:
        def ready() -> bool:
            if not self._etcd.running():
                raise ComponentError(self._etcd.failure("ended"))
            return self._api_ready()

        self._apiserver.wait_ready(ready, START_SECONDS)

    def stop_apiserver(self, polite_seconds: float = 0.0) -> None:
        """Ends the API server at once, or after a graceful shutdown of at most so long."""
        self._apiserver.stop(polite_seconds)

    def apiserver_runs(self) -> bool:
        return self._apiserver.running()

    def start_apiserver(self) -> None:
        """Starts it again at the same address and waits until it is ready."""
        self._apiserver.start()
        self._wait_apiserver()

    def restart_apiserver(self) -> None:
        self.stop_apiserver()
        self.start_apiserver()

    def pause_apiserver(self) -> None:
        """Lets the API server stall: connections stay open, nothing is answered."""
        self._apiserver.signal(signal.SIGSTOP)

    def resume_apiserver(self) -> None:
        self._apiserver.signal(signal.SIGCONT)

    def describe(self) -> dict[str, Any]:
        """What cluster.json holds: where everything is."""
        return {
            "name": self.name,
            "server": self.server,
            "kubeconfig": str(self.kubeconfig),
            "posternKubeconfig": str(self.directory / "postern.kubeconfig"),
            "caFile": str(self.ca_file),
            "auditLog": str(self.layout.audit_log),
            "kubectl": str(self.kubectl_program),
            "pids": {c.name: c.pid for c in self._running if c.pid},
        }


if __name__ == "__main__":
    import cluster_command

    sys.exit(cluster_command.main())
