"""What tests do with a running cluster: kubectl, requests, identities, its audit log."""

import http.client
import json
import os
import ssl
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import build_tools
from components import Layout, Pki
from pki import KeyPair, write_kubeconfig
from process import ComponentError, wait_until

MANIFESTS = Path(__file__).resolve().parent / "manifests"


class ClusterClient:
    """The part of Cluster that speaks to what runs; Cluster fills in the attributes."""

    name: str
    directory: Path
    layout: Layout
    pki: Pki
    kubeconfig: Path
    """The administrator's (group system:masters)."""
    _tls: ssl.SSLContext
    _tools: dict[str, Path]
    _kubeconfigs: dict[str, Path]

    # -- what it is -------------------------------------------------------------------------

    @property
    def server(self) -> str:
        """The API server's URL."""
        return self.layout.server

    @property
    def ca_file(self) -> Path:
        """The CA certificate of the API server, which signs client certificates too."""
        return self.directory / "ca.crt"

    @property
    def bin_directory(self) -> Path:
        """Holds the programs of the cluster under their own names, for PATH."""
        return self.directory / "bin"

    @property
    def kubectl_program(self) -> Path:
        return self._tools["kubectl"]

    def tool(self, name: str) -> Path:
        """A further program of build_tools.py, such as helm; built when it is missing."""
        return build_tools.ensure([name])[name]

    # -- using it ---------------------------------------------------------------------------

    def request(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """One request as administrator: its status and what the JSON says (or the text)."""
        connection = http.client.HTTPSConnection(
            self.layout.address, self.layout.ports["api"], context=self._tls, timeout=30
        )
        try:
            data = None if body is None else json.dumps(body)
            connection.request(method, path, data, {"Content-Type": "application/json"})
            response = connection.getresponse()
            text = response.read().decode()
            is_json = response.headers.get_content_type() == "application/json"
            return response.status, json.loads(text) if is_json else text
        finally:
            connection.close()

    def create(self, path: str, body: object) -> Any:
        """Posts an object; ComponentError when the API server refuses it."""
        status, answer = self.request("POST", path, body)
        if status not in (200, 201):
            raise ComponentError(f"POST {path}: {status} {answer}")
        return answer

    def kubectl(
        self,
        *args: str,
        kubeconfig: Path | str | None = None,
        program: Path | str | None = None,
        stdin: str | bytes | None = None,
        timeout: float = 60.0,
        check: bool = True,
    ) -> "subprocess.CompletedProcess[Any]":
        """Runs kubectl (as administrator unless told otherwise) and returns what it said.

        Text, or bytes when `stdin` is bytes. With `check`, an exit code other than 0 is a
        ComponentError that holds stderr.
        """
        done = subprocess.run(
            [str(program or self.kubectl_program), *args],
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            capture_output=True,
            text=not isinstance(stdin, bytes),
            timeout=timeout,
            check=False,
            env=self.kubectl_environment(kubeconfig),
        )
        if check and done.returncode != 0:
            said = f"{done.stderr!s}".strip()
            raise ComponentError(f"kubectl {' '.join(args)}: exit {done.returncode}: {said}")
        return done

    def kubectl_environment(self, kubeconfig: Path | str | None = None) -> dict[str, str]:
        """The environment for a kubectl that the caller starts; its cache stays in here."""
        return {
            **os.environ,
            "KUBECONFIG": str(kubeconfig or self.kubeconfig),
            "KUBECACHEDIR": str(self.directory / "kube-cache"),
        }

    def apply(self, *manifests: Path | str) -> None:
        """Applies files (names are those of manifests/), server-side, without schema download."""
        files = [f"--filename={MANIFESTS / name}" for name in manifests]
        self.kubectl("apply", "--server-side", "--validate=false", *files)

    def apply_fixture(self) -> None:
        """Makes the fixture of manifests/ and waits until its pods run. Needs the node n1."""
        self.apply("crds.yaml")
        self.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=90s", timeout=100)
        self.apply("fixture.yaml", "events.yaml", "rbac.yaml", "postern-rbac.yaml")
        for namespace in ("dev", "prod"):
            args = ("wait", "--for=condition=Ready", "pod", "--all", "--timeout=60s")
            self.kubectl(*args, "-n", namespace)

    def apply_pods_alias(self) -> None:
        """Adds the kind pods.e.com and an object dev/nginx-1 of it."""
        self.apply("optional/pods-alias.yaml")
        crd = "crd/pods.e.com"
        self.kubectl("wait", "--for=condition=Established", crd, "--timeout=30s")
        self.apply("optional/pods-alias-objects.yaml")

    # -- identities -------------------------------------------------------------------------

    def make_client_cert(self, user: str, groups: Iterable[str] = (), *, days: int = 29) -> KeyPair:
        """A client certificate of the cluster's CA: CN is the user, each O a group."""
        folder = Path(tempfile.mkdtemp(prefix="client-", dir=self.layout.pki_folder))
        return self.pki.ca.issue(str(folder / "client"), user, tuple(groups), days=days)

    def make_token(self, service_account: str, seconds: int = 86400) -> str:
        """A token of the service account "namespace/name"."""
        namespace, name = service_account.split("/")
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token"
        spec = {"expirationSeconds": seconds}
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
        return str(self.create(path, body)["status"]["token"])

    def write_kubeconfig(
        self,
        file: str,
        client: KeyPair | None = None,
        *,
        token: str | None = None,
        namespace: str = "default",
    ) -> Path:
        """A kubeconfig for this cluster, as `file` in its directory."""
        return write_kubeconfig(
            self.directory / file,
            name=self.name,
            server=self.server,
            ca_file=self.pki.ca.cert_file,
            client=client,
            token=token,
            namespace=namespace,
        )

    def client_kubeconfig(self, user: str, groups: Sequence[str] = ()) -> Path:
        """A kubeconfig with which `user` speaks to the API server directly; made once."""
        key = ":".join([user, *groups])
        if key not in self._kubeconfigs:
            file = f"client-{len(self._kubeconfigs)}.kubeconfig"
            pair = self.make_client_cert(user, groups)
            self._kubeconfigs[key] = self.write_kubeconfig(file, pair)
        return self._kubeconfigs[key]

    @property
    def postern_kubeconfig(self) -> Path:
        """A kubeconfig of the service account postern/postern (manifests/postern-rbac.yaml)."""
        path = self.directory / "postern.kubeconfig"
        if not path.exists():
            self.apply("postern-rbac.yaml")
            self.write_kubeconfig(path.name, token=self.make_token("postern/postern"))
        return path

    # -- the audit log ----------------------------------------------------------------------

    def audit_mark(self) -> int:
        """The place in the audit log from which `audit_events` then reads."""
        return self.layout.audit_log.stat().st_size

    def audit_events(self, since: int = 0) -> list[dict[str, Any]]:
        """The audit events (audit.k8s.io/v1, level Metadata) after the mark, oldest first.

        An event is written when its request has ended, which may be after the client has its
        answer: `wait_for_audit` waits for one.
        """
        with open(self.layout.audit_log, "rb") as log:
            log.seek(since)
            whole_lines = log.read().rpartition(b"\n")[0]
        return [json.loads(line) for line in whole_lines.splitlines()]

    def wait_for_audit(
        self, matches: Callable[[dict[str, Any]], bool], since: int = 0, seconds: float = 10.0
    ) -> dict[str, Any]:
        """The first event after the mark that matches; TimeoutError when none comes."""
        found: list[dict[str, Any]] = []

        def look() -> bool:
            found[:] = [event for event in self.audit_events(since) if matches(event)]
            return bool(found)

        wait_until("a line in the audit log", look, seconds)
        return found[0]
