#!/usr/bin/python3
"""Packs the plugin `kubectl postern` for krew: an archive for each platform, and the manifest.

    make.py --version v0.1.0 --homepage URL --download URL --out DIR OS/ARCH=PROGRAM …

PROGRAM is a built postern. DIR gets `postern-VERSION-OS-ARCH.tar.gz`, which holds the program and
the licence and is the same bytes for the same program, and `postern.yaml`, whose `uri`s are DOWNLOAD
with the archive's name behind it. A manifest that krew would refuse is not written.

    kubectl krew install --manifest=DIR/postern.yaml --archive=DIR/postern-…tar.gz
"""

import argparse
import gzip
import hashlib
import io
import re
import sys
import tarfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = Path(__file__).with_name("postern.yaml.in")
PLATFORM = """  - selector:
      matchLabels:
        os: {os}
        arch: {arch}
    uri: {uri}
    sha256: {sha256}
    files:
    - from: postern
      to: .
    - from: LICENSE
      to: .
    bin: postern
"""


def archive(program: Path) -> bytes:
    """The gzipped tar of one platform, without anything of the machine or the time."""
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as zipped:
        with tarfile.open(fileobj=zipped, mode="w", format=tarfile.USTAR_FORMAT) as tar:
            for name, source, mode in (
                ("LICENSE", ROOT / "LICENSE", 0o644), ("postern", program, 0o755),
            ):  # fmt: skip
                data = source.read_bytes()
                entry = tarfile.TarInfo(name)
                entry.size, entry.mode = len(data), mode
                tar.addfile(entry, io.BytesIO(data))
    return packed.getvalue()


def wanted(pattern: str, what: str, text: str) -> str:
    if not re.fullmatch(pattern, text):
        raise SystemExit(f"make.py: {what} is not {text!r}")
    return text


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name in ("version", "homepage", "download", "out"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("platforms", nargs="+", metavar="OS/ARCH=PROGRAM")
    args = parser.parse_args()
    version = wanted(r"v\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?", "a version like v1.2.3", args.version)
    homepage = wanted(r"https://\S+", "an https:// address", args.homepage)
    download = wanted(r"https://\S+", "an https:// address", args.download).rstrip("/")
    out = Path(args.out)
    out.mkdir(parents=True, exist_ok=True)
    platforms = []
    for platform in args.platforms:
        place, _, program = platform.partition("=")
        os, arch = wanted(r"(linux|darwin)/(amd64|arm64)", "OS/ARCH", place).split("/")
        packed = archive(Path(program))
        name = f"postern-{version}-{os}-{arch}.tar.gz"
        (out / name).write_bytes(packed)
        digest = hashlib.sha256(packed).hexdigest()
        platforms.append(PLATFORM.format(os=os, arch=arch, uri=f"{download}/{name}", sha256=digest))
    manifest = TEMPLATE.read_text()
    for key, text in (
        ("VERSION", version), ("HOMEPAGE", homepage), ("PLATFORMS", "".join(platforms).rstrip()),
    ):  # fmt: skip
        manifest = manifest.replace(f"@{key}@", text)
    (out / "postern.yaml").write_text(manifest)
    return 0


if __name__ == "__main__":
    sys.exit(main())
