"""How the cluster's programs are found, built once, and built with a Go that is too old."""

import json
import os
import selectors
import subprocess
import sys
from pathlib import Path

import pytest

import build_tools


def write_program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n" + text, encoding="utf-8")
    path.chmod(0o755)
    return path


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, and no ready binaries."""
    monkeypatch.setenv("POSTERN_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)
    return tmp_path


def only_go(monkeypatch: pytest.MonkeyPatch, program: Path) -> None:
    monkeypatch.setattr(build_tools, "go_candidates", lambda: [str(program)])


FAKE_GO = """
case "$1" in
version) echo "go version go1.26.8 linux/amd64" ;;
build)
  while [ "$1" != -o ]; do shift; done
  echo run >>"{log}"
  {behaviour}
  ;;
esac
"""


def fake_go(folder: Path, behaviour: str) -> Path:
    """A Go whose `build` does `behaviour` with $2 as the output; counts runs in folder/log."""
    text = FAKE_GO.format(log=folder / "log", behaviour=behaviour)
    return write_program(folder / "go", text)


def test_cache_place_follows_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTERN_CACHE", "/a")
    assert build_tools.cache_root() == Path("/a")
    monkeypatch.delenv("POSTERN_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/b")
    assert build_tools.cache_root() == Path("/b/postern")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/c")
    assert build_tools.cache_root() == Path("/c/.cache/postern")


def test_ready_binaries_come_first(empty_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assets = empty_cache / "assets"
    etcd = write_program(assets / "etcd", "")
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(assets))
    monkeypatch.setattr(build_tools, "go_candidates", lambda: [])
    assert build_tools.ensure(["etcd"]) == {"etcd": etcd}
    with pytest.raises(build_tools.ToolError, match=r"no Go found.*KUBEBUILDER_ASSETS"):
        build_tools.ensure(["etcd", "kwok"])


def test_a_program_is_built_once(empty_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    only_go(monkeypatch, fake_go(empty_cache, 'echo whole >"$2"'))
    first = build_tools.ensure(["etcd"])
    assert first == build_tools.ensure(["etcd"])
    assert first["etcd"].read_text() == "whole\n"
    assert (empty_cache / "log").read_text() == "run\n"


def test_a_partial_build_does_not_count(empty_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    only_go(monkeypatch, fake_go(empty_cache, 'echo part >"$2"; echo "disk full" >&2; exit 1'))
    with pytest.raises(build_tools.ToolError, match="disk full"):
        build_tools.ensure(["etcd"])
    assert not build_tools.built_path("etcd").exists()
    only_go(monkeypatch, fake_go(empty_cache, 'echo whole >"$2"'))
    folder = build_tools.ensure(["etcd"])["etcd"].parent
    assert [path.name for path in folder.iterdir()] == ["etcd"]


def test_a_change_of_the_module_builds_anew(
    empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = build_tools.built_path("etcd")
    copy = empty_cache / "tools" / "etcd"
    copy.mkdir(parents=True)
    for part in ("go.mod", "go.sum"):
        copy.joinpath(part).write_bytes((build_tools.MODULES / "etcd" / part).read_bytes())
    monkeypatch.setattr(build_tools, "MODULES", empty_cache / "tools")
    assert build_tools.built_path("etcd") == before
    with open(copy / "go.mod", "a", encoding="utf-8") as module:
        module.write("// changed\n")
    assert build_tools.built_path("etcd") != before


def test_two_runs_build_once(empty_cache: Path) -> None:
    """The second run waits for the first and uses what it built."""
    gate = empty_cache / "gate"
    os.mkfifo(gate)
    go = fake_go(empty_cache, f'cat "{gate}" >/dev/null; echo whole >"$2"')
    script = (
        f"import sys; sys.path.insert(0, {str(Path(build_tools.__file__).parent)!r})\n"
        "import build_tools\n"
        f"build_tools.go_candidates = lambda: [{str(go)!r}]\n"
        "print(build_tools.ensure(['etcd'])['etcd'].read_text())\n"
    )
    pipe = subprocess.PIPE
    runs = [
        subprocess.Popen([sys.executable, "-c", script], stdout=pipe, stderr=pipe, text=True)
        for _ in range(2)
    ]
    # Whichever came second says that it waits; only then may the build go on.
    with selectors.DefaultSelector() as selector:
        for run in runs:
            assert run.stderr
            selector.register(run.stderr, selectors.EVENT_READ)
        said = ""
        while "waiting for another run" not in said:
            ready = selector.select(timeout=30)
            assert ready, said
            said += "".join(os.read(key.fd, 1000).decode() for key, _ in ready)
    gate.write_text("")
    assert [run.communicate(timeout=30)[0].strip() for run in runs] == ["whole", "whole"]
    assert (empty_cache / "log").read_text() == "run\n"


def test_an_old_go_brings_the_toolchain(empty_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The module's files have no execute bit, as Go unpacks them."""
    root = empty_cache / "toolchain"
    newer = write_program(root / "bin" / "go", 'echo "go version go1.26.8 linux/amd64"\n')
    compiler = write_program(root / "pkg" / "tool" / "linux" / "compile", "")
    for program in (newer, compiler):
        program.chmod(0o444)
    answer = json.dumps({"Dir": str(root)})
    older = write_program(
        empty_cache / "old" / "go",
        f"""case "$1" in
version) echo "go version go1.19.8 linux/amd64" ;;
mod) echo "$*" >"{empty_cache}/asked"; echo '{answer}' ;;
esac
""",
    )
    only_go(monkeypatch, older)
    assert build_tools.find_go() == str(newer)
    assert compiler.stat().st_mode & 0o111
    asked = (empty_cache / "asked").read_text()
    assert asked.startswith(
        f"mod download -json golang.org/toolchain@v0.0.1-{build_tools.GO_TOOLCHAIN}."
    )


def test_a_go_that_is_new_enough_is_used(
    empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = fake_go(empty_cache, "exit 1")
    only_go(monkeypatch, go)
    assert build_tools.find_go() == str(go)
    assert build_tools.go_version(str(go)) == (1, 26, 8)


def test_unknown_tools_are_named() -> None:
    with pytest.raises(build_tools.ToolError, match="unknown tool frobnicate; known: etcd"):
        build_tools.ensure(["frobnicate"])
