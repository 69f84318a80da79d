"""Ports and small numbers that nobody else on this machine is using.

A port lies below the ephemeral range, so that no outgoing connection can take it between the
moment it is chosen and the moment a server binds it, nor while a server is restarted. Other runs
of these tests are kept off by a lock on a file that is named after the port.
"""

import fcntl
import os
import random
import socket
import tempfile
from pathlib import Path


def _lock_folder() -> Path:
    folder = Path(tempfile.gettempdir()) / f"postern-reserved-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def _below_ephemeral() -> int:
    try:
        text = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text(encoding="ascii")
        return max(int(text.split()[0]), 12000)
    except (OSError, ValueError):
        return 32768


def _bindable(port: int, address: str) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True


class Reservations:
    """Holds what it gave out until close(), or until the process ends, however it ends."""

    def __init__(self) -> None:
        self._held: list[int] = []

    def _try(self, name: str) -> bool:
        path = _lock_folder() / name
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return False
        self._held.append(handle)
        return True

    def port(self, address: str = "127.0.0.1") -> int:
        """A TCP port that nobody listens on; RuntimeError when there is none."""
        candidates = range(10000, min(_below_ephemeral(), 32768))
        for _ in candidates:
            port = random.choice(candidates)
            if _bindable(port, address) and self._try(f"port-{port}"):
                return port
        raise RuntimeError("no free TCP port below the ephemeral range")

    def number(self, kind: str, numbers: range) -> int:
        """A number of `numbers` that no other holder of the same `kind` has."""
        for number in numbers:
            if self._try(f"{kind}-{number}"):
                return number
        raise RuntimeError(f"every {kind} number of {numbers} is taken")

    def close(self) -> None:
        """Gives everything back. May be called twice."""
        while self._held:
            os.close(self._held.pop())
