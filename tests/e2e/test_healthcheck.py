"""`postern healthcheck` at a real postern: what probes of a container without a shell run."""

import os
import signal
import subprocess
from pathlib import Path

import pytest
from harness import KubeCluster, Postern, binary, upstream_kubeconfig
from pki import Authority, key_pin
from raw_http import wait_for


def healthcheck(*args: str, code: int, **env: str) -> str:
    done = subprocess.run(
        [str(binary()), "healthcheck", *args], capture_output=True, text=True, timeout=60, check=False,
        stdin=subprocess.DEVNULL, env={**os.environ, **env},
    )  # fmt: skip
    assert done.returncode == code, (args, done.stdout, done.stderr)
    assert not (done.stdout and done.stderr)
    return done.stdout + done.stderr


def test_ready(recorded_postern: Postern) -> None:
    admin = f"http://127.0.0.1:{recorded_postern.admin_port}"
    assert healthcheck("--url", f"{admin}/livez", code=0) == "ok\n"
    assert healthcheck("--url", admin, code=0) == "ok\n"  # /readyz
    said = healthcheck("--url", f"{admin}/readyz", "--verbose", code=0)
    assert said.startswith("[+]ping ok\n") and said.endswith("readyz check passed\n")
    assert "[+]config" in said or "[+]shutdown ok" in said
    said = healthcheck("--url", f"{admin}/readyz?exclude=shutdown", "-v", code=0)
    assert "[+]shutdown excluded: ok" in said


def test_other_answers_are_failures(recorded_postern: Postern) -> None:
    admin = f"http://127.0.0.1:{recorded_postern.admin_port}"
    assert healthcheck("--url", f"{admin}/livez/none", code=1) == (
        f"error: {admin} answers 404:\n404 page not found\n"
    )


def test_proxies_of_the_environment_are_not_asked(recorded_postern: Postern) -> None:
    url = f"http://127.0.0.1:{recorded_postern.admin_port}/livez"
    nowhere = "http://127.0.0.1:1"
    assert healthcheck("--url", url, code=0, http_proxy=nowhere, HTTP_PROXY=nowhere, ALL_PROXY=nowhere)


def test_the_listener_of_users(recorded_postern: Postern, tmp_path: Path) -> None:
    """Nobody is answered there without an identity, and certificates count."""
    url = f"https://127.0.0.1:{recorded_postern.port}/livez"
    authorities = str(recorded_postern.ca_file)
    assert "cannot be trusted" in healthcheck("--url", url, code=1)
    said = healthcheck("--url", url, "--ca-file", authorities, code=1)
    assert "answers 401:\nUnauthorized\n" in said
    for more in ((), ("--ca-file", authorities)):
        assert "answers 401" in healthcheck("--url", url, "--reachable", *more, code=0)
    pin = key_pin(recorded_postern.certificate.cert_file)
    assert "answers 401" in healthcheck("--url", url, "--reachable", "--ca-pin", pin, code=0)
    said = healthcheck("--url", url, "--reachable", "--ca-pin", "sha256:" + "0" * 64, code=1)
    assert "cannot be trusted" in said and "has the pin sha256:000" in said
    stranger = Authority(tmp_path, "stranger", "somebody else")
    said = healthcheck("--url", url, "--reachable", "--ca-file", str(stranger.cert_file), code=1)
    assert "cannot be trusted" in said
    named = ("--ca-file", authorities, "--tls-server-name")
    assert "answers 401" in healthcheck("--url", url, "--reachable", *named, "localhost", code=0)
    healthcheck("--url", url, "--reachable", *named, "elsewhere.example.com", code=1)


def test_who_does_not_answer_in_time(recorded_postern: Postern) -> None:
    url = f"http://127.0.0.1:{recorded_postern.admin_port}/livez"
    recorded_postern.process.send_signal(signal.SIGSTOP)
    try:
        said = healthcheck("--url", url, "--timeout", "300ms", code=1)
    finally:
        recorded_postern.process.send_signal(signal.SIGCONT)
    assert "did not answer in time" in said


@pytest.mark.parametrize("how", ["failing check", "drain"])
def test_not_ready_says_which_check(authority: Authority, tmp_path: Path, how: str) -> None:
    nowhere = upstream_kubeconfig(
        tmp_path / "nowhere.kubeconfig", "https://127.0.0.1:1", authority.cert_file, "token"
    )
    postern = Postern(
        tmp_path / "postern", authority, clusters=[KubeCluster("away", nowhere)], documents="",
        config={"drain": {"delay": "20s", "timeout": "1s"}},
    )  # fmt: skip
    postern.spawn()
    url = f"http://127.0.0.1:{postern.admin_port}/readyz"
    try:
        wait_for("the admin listener", lambda: postern.admin("/livez")[0] == 200)
        if how == "drain":
            postern.process.send_signal(signal.SIGTERM)
            wait_for("the drain", lambda: "[-]shutdown" in postern.admin("/readyz")[1])
        said = healthcheck("--url", url, code=1)
        wanted = "shutdown" if how == "drain" else "failed: reason withheld"
        assert "answers 500:\n" in said and "[-]" in said and wanted in said
        assert said.endswith("readyz check failed\n")
    finally:
        postern.kill()
