"""Programs whose output is read while they run: `kubectl logs -f`, `-w`, `port-forward`, `exec -i`.

Everything waits with a deadline and ends its process on the way out.
"""

import os
import pty
import re
import selectors
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from cluster_client import ClusterClient

SECONDS = 20.0


class Running:
    """A program whose standard output is read as it comes.

    Use as a context manager: on the way out the process is ended. With `terminal`, its standard
    input and output are a terminal, as `exec -it` wants.
    """

    def __init__(
        self, argv: Sequence[str], env: dict[str, str] | None = None, *, terminal: bool = False
    ) -> None:
        self.output = b""
        self._master: int | None = None
        if terminal:
            self._master, slave = pty.openpty()
            self.process = subprocess.Popen(argv, env=env, stdin=slave, stdout=slave, stderr=slave)
            os.close(slave)
            self._reader = self._master
        else:
            pipe = subprocess.PIPE
            self.process = subprocess.Popen(
                argv, env=env, stdin=pipe, stdout=pipe, stderr=subprocess.STDOUT
            )
            assert self.process.stdout
            self._reader = self.process.stdout.fileno()

    def __enter__(self) -> "Running":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        if self._master is not None:
            os.close(self._master)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                with suppress(BrokenPipeError):
                    pipe.close()

    @property
    def terminal(self) -> int:
        """The descriptor of the terminal's other side, for its size."""
        assert self._master is not None
        return self._master

    def write(self, data: bytes) -> None:
        """Types, or sends to standard input."""
        if self._master is not None:
            os.write(self._master, data)
            return
        assert self.process.stdin
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def close_input(self) -> None:
        """Ends standard input while output goes on."""
        assert self.process.stdin
        self.process.stdin.close()

    def _read(self, deadline: float) -> bool:
        """Reads once; False at the end of output."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._reader, selectors.EVENT_READ)
            if not selector.select(max(0.0, deadline - time.monotonic())):
                raise TimeoutError(f"no more output; so far: {self.output[-2000:]!r}")
        try:
            data = os.read(self._reader, 65536)
        except OSError:  # a terminal whose program has ended
            data = b""
        self.output += data
        return bool(data)

    def wait_for(self, pattern: bytes, seconds: float = SECONDS) -> "re.Match[bytes]":
        """Reads until the regular expression matches what came so far."""
        deadline = time.monotonic() + seconds
        while not (found := re.search(pattern, self.output)):
            if not self._read(deadline):
                raise EOFError(f"ended without {pattern!r}: {self.output[-2000:]!r}")
        return found

    def finish(self, seconds: float = SECONDS) -> int:
        """Reads to the end of output; the exit code."""
        deadline = time.monotonic() + seconds
        while self._read(deadline):
            pass
        return self.process.wait(max(0.1, deadline - time.monotonic()))


def kubectl_running(
    cluster: ClusterClient,
    *args: str,
    kubeconfig: Path | str | None = None,
    program: Path | str | None = None,
    terminal: bool = False,
) -> Running:
    """A kubectl that runs while the test looks at it."""
    argv = [str(program or cluster.kubectl_program), *args]
    return Running(argv, cluster.kubectl_environment(kubeconfig), terminal=terminal)


@contextmanager
def port_forward(
    cluster: ClusterClient, namespace: str, target: str, port: int, **options: Any
) -> Iterator[int]:
    """`kubectl port-forward`; yields the local port on 127.0.0.1."""
    args = ("port-forward", "-n", namespace, target, f":{port}", "--address=127.0.0.1")
    with kubectl_running(cluster, *args, **options) as running:
        found = running.wait_for(rb"Forwarding from 127\.0\.0\.1:(\d+)")
        yield int(found.group(1))
