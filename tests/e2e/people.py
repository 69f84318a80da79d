"""People at terminals: each with a home folder, the postern program and kubectl.

    alice = Person(world, "alice")
    alice.postern("login", link, "--new-password-file", alice.password_file)
    alice.kubectl("get", "pods", code=1)
"""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from cluster import Cluster
from harness import Postern, binary


def names(table: str) -> list[str]:
    """The first column of a table, without its head."""
    return [line.split()[0] for line in table.splitlines()[1:]]


class Person:
    """Somebody who works through postern. Commands fail the test unless they end with `code`."""

    def __init__(self, folder: Path, name: str, postern: Postern | None, cluster: Cluster) -> None:
        self.name = name
        self.home = folder / name
        self.home.mkdir()
        self.proxy = postern
        self.kubeconfig = self.home / ".kube" / "config"
        self.password_file = self.home / "password"
        self.password_file.write_text(f"correct horse of {name}\n")
        self._kubectl = cluster.kubectl_program
        self.env = {
            "HOME": str(self.home),
            "PATH": f"{binary().parent}:{self._kubectl.parent}:{os.environ['PATH']}",
            "LC_ALL": "C.UTF-8",
        } | {key: value for key, value in os.environ.items() if key.endswith("SAN_OPTIONS")}

    def run(
        self, *command: str, code: int | None = 0, stdin: str = "", seconds: float = 60
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            command, env=self.env, cwd=self.home, input=stdin, capture_output=True, text=True,
            timeout=seconds, check=False,
        )  # fmt: skip
        if code is not None:
            said = f"{' '.join(command)}: {done.returncode}\n{done.stdout}\n{done.stderr}"
            assert done.returncode == code, said
        return done

    def postern(self, *args: str, **options: Any) -> str:
        """What the command printed."""
        return self.run(str(binary()), *args, **options).stdout

    def refusal(self, *args: str, code: int = 1, **options: Any) -> str:
        """What a command that fails said."""
        return self.run(str(binary()), *args, code=code, **options).stderr

    def refused_with(self, code: int, *args: str) -> str:
        """What a command printed that ends with this code."""
        return self.run(str(binary()), *args, code=code).stdout

    def json(self, *args: str) -> Any:
        return json.loads(self.postern(*args, "-o", "json"))

    def start(self, *args: str) -> subprocess.Popen[str]:
        """A command of postern's that is waited for later."""
        return self.start_program(str(binary()), *args)

    def start_program(self, *command: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            command, env=self.env, cwd=self.home, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def kubectl(self, *args: str, **options: Any) -> subprocess.CompletedProcess[str]:
        return self.run(str(self._kubectl), *args, **options)

    def login(self, invite: str, kube: bool = True) -> None:
        """By the invite link, with a password from now on; then into the kubeconfig."""
        self.postern("login", invite, "--new-password-file", str(self.password_file))
        if kube:
            self.postern("kube", "login", "--set-context-namespace", "dev")
