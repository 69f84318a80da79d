"""A postern process with a configuration made for one test, its users, and what must hold of it.

    with Postern(folder, authority, clusters=[...], documents=ROLES) as postern:
        with postern.client() as client:                       # raw TLS connection
            client.send(postern.request("alice", "GET", "/version"))
        postern.kubeconfig("alice")                            # for kubectl

At the end the process gets SIGTERM and must exit with 0, without a sanitizer's report and without a
log line of level error that the test did not announce with `expect_error`.
"""

import http.client
import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from audit_log import AuditLog
from pki import Authority, KeyPair, write_kubeconfig
from ports import Reservations
from raw_http import Message, RawClient, request_bytes

SOURCE = Path(__file__).resolve().parents[2]
SANITIZER = re.compile(rb"(Address|Leak|Thread|UndefinedBehavior)Sanitizer|runtime error:")
START_SECONDS = 30.0
STOP_SECONDS = 30.0


def binary() -> Path:
    """The program under test: $POSTERN_BINARY or the release build."""
    return Path(os.environ.get("POSTERN_BINARY") or SOURCE / "build" / "postern").resolve()


@dataclass(frozen=True)
class User:
    """A line of the token file."""

    name: str
    groups: tuple[str, ...] = ()

    @property
    def token(self) -> str:
        return f"token-of-{self.name}-0123456789"


@dataclass
class KubeCluster:
    """An entry of kubeClusters."""

    name: str
    kubeconfig: Path
    labels: dict[str, str] = field(default_factory=dict)


def upstream_kubeconfig(path: Path, url: str, ca_file: Path, token: str | None) -> Path:
    """What postern reaches a recording upstream with."""
    return write_kubeconfig(path, name="upstream", server=url, ca_file=ca_file, token=token)


