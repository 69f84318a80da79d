"""A Service's place: passes TCP connections on to replicas that are ready, in turn.

As strict as kube-proxy: it knows nothing of requests, and when a replica that seemed ready refuses a connection,
or breaks one off, so does the balancer. `/readyz` is asked as kubelet does it, only more often.
"""

import http.client
import itertools
import socket
import struct
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field

from listening import accept_each, close_listener

POLL_SECONDS = 0.1


@dataclass
class Replica:
    """Where one is, whether it is ready, and how many connections it got."""

    port: int
    admin_port: int
    ready: bool = False
    connections: int = 0
    refused: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def asked_ready(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self.admin_port, timeout=2)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


def reset(sock: socket.socket) -> None:
    """Ends it so that the peer sees a broken connection. Whoever still reads from it, in another thread, stops: until
    then the system would keep it open."""
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.shutdown(socket.SHUT_RD)
    except OSError:
        pass
    sock.close()


class Balancer:
    """Listens on 127.0.0.1:`port`; a context manager."""

    def __init__(self, replicas: Iterable[tuple[int, int]]) -> None:
        self.replicas = [Replica(port, admin_port) for port, admin_port in replicas]
        self._turn = itertools.count()
        self._over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> "Balancer":
        for replica in self.replicas:
            threading.Thread(target=self._poll, args=(replica,), daemon=True).start()
        accept_each(self._listener, self._serve)
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        close_listener(self._listener)

    def ready(self) -> int:
        return sum(replica.ready for replica in self.replicas)

    def _poll(self, replica: Replica) -> None:
        while not self._over.is_set():
            replica.ready = replica.asked_ready()
            self._over.wait(POLL_SECONDS)

    def _serve(self, client: socket.socket) -> None:
        candidates = [replica for replica in self.replicas if replica.ready]
        if not candidates:
            reset(client)
            return
        replica = candidates[next(self._turn) % len(candidates)]
        try:
            server = socket.create_connection(("127.0.0.1", replica.port), timeout=10)
        except OSError:
            with replica.lock:
                replica.refused += 1
            reset(client)
            return
        with replica.lock:
            replica.connections += 1
        for sock in (client, server):
            sock.settimeout(None)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        back = threading.Thread(target=self._pass_on, args=(server, client), daemon=True)
        back.start()
        self._pass_on(client, server)
        back.join()
        client.close()
        server.close()

    @staticmethod
    def _pass_on(source: socket.socket, target: socket.socket) -> None:
        """One direction, with its end or its breaking off."""
        try:
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            reset(source)
            reset(target)
