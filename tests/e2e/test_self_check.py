"""What the self-check says of clocks that differ and of a certificate that has ended, and when it is over."""

import re
import ssl
import time
from email.utils import formatdate
from pathlib import Path

import pytest
import roles
from fixture_api import FixtureApi
from harness import KubeCluster, Postern, User, upstream_kubeconfig
from pki import Authority
from raw_http import wait_for
from upstream import Recorded, RecordingUpstream, Reply

AN_HOUR = 3600
POD = "/api/v1/namespaces/dev/pods/nginx-1"


class ShiftedClock:
    """An API server whose clock is wrong by so many seconds."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self._api = FixtureApi()

    def __call__(self, request: Recorded) -> Reply:
        reply = self._api(request)
        reply.fields = [*reply.fields, ("Date", formatdate(time.time() + self.seconds, usegmt=True))]
        return reply


def told(postern: Postern, reason: str) -> str:
    """The warning's text on /readyz?verbose; "" when there is none."""
    found = re.search(rf"^warn: {reason}: (.*)$", postern.admin("/readyz?verbose")[1], re.M)
    return found[1] if found else ""


def logged(postern: Postern, message: str, reason: str) -> list[str]:
    return [line["what"] for line in postern.log_lines() if (line["msg"], line.get("reason")) == (message, reason)]


def test_a_wrong_clock_and_an_ended_certificate_are_told(authority: Authority, tmp_path: Path) -> None:
    clock = ShiftedClock()
    upstream = RecordingUpstream(authority, clock)
    kubeconfig = upstream_kubeconfig(tmp_path / "upstream.kubeconfig", upstream.url, upstream.ca_file, "x")
    postern = Postern(
        tmp_path / "postern", authority, clusters=[KubeCluster("mycluster", kubeconfig)],
        documents=roles.ALICE, users=[User("alice")],
    )  # fmt: skip
    authority.sign_again(postern.certificate, days=-1)
    clock.seconds = AN_HOUR
    with postern:
        wait_for("the clock", lambda: told(postern, "ClockSkew"), 15)
        skew, ended = told(postern, "ClockSkew"), told(postern, "CertificateExpired")
        behind = r"the clock of this host is 3[56]\d\d s behind that of the API server of cluster mycluster: "
        assert re.match(behind, skew), skew
        assert ended.startswith("the certificate in use as serving has ended at 20"), ended
        assert postern.admin("/readyz")[0] == 200
        with pytest.raises(ssl.SSLCertVerificationError, match="certificate has expired"):
            postern.ask("alice", "GET", POD)
        for reason, what in (("ClockSkew", skew), ("CertificateExpired", ended)):
            assert logged(postern, "self-check failed", reason) == [what]

        # Put right while it runs; it looks again after ten seconds.
        clock.seconds = 0
        authority.sign_again(postern.certificate, days=29)
        for reason, what in (("ClockSkew", skew), ("CertificateExpired", ended)):
            wait_for(f"the end of {reason}", lambda reason=reason: not told(postern, reason), 25)  # type: ignore[misc]
            assert logged(postern, "self-check: this is over", reason) == [what]
        assert postern.ask("alice", "GET", POD).status == 200
    upstream.close()
    assert upstream.failures == []