class Postern:
    """One `postern proxy`; a context manager. `config` is merged over what is generated."""

    def __init__(
        self,
        folder: Path,
        authority: Authority,
        *,
        clusters: Iterable[KubeCluster],
        documents: str,
        users: Iterable[User] = (),
        config: dict[str, Any] | None = None,
        own_certificate: bool = True,
    ) -> None:
        self.folder = folder
        self.authority = authority
        self.users = {user.name: user for user in users}
        self._reservations = Reservations()
        self.port = self._reservations.port()
        self.admin_port = self._reservations.port()
        self._expected_errors: list[re.Pattern[str]] = []
        self._process: subprocess.Popen[bytes] | None = None
        self.ca_file = authority.cert_file if own_certificate else folder / "data" / "ca.crt"
        folder.mkdir(parents=True, exist_ok=True)
        self.log_file = folder / "postern.log"
        self.roles_file = folder / "roles.yaml"
        self.token_file = folder / "tokens.csv"
        self.config_file = folder / "postern.yaml"
        self.write_documents(documents)
        self.write_tokens()
        self.config = self._make_config(list(clusters), own_certificate) | (config or {})
        self.write_config()

    def _make_config(self, clusters: list[KubeCluster], own_certificate: bool) -> dict[str, Any]:
        made: dict[str, Any] = {
            "apiVersion": "config.postern.dev/v1alpha1",
            "kind": "ProxyConfiguration",
            "clusterName": "postern.test",
            "listen": f"127.0.0.1:{self.port}",
            "adminListen": f"127.0.0.1:{self.admin_port}",
            "dataDir": str(self.folder / "data"),
            "kubeClusters": [
                {"name": c.name, "kubeconfig": str(c.kubeconfig)}
                | ({"labels": c.labels} if c.labels else {})
                for c in clusters
            ],
            "defaultCluster": clusters[0].name,
            "authentication": {
                "clientCAFile": str(self.authority.cert_file),
                "tokenFile": str(self.token_file),
            },
            "resources": [str(self.roles_file)],
            "drain": {"idle": "0s"},  # clients that a test has forgotten hold nothing up
        }
        if own_certificate:
            self.certificate = self.authority.issue(
                str(self.folder / "serving"), "postern", hosts=("127.0.0.1", "localhost")
            )
            made["tls"] = {
                "certFile": str(self.certificate.cert_file),
                "keyFile": str(self.certificate.key_file),
            }
        return made

    # -- files that postern reads ------------------------------------------------------------

    def write_config(self) -> None:
        self.config_file.write_text(yaml.safe_dump(self.config, sort_keys=False))

    def write_documents(self, documents: str) -> None:
        replace_file(self.roles_file, documents)

    def write_tokens(self) -> None:
        lines = []
        for user in self.users.values():
            groups = f',"{",".join(user.groups)}"' if user.groups else ""
            lines.append(f"{user.token},{user.name},uid-{user.name}{groups}\n")
        replace_file(self.token_file, "".join(lines), mode=0o600)

    # -- life --------------------------------------------------------------------------------

    def __enter__(self) -> "Postern":
        self.start()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self.stop()
        else:
            self.kill()

    def spawn(self) -> None:
        """Starts the process; says nothing about whether it is ready."""
        self.start_process({})

    def start_process(self, more_env: dict[str, str], prefix: Iterable[str] = ()) -> None:
        """The same with more in the environment, or through another program."""
        env = {**os.environ, "HOME": str(self.folder), **more_env}
        # What was freed stays in ASan's quarantine: a small one, or memory could not be measured.
        env.setdefault("ASAN_OPTIONS", "quarantine_size_mb=16")
        env.setdefault("UBSAN_OPTIONS", "print_stacktrace=1:halt_on_error=1")
        env.setdefault("TSAN_OPTIONS", "halt_on_error=0")
        with open(self.log_file, "ab") as log:
            self._process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "--", *prefix, str(binary()), "proxy",
                 "--config", str(self.config_file)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env, cwd=self.folder,
                start_new_session=True,
            )  # fmt: skip

    def start(self) -> None:
        self.spawn()
        deadline = time.monotonic() + START_SECONDS
        while self.admin("/readyz")[0] != 200:
            if self.process.poll() is not None:
                raise AssertionError(f"postern ended ({self.process.returncode}):\n{self.log()}")
            if time.monotonic() > deadline:
                said = self.admin("/readyz?verbose")
                self.kill()
                raise AssertionError(f"postern is not ready: {said}\n{self.log()[-4000:]}")
            time.sleep(0.02)

    @property
    def process(self) -> subprocess.Popen[bytes]:
        assert self._process, "postern was not started"
        return self._process

    @property
    def pid(self) -> int:
        return self.process.pid

    def stop(self, seconds: float = STOP_SECONDS) -> None:
        """SIGTERM, then everything that must hold at the end."""
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"postern did not end on SIGTERM:\n{self.log()[-4000:]}") from None
        self._reservations.close()
        self.check_log()
        assert code == 0, f"postern exited with {code} after SIGTERM:\n{self.log()[-4000:]}"

    def restart(self) -> None:
        """Ends it politely and starts it again, at the same address and with the same data."""
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(STOP_SECONDS) == 0, self.log()[-4000:]
        self.start()

    def kill(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()
        self._reservations.close()

    # -- what it says ------------------------------------------------------------------------

    def log(self) -> str:
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def log_lines(self) -> list[dict[str, Any]]:
        lines = []
        for line in self.log().splitlines():
            if line.startswith("{"):
                lines.append(json.loads(line))
        return lines

    def expect_error(self, pattern: str) -> None:
        """Announces log lines of level error that match the expression."""
        self._expected_errors.append(re.compile(pattern))

    def check_log(self) -> None:
        data = self.log_file.read_bytes()
        found = SANITIZER.search(data)
        assert not found, f"a sanitizer reported:\n{data[found.start() - 200 :][:6000].decode()}"
        assert b"\x1b" not in data, "an escape character reached the log"
        for line in data.decode(errors="replace").splitlines():
            if re.search(r'"level":\s*"(error|critical)"', line):
                expected = any(pattern.search(line) for pattern in self._expected_errors)
                assert expected, f"unexpected error in the log: {line}"

    @property
    def audit_log(self) -> AuditLog:
        return AuditLog(self.folder / "data" / "audit.log")

    def admin(self, path: str) -> tuple[int, str]:
        """An answer of the plain listener; (0, why) when there is none."""
        connection = http.client.HTTPConnection("127.0.0.1", self.admin_port, timeout=10)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read().decode()
        except OSError as error:
            return 0, str(error)
        finally:
            connection.close()

    def metric(self, name: str, **labels: str) -> float:
        """The sum of a metric's samples that carry these labels."""
        total = 0.0
        for line in self.admin("/metrics")[1].splitlines():
            match = re.fullmatch(r"([a-z_]+)(\{.*\})? (\S+)", line)
            if match and match[1] == name:
                wanted = (f'{key}="{value}"' in (match[2] or "") for key, value in labels.items())
                total += float(match[3]) if all(wanted) else 0.0
        return total

    def memory(self) -> int:
        """Resident bytes of the process."""
        text = Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", text)[1]) * 1024  # type: ignore[index]

    def descriptors(self) -> int:
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    # -- clients -----------------------------------------------------------------------------

    def client(self, **options: Any) -> RawClient:
        return RawClient(self.port, self.ca_file, **options)

    def credential(self, user: str) -> tuple[str, str]:
        return "Authorization", f"Bearer {self.users[user].token}"

    def request(
        self,
        user: str | None,
        method: str,
        target: str | bytes,
        fields: Iterable[tuple[str, str]] = (),
        body: bytes | None = None,
    ) -> bytes:
        """A request's bytes, with this user's token."""
        credential = [self.credential(user)] if user else []
        return request_bytes(method, target, [*credential, *fields], body)

    def ask(
        self,
        user: str | None,
        method: str,
        target: str | bytes,
        fields: Iterable[tuple[str, str]] = (),
        body: bytes | None = None,
    ) -> Message:
        """One request on a connection of its own, and its answer."""
        with self.client() as client:
            client.send(self.request(user, method, target, fields, body))
            return client.read_response(method)

    def kubeconfig(
        self,
        user: str,
        *,
        client: KeyPair | None = None,
        namespace: str = "dev",
        cluster: str | None = None,
    ) -> Path:
        """A kubeconfig of this user, with a client certificate or else the token."""
        path = self.folder / f"{user}-{cluster or 'root'}-{'cert' if client else 'token'}.kubeconfig"
        prefix = f"/clusters/{cluster}" if cluster else ""
        return write_kubeconfig(
            path,
            name="postern",
            server=f"https://127.0.0.1:{self.port}{prefix}",
            ca_file=self.ca_file,
            client=client,
            token=None if client else self.users[user].token,
            namespace=namespace,
        )


def replace_file(path: Path, text: str, mode: int = 0o644) -> None:
    """Writes as editors and kubelet do: a new file, renamed over the old one."""
    fresh = path.with_name(path.name + ".new")
    fresh.write_text(text)
    fresh.chmod(mode)
    fresh.rename(path)
