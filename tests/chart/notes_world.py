"""What NOTES.txt says, and a release whose one pod is a process of this machine, so that it can be done.

    with Told(folder, cluster, helm, accounts, values) as told:
        told.run("auth first-login")       # the block of commands that has these words, as administrator
"""

import os
import re
import shlex
import subprocess
import textwrap
from pathlib import Path
from typing import Any

import yaml
from cluster import Cluster
from harness import KubeCluster, Postern, binary
from helm import CHART, Helm, configuration, find_all
from people import Person
from pki import Authority
from process import wait_until
from rights import RIGHTS, Installed

RELEASE, NAMESPACE = "told", "postern"

# What kubectl would reach in a pod is this machine's; everything else is the real kubectl's.
KUBECTL = """#!/bin/sh
case " $* " in
*" port-forward "*) exit 0 ;;
*" logs "*) exec cat {log} ;;
*" exec "*)
  while [ "$1" != -- ]; do shift; done
  shift 2
  for word; do
    shift
    [ "$word" != /etc/postern/config/postern.yaml ] || word={config}
    set -- "$@" "$word"
  done
  exec {postern} "$@" ;;
esac
exec {kubectl} "$@"
"""


def notes(
    helm: Helm, *args: str | Path, verb: str = "install", release: str = RELEASE, stdin: str | None = None
) -> str:
    """What helm would print of NOTES.txt."""
    given = () if stdin is None else ("-f", "-")
    said = helm(verb, release, CHART, "-n", NAMESPACE, "--dry-run=client", *args, *given, stdin=stdin)
    return said.partition("NOTES:")[2]


def blocks(said: str) -> list[str]:
    """The commands in them, line by line, block by block: what is indented by five."""
    return [textwrap.dedent(block) for block in re.findall(r"(?:^ {5}.*\n)+", said, re.M)]


class Told(Postern):
    """The rendered configuration with the pod's paths in a folder; a context manager, as Postern."""

    def __init__(self, folder: Path, cluster: Cluster, helm: Helm, accounts: Installed, values: Any) -> None:
        values = yaml.safe_load(yaml.safe_dump(values))
        values.setdefault("config", {}).setdefault("storage", {"type": "memory"})
        values["crds"] = {"enabled": False}
        self.cluster, self.helm, self.values = cluster, helm, values
        self.said = notes(helm, stdin=yaml.safe_dump(values))
        objects = helm.render(values=values, release=RELEASE, namespace=NAMESPACE)
        kubeconfig = cluster.write_kubeconfig(f"{folder.name}.kubeconfig", token=accounts.pods.token)
        super().__init__(folder, Authority(folder, "ca", "chart tests"), clusters=[KubeCluster("local", kubeconfig)],
                         documents="", own_certificate=False)  # fmt: skip
        self.root = folder / "pod"
        self._mount(objects)
        self._give_rights(objects)
        text = re.sub(r"(?<=[ \"])/(etc/postern|var/lib/postern)", rf"{self.root}/\1",
                      yaml.safe_dump(configuration(objects), width=1000))  # fmt: skip
        self.config = yaml.safe_load(text) | {
            key: self.config[key] for key in ("listen", "adminListen", "dataDir", "drain")
        }
        (own,) = self.config["kubeClusters"]
        del own["inCluster"]
        own["kubeconfig"] = str(kubeconfig)
        self.write_config()
        (folder / "bin").mkdir()
        program = folder / "bin" / "kubectl"
        program.write_text(KUBECTL.format(log=self.log_file, config=self.config_file, postern=binary(),
                                          kubectl=cluster.kubectl_program))  # fmt: skip
        program.chmod(0o755)

    def _give_rights(self, objects: list[Any]) -> None:
        rights = [o for o in objects if o["kind"] in RIGHTS]
        self.cluster.kubectl("apply", "-f", "-", stdin=yaml.safe_dump_all(rights))  # stays: the next one has the same
        needed = {"tokenReview": ["create", "tokenreviews"],
                  "clusterClientCA": ["get", "configmaps/extension-apiserver-authentication", "-n", "kube-system"]}
        account = f"system:serviceaccount:{NAMESPACE}:{RELEASE}-postern"
        for key in needed.keys() & self.values["config"].get("authentication", {}).keys():
            asked = ("auth", "can-i", *needed[key], "--as", account)
            wait_until(f"the rights of {key}", lambda asked=asked: self.may(asked), 20)

    def may(self, asked: tuple[str, ...]) -> bool:
        return self.cluster.kubectl(*asked, check=False).stdout.strip() == "yes"

    def _mount(self, objects: list[Any]) -> None:
        """What the pod's volumes would bring."""
        for folder in ("roles", "tls", "ca", "tokens"):
            (self.root / "etc/postern" / folder).mkdir(parents=True)
        for found in find_all(objects, "ConfigMap"):
            if "roles.yaml" in found.get("data", {}):
                (self.root / "etc/postern/roles/roles.yaml").write_text(found["data"]["roles.yaml"])
        pair = self.authority.issue(str(self.folder / "serving"), "postern", hosts=("told-postern.postern.svc",))
        (self.root / "etc/postern/tls/tls.crt").write_bytes(pair.cert_file.read_bytes())
        (self.root / "etc/postern/tls/tls.key").write_bytes(pair.key_file.read_bytes())
        (self.root / "etc/postern/ca/ca.crt").write_bytes(self.authority.cert_file.read_bytes())
        (self.root / "etc/postern/tokens/tokens.csv").write_text("a-static-token-0123,root,1\n")

    def person(self, name: str) -> Person:
        """Somebody with a terminal, whose kubectl reaches the pod."""
        made = Person(self.folder, name, None, self.cluster)
        made.env["PATH"] = f"{self.folder / 'bin'}:{made.env['PATH']}"
        return made

    # -- doing what the notes say --------------------------------------------------------------

    def block(self, words: str, said: str | None = None) -> str:
        """The one block that has these words."""
        found = [block for block in blocks(self.said if said is None else said) if words in block]
        assert len(found) == 1, (words, found, self.said)
        return found[0]

    def reach(self, said: str | None = None) -> str:
        """What comes before a login: PROXY, and what the proxy is known by. The port is the process's own."""
        found = blocks(self.said if said is None else said)
        begin = next(n for n, block in enumerate(found) if "PROXY=" in block)
        knowing = [b for b in found[begin:] if "PROXY=" in b or "> ca.crt" in b or b.startswith("PIN=")]
        return re.sub(r"^PROXY=.*$", f"PROXY=127.0.0.1:{self.port}", "".join(knowing), flags=re.M)

    def as_administrator(self, commands: str) -> "subprocess.CompletedProcess[str]":
        """In a shell of the cluster's administrator."""
        env = {**os.environ, "KUBECONFIG": str(self.cluster.kubeconfig), "HOME": str(self.folder),
               "PATH": f"{self.folder / 'bin'}:{binary().parent}:{os.environ['PATH']}"}  # fmt: skip
        return subprocess.run(["sh", "-c", commands], env=env, cwd=self.folder, capture_output=True, text=True,
                              timeout=60, check=False)  # fmt: skip

    def first_login(self) -> "subprocess.CompletedProcess[str]":
        return self.as_administrator(self.reach() + self.block("auth first-login"))

    def log_in(self, person: Person, command: str, *more: str) -> None:
        """A login that somebody was told of; what they would type comes from a file."""
        person.run("sh", "-ec", f"{command.strip()} {shlex.join(more)}")
