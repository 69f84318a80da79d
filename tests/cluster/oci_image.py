"""Container images written by hand: an OCI layout in a tar file, without a container engine.

    write_image(Path("x.tar"), "postern.test/x:1", {"bin/x": Path("build/x")}, ["/bin/x"])

`ctr images import` (RealNode.import_image) takes it; pods use it with imagePullPolicy: Never.
"""

import gzip
import hashlib
import io
import json
import platform
import subprocess
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

BUSYBOX = Path("/usr/bin/busybox")
BUSYBOX_IMAGE = "postern.test/busybox:1"
PAUSE_IMAGE = "postern.test/pause:1"
PASSWD = b"root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/tmp:/bin/sh\n"
GROUP = b"root:x:0:\nnogroup:x:65534:\n"

Content = bytes | Path
"""A file of an image: its bytes, or the file on this machine to copy."""


def _add(archive: tarfile.TarFile, name: str, kind: bytes, mode: int, data: bytes = b"") -> None:
    info = tarfile.TarInfo(name)
    info.type, info.mode, info.size = kind, mode, len(data)
    archive.addfile(info, io.BytesIO(data) if data else None)


def _layer(files: Mapping[str, Content], links: Mapping[str, str]) -> bytes:
    """An uncompressed layer with these files (executable), symbolic links and usual folders."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        folders = {"etc", "proc", "sys", "dev", "root"}
        for name in [*files, *links]:
            folders.update(str(parent) for parent in Path(name).parents if str(parent) != ".")
        for folder in sorted(folders):
            _add(archive, folder, tarfile.DIRTYPE, 0o755)
        _add(archive, "tmp", tarfile.DIRTYPE, 0o1777)
        for name, content in sorted(files.items()):
            data = content.read_bytes() if isinstance(content, Path) else content
            _add(archive, name, tarfile.REGTYPE, 0o755, data)
        for name, target in sorted(links.items()):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.SYMTYPE, target
            archive.addfile(info)
    return buffer.getvalue()


def _blob(data: bytes, media_type: str) -> tuple[dict[str, object], bytes]:
    """A descriptor of `data`, and the data."""
    digest = "sha256:" + hashlib.sha256(data).hexdigest()
    return {"mediaType": media_type, "digest": digest, "size": len(data)}, data


def write_image(
    path: Path,
    name: str,
    files: Mapping[str, Content],
    command: Sequence[str],
    *,
    links: Mapping[str, str] | None = None,
    user: str = "",
) -> Path:
    """Writes an image of one layer: `files` by their path in it, and what it runs."""
    layer = _layer({"etc/passwd": PASSWD, "etc/group": GROUP, **files}, links or {})
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    config = {
        "architecture": machine,
        "os": "linux",
        "config": {"Cmd": list(command), "User": user, "Env": ["PATH=/usr/bin:/bin"]},
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(layer).hexdigest()]},
    }
    prefix = "application/vnd.oci.image"
    layer_blob = _blob(gzip.compress(layer, 1, mtime=0), f"{prefix}.layer.v1.tar+gzip")
    config_blob = _blob(json.dumps(config).encode(), f"{prefix}.config.v1+json")
    manifest = {"schemaVersion": 2, "config": config_blob[0], "layers": [layer_blob[0]]}
    manifest_blob = _blob(json.dumps(manifest).encode(), f"{prefix}.manifest.v1+json")
    manifest_blob[0]["annotations"] = {"io.containerd.image.name": name}
    index = {"schemaVersion": 2, "manifests": [manifest_blob[0]]}
    with tarfile.open(path, "w") as archive:
        layout = json.dumps({"imageLayoutVersion": "1.0.0"}).encode()
        _add(archive, "oci-layout", tarfile.REGTYPE, 0o644, layout)
        _add(archive, "index.json", tarfile.REGTYPE, 0o644, json.dumps(index).encode())
        for descriptor, data in (layer_blob, config_blob, manifest_blob):
            place = "blobs/" + str(descriptor["digest"]).replace(":", "/")
            _add(archive, place, tarfile.REGTYPE, 0o644, data)
    return path


def write_busybox_image(path: Path, name: str, command: Sequence[str]) -> Path:
    """An image of Debian's static busybox with all its applets."""
    applets = subprocess.run(
        [str(BUSYBOX), "--list"], capture_output=True, text=True, check=True
    ).stdout.split()
    links = {f"bin/{applet}": "busybox" for applet in applets if applet != "busybox"}
    return write_image(path, name, {"bin/busybox": BUSYBOX}, command, links=links)
