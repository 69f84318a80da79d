"""`postern proxy --check-config` beside a running proxy, after a crash, and over data that is broken: it says what
a start would find, and changes nothing."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import roles
from attack import POD
from conftest import USERS
from fixture_api import FixtureApi
from harness import KubeCluster, Postern, binary, upstream_kubeconfig
from pki import Authority
from upstream import RecordingUpstream

Tree = dict[str, tuple[bytes, int, int]]


@pytest.fixture
def proxy(tmp_path: Path, authority: Authority) -> Iterator[Postern]:
    """One that has run and made its own CA; it is not running."""
    upstream = RecordingUpstream(authority, FixtureApi())
    kubeconfig = upstream_kubeconfig(tmp_path / "upstream.kubeconfig", upstream.url, upstream.ca_file, "x")
    kubeconfig.chmod(0o600)
    made = Postern(tmp_path / "postern", authority, documents=roles.ALICE, users=USERS,
                   clusters=[KubeCluster("mycluster", kubeconfig)], own_certificate=False)  # fmt: skip
    yield made
    made.kill()
    upstream.close()


def check(proxy: Postern) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([str(binary()), "proxy", "--config", str(proxy.config_file), "--check-config"],
                          capture_output=True, text=True, timeout=60, check=False,
                          env={**os.environ, "KUBECONFIG": "/nonexistent"})  # fmt: skip


def tree(folder: Path) -> Tree:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path): (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_mode) for path in files}


def test_beside_a_running_proxy(proxy: Postern) -> None:
    proxy.start()
    before = tree(proxy.folder / "data")
    done = check(proxy)
    assert done.returncode == 0, done.stderr
    assert tree(proxy.folder / "data") == before
    listen, admin, database = done.stderr.splitlines()
    taken = "is taken at the moment; by the proxy that is to be restarted?"
    assert listen == f"warning: listen: 127.0.0.1:{proxy.port} {taken}"
    assert admin == f"warning: adminListen: 127.0.0.1:{proxy.admin_port} {taken}"
    assert database == (f"warning: storage: {proxy.folder}/data/postern.db: another postern (process {proxy.pid}) is "
                        "using it; one process at a time can; the database was not looked at")  # fmt: skip
    assert proxy.ask("alice", "GET", f"{POD}/nginx-1").status == 200
    proxy.stop()


def test_after_a_crash(proxy: Postern) -> None:
    """What the killed process left to be recovered is read, and left to the next start."""
    proxy.start()
    proxy.process.kill()
    proxy.process.wait()
    before = tree(proxy.folder / "data")
    assert before[f"{proxy.folder}/data/postern.db-wal"][0], "nothing was left"
    done = check(proxy)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    assert tree(proxy.folder / "data") == before
    proxy.start()
    proxy.stop()


def test_broken_data_is_told_of_at_once_and_left_as_it_is(proxy: Postern) -> None:
    proxy.start()
    proxy.process.terminate()
    assert proxy.process.wait(30) == 0
    data = proxy.folder / "data"
    assert (check(proxy).returncode, check(proxy).stderr) == (0, "")
    (data / "postern.db").write_bytes(b"#" * 5000)
    (data / "master.key").write_bytes(b"short")
    (data / "ca.key").unlink()
    before = tree(data)
    done = check(proxy)
    assert done.returncode == 2 and done.stdout == "", done.stdout
    key, authority, database = done.stderr.splitlines()
    assert "postern.yaml: dataDir: " in key and "master.key: is not a master key (32 bytes)" in key
    assert "postern.yaml: dataDir: " in authority and "ca.key: " in authority
    assert "postern.yaml: storage: " in database and "postern.db: is not a database of postern's" in database
    assert tree(data) == before
    started = subprocess.run([str(binary()), "proxy", "--config", str(proxy.config_file)], capture_output=True,
                             text=True, timeout=60, check=False)  # fmt: skip
    assert started.returncode == 2
    assert database.split(": storage: ", 1)[1] in started.stderr
