"""Reads an image that was built, as an engine would: by its index, its manifest and its digests."""

import gzip
import hashlib
import io
import json
import tarfile
from pathlib import Path
from typing import Any


class Layout:
    """An OCI layout in a tar file; blobs are checked against their digests as they are read."""

    def __init__(self, archive: Path) -> None:
        with tarfile.open(archive) as tar:
            self.members = tar.getmembers()
            self.files = {m.name: tar.extractfile(m).read() for m in self.members if m.isfile()}  # type: ignore[union-attr]
        self.index = self.json("index.json")
        self.manifest = json.loads(self.blob(self.index["manifests"][0]))
        self.config = json.loads(self.blob(self.manifest["config"]))

    def json(self, name: str) -> Any:
        return json.loads(self.files[name])

    def blob(self, descriptor: dict[str, Any]) -> bytes:
        digest = str(descriptor["digest"])
        data = self.files["blobs/" + digest.replace(":", "/")]
        assert digest == "sha256:" + hashlib.sha256(data).hexdigest()
        assert descriptor["size"] == len(data)
        return data

    def layers(self) -> list[bytes]:
        """Uncompressed."""
        return [gzip.decompress(self.blob(layer)) for layer in self.manifest["layers"]]

    def entries(self) -> dict[str, tuple[tarfile.TarInfo, bytes]]:
        """What the layers hold together."""
        found = {}
        for layer in self.layers():
            with tarfile.open(fileobj=io.BytesIO(layer)) as tar:
                for member in tar.getmembers():
                    data = tar.extractfile(member) if member.isfile() else None
                    found[member.name] = (member, data.read() if data else b"")
        return found

    def extract(self, folder: Path) -> Path:
        """The root file system, owned by who runs this."""
        folder.chmod(0o755)
        for layer in self.layers():
            with tarfile.open(fileobj=io.BytesIO(layer)) as tar:
                for member in tar.getmembers():
                    member.uid = member.gid = 0
                    tar.extract(member, folder, numeric_owner=True)
        return folder
