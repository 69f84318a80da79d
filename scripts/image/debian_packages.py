"""What dpkg knows: which package a file is of, and what there is to say about a package."""

import functools
import re
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

FIELDS = ("Package", "Version", "Architecture", "source:Package", "source:Version", "Maintainer",
          "Homepage")  # fmt: skip


@dataclass(frozen=True, order=True)
class Package:
    name: str
    version: str
    architecture: str
    source: str
    source_version: str
    maintainer: str
    homepage: str


class UnknownFile(Exception):
    """A file that no package has brought."""


def _output(*argv: str) -> str:
    done = subprocess.run(argv, capture_output=True, text=True, check=False, env={"LC_ALL": "C"})
    if done.returncode != 0:
        raise RuntimeError(f"`{' '.join(argv)}` failed: {done.stderr.strip()}")
    return done.stdout


def shared_libraries(program: Path) -> list[Path]:
    """The shared libraries that a program is loaded with, its loader too, as ldd names them."""
    found = []
    for line in _output("/usr/bin/ldd", str(program)).splitlines():
        if "not found" in line:
            raise RuntimeError(f"{program} needs {line.strip()}")
        match = re.search(r"(/\S+) \(0x", line)
        if match:
            found.append(Path(match[1]))
    return sorted(found)


def _owners(paths: Iterable[str]) -> dict[str, str]:
    """The packages of those paths that dpkg has in its lists, under exactly these names."""
    asked = list(paths)
    if not asked:
        return {}
    done = subprocess.run(
        ["dpkg-query", "--search", *asked], capture_output=True, text=True, check=False,
        env={"LC_ALL": "C"},
    )  # fmt: skip
    owners = {}
    for line in done.stdout.splitlines():
        name, separator, path = line.partition(": ")
        if separator and not name.startswith("diversion by"):
            owners[path] = name.split(",")[0].split(":")[0]
    return owners


def _names(path: Path) -> list[str]:
    """Names under which dpkg may know a file: by its link, without links, and before /usr was merged."""
    names = [str(path), str(path.resolve())]
    return names + [name.removeprefix("/usr") for name in names if name.startswith("/usr/lib")]


def owners(paths: Iterable[Path]) -> dict[Path, str]:
    """The package of each file; UnknownFile when one has none."""
    wanted = list(paths)
    known = _owners({name for path in wanted for name in _names(path)})
    found = {}
    for path in wanted:
        packages = [known[name] for name in _names(path) if name in known]
        if not packages:
            raise UnknownFile(f"{path} is of no Debian package")
        found[path] = packages[0]
    return found


@functools.cache
def package(name: str) -> Package:
    shown = "\\n".join(f"${{{field}}}" for field in FIELDS) + "\\n"
    lines = _output("dpkg-query", "--show", f"--showformat={shown}", name).split("\n")
    return Package(*lines[: len(FIELDS)])


def files_of(name: str) -> list[Path]:
    """The package's files that are there."""
    listed = map(Path, _output("dpkg-query", "--listfiles", name).splitlines())
    return [path for path in listed if path.is_file()]


def status(name: str) -> bytes:
    """The package's paragraph of dpkg's status file."""
    return _output("dpkg-query", "--status", name).encode()


def copyright_file(name: str) -> Path:
    """The package's licences; its folder may be a link to another package's."""
    path = Path("/usr/share/doc", name, "copyright")
    if not path.exists():
        raise UnknownFile(f"{path} does not exist")
    return path.resolve()
