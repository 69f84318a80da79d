"""What a cluster may leave behind, for the tests that look for it."""

import os
from pathlib import Path


def processes_of(folder: Path) -> list[str]:
    """The processes whose command line names something in `folder` (zombies have none)."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        text = b" ".join(words).decode(errors="replace")
        if str(folder) in text:
            found.append(f"{entry.name} {text[:200]}")
    return found


def mounts_of(folder: Path) -> list[str]:
    lines = Path("/proc/self/mounts").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if str(folder) in line]
