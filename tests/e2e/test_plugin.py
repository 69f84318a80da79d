"""postern as a plugin of kubectl: krew's manifest and archive, and completion by the real kubectl."""

import hashlib
import os
import re
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from cluster import Cluster
from harness import binary

MAKE = Path(__file__).resolve().parents[2] / "packaging" / "krew" / "make.py"
GIVEN = {"--version": "v0.1.0", "--homepage": "https://example.com/postern",
         "--download": "https://example.com/download/v0.1.0/"}  # fmt: skip


def make(out: Path, *platforms: str, **changed: str) -> "subprocess.CompletedProcess[str]":
    given = GIVEN | {f"--{key}": value for key, value in changed.items()}
    words = [word for pair in given.items() for word in pair]
    return subprocess.run(
        [str(MAKE), *words, "--out", str(out), *platforms], capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Without symbols, most of a build that is not a release."""
    out = tmp_path_factory.mktemp("krew")
    program = out / "program"
    subprocess.run(["strip", "--strip-all", "-o", str(program), str(binary())], check=True)
    done = make(out, f"linux/amd64={program}")
    assert done.returncode == 0, done.stderr
    return out


@pytest.fixture(scope="module")
def installed(packed: Path) -> Path:
    """A folder with the plugin, unpacked and linked as krew does it."""
    platform = manifest(packed)["spec"]["platforms"][0]
    folder = packed / "store"
    with tarfile.open(packed / platform["uri"].rsplit("/", 1)[1]) as tar:
        tar.extractall(folder)
    plugins = packed / "bin"
    plugins.mkdir()
    (plugins / "kubectl-postern").symlink_to(folder / platform["bin"])
    (plugins / "kubectl_complete-postern").symlink_to(folder / platform["bin"])
    return plugins


def manifest(out: Path) -> Any:
    return yaml.safe_load((out / "postern.yaml").read_text())


def test_the_manifest_is_one_that_krew_takes(packed: Path) -> None:
    """By the rules of krew's own validation (pkg/index/validation)."""
    plugin = manifest(packed)
    assert plugin["apiVersion"] == "krew.googlecontainertools.github.com/v1alpha2"
    assert plugin["kind"] == "Plugin"
    assert re.fullmatch(r"[\w-]+", plugin["metadata"]["name"])
    spec = plugin["spec"]
    assert set(spec) == {
        "version", "homepage", "shortDescription", "description", "caveats", "platforms",
    }  # fmt: skip
    assert re.fullmatch(r"v\d+\.\d+\.\d+", spec["version"])
    assert spec["shortDescription"] and "\n" not in spec["shortDescription"]
    assert len(spec["shortDescription"]) <= 50
    for platform in spec["platforms"]:
        assert platform["selector"]["matchLabels"] == {"os": "linux", "arch": "amd64"}
        assert platform["bin"] in [entry["from"] for entry in platform["files"]]
        assert all(entry["to"] == "." for entry in platform["files"])
        name = platform["uri"].rsplit("/", 1)[1]
        assert platform["uri"] == f"https://example.com/download/v0.1.0/{name}"
        assert platform["sha256"] == hashlib.sha256((packed / name).read_bytes()).hexdigest()
        with tarfile.open(packed / name) as tar:
            members = {member.name: member for member in tar}
        assert set(members) == {"LICENSE", "postern"} and members["postern"].mode == 0o755


def test_the_same_program_gives_the_same_archive(tmp_path: Path) -> None:
    """Whatever its file is called, and whoever may do what with it since when."""
    copy = tmp_path / "copy"
    shutil.copyfile("/bin/true", copy)
    copy.chmod(0o600)
    os.utime(copy, (1, 1))
    for out, program in ((tmp_path / "one", "/bin/true"), (tmp_path / "other", copy)):
        assert make(out, f"linux/amd64={program}").returncode == 0
    assert manifest(tmp_path / "one") == manifest(tmp_path / "other")
    one, other = (next((tmp_path / out).glob("*.tar.gz")) for out in ("one", "other"))
    assert one.name == other.name and one.read_bytes() == other.read_bytes()


@pytest.mark.parametrize(
    ("platform", "changed"),
    [
        ("plan9/amd64=/bin/true", {}),
        ("linux/amd64=/bin/true", {"version": "1.0"}),
        ("linux/amd64=/bin/true", {"download": "http://example.com"}),
        ("linux/amd64=/no/such/program", {}),
    ],
)
def test_what_krew_would_refuse_is_not_written(
    tmp_path: Path, platform: str, changed: dict[str, str]
) -> None:
    assert make(tmp_path, platform, **changed).returncode != 0
    assert not (tmp_path / "postern.yaml").exists()


def test_kubectl_finds_and_completes_it(cluster: Cluster, installed: Path, tmp_path: Path) -> None:
    env = {"PATH": f"{installed}:/usr/bin:/bin", "HOME": str(tmp_path)} | {
        key: value for key, value in os.environ.items() if key.endswith("SAN_OPTIONS")
    }

    def kubectl(*words: str) -> str:
        done = subprocess.run(
            [str(cluster.kubectl_program), *words], env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert "kubectl-postern" in kubectl("plugin", "list")
    assert "Usage" in kubectl("postern", "request", "--help")
    offered = kubectl("__complete", "postern", "request", "")
    assert {"create", "search", "review"} <= {line.split("\t")[0] for line in offered.splitlines()}
    assert "--reason" in kubectl("__complete", "postern", "request", "create", "--rea")
