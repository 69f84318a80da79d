"""A node that runs containers: containerd, runc, CNI, kubelet and kube-proxy, in namespaces.

    with Cluster(real_node=True) as cluster:     # also starts kube-scheduler
        cluster.real_node.run_pod("dev", "shell")            # busybox, running on return
        cluster.kubectl("exec", "-n", "dev", "shell", "--", "sh", "-c", "exit 7", check=False)
        cluster.real_node.import_image(write_image(...))     # see oci_image.py

What kwok cannot play is tested here: exit codes, half-closed exec, attach, resize, logs, cp.

Everything lives in network, mount and process namespaces of its own, below one first process
(node_init.py). When that one dies, by stop() or because its starter died, the kernel ends every
container and takes mounts and network along. The control plane runs in the same network, where
pods reach it as the service `kubernetes`; from outside it is at 10.89.N.2.

Without root, the Debian packages or the namespaces: NodeUnavailable, which says what is missing.
"""

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import node_config
from oci_image import BUSYBOX, BUSYBOX_IMAGE, PAUSE_IMAGE, write_busybox_image
from ports import Reservations
from process import Component, ComponentError, wait_until

if TYPE_CHECKING:
    from cluster import Cluster

NAME = "real"
START_SECONDS = 90.0
CGROUPS = Path("/sys/fs/cgroup")
UNSHARE = ["unshare", "--fork", "--kill-child", "--pid", "--mount", "--net", "--mount-proc"]
PROGRAMS = {
    "containerd": "containerd",
    "ctr": "containerd",
    "runc": "runc",
    "ip": "iproute2",
    "iptables": "iptables",
    "nft": "nftables",
    "nsenter": "util-linux",
    "unshare": "util-linux",
}


class NodeUnavailable(Exception):
    """This machine cannot run a real node; the text says what is missing."""


def require() -> None:
    """NodeUnavailable unless a real node can run here. Leaves nothing behind."""
    if os.geteuid() != 0:
        raise NodeUnavailable("it needs root")
    packages = {package for program, package in PROGRAMS.items() if not shutil.which(program)}
    if not (node_config.CNI_PLUGINS / "ptp").exists():
        packages.add("containernetworking-plugins")
    if not BUSYBOX.exists():
        packages.add("busybox-static")
    if packages:
        raise NodeUnavailable(f"missing Debian packages: {' '.join(sorted(packages))}")
    trial = "mount -t tmpfs tmpfs /run && ip link add veth1 type veth peer name veth2"
    done = subprocess.run(
        [*UNSHARE, "sh", "-c", trial], capture_output=True, text=True, check=False, timeout=20
    )
    if done.returncode != 0:
        raise NodeUnavailable(f"namespaces, mounts or veth refused: {done.stderr.strip()}")
    if not os.access(CGROUPS, os.W_OK) or not _cgroup_hierarchies():
        raise NodeUnavailable(f"{CGROUPS} is not a writable cgroup tree")


def _cgroup_hierarchies() -> list[Path]:
    """Where a cgroup of ours must exist: the one tree of v2, or each of v1 (and of a hybrid)."""
    if (CGROUPS / "cgroup.controllers").exists():
        return [CGROUPS]
    return sorted({p.resolve() for p in CGROUPS.iterdir() if (p / "cgroup.procs").exists()})


