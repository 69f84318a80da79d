"""The image of the program under test."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
TAGS = ("postern.test/postern:1", "postern.test/postern:latest")


def program() -> Path:
    """The program under test: $POSTERN_BINARY or the release build."""
    return Path(os.environ.get("POSTERN_BINARY") or SOURCE / "build" / "postern")


@dataclass(frozen=True)
class Built:
    folder: Path

    @property
    def archive(self) -> Path:
        return self.folder / "postern.tar"

    @property
    def bill(self) -> Path:
        return self.folder / "postern.spdx.json"

    @property
    def digest(self) -> str:
        return (self.folder / "digest").read_text().strip()


def build_image(folder: Path, **env: str) -> Built:
    """Runs scripts/image.sh."""
    tags = [word for tag in TAGS for word in ("--tag", tag)]
    subprocess.run(
        [str(SOURCE / "scripts" / "image.sh"), "--output", str(folder), *tags], check=True,
        env={**os.environ, "POSTERN_BINARY": str(program()), **env}, timeout=300,
    )  # fmt: skip
    return Built(folder)
