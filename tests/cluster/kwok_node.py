"""kwok: nodes and pods that only seem to run, with exec, attach, logs and port-forward.

What a client meets in such a pod:
- `exec` runs the command on this machine, as `nobody` when the tests run as root;
- `logs` and `attach` read a file of the pod, which `append_log()` makes longer;
- `port-forward` to port 7 echoes (a `cat`), to any other port reaches a small web server.
kwok loses the exit code of a command, and never tells a command that its input has ended, so that
`exec -i … cat` hangs and `cp` into a pod fails: what depends on either belongs on the real node.
"""

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import build_tools
from components import Layout, Pki

NOBODY = 65534


class Kwok:
    """The configuration and files of one cluster's kwok."""

    def __init__(self, layout: Layout, pki: Pki, pods: list[tuple[str, str]]) -> None:
        """`pods` are the (namespace, name) that get a log file of their own."""
        self._layout = layout
        self._cert = pki.ca.issue("kwok", "kwok", (), ("127.0.0.1", "localhost"))
        self._logs = layout.folder / "pod-logs"
        self._logs.mkdir()
        self.home = layout.folder / "pod-home"
        self.home.mkdir()
        if os.geteuid() == 0:
            os.chown(self.home, NOBODY, NOBODY)
        self._www = layout.folder / "pod-www"
        self._www.mkdir()
        (self._www / "index.html").write_text("hello from a pod\n", encoding="utf-8")
        self._pods = pods
        for namespace, name in [("", "default"), *pods]:
            self.append_log(namespace, name, f"{name} of {namespace or 'a pod'} started")

    def log_file(self, namespace: str, name: str) -> Path:
        """The log of a pod, in the form of a container runtime's."""
        own = (namespace, name) in self._pods
        return self._logs / (f"{namespace}_{name}.log" if own else "default.log")

    def append_log(self, namespace: str, name: str, text: str) -> None:
        """Adds a line to a pod's log; `logs -f` shows it at once."""
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f000Z")
        with open(self.log_file(namespace, name), "a", encoding="utf-8") as log:
            log.write(f"{now} stdout F {text}\n")

    def write_config(self) -> Path:
        """kwok's --config file: its own stages and our debugging endpoints."""
        documents = [build_tools.kwok_stages()]
        documents += [json.dumps(document) for document in self._documents()]
        path = self._layout.folder / "kwok.yaml"
        path.write_text("\n---\n".join(documents), encoding="utf-8")
        return path

    def _documents(self) -> list[dict[str, Any]]:
        local: dict[str, Any] = {"workDir": str(self.home)}
        if os.geteuid() == 0:
            local["securityContext"] = {"runAsUser": NOBODY, "runAsGroup": NOBODY}
        web = {"address": "127.0.0.1", "port": self._layout.ports["web"]}
        forwards = [{"ports": [7], "command": ["cat"]}, {"target": web}]
        documents = [
            _document("ClusterExec", "exec", {"selector": {}, "execs": [{"local": local}]}),
            _document("ClusterPortForward", "forward", {"selector": {}, "forwards": forwards}),
        ]
        for namespace, name in self._pods:
            selector = {"matchNamespaces": [namespace], "matchNames": [name]}
            documents += self._log_documents(namespace, name, selector)
        return documents + self._log_documents("", "default", {})

    def _log_documents(
        self, namespace: str, name: str, selector: dict[str, Any]
    ) -> list[dict[str, Any]]:
        file = str(self.log_file(namespace, name))
        known = f"{namespace}-{name}".strip("-")
        logs = {"selector": selector, "logs": [{"logsFile": file, "follow": True}]}
        attaches = {"selector": selector, "attaches": [{"logsFile": file}]}
        return [
            _document("ClusterLogs", known, logs),
            _document("ClusterAttach", known, attaches),
        ]

    def command(self, program: Path, kubeconfig: Path) -> list[str]:
        port = self._layout.ports["kwok"]
        return [
            str(program),
            f"--config={self.write_config()}",
            f"--kubeconfig={kubeconfig}",
            "--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake",
            "--manage-all-nodes=false",
            "--node-ip=127.0.0.1",
            f"--node-port={port}",
            f"--server-address=127.0.0.1:{port}",
            f"--tls-cert-file={self._cert.cert_file}",
            f"--tls-private-key-file={self._cert.key_file}",
        ]

    def web_command(self) -> list[str]:
        """The server behind the forwarded ports."""
        port = str(self._layout.ports["web"])
        return [
            sys.executable, "-m", "http.server", port,
            "--bind", "127.0.0.1", "--directory", str(self._www),
        ]  # fmt: skip


def _document(kind: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "kwok.x-k8s.io/v1alpha1",
        "kind": kind,
        "metadata": {"name": name},
        "spec": spec,
    }


def fake_node(name: str) -> dict[str, Any]:
    """A node that kwok plays."""
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "annotations": {"kwok.x-k8s.io/node": "fake"},
            "labels": {"kubernetes.io/hostname": name, "type": "kwok"},
        },
    }