class RealNode:
    """The node `real` of one cluster. Made and ended by Cluster."""

    def __init__(self, cluster: "Cluster", reservations: Reservations) -> None:
        require()
        self._cluster = cluster
        self.number = reservations.number("node", range(1, 250))
        self._folder = cluster.directory / "node"
        self._folder.mkdir()
        self._init: subprocess.Popen[str] | None = None
        self._components: list[Component] = []
        self._link = f"postern{self.number}"
        self._cgroup = f"postern-node-{self.number}"
        self.address = f"10.89.{self.number}.2"
        self._pod_subnet = f"10.90.{self.number}.0/24"

    # -- namespaces -------------------------------------------------------------------------

    def open_network(self) -> tuple[str, list[str]]:
        """Makes the namespaces; the address inside, and what to start programs there with."""
        self._init = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "--", *UNSHARE, "--propagation", "private"]
            + [sys.executable, str(Path(__file__).with_name("node_init.py"))],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd="/",
            start_new_session=True,
        )
        assert self._init.stdout and self._init.stderr
        if self._init.stdout.readline() != "ready\n":
            raise ComponentError(f"no namespaces for the node: {self._init.stderr.read()}")
        children = Path(f"/proc/{self._init.pid}/task/{self._init.pid}/children")
        self._pid = int(children.read_text(encoding="ascii").split()[0])
        self._connect()
        return self.address, ["nsenter", f"--net=/proc/{self._pid}/ns/net"]

    def _connect(self) -> None:
        """A pair of network devices between this machine and the node."""
        outside, link = f"10.89.{self.number}.1", self._link
        inside = ["nsenter", f"--net=/proc/{self._pid}/ns/net"]
        subprocess.run(["ip", "link", "del", link], capture_output=True, check=False)
        peer = ["peer", "name", "eth0", "netns", str(self._pid)]
        for argv in (
            ["ip", "link", "add", link, "type", "veth", *peer],
            ["ip", "address", "add", f"{outside}/24", "dev", link],
            ["ip", "link", "set", link, "up"],
            [*inside, "ip", "address", "add", f"{self.address}/24", "dev", "eth0"],
            [*inside, "ip", "link", "set", "eth0", "up"],
            [*inside, "ip", "route", "add", "default", "via", outside],
        ):
            _checked(argv)

    def _enter(self) -> list[str]:
        return ["nsenter", f"--target={self._pid}", "--mount", "--net", "--pid", "--"]

    def stop(self) -> None:
        """Ends everything that runs on the node, containers included."""
        if self._init:
            self._init.kill()
            self._init.communicate()
        # What entered the namespaces sees its child die and ends by itself, having reaped it.
        wait_until(
            "the node's programs to end",
            lambda: not any(component.running() for component in self._components),
            20,
        )

    def close_network(self) -> None:
        """Takes away what outlives the processes: the network device and the cgroups."""
        subprocess.run(["ip", "link", "del", self._link], capture_output=True, check=False)
        wait_until("the node's cgroups to be empty", self._remove_cgroups, 20)

    def _make_cgroups(self) -> None:
        wait_until("cgroups of an earlier node to go", self._remove_cgroups, 20)
        for hierarchy in _cgroup_hierarchies():
            (hierarchy / self._cgroup).mkdir()

    def _remove_cgroups(self) -> bool:
        """Whether the node's cgroups are gone; the kernel lets go of them a little late."""
        for hierarchy in _cgroup_hierarchies():
            for folder, _, _ in os.walk(hierarchy / self._cgroup, topdown=False):
                try:
                    os.rmdir(folder)
                except OSError:
                    return False
        return True

    # -- the node's programs ----------------------------------------------------------------

    def start(self, tools: dict[str, Path]) -> None:
        """Starts the node and waits until it is ready; its images are there, too."""
        self._make_cgroups()
        config = node_config.containerd(self._folder, self._pod_subnet)
        argv = ["containerd", "--config", str(config)]
        self._component("containerd", argv).wait_ready(self._containerd_answers, START_SECONDS)
        for name, image, command in (
            ("pause", PAUSE_IMAGE, ["/bin/sleep", "2147483647"]),
            ("busybox", BUSYBOX_IMAGE, ["/bin/sh"]),
        ):
            self.import_image(write_busybox_image(self._folder / f"{name}.tar", image, command))
        self._start_kubelet(tools["kubelet"])
        self._start_kube_proxy(tools["kube-proxy"])

    def _component(self, name: str, argv: list[str]) -> Component:
        self._components.append(self._cluster.component(name, argv, prefix=self._enter()))
        return self._components[-1]

    def _containerd_answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(f"/proc/{self._pid}/root/run/containerd/containerd.sock")
            except OSError:
                return False
        return True

    def import_image(self, archive: Path) -> None:
        """Gives the node an image of oci_image.py; pods use it with imagePullPolicy: Never."""
        ctr = ["ctr", "-n", "k8s.io", "images", "import", "--snapshotter", "native"]
        _checked([*self._enter(), *ctr, str(archive.resolve())])

    def _start_kubelet(self, program: Path) -> None:
        cluster = self._cluster
        identity = cluster.pki.ca.issue("kubelet", f"system:node:{NAME}", ("system:nodes",))
        hosts = (NAME, self.address, "127.0.0.1")
        serving = cluster.pki.ca.issue("kubelet-serving", f"system:node:{NAME}", (), hosts)
        ca_file = cluster.pki.ca.cert_file
        config = node_config.kubelet(self._folder, ca_file, serving, self._cgroup)
        kubelet = self._component(
            "kubelet",
            [
                str(program),
                f"--config={config}",
                f"--kubeconfig={cluster.write_kubeconfig('kubelet.kubeconfig', identity)}",
                f"--hostname-override={NAME}",
                f"--node-ip={self.address}",
                f"--root-dir={self._folder / 'kubelet'}",
                f"--cert-dir={self._folder / 'kubelet-pki'}",
            ],
        )
        kubelet.wait_ready(lambda: cluster.node_ready(NAME), START_SECONDS)

    def _start_kube_proxy(self, program: Path) -> None:
        identity = self._cluster.pki.ca.issue("kube-proxy", "system:kube-proxy")
        kubeconfig = self._cluster.write_kubeconfig("kube-proxy.kubeconfig", identity)
        config = node_config.kube_proxy(self._folder, kubeconfig, NAME, self._pod_subnet)
        self._component("kube-proxy", [str(program), f"--config={config}"])

    # -- pods -------------------------------------------------------------------------------

    def pod(self, namespace: str, name: str, *command: str, **container: Any) -> dict[str, Any]:
        """The manifest of a busybox pod on this node; `container` adds to its container."""
        return {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "namespace": namespace, "labels": {"app": name}},
            "spec": {
                "nodeName": NAME,
                "terminationGracePeriodSeconds": 0,
                "containers": [
                    {
                        "name": "main",
                        "image": BUSYBOX_IMAGE,
                        "imagePullPolicy": "Never",
                        "command": list(command) or ["sleep", "2147483647"],
                        **container,
                    }
                ],
            },
        }

    def run_pod(self, namespace: str, name: str, *command: str, **container: Any) -> None:
        """Runs a busybox pod with `command` (default: it sleeps) and waits until it is ready."""
        manifest = self.pod(namespace, name, *command, **container)
        self._cluster.create(f"/api/v1/namespaces/{namespace}/pods", manifest)
        ready = ("wait", "--for=condition=Ready", f"pod/{name}", "--timeout=60s")
        self._cluster.kubectl(*ready, "-n", namespace, timeout=70)

    def delete_pod(self, namespace: str, name: str) -> None:
        """Deletes a pod and waits until it is gone."""
        args = ("delete", "pod", name, "-n", namespace, "--grace-period=0", "--wait")
        self._cluster.kubectl(*args, "--timeout=60s", timeout=70)


def _checked(argv: list[str]) -> None:
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)
    if done.returncode != 0:
        said = (done.stderr or done.stdout).strip()
        raise ComponentError(f"`{' '.join(argv)}` failed: {said}")
