"""What is in postern's image: the program, exactly the shared libraries that it is loaded with, the
certificates of authorities, and the few files that a C library and a scanner look for.

There is no shell, no package manager, and nothing that is run but /usr/bin/postern. Of each Debian
package there is what dpkg and its copyright file say, as in Google's distroless images, so that
scanners find the packages, and the licences are where their texts say that they must be.
"""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import debian_packages as debian
from image_format import Entry, File, Folder, Link, with_folders

NONROOT = 65532
DATA = "var/lib/postern"
PROGRAM = "usr/bin/postern"
AUTHORITIES = "etc/ssl/certs/ca-certificates.crt"

PASSWD = f"""root:x:0:0:root:/root:/sbin/nologin
nobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin
nonroot:x:{NONROOT}:{NONROOT}:nonroot:/home/nonroot:/sbin/nologin
"""
GROUP = f"""root:x:0:
nogroup:x:65534:
nonroot:x:{NONROOT}:
"""
NSSWITCH = "passwd: files\ngroup: files\nhosts: files dns\n"


@dataclass(frozen=True)
class Contents:
    base: dict[str, Entry]
    """Changes with Debian's updates only."""
    program: dict[str, Entry]
    packages: list[debian.Package]
    """Debian packages that files of the image are of."""


def stripped(program: Path) -> bytes:
    """The program without symbols and debug information."""
    done = subprocess.run(
        ["llvm-strip-16", "--strip-all", "-o", "-", str(program)], capture_output=True, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"llvm-strip-16 failed: {done.stderr.decode().strip()}")
    return done.stdout


def skeleton() -> dict[str, Entry]:
    """What belongs to no package."""
    return {
        "bin": Link("usr/bin"),
        "lib": Link("usr/lib"),
        "lib64": Link("usr/lib64"),
        "sbin": Link("usr/sbin"),
        "usr/sbin": Folder(),
        "dev": Folder(),
        "proc": Folder(),
        "sys": Folder(),
        "run": Folder(),
        "root": Folder(0o700),
        "tmp": Folder(0o1777),
        "home/nonroot": Folder(0o700, NONROOT),
        DATA: Folder(0o700, NONROOT),
        "etc/passwd": File(PASSWD.encode()),
        "etc/group": File(GROUP.encode()),
        "etc/nsswitch.conf": File(NSSWITCH.encode()),
        # Where OpenSSL looks.
        "usr/lib/ssl/certs": Link("/etc/ssl/certs"),
        "usr/lib/ssl/cert.pem": Link("/" + AUTHORITIES),
    }


def _place(path: Path) -> str:
    """Where a library lies in the image: Debian has merged /usr, whatever path a program names."""
    return str(path)[1:] if path.parts[1] == "usr" else f"usr{path}"


def _library(path: Path) -> dict[str, Entry]:
    """A library under its own name, and the name by which it is loaded as a link to it."""
    real = path.resolve()
    place, name = _place(real), _place(path)
    found: dict[str, Entry] = {place: File(real, 0o755)}
    if name != place:
        found[name] = Link(os.path.relpath(place, os.path.dirname(name)))
    return found


def _authorities() -> bytes:
    """Debian's certificates alone, not what this machine trusts beside them."""
    listed = debian.files_of("ca-certificates")
    files = [path for path in listed if path.is_relative_to("/usr/share/ca-certificates")]
    return b"".join(path.read_bytes().rstrip(b"\n") + b"\n" for path in sorted(files))


def collect(program: Path) -> Contents:
    """Everything that the program needs, from this machine. UnknownFile for what is not Debian's."""
    libraries = debian.shared_libraries(program)
    of = debian.owners(libraries)
    names = sorted({*of.values(), "base-files", "ca-certificates"})
    base = skeleton()
    for path in libraries:
        base.update(_library(path))
    base[AUTHORITIES] = File(_authorities())
    base["usr/lib/os-release"] = File(Path("/usr/lib/os-release"))
    base["etc/os-release"] = Link("../usr/lib/os-release")
    for name in names:
        base[f"var/lib/dpkg/status.d/{name}"] = File(debian.status(name))
        base[f"usr/share/doc/{name}/copyright"] = File(debian.copyright_file(name))
    licence = Path(__file__).resolve().parents[2] / "LICENSE"
    own: dict[str, Entry] = {
        PROGRAM: File(stripped(program), 0o755),
        "usr/share/doc/postern/copyright": File(licence),
    }
    return Contents(base, own, [debian.package(name) for name in names])


def write_root(contents: Contents, root: Path) -> None:
    """The image's files below a folder, for who puts them into an image by other means (Dockerfile)."""
    for name, entry in with_folders({**contents.base, **contents.program}).items():
        path = root / name
        if isinstance(entry, Folder):
            path.mkdir(exist_ok=True)
            path.chmod(entry.mode)
            if entry.owner:
                os.chown(path, entry.owner, entry.owner)
        elif isinstance(entry, Link):
            path.symlink_to(entry.target)
        else:
            path.write_bytes(entry.read())
            path.chmod(entry.mode)
