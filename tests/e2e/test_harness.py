"""The harness itself: that it records what was sent, and that its checks can fail."""

from pathlib import Path

import pytest
from attack import POD, TABLE, Attack, visible
from fixture_api import FixtureApi
from harness import Postern
from pki import Authority
from raw_http import Cut, RawClient, request_bytes
from upstream import Connection, Recorded, RecordingUpstream, Reply


class Direct:
    """A client of the recording upstream itself, for what is the same on both sides."""

    def __init__(self, authority: Authority) -> None:
        self.authority = authority
        self.upstream = RecordingUpstream(authority, FixtureApi())

    def client(self) -> RawClient:
        return RawClient(self.upstream.port, self.authority.cert_file)

    def get(self, target: str, *fields: tuple[str, str]):  # type: ignore[no-untyped-def]
        with self.client() as client:
            client.send(request_bytes("GET", target, list(fields)))
            return client.read_response()


@pytest.fixture(scope="module")
def direct(authority: Authority):  # type: ignore[no-untyped-def]
    made = Direct(authority)
    yield made
    made.upstream.close()


def test_the_upstream_shows_everything_to_everybody(direct: Direct) -> None:
    everything = {"dev/db-0", "dev/nginx-1", "dev/nginx-2"}
    assert visible(direct.get(POD)) == everything
    assert visible(direct.get(POD, ("Accept", TABLE))) == everything
    assert visible(direct.get("/apis/e.com/v1/widgets")) == {"dev/w1", "dev/w2", "prod/w1"}
    assert direct.get(f"{POD}/db-0").json()["metadata"]["name"] == "db-0"
    assert direct.get(f"{POD}/nothing").status == 404
    one = direct.get(f"{POD}?fieldSelector=metadata.name%3Ddb-0")
    assert visible(one) == {"dev/db-0"}


@pytest.mark.parametrize("path", ["/api", "/apis", "/api/v1", "/apis/e.com", "/apis/e.com/v2"])
def test_the_upstream_has_discovery(direct: Direct, path: str) -> None:
    assert direct.get(path).status == 200


def test_exact_bytes_are_recorded(direct: Direct) -> None:
    direct.upstream.reset()
    data = request_bytes("POST", POD, [("X-Odd", "  a"), ("x-odd", "b")], b"{}")
    with direct.client() as client:
        client.send(data)
        assert client.read_response().status == 201
    (recorded,) = direct.upstream.requests
    assert recorded.message.raw == data and recorded.message.all("X-ODD") == ["a", "b"]
    assert direct.upstream.client_requests == [recorded]


def test_own_calls_are_told_apart(direct: Direct) -> None:
    direct.upstream.reset()
    for target in ("/api", "/apis/e.com/v1", "/readyz", "/api/v1/namespaces/kube-system"):
        direct.get(target)
    assert not direct.upstream.client_requests
    direct.get("/api", ("Impersonate-User", "alice"))
    direct.get("/api/v1/pods")
    assert [r.target for r in direct.upstream.client_requests] == ["/api", "/api/v1/pods"]


def test_a_cut_body_is_seen_as_cut(direct: Direct) -> None:
    def script(connection: Connection, request: Recorded) -> None:
        del request
        connection.send_head(200, ("Transfer-Encoding", "chunked"))
        connection.send_chunk(b"half")

    direct.upstream.on("/cut", Reply(raw=script))
    answer = direct.get("/cut")
    assert not answer.complete and answer.body == b"half"
    direct.upstream.on("/nothing", Reply(raw=lambda connection, request: None))
    with pytest.raises(Cut):
        direct.get("/nothing")


def test_a_leak_is_found(direct: Direct, tmp_path: Path) -> None:
    class Living:
        process = type("Process", (), {"poll": staticmethod(lambda: None)})
        ca_file = direct.authority.cert_file

        def client(self) -> RawClient:
            return direct.client()

    attack = Attack(Living(), direct.upstream)  # type: ignore[arg-type]
    direct.upstream.reset()
    client = attack.client()
    client.send(request_bytes("GET", POD, [("Impersonate-User", "alice")]))
    client.read_response()
    with pytest.raises(AssertionError, match="db-0"):
        attack.finish()


@pytest.mark.parametrize(
    "line",
    ["==1==ERROR: AddressSanitizer: heap-use-after-free", "x.cc:1:2: runtime error: overflow",
     '{"level":"error","msg":"unexpected"}', "\x1b[31m"],
)  # fmt: skip
def test_the_log_is_checked(tmp_path: Path, authority: Authority, line: str) -> None:
    postern = Postern(tmp_path, authority, clusters=[FakeCluster()], documents="")  # type: ignore[list-item]
    postern.log_file.write_text('{"level":"info","msg":"fine"}\n')
    postern.check_log()
    postern.log_file.write_text(line + "\n")
    with pytest.raises(AssertionError):
        postern.check_log()


class FakeCluster:
    name, kubeconfig, labels = "mycluster", Path("/nonexistent"), {}  # noqa: RUF012
