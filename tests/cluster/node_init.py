"""The first process of a real node's namespaces; started by node.py, not by people.

It gives containerd and kubelet a machine that is theirs: empty /run, /var/lib and /var/log, and
kernel settings that already have the values which kubelet would otherwise write for the whole
machine. Then it adopts what others orphan, until it is killed, which ends all that runs here.
"""

import signal
import subprocess
import sys
from pathlib import Path

KUBELET_SETTINGS = {
    "vm/overcommit_memory": 1,
    "vm/panic_on_oom": 0,
    "kernel/panic": 10,
    "kernel/panic_on_oops": 1,
    "kernel/keys/root_maxkeys": 1000000,
    "kernel/keys/root_maxbytes": 25000000,
}


def run(*argv: str) -> None:
    subprocess.run(argv, check=True, stdin=subprocess.DEVNULL)


def pretend_settings(folder: Path) -> None:
    """Covers kernel settings by files that say what kubelet wants to read."""
    folder.mkdir()
    for name, value in KUBELET_SETTINGS.items():
        shown = folder / name.replace("/", ".")
        shown.write_text(f"{value}\n", encoding="ascii")
        run("mount", "--bind", str(shown), f"/proc/sys/{name}")


def main() -> None:
    for folder in ("/run", "/var/lib", "/var/log"):
        run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", folder)
    pretend_settings(Path("/run/settings"))
    # Volumes that kubelet mounts must be able to reach containers that ask for it.
    run("mount", "--make-rshared", "/")
    run("ip", "link", "set", "lo", "up")
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1\n", encoding="ascii")
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    print("ready", flush=True)
    sys.stdout.close()
    while True:
        signal.pause()


if __name__ == "__main__":
    main()
