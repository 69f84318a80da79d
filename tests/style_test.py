"""What every file of the tree has in common: clang-format, and scripts that the shell can read."""

import re
import os
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def tracked(*patterns: str) -> list[str]:
    """Files of the tree; outside of a clone, whatever is there."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "--", *patterns],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if listed.returncode == 0:
        found = listed.stdout.splitlines()
    else:
        found = [str(p.relative_to(ROOT)) for pattern in patterns for p in ROOT.rglob(pattern)]
    return sorted(name for name in found if (ROOT / name).is_file())


def test_clang_format() -> None:
    files = tracked("*.cc", "*.h")
    assert files
    done = subprocess.run(
        ["clang-format-16", "--dry-run", "--Werror", *files],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    wrong = sorted({line.split(":")[0] for line in done.stderr.splitlines() if "error:" in line})
    assert done.returncode == 0, f"clang-format-16 -i {' '.join(wrong)}"


def test_shell_scripts_parse() -> None:
    for name in [*tracked("*.sh"), ".ci/run"]:
        done = subprocess.run(["bash", "-n", name], cwd=ROOT, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr


def test_python_compiles() -> None:
    for name in tracked("*.py"):
        compile((ROOT / name).read_text(), name, "exec")


def test_what_comments_name_exists() -> None:
    """Where a source says who tests it, and of which page of docs/ it speaks."""
    named = re.compile(r"(?<![\w/.])((?:tests|docs)/[\w./-]+\.(?:cc|py|md))")
    for name in tracked("*.cc", "*.h"):
        for path in named.findall((ROOT / name).read_text()):
            assert (ROOT / path).is_file(), f"{name} names {path}"


def test_public_types_say_what_they_are() -> None:
    """A comment above, or behind the brace. What fits on one line speaks for itself."""
    begin = re.compile(r"(?:struct|class|enum(?: class)?) \w+[^:]*(?: : .*)?\{(?: +///<.*)?$")
    for name in tracked("kube/*.h", "rbac/*.h", "proxy/*.h", "cli/*.h"):
        lines = (ROOT / name).read_text().splitlines()
        for number, line in enumerate(lines):
            above = number - 1
            while lines[above].startswith("template"):
                above -= 1
            if begin.match(line):
                told = lines[above].startswith("///") or "///<" in line
                assert told, f"{name}:{number + 1}: {line.rstrip(' {')} has no /// comment"


def test_packages_are_sorted_and_listed_once() -> None:
    lists = [(ROOT / "scripts" / f"packages{name}.txt").read_text() for name in ("", "-bench")]
    packages = [[line for line in text.splitlines() if not line.startswith("#")] for text in lists]
    for names in packages:
        assert names and names == sorted(set(names))
    assert not set(packages[0]) & set(packages[1])


def test_a_second_setup_does_nothing(tmp_path: Path) -> None:
    """Quietly, and without apt-get, which fails here."""
    apt_get = tmp_path / "apt-get"
    apt_get.write_text("#!/bin/sh\necho apt-get was called; exit 1\n")
    apt_get.chmod(0o755)
    done = subprocess.run(
        [ROOT / "scripts" / "setup.sh"], capture_output=True, text=True, check=False,
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"},
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


# cmake/toolchain.cmake as it is, in the place of a compiler that need not be there.
CONFIGURED = """
set(CMAKE_CXX_COMPILER_ID {id})
set(CMAKE_CXX_COMPILER_VERSION {version})
include("{root}/cmake/toolchain.cmake")
"""


@pytest.mark.parametrize(
    ("compiler", "version", "refused"),
    [("GNU", "12.2.0", True), ("GNU", "9.4", True), ("GNU", "13.1.0", False), ("Clang", "16.0.6", False)],
)
def test_compilers_that_break_coroutines_are_refused(
    tmp_path: Path, compiler: str, version: str, refused: bool
) -> None:
    script = tmp_path / "configured.cmake"
    script.write_text(CONFIGURED.format(id=compiler, version=version, root=ROOT))
    done = subprocess.run(["cmake", "-P", script], capture_output=True, text=True, check=False)
    assert "include(cmake/toolchain.cmake)" in (ROOT / "CMakeLists.txt").read_text()
    said = " ".join(done.stderr.split())
    assert (f"g++ {version} miscompiles coroutines" in said) == refused, said
    assert ("Use clang 16 or newer (-DCMAKE_CXX_COMPILER=clang++-16), or g++ 13 or newer." in said) == refused


def collected(folder: str, hash_seed: str) -> list[str]:
    done = subprocess.run(
        ["/usr/bin/python3", "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider", "--collect-only", folder],
        cwd=ROOT, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONHASHSEED": hash_seed},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    return [line for line in done.stdout.splitlines() if "::" in line]


@pytest.mark.parametrize("folder", ["e2e", "cluster", "chart"])
def test_tests_are_called_the_same_in_every_process(folder: str) -> None:
    """pytest-xdist runs nothing where two of its processes disagree: no clock, no hash, no chance in a name."""
    first = collected(f"tests/{folder}", "1")
    time.sleep(1.1)  # gzip, for one, writes the second down
    assert first and collected(f"tests/{folder}", "2") == first
