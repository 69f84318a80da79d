"""A session that was made with a token or a certificate does not outlive it."""

import json
import time
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import pytest
import roles
from attack import POD
from conftest import USERS
from fixture_api import FixtureApi
from harness import KubeCluster, Postern, replace_file, upstream_kubeconfig
from pki import Authority
from raw_http import wait_for
from upstream import RecordingUpstream

SESSIONS = "/apis/access.postern.dev/v1alpha1/sessions"
JSON = ("Content-Type", "application/json")


@pytest.fixture
def proxy(tmp_path: Path, authority: Authority) -> Iterator[Postern]:
    upstream = RecordingUpstream(authority, FixtureApi())
    kubeconfig = upstream_kubeconfig(tmp_path / "upstream.kubeconfig", upstream.url, upstream.ca_file, "secret")
    with Postern(tmp_path / "postern", authority, documents=roles.ALICE + roles.OTHERS, users=USERS,
                 clusters=[KubeCluster("mycluster", kubeconfig)]) as running:  # fmt: skip
        yield running
    upstream.close()


def bearer(made: bytes) -> tuple[str, str]:
    return "Authorization", f"Bearer {json.loads(made)['status']['token']}"


def works(proxy: Postern, credential: tuple[str, str]) -> bool:
    status = proxy.ask(None, "GET", f"{POD}/nginx-1", [credential]).status
    assert status in (200, 401)
    return status == 200


def test_a_session_ends_with_the_static_token_that_made_it(proxy: Postern) -> None:
    made = proxy.ask("alice", "POST", SESSIONS, [JSON], b'{"spec":{}}')
    assert made.status == 201, made.body
    parent = bearer(made.body)
    child = bearer(proxy.ask(None, "POST", SESSIONS, [JSON, parent], b'{"spec":{}}').body)
    of_bob = bearer(proxy.ask("bob", "POST", SESSIONS, [JSON], b'{"spec":{}}').body)
    assert works(proxy, parent) and works(proxy, child)
    with proxy.client() as watching:
        watching.send(proxy.request(None, "GET", f"{POD}?watch=true&timeoutSeconds=60", [child]))
        assert watching.read_head().status == 200
        alice = proxy.users.pop("alice")
        proxy.write_tokens()
        wait_for("the sessions to end", lambda: not works(proxy, parent) and not works(proxy, child), 20)
        watching.reader.chunks()
    assert proxy.ask(None, "GET", "/version", [of_bob]).status != 401
    proxy.users["alice"] = alice  # the same token again: it was the token that counted
    proxy.write_tokens()
    wait_for("the session", lambda: works(proxy, parent), 20)


def test_a_session_ends_with_the_certificate_that_made_it(proxy: Postern) -> None:
    until = time.time() + 24 * 3600  # sessions may last for 30 h
    pair = proxy.authority.issue("alice-of-a-day", "alice", days=1)
    with proxy.client(client=pair) as client:
        client.send(proxy.request(None, "POST", SESSIONS, [JSON], b'{"spec":{"ttl":"30h"}}'))
        made = client.read_response("POST")
    assert made.status == 201, made.body
    text = json.loads(made.body)["status"]["expirationTimestamp"]
    ends = datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc).timestamp()
    assert ends <= until + 60


def test_a_session_ends_with_the_ca_that_vouched_for_its_certificate(proxy: Postern, tmp_path: Path) -> None:
    old, new = (Authority(tmp_path, name, "clients") for name in ("old-ca", "new-ca"))  # one name, two keys
    ca_file = tmp_path / "client-ca.crt"
    replace_file(ca_file, old.cert_file.read_text())
    proxy.config["authentication"]["clientCAFile"] = str(ca_file)
    proxy.write_config()
    proxy.restart()

    def session_of(authority: Authority) -> tuple[str, str]:
        pair = authority.issue(f"alice-{authority.cert_file.stem}", "alice")
        with proxy.client(client=pair) as client:
            client.send(proxy.request(None, "POST", SESSIONS, [JSON], b'{"spec":{}}'))
            made = client.read_response("POST")
        assert made.status == 201, made.body
        return bearer(made.body)

    parent = session_of(old)
    child = bearer(proxy.ask(None, "POST", SESSIONS, [JSON, parent], b'{"spec":{}}').body)
    of_token = bearer(proxy.ask("alice", "POST", SESSIONS, [JSON], b'{"spec":{}}').body)
    assert works(proxy, parent) and works(proxy, child) and works(proxy, of_token)

    def reloads() -> float:
        return proxy.metric("postern_config_reloads_total", kind="client_ca", result="success")

    before = reloads()
    replace_file(ca_file, new.cert_file.read_text() + old.cert_file.read_text())
    wait_for("the two CAs", lambda: reloads() > before, 20)
    of_new = session_of(new)
    assert works(proxy, parent) and works(proxy, child) and works(proxy, of_new)
    with proxy.client() as watching:
        watching.send(proxy.request(None, "GET", f"{POD}?watch=true&timeoutSeconds=60", [child]))
        assert watching.read_head().status == 200
        replace_file(ca_file, new.cert_file.read_text())
        wait_for("the sessions to end", lambda: not works(proxy, parent) and not works(proxy, child), 20)
        watching.reader.chunks()
    assert works(proxy, of_new) and works(proxy, of_token)
