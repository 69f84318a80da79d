"""A cluster with a real node, the chart on it, and people who reach it from outside.

    with open_world(image_archive, folder) as world:
        world.helm("install", "postern", "--wait")
        world.alice.kubectl("get", "pods", code=1)
"""

import base64
import http.client
import json
import os
import re
import shlex
import ssl
import subprocess
import textwrap
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from cluster import Cluster
from built_image import SOURCE
from harness import binary
from people import Person
from process import wait_until
from streams import Running

RELEASE = "postern"
NAMESPACE = "postern-system"
CHART = SOURCE / "charts" / "postern"
PORT = 30443

WEB = (
    "mkdir -p /tmp/www; echo from a container >/tmp/www/index.html; "
    "echo started; exec httpd -f -p 8080 -h /tmp/www"
)

VALUES = """
image: {repository: postern.test/postern, tag: "1", pullPolicy: Never}
replicaCount: 2
kubeCluster: {name: mycluster}
impersonation: {groups: [dev-team]}
service: {type: NodePort, nodePort: 30443}
config:
  clusterName: postern.test
  storage: {type: kubernetes}
  drain: {delay: 1s, timeout: 10s}
"""


class Watch:
    """A watch read as bytes: whether it ends or is cut can be told apart."""

    def __init__(self, connection: http.client.HTTPSConnection) -> None:
        self._connection = connection
        self._response = connection.getresponse()
        assert self._response.status == 200, self._response.read()

    def __enter__(self) -> "Watch":
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def next(self) -> dict[str, Any]:
        line = self._response.readline()
        assert line.endswith(b"\n"), f"the watch ended with {line!r}"
        return json.loads(line)

    def rest(self) -> list[dict[str, Any]]:
        """What comes until the end; IncompleteRead when it is cut without a last chunk."""
        return [json.loads(line) for line in self._response.read().splitlines()]


