"""Servers of tests: every connection is served on a thread of its own."""

import contextlib
import socket
import threading
from collections.abc import Callable


def accept_each(listener: socket.socket, serve: Callable[[socket.socket], None]) -> None:
    """Returns at once; `serve` is called for every connection until close_listener()."""

    def accept() -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(client,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()


def close_listener(listener: socket.socket) -> None:
    """Ends its accept(), which a close alone may leave waiting."""
    with contextlib.suppress(OSError):
        listener.shutdown(socket.SHUT_RDWR)
    listener.close()
