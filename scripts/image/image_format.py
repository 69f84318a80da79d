"""OCI images without a container engine: an image layout in a tar file, the same bytes every time.

    layer = make_layer({"usr/bin/x": File(Path("build/x"), 0o755)}, mtime=0)
    write_image(Path("x.tar"), ["postern.test/x:1"], Image([Layer(layer, "the program")], config), 0)

What comes out can be given to `docker load`, `podman load`, `ctr images import` and `skopeo copy
oci-archive:`: index.json and blobs are the OCI layout (image-spec v1.0), manifest.json is what older
Docker engines read. Entries are sorted, owners are numbers, and every time is the given one, so
that equal contents give an equal digest.
"""

import datetime
import gzip
import hashlib
import io
import json
import platform
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}
PREFIX = "application/vnd.oci.image"
IMAGE_NAME = "io.containerd.image.name"
REF_NAME = "org.opencontainers.image.ref.name"


@dataclass(frozen=True)
class File:
    """A file: its bytes, or the file on this machine to copy."""

    content: bytes | Path
    mode: int = 0o644
    owner: int = 0

    def read(self) -> bytes:
        return self.content.read_bytes() if isinstance(self.content, Path) else self.content


@dataclass(frozen=True)
class Link:
    """A symbolic link."""

    target: str


@dataclass(frozen=True)
class Folder:
    mode: int = 0o755
    owner: int = 0


Entry = File | Link | Folder
Tree = Mapping[str, Entry]
"""Entries by their path, without a slash in front; folders above them need not be named."""


@dataclass(frozen=True)
class Layer:
    archive: bytes
    """An uncompressed tar."""
    comment: str = ""


@dataclass(frozen=True)
class Image:
    layers: Sequence[Layer]
    config: Mapping[str, Any]
    """The `config` of the image: Entrypoint, User, Labels, …"""
    annotations: Mapping[str, str] = field(default_factory=dict)
    """Of the manifest."""


def machine() -> str:
    """This machine, as GOARCH has it."""
    return MACHINES.get(platform.machine(), platform.machine())


def timestamp(seconds: int) -> str:
    """RFC 3339."""
    moment = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def with_folders(tree: Tree) -> dict[str, Entry]:
    """The tree with the folders above its entries, sorted: what is above comes first."""
    whole: dict[str, Entry] = {}
    for name in tree:
        for parent in PurePosixPath(name).parents:
            if str(parent) != ".":
                whole[str(parent)] = Folder()
    whole.update(tree)
    return dict(sorted(whole.items()))


def _add(archive: tarfile.TarFile, name: str, entry: Entry, mtime: int) -> None:
    info = tarfile.TarInfo(name)
    info.mtime = mtime
    data = b""
    if isinstance(entry, Link):
        info.type, info.linkname, info.mode = tarfile.SYMTYPE, entry.target, 0o777
    else:
        info.mode, info.uid, info.gid = entry.mode, entry.owner, entry.owner
        info.type = tarfile.DIRTYPE if isinstance(entry, Folder) else tarfile.REGTYPE
    if isinstance(entry, File):
        data = entry.read()
        info.size = len(data)
    archive.addfile(info, io.BytesIO(data))


def make_layer(tree: Tree, mtime: int) -> bytes:
    """An uncompressed layer with these entries, and the folders above them."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, entry in with_folders(tree).items():
            _add(archive, name, entry, mtime)
    return buffer.getvalue()


def digest_of(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def encode(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


class _Blobs:
    """The blobs of a layout, by the path that they get in it."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def add(self, data: bytes, media_type: str) -> dict[str, Any]:
        """The blob's descriptor."""
        digest = digest_of(data)
        self.files[self.place(digest)] = data
        return {"mediaType": f"{PREFIX}.{media_type}", "digest": digest, "size": len(data)}

    @staticmethod
    def place(digest: str) -> str:
        return "blobs/" + digest.replace(":", "/")


def _config(image: Image, created: int) -> dict[str, Any]:
    time = timestamp(created)
    return {
        "created": time,
        "architecture": machine(),
        "os": "linux",
        "config": dict(image.config),
        "rootfs": {"type": "layers", "diff_ids": [digest_of(layer.archive) for layer in image.layers]},
        "history": [{"created": time, "created_by": layer.comment} for layer in image.layers],
    }


def write_image(
    path: Path, names: Sequence[str], image: Image, created: int, *, compression: int = 6
) -> str:
    """Writes the image under all of its names (`HOST/NAME:TAG`); the digest of its manifest."""
    blobs = _Blobs()
    layers = [
        blobs.add(gzip.compress(layer.archive, compression, mtime=0), "layer.v1.tar+gzip")
        for layer in image.layers
    ]
    config = blobs.add(encode(_config(image, created)), "config.v1+json")
    manifest = {
        "schemaVersion": 2,
        "mediaType": f"{PREFIX}.manifest.v1+json",
        "config": config,
        "layers": layers,
    }
    if image.annotations:
        manifest["annotations"] = dict(image.annotations)
    described = blobs.add(encode(manifest), "manifest.v1+json")
    described["platform"] = {"architecture": machine(), "os": "linux"}
    entries = [
        described | {"annotations": {IMAGE_NAME: name, REF_NAME: name.rpartition(":")[2]}}
        for name in names
    ]
    index = {"schemaVersion": 2, "mediaType": f"{PREFIX}.index.v1+json", "manifests": entries}
    older = {
        "Config": blobs.place(config["digest"]),
        "RepoTags": list(names),
        "Layers": [blobs.place(layer["digest"]) for layer in layers],
    }
    layout = blobs.files | {
        "oci-layout": encode({"imageLayoutVersion": "1.0.0"}),
        "index.json": encode(index),
        "manifest.json": encode([older]),
    }
    path.write_bytes(make_layer({name: File(data) for name, data in layout.items()}, created))
    return str(described["digest"])