class ChartWorld:
    """Everybody, and what one step leaves for the next."""

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        self.cluster = cluster
        self.folder = folder
        self.address = f"{cluster.real_node.address}:{PORT}"
        self.request = ""
        self.values = folder / "values.yaml"
        text = VALUES.lstrip() + f"tls: {{ipAddresses: [{cluster.real_node.address}]}}\n"
        self.values.write_text(text)
        self.replicas = yaml.safe_load(text)["replicaCount"]
        self.helm_program = cluster.tool("helm")
        self.admin, self.alice, self.bob = (Person(folder, n, None, cluster) for n in ("admin", "alice", "bob"))

    # -- helm -------------------------------------------------------------------------------

    def helm_environment(self) -> dict[str, str]:
        homes = {f"HELM_{kind}_HOME": str(self.folder / "helm" / kind) for kind in ("CACHE", "CONFIG", "DATA")}
        own = {"HOME": str(self.folder), "KUBECONFIG": str(self.cluster.kubeconfig)}
        return {"PATH": os.environ["PATH"], **own, **homes}

    def helm_do(self, *args: str, seconds: float = 240) -> str:
        done = subprocess.run(
            [str(self.helm_program), *args, "--namespace", NAMESPACE], env=self.helm_environment(),
            capture_output=True, text=True, timeout=seconds, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"helm {' '.join(args)}: {done.stdout}{done.stderr}{self.describe()}"
        return done.stdout

    def helm(self, verb: str, *args: str) -> str:
        """`install` and `upgrade`, with chart and values."""
        name, *rest = args
        return self.helm_do(verb, name, str(CHART), "--values", str(self.values), *rest)

    def notes(self, *words: str) -> list[str]:
        """The commands that `helm get notes` shows, as they are: of each word the block that has it."""
        said = self.helm_do("get", "notes", RELEASE)
        blocks = [textwrap.dedent(block) for block in re.findall(r"(?:^ {5}.*\n)+", said, re.M)]
        return [next(block for block in blocks if word in block) for word in words]

    def run_notes(self, *words: str) -> str:
        """Runs such blocks one after the other in one shell, as the cluster's administrator."""
        programs = f"{self.helm_program.parent}:{self.cluster.kubectl_program.parent}"
        env = self.helm_environment()
        done = subprocess.run(
            ["sh", "-c", "".join(self.notes(*words))], env={**env, "PATH": f"{programs}:{env['PATH']}"},
            capture_output=True, text=True, timeout=240, check=False,
        )  # fmt: skip
        assert done.stdout, done.stderr + self.describe()
        return done.stdout

    def describe(self) -> str:
        """What an administrator would look at when something does not come up."""
        said = ""
        for args in (("describe", "pods"), ("logs", "-l", f"app.kubernetes.io/instance={RELEASE}", "--prefix")):
            said += self.cluster.kubectl(*args, "-n", NAMESPACE, check=False).stdout[-6000:]
        return said

    # -- postern's pods ------------------------------------------------------------------------

    def pods(self) -> list[dict[str, Any]]:
        """Those that run the proxy and are not on their way out."""
        selector = f"app.kubernetes.io/instance={RELEASE},app.kubernetes.io/component=proxy"
        listed = self.cluster.kubectl("get", "pods", "-n", NAMESPACE, "-l", selector, "-o", "json").stdout
        return [p for p in json.loads(listed)["items"] if "deletionTimestamp" not in p["metadata"]]

    def exec(self, *command: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
        """A command in one of them, as administrator."""
        args = ("exec", "-n", NAMESPACE, f"deploy/{RELEASE}", "--", *command)
        return self.cluster.kubectl(*args, check=check)

    def process_status(self, name: str) -> dict[str, str]:
        """/proc/PID/status of a container's process on the node, as this machine sees it."""
        user = "65532"
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                lines = (folder / "status").read_text().splitlines()
            except OSError:
                continue
            status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
            if status["Name"] == name and user in status["Uid"] and self._is_of_the_node(folder):
                return {key: value.strip() for key, value in status.items()}
        raise AssertionError(f"no process {name}")

    def _is_of_the_node(self, folder: Path) -> bool:
        return f"/postern-node-{self.cluster.real_node.number}/" in (folder / "cgroup").read_text()

    # -- from outside --------------------------------------------------------------------------

    def wait_reachable(self) -> None:
        """kube-proxy hears of ready pods a little later than helm does."""
        url = f"https://{self.address}/livez"
        asked = [str(binary()), "healthcheck", "--url", url, "--reachable", "--timeout", "1s"]

        def answers() -> bool:
            return subprocess.run(asked, capture_output=True, check=False).returncode == 0

        wait_until("the Service's port to answer", answers, 30)

    def first_login_command(self, pod: str) -> list[str]:
        config = "/etc/postern/config/postern.yaml"
        asked = ["postern", "auth", "first-login", "--config", config, "--server", self.address]
        return ["exec", "-n", NAMESPACE, pod, "--", *asked]

    def pod_with_first_login(self) -> str:
        """One of the replicas has it."""
        for pod in self.pods():
            name = str(pod["metadata"]["name"])
            if self.cluster.kubectl(*self.first_login_command(name), check=False).returncode == 0:
                return name
        raise AssertionError(f"no pod has the first login: {self.describe()}")

    def person(self, name: str) -> Person:
        return Person(self.folder, name, None, self.cluster)

    def log_in(self, person: Person, command: str) -> None:
        """A login that somebody was told to run; the password comes from a file, not from a terminal."""
        person.run(*shlex.split(command), "--new-password-file", str(person.password_file))

    def running(self, person: Person, *args: str) -> Running:
        """Their kubectl, which asks postern for its token."""
        return Running([str(self.cluster.kubectl_program), *args], person.env)

    def watch(self, person: Person, namespace: str) -> Watch:
        """A watch of the pods of a namespace, with the person's session."""
        config = yaml.safe_load(person.kubeconfig.read_text())
        authority = config["clusters"][0]["cluster"]["certificate-authority-data"]
        tls = ssl.create_default_context()
        tls.load_verify_locations(cadata=base64.b64decode(authority).decode())
        credential = json.loads(person.postern("kube", "credential"))["status"]["token"]
        host, _, port = self.address.partition(":")
        connection = http.client.HTTPSConnection(host, int(port), context=tls, timeout=90)
        path = f"/clusters/mycluster/api/v1/namespaces/{namespace}/pods?watch=1"
        connection.request("GET", path, headers={"Authorization": f"Bearer {credential}"})
        return Watch(connection)

    def fetch(self, url: str) -> bytes:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return bytes(answer.read())


def prepare(cluster: Cluster, archive: Path) -> None:
    """The image on the node, a namespace that enforces, and pods that somebody wants to reach."""
    cluster.real_node.import_image(archive)
    for name in (NAMESPACE, "dev"):
        cluster.kubectl("create", "namespace", name)
        cluster.kubectl("wait", "--for=create", "sa/default", "-n", name, "--timeout=30s")
    cluster.kubectl("label", "namespace", NAMESPACE, "pod-security.kubernetes.io/enforce=restricted")
    cluster.apply("rbac.yaml")
    for name in ("web-1", "web-2"):
        cluster.real_node.run_pod("dev", name, "sh", "-c", WEB)


@contextmanager
def open_world(archive: Path, folder: Path) -> Iterator[ChartWorld]:
    """NodeUnavailable where this machine cannot run the node."""
    with Cluster(name="chart", real_node=True, nodes=[]) as cluster:
        prepare(cluster, archive)
        yield ChartWorld(cluster, folder)
