"""Debian's kubectl 1.20: speaks SPDY only, and knows neither aggregated discovery nor WebSockets.

Its package is unpacked into the cache, not installed, as it would push other kubectls away.
"""

import shutil
import subprocess
import tempfile
from pathlib import Path

from build_tools import Lock, ToolError, cache_root, progress

PACKAGE = "kubernetes-client"


def old_kubectl() -> Path:
    """The program; fetched by apt-get on first use. ToolError when that fails."""
    folder = cache_root() / "tools" / f"debian-{PACKAGE}"
    program = folder / "usr" / "bin" / "kubectl"
    if not program.exists():
        with Lock(folder.with_suffix(".lock"), "the old kubectl"):
            if not program.exists():
                _unpack(folder)
    return program


def _unpack(folder: Path) -> None:
    progress(f"fetching Debian's {PACKAGE} for its old kubectl")
    with tempfile.TemporaryDirectory(prefix=".old-kubectl-", dir=folder.parent) as name:
        unfinished = Path(name)
        # apt's own user cannot write here; without this option it warns of that.
        as_root = ["-o", "APT::Sandbox::User=root"]
        _checked(["apt-get", *as_root, "-qq", "download", PACKAGE], unfinished)
        for package in unfinished.glob("*.deb"):
            _checked(["dpkg", "-x", str(package), "unpacked"], unfinished)
        if not (unfinished / "unpacked" / "usr" / "bin" / "kubectl").exists():
            raise ToolError(f"the package {PACKAGE} holds no kubectl")
        shutil.rmtree(folder, ignore_errors=True)
        (unfinished / "unpacked").rename(folder)


def _checked(argv: list[str], folder: Path) -> None:
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ToolError(
            f"`{' '.join(argv)}` failed (apt-get update may be needed): {done.stderr.strip()}"
        )


if __name__ == "__main__":
    print(old_kubectl())
