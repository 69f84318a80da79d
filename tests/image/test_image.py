"""postern's image: the same bytes every time, nothing in it that is not needed, and what an engine,
a scanner and a restricted namespace ask of it."""

import hashlib
import os
import subprocess
from pathlib import Path

import debian_packages as debian
import pytest
from built_image import SOURCE, TAGS, Built, build_image, program
from layout import Layout

USER = 65532


@pytest.fixture(scope="module")
def layout(built: Built) -> Layout:
    return Layout(built.archive)


@pytest.fixture(scope="module")
def root(layout: Layout, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return layout.extract(tmp_path_factory.mktemp("root"))


def test_a_second_build_gives_the_same_bytes(built: Built, tmp_path: Path) -> None:
    other = build_image(tmp_path / "other", TZ="Pacific/Auckland", LC_ALL="C.UTF-8", LANG="de_DE")
    assert other.digest == built.digest
    for name in ("postern.tar", "postern.spdx.json"):
        assert (other.folder / name).read_bytes() == (built.folder / name).read_bytes()


def test_another_time_gives_another_image(built: Built, tmp_path: Path) -> None:
    other = build_image(tmp_path / "other", SOURCE_DATE_EPOCH="1")
    assert other.digest != built.digest
    layout = Layout(other.archive)
    assert layout.config["created"] == "1970-01-01T00:00:01Z"
    assert {member.mtime for member, _ in layout.entries().values()} == {1}


def test_the_layout_holds_what_its_digests_say(built: Built, layout: Layout) -> None:
    assert layout.json("oci-layout") == {"imageLayoutVersion": "1.0.0"}
    named = [m["annotations"]["io.containerd.image.name"] for m in layout.index["manifests"]]
    assert named == list(TAGS)
    assert {m["digest"] for m in layout.index["manifests"]} == {built.digest}
    digests = ["sha256:" + hashlib.sha256(layer).hexdigest() for layer in layout.layers()]
    assert layout.config["rootfs"] == {"type": "layers", "diff_ids": digests}
    # What Docker before 25 reads.
    (older,) = layout.json("manifest.json")
    assert older["RepoTags"] == list(TAGS)
    assert {older["Config"], *older["Layers"]} < set(layout.files)


def test_names_and_times_of_the_archive_are_fixed(layout: Layout) -> None:
    names = [member.name for member in layout.members]
    assert names == sorted(names)
    assert {(m.uid, m.gid, m.uname, m.gname) for m in layout.members} == {(0, 0, "", "")}
    created = {member.mtime for member, _ in layout.entries().values()}
    assert len(created) == 1 and created == {member.mtime for member in layout.members}


def test_what_it_runs_and_as_whom(layout: Layout) -> None:
    config = layout.config["config"]
    assert config["User"] == f"{USER}:{USER}"
    assert config["Entrypoint"] == ["/usr/bin/postern"]
    said = subprocess.run([str(program()), "version"], capture_output=True, text=True, check=True).stdout
    labels = {key.rpartition(".")[2]: value for key, value in config["Labels"].items()}
    version, revision = said.removeprefix("postern ").rstrip(")\n").split(" (")
    assert labels["version"] == version and labels["revision"].startswith(revision)
    assert labels["licenses"] == "Apache-2.0" and labels["title"] == "postern"
    assert layout.manifest["annotations"] == config["Labels"]


def test_there_is_one_program_and_no_shell(layout: Layout) -> None:
    entries = layout.entries()
    programs = [name for name, (m, _) in entries.items() if m.isfile() and "bin/" in name]
    assert programs == ["usr/bin/postern"]
    executable = {name for name, (m, _) in entries.items() if m.isfile() and m.mode & 0o111}
    assert all(name.startswith("usr/lib/") for name in executable - {"usr/bin/postern"})
    for name, (member, _) in entries.items():
        assert not member.mode & 0o6000, f"{name} is setuid"
        assert member.issym() or name == "tmp" or not member.mode & 0o022, f"{name}: others may write"
        owner = USER if name in ("home/nonroot", "var/lib/postern") else 0
        assert (member.uid, member.gid) == (owner, owner), name


def test_exactly_the_libraries_that_it_is_loaded_with(layout: Layout) -> None:
    needed = {path.name for path in debian.shared_libraries(program())}
    there = {Path(name).name for name in layout.entries() if ".so" in Path(name).name}
    files = {path.resolve().name for path in debian.shared_libraries(program())}
    assert there == needed | files


def test_no_authority_of_this_machine_is_in_it(layout: Layout) -> None:
    bundle = layout.entries()["etc/ssl/certs/ca-certificates.crt"][1]
    shipped = [p for p in Path("/usr/share/ca-certificates").rglob("*.crt") if p.is_file()]
    assert bundle.count(b"BEGIN CERTIFICATE") == len(shipped) > 100


def in_image(root: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Runs a command with nothing but the image around it, as its user where this is root."""
    if os.geteuid() == 0:
        argv = ["chroot", f"--userspec={USER}:{USER}", "--groups=", str(root)]
    else:
        argv = ["unshare", "--map-root-user", "chroot", str(root)]
    return subprocess.run(
        [*argv, *command], capture_output=True, text=True, check=False, timeout=60,
        env={"PATH": "/usr/bin:/usr/sbin", "HOME": "/home/nonroot"},
    )  # fmt: skip


def test_it_runs_with_nothing_around_it(root: Path) -> None:
    done = in_image(root, "/usr/bin/postern", "version")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("postern ")
    done = in_image(root, "/usr/bin/postern", "healthcheck", "--url", "https://127.0.0.1:1/")
    assert done.returncode == 1 and "cannot reach 127.0.0.1:1" in done.stderr
    assert in_image(root, "/bin/sh", "-c", "true").returncode == 127


def test_the_dockerfile_says_the_same(layout: Layout) -> None:
    """It cannot be built here, where there is no registry; but it must not say anything else."""
    text = (SOURCE / "Dockerfile").read_text().replace("\\\n", " ")
    lines = [line.split(None, 1) for line in text.splitlines() if line and not line.startswith("#")]
    start = max(number for number, line in enumerate(lines) if line[0] == "FROM")
    final = {key: value for key, value in lines[start:]}
    config = layout.config["config"]
    assert final["FROM"] == "scratch"
    assert final["USER"] == config["User"]
    assert final["STOPSIGNAL"] == config["StopSignal"]
    assert final["WORKDIR"] == config["WorkingDir"]
    assert {f"{port}/tcp" for port in final["EXPOSE"].split()} == set(config["ExposedPorts"])
    assert final["ENV"].split() == config["Env"]
    for name in ("ENTRYPOINT", "CMD"):
        words = [word.strip(' "') for word in final[name].strip("[]").split(",")]
        assert words == config["Entrypoint" if name == "ENTRYPOINT" else "Cmd"]
    for key in ("title", "description", "licenses", "vendor"):
        name = f"org.opencontainers.image.{key}"
        assert f'{name}="{config["Labels"][name]}"' in final["LABEL"]


def test_the_dockerfile_needs_no_package_that_nobody_tests() -> None:
    text = (SOURCE / "Dockerfile").read_text().replace("\\\n", " ")
    (line,) = [line for line in text.splitlines() if "apt-get install" in line]
    words = line.partition("apt-get install")[2].partition("&&")[0].split()
    packages = {word for word in words if not word.startswith("-")}
    tested = set((SOURCE / "scripts" / "packages.txt").read_text().split())
    assert "clang-16" in packages and packages <= tested
