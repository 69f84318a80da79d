"""The command line of cluster.py: up, down, kubeconfig; and the supervisor behind `up`."""

import argparse
import json
import os
import select
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from build_tools import ToolError
from cluster import Cluster
from node import NodeUnavailable
from pki import PkiError
from process import ComponentError

STATE = "cluster.json"
DOWN_SECONDS = 60
FAILURES = (
    ComponentError,
    NodeUnavailable,
    OSError,
    PkiError,
    RuntimeError,
    TimeoutError,
    ToolError,
)


class Interrupted(Exception):
    """A signal asked for the end."""


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="cluster.py", description="a Kubernetes cluster for tests"
    )
    commands = parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="start a cluster and return when it is ready")
    up.add_argument("--dir", type=Path, required=True, help="an empty or absent folder")
    up.add_argument("--name", default="test", help="its name in kubeconfigs")
    up.add_argument("--nodes", default="n1", help="names of the nodes that kwok plays")
    up.add_argument("--scheduler", action="store_true", help="run kube-scheduler too")
    up.add_argument("--real-node", action="store_true", help="add a node with a real kubelet")
    up.add_argument("--no-fixture", action="store_true", help="leave the cluster empty")
    up.add_argument("--with-pid", type=int, help="end the cluster when this process ends")
    up.add_argument("--foreground", action="store_true", help="stay until interrupted")
    up.add_argument("--ready-pipe", type=int, help=argparse.SUPPRESS)
    down = commands.add_parser("down", help="end a cluster")
    down.add_argument("--dir", type=Path, required=True)
    kubeconfig = commands.add_parser("kubeconfig", help="print the path of a kubeconfig")
    kubeconfig.add_argument("--dir", type=Path, required=True)
    kubeconfig.add_argument("--postern", action="store_true", help="the one for postern")
    return parser


def _start_time(pid: int) -> str | None:
    """When a process started, in ticks since boot: with the pid it names one process for ever."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    return text.rpartition(")")[2].split()[19]


def _state(folder: Path) -> dict[str, Any]:
    try:
        return dict(json.loads((folder / STATE).read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise ComponentError(f"no cluster in {folder}: there is no {STATE}") from error


def _raise_interrupted(number: int, _frame: object) -> None:
    raise Interrupted(signal.Signals(number).name)


def _run(args: argparse.Namespace) -> int:
    """Starts the cluster in this process and stays until a signal or the end of --with-pid."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, _raise_interrupted)
    try:
        owner = os.pidfd_open(args.with_pid) if args.with_pid else None
        with Cluster(
            args.dir,
            name=args.name,
            nodes=[node for node in args.nodes.split(",") if node],
            scheduler=args.scheduler,
            real_node=args.real_node,
        ) as cluster:
            if not args.no_fixture:
                cluster.apply_fixture()
            cluster.postern_kubeconfig.stat()
            _write_state(cluster)
            _announce(args, "ready")
            _stay(owner)
    except Interrupted:
        return 0
    except FAILURES as error:
        _announce(args, f"cluster.py: {error}")
        return 1
    finally:
        (args.dir / STATE).unlink(missing_ok=True)
    return 0


def _write_state(cluster: Cluster) -> None:
    pid = os.getpid()
    state = {**cluster.describe(), "supervisor": pid, "supervisorStarted": _start_time(pid)}
    (cluster.directory / STATE).write_text(json.dumps(state, indent=2) + "\n", encoding="utf-8")


def _announce(args: argparse.Namespace, text: str) -> None:
    """Tells whoever ran `up`: over the pipe from the supervisor, else on the terminal."""
    if args.ready_pipe is None:
        print(text if text != "ready" else _summary(_state(args.dir)), file=sys.stderr, flush=True)
        return
    os.write(args.ready_pipe, text.encode())
    os.close(args.ready_pipe)
    args.ready_pipe = None
    # The terminal, or whoever reads the other end, is not kept by a supervisor that only waits.
    with open(os.devnull, "wb") as null:
        os.dup2(null.fileno(), sys.stderr.fileno())


def _stay(owner: int | None) -> None:
    """Sleeps until a signal raises, or the owner (a pidfd) has ended."""
    if owner is None:
        while True:
            signal.pause()
    select.select([owner], [], [])


def _up(args: argparse.Namespace) -> int:
    """Starts a supervisor of its own session and waits for its word."""
    reader, writer = os.pipe()
    args.dir.mkdir(parents=True, exist_ok=True)
    program = str(Path(__file__).with_name("cluster.py"))
    supervisor = subprocess.Popen(
        [sys.executable, program, *sys.argv[1:], "--ready-pipe", str(writer)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        pass_fds=[writer],
        start_new_session=True,
    )
    os.close(writer)
    try:
        with os.fdopen(reader, "rb") as pipe:
            answer = pipe.read().decode()
    except KeyboardInterrupt:
        supervisor.terminate()
        supervisor.wait(DOWN_SECONDS)
        raise
    if answer != "ready":
        code = supervisor.wait(DOWN_SECONDS)
        print(answer or f"cluster.py: the supervisor ended (exit code {code})", file=sys.stderr)
        return 1
    print(_summary(_state(args.dir)))
    return 0


def _summary(state: dict[str, Any]) -> str:
    return (
        f"cluster {state['name']} is ready at {state['server']}\n"
        f"  administrator: export KUBECONFIG={state['kubeconfig']}\n"
        f"  for postern:   {state['posternKubeconfig']}\n"
        f"  audit log:     {state['auditLog']}"
    )


def _down(args: argparse.Namespace) -> int:
    """Asks the supervisor to end, and waits until it has ended everything."""
    state = _state(args.dir)
    pid, started = state["supervisor"], state["supervisorStarted"]
    if _start_time(pid) != started:
        print(f"cluster.py: the supervisor {pid} has gone already", file=sys.stderr)
        return 0
    handle = os.pidfd_open(pid)
    for number in (signal.SIGTERM, signal.SIGKILL):
        signal.pidfd_send_signal(handle, number)
        if select.select([handle], [], [], DOWN_SECONDS)[0]:
            return 0
    raise ComponentError(f"the supervisor {pid} does not end")


def _kubeconfig(args: argparse.Namespace) -> int:
    state = _state(args.dir)
    print(state["posternKubeconfig" if args.postern else "kubeconfig"])
    return 0


def main() -> int:
    args = _arguments().parse_args()
    args.dir = args.dir.resolve()
    staying = args.command == "up" and (args.foreground or args.ready_pipe is not None)
    verbs = {"up": _run if staying else _up, "down": _down, "kubeconfig": _kubeconfig}
    try:
        return verbs[args.command](args)
    except FAILURES as error:
        print(f"cluster.py: {error}", file=sys.stderr)
        return 1
