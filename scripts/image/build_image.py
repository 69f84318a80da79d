#!/usr/bin/python3
"""Makes postern's image of a program that was built, without a container engine. See ../image.sh.

    build_image.py --program build/postern --output build/image [--tag NAME:TAG ...]
    build_image.py --program build/postern --root /rootfs       # the files alone, for the Dockerfile
"""

import argparse
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import contents
import sbom
from image_format import Image, Layer, make_layer, timestamp, write_image

SOURCE = Path(__file__).resolve().parents[2]
DESCRIPTION = "Kubernetes access through a small guarded door"


@dataclass(frozen=True)
class Release:
    version: str
    revision: str
    """The commit, in full where git knows it."""
    created: int
    """Its time, in seconds since 1970."""


def _git(*args: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(SOURCE), *args], capture_output=True, text=True, check=False
    )
    return done.stdout.strip() if done.returncode == 0 else ""


def release_of(program: Path) -> Release:
    """What the program says that it is; $SOURCE_DATE_EPOCH counts more than its commit's time."""
    said = subprocess.run([str(program), "version"], capture_output=True, text=True, check=True).stdout
    match = re.fullmatch(r"postern (\S+) \((\S+)\)\n", said)
    if not match:
        raise RuntimeError(f"`{program} version` says {said!r}")
    version, revision = match.groups()
    created = os.environ.get("SOURCE_DATE_EPOCH") or _git("show", "-s", "--format=%ct", revision)
    full = _git("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
    return Release(version, full or revision, int(created or 0))


def labels(release: Release) -> dict[str, str]:
    """https://github.com/opencontainers/image-spec/blob/v1.1.0/annotations.md"""
    name = "org.opencontainers.image"
    return {
        f"{name}.title": "postern",
        f"{name}.description": DESCRIPTION,
        f"{name}.version": release.version,
        f"{name}.revision": release.revision,
        f"{name}.created": timestamp(release.created),
        f"{name}.licenses": "Apache-2.0",
        f"{name}.vendor": "The postern authors",
    }


def image_of(found: contents.Contents, release: Release) -> Image:
    config = {
        "User": f"{contents.NONROOT}:{contents.NONROOT}",
        "ExposedPorts": {"8443/tcp": {}, "8081/tcp": {}},
        "Env": ["PATH=/usr/bin", "HOME=/home/nonroot"],
        "Entrypoint": [f"/{contents.PROGRAM}"],
        "Cmd": ["proxy", "--config", "/etc/postern/config.yaml"],
        "WorkingDir": "/",
        "Labels": labels(release),
        "StopSignal": "SIGTERM",
    }
    layers = [
        Layer(make_layer(found.base, release.created), "Debian's libraries, certificates, users"),
        Layer(make_layer(found.program, release.created), "postern"),
    ]
    return Image(layers, config, labels(release))


def debian_release() -> str:
    text = Path("/usr/lib/os-release").read_text(encoding="utf-8")
    match = re.search(r'^VERSION_ID="?([0-9.]+)', text, re.M)
    if "ID=debian" not in text or not match:
        raise RuntimeError("the image is made of Debian's files, on Debian")
    return match[1]


def main() -> int:
    parser = argparse.ArgumentParser(description="Makes postern's image.")
    parser.add_argument("--program", type=Path, required=True)
    parser.add_argument("--build-folder", type=Path, help="where it was built, for the bill of materials")
    parser.add_argument("--output", type=Path, help="folder for postern.tar, postern.spdx.json, digest")
    parser.add_argument("--tag", action="append", metavar="NAME:TAG", help="repeatable")
    parser.add_argument("--root", type=Path, help="instead: write the image's files here")
    args = parser.parse_args()
    if (args.output is None) == (args.root is None):
        parser.error("one of --output and --root")
    release, debian_version = release_of(args.program), debian_release()
    found = contents.collect(args.program.resolve())
    if args.root:
        args.root.mkdir(parents=True, exist_ok=True)
        contents.write_root(found, args.root)
        return 0
    folder = args.build_folder or args.program.resolve().parent
    bill = sbom.bill(
        {**found.base, **found.program}, found.packages, sbom.compiled_in(folder),
        version=release.version, revision=release.revision, created=release.created,
        debian_release=debian_version,
    )  # fmt: skip
    args.output.mkdir(parents=True, exist_ok=True)
    tags = args.tag or [f"localhost/postern:{release.version}"]
    digest = write_image(args.output / "postern.tar", tags, image_of(found, release), release.created)
    text = json.dumps(bill, indent=1, ensure_ascii=False) + "\n"
    (args.output / "postern.spdx.json").write_text(text, encoding="utf-8")
    (args.output / "digest").write_text(digest + "\n", encoding="ascii")
    print(f"{digest} {' '.join(tags)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
