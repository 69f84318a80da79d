"""postern as a service: its unit for systemd, and standing on its own feet where nobody has set things up."""

import configparser
import os
import re
import shutil
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

UNIT = Path(__file__).resolve().parents[2] / "packaging" / "systemd" / "postern.service"


@pytest.fixture
def proxy(tmp_path: Path, authority: Authority) -> Iterator[Postern]:
    upstream = RecordingUpstream(authority, FixtureApi())
    kubeconfig = upstream_kubeconfig(tmp_path / "upstream.kubeconfig", upstream.url, upstream.ca_file, "x")
    made = Postern(tmp_path / "postern", authority, documents=roles.ALICE, users=USERS,
                   clusters=[KubeCluster("mycluster", kubeconfig)])  # fmt: skip
    yield made
    made.kill()
    upstream.close()


def start_by(proxy: Postern, *prefix: str) -> None:
    """Starts it through another program, and waits until it serves."""
    proxy.spawn = lambda: proxy.start_process({}, prefix)  # type: ignore[method-assign]
    proxy.start()


def unit(text: str) -> configparser.SectionProxy:
    # strict: a key may be there twice, and systemd adds them up.
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(text)
    return parser["Service"]


def test_the_unit_is_one_and_starts_what_there_is(tmp_path: Path) -> None:
    service = unit(UNIT.read_text())
    program, *words = service["ExecStart"].split()
    assert program == "/usr/local/bin/postern" and words[0] == "proxy"
    # Its command line is taken; the configuration is not on this machine, which is exit code 2: not tried again.
    done = subprocess.run([str(binary()), *words[:-1], str(tmp_path / "none.yaml")], capture_output=True, text=True,
                          timeout=60, check=False)  # fmt: skip
    assert done.returncode == int(service["RestartPreventExitStatus"]) == 2
    assert "none.yaml" in done.stderr
    assert int(service["LimitNOFILE"]) > 2 * 16384 and service["StateDirectory"] == "postern"
    analyze = shutil.which("systemd-analyze")
    if analyze:
        copy = tmp_path / "postern.service"
        copy.write_text(re.sub(r"^ExecStart=\S+", f"ExecStart={binary()}", UNIT.read_text(), flags=re.MULTILINE))
        said = subprocess.run([analyze, "verify", "--man=no", str(copy)], capture_output=True, text=True, timeout=60,
                              check=False)  # fmt: skip
        assert "postern.service" not in said.stderr and said.returncode == 0, said.stderr


def test_closed_standard_descriptors_are_no_files_of_posterns(proxy: Postern) -> None:
    """Else the log would be written into the next file that is opened, such as the database."""
    start_by(proxy, "sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh")
    assert proxy.ask("alice", "GET", f"{POD}/nginx-1").status == 200
    assert proxy.ask(None, "GET", POD).status == 401  # logged
    held = [os.readlink(f"/proc/{proxy.pid}/fd/{number}") for number in (0, 1, 2)]
    assert held == ["/dev/null"] * 3, held
    proxy.stop()


def test_too_few_files_are_told_of_at_the_start(proxy: Postern) -> None:
    start_by(proxy, "prlimit", "--nofile=256:256")
    warning = "limits.maxConnections 16384 may need 33024 open files, and no more than 256 are allowed"
    assert any(line["level"] == "warn" and line["msg"].startswith(warning) for line in proxy.log_lines())
    assert proxy.ask("alice", "GET", f"{POD}/nginx-1").status == 200
    proxy.stop()
    proxy.config["limits"] = {"maxConnections": 64, "maxConnectionsPerAddress": 64}
    proxy.write_config()
    before = len(proxy.log_lines())
    start_by(proxy, "prlimit", "--nofile=512:512")
    assert not any("open files" in line["msg"] for line in proxy.log_lines()[before:])
    proxy.stop()
