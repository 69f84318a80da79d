"""alice at her desk: the commands against an access API that does what a test says.

    desk.api.request("r1")
    desk.run("request", "show", "r1")
    Terminal(desk, "login").expect("Password")
"""

import os
import pty
import select
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from access_script import ScriptedAccess
from harness import binary
from pki import Authority
from upstream import Recorded, RecordingUpstream

ID = "/c/pod/k/dev/web-0"


class Desk:
    """alice's home, and the proxy that she works with."""

    def __init__(self, home: Path, authority: Authority) -> None:
        self.home = home
        self.authority = authority
        self.api = ScriptedAccess()
        self.server = RecordingUpstream(authority, self.api)
        self.proxy = f"127.0.0.1:{self.server.port}"
        self.env = {"HOME": str(home), "PATH": f"{home}/bin:{os.environ['PATH']}", "LC_ALL": "C.UTF-8"}
        self.env |= {key: value for key, value in os.environ.items() if key.endswith("SAN_OPTIONS")}
        (home / "bin").mkdir()

    def run(self, *args: str, code: int = 0, stdin: str | None = None,
            program: str | None = None, **env: str) -> subprocess.CompletedProcess[str]:  # fmt: skip
        done = subprocess.run(
            [program or str(binary()), *args], env=self.env | env, cwd=self.home, capture_output=True,
            text=True, timeout=60, check=False, input=stdin or "",
        )  # fmt: skip
        assert done.returncode == code, (args, done.returncode, done.stdout, done.stderr)
        return done

    def start(self, *args: str) -> subprocess.Popen[str]:
        return subprocess.Popen([str(binary()), *args], env=self.env, cwd=self.home, text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip

    def login(self, *args: str, **options: Any) -> subprocess.CompletedProcess[str]:
        args = args or ("--ca-file", str(self.authority.cert_file))
        options.setdefault("stdin", "sesame\n")
        return self.run("login", "--proxy", self.proxy, "--user", "alice", *args, **options)

    def asked(self, method: str, path: str) -> list[Recorded]:
        return [r for r in self.server.requests if r.method == method and r.path.endswith(path)]

    def script(self, name: str, text: str) -> Path:
        path = self.home / "bin" / name
        path.write_text("#!/bin/sh\n" + text)
        path.chmod(0o755)
        return path


@pytest.fixture
def desk(tmp_path: Path, authority: Authority) -> Iterator[Desk]:
    made = Desk(tmp_path, authority)
    yield made
    made.server.close()
    assert made.server.failures == []


@pytest.fixture
def alice(desk: Desk) -> Desk:
    desk.login()
    return desk


@pytest.fixture
def kubectl(alice: Desk) -> Desk:
    """A kubectl that is refused until its session has assumed something."""
    alice.api.put("kubeclusters", "k", status={"ready": True, "default": True})
    alice.script("kubectl", 'cp "$KUBECONFIG" seen.kubeconfig; stat -c %a "$KUBECONFIG" > seen.mode\n'
                 'echo "$@" >> seen.words; echo "$KUBECONFIG" > seen.path; cat > seen.stdin\n'
                 "[ -e allowed ] && echo yes && exit 0; echo no >&2; exit 7\n")  # fmt: skip
    return alice


def refuse(desk: Desk, *ids: str) -> None:
    desk.api.refusals = [{"verb": "get", "resourceId": i, "message": "no", "time": "x"} for i in ids]


def approve_when_filed(desk: Desk, state: str = "APPROVED") -> threading.Thread:
    def watch() -> None:
        name = wait_for_filed(desk)
        (desk.home / "allowed").touch()
        desk.api.put("accessrequests", name, status={"state": state})

    thread = threading.Thread(target=watch)
    thread.start()
    return thread


def wait_for_filed(desk: Desk) -> str:
    end = time.monotonic() + 20
    while not desk.api.objects.get("accessrequests") and time.monotonic() < end:
        time.sleep(0.02)
    return next(iter(desk.api.objects["accessrequests"]))


class Terminal:
    """A command with a terminal of its own."""

    def __init__(self, desk: Desk, *args: str) -> None:
        pid, self.fd = pty.fork()
        if pid == 0:
            os.chdir(desk.home)
            os.execve(str(binary()), [str(binary()), *args], desk.env | {"TERM": "xterm"})
        self.pid = pid
        self.seen = ""

    def expect(self, text: str, seconds: float = 20) -> str:
        end = time.monotonic() + seconds
        while text not in self.seen:
            assert time.monotonic() < end, self.seen
            if not select.select([self.fd], [], [], 0.2)[0]:
                continue
            try:
                data = os.read(self.fd, 4096)
            except OSError:
                data = b""
            assert data or text in self.seen, self.seen
            self.seen += data.decode(errors="replace")
        return self.seen

    def type(self, text: str) -> None:
        os.write(self.fd, text.encode())

    def end(self, seconds: float = 30) -> int:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if select.select([self.fd], [], [], 0.1)[0]:
                try:
                    self.seen += os.read(self.fd, 4096).decode(errors="replace")
                    continue
                except OSError:
                    pass
            done, status = os.waitpid(self.pid, os.WNOHANG)
            if done:
                os.close(self.fd)
                return os.waitstatus_to_exitcode(status)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        raise AssertionError(f"did not end: {self.seen}")
