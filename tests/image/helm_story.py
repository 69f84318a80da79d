#!/usr/bin/python3
"""What scripts/demo_helm.sh shows: the chart installed on a real node, and an access request through
it. Prints each command as one would type it, with what it said; ends with 1 when one of them did not
do what it should have.
"""

import os
import shlex
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(SOURCE / "tests" / folder) for folder in ("image", "cluster", "e2e")]

from chart_world import NAMESPACE, RELEASE, ChartWorld, open_world  # noqa: E402
from documents import STORY  # noqa: E402
from people import Person  # noqa: E402

WEB = "/postern.test/pod/mycluster/dev/web-1"
STYLED = sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def styled(code: str, text: str) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if STYLED else text


class Walk:
    """Runs commands as somebody and shows them."""

    def __init__(self, world: ChartWorld) -> None:
        self.world = world
        self.failures: list[str] = []
        path = f"{world.helm_program.parent}:{world.cluster.kubectl_program.parent}:{os.environ['PATH']}"
        self._env = world.helm_environment() | {"PATH": path, "HOME": str(world.folder)}

    def title(self, text: str) -> None:
        print("\n" + styled("1", f"# {text}"), flush=True)

    def run(self, who: Person | None, *command: str, code: int = 0, seconds: float = 120) -> str:
        shown = " ".join(word if word.isprintable() and word == shlex.quote(word) else shlex.quote(word)
                         for word in command)  # fmt: skip
        print(styled("2", f"{who.name + ' ' if who else ''}$ {shown}"), flush=True)
        env, cwd = (who.env, who.home) if who else (self._env, self.world.folder)
        done = subprocess.run(command, env=env, cwd=cwd, stdin=subprocess.DEVNULL, text=True, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=seconds)  # fmt: skip
        print(done.stdout, end="", flush=True)
        if done.returncode != code:
            self.failures.append(shown)
            print(f"helm_story.py: exit {done.returncode}, not {code}", file=sys.stderr)
        return done.stdout

    def refused(self, who: Person, *command: str) -> None:
        if "Forbidden" not in self.run(who, *command, code=1):
            self.failures.append(shlex.join(command))


def install(walk: Walk) -> None:
    walk.title("The chart, in a namespace that enforces restricted Pod Security")
    walk.run(None, "kubectl", "get", "namespace", NAMESPACE, "--show-labels")
    walk.run(None, "cat", "values.yaml")
    walk.run(None, "helm", "install", RELEASE, "charts/postern", "-n", NAMESPACE, "-f", "values.yaml",
             "--wait", "--timeout=90s")  # fmt: skip
    walk.world.wait_reachable()
    walk.run(None, "kubectl", "get", "pods,services", "-n", NAMESPACE)
    walk.run(None, "helm", "test", RELEASE, "-n", NAMESPACE, "--timeout=60s")


def people(walk: Walk) -> None:
    world = walk.world
    walk.title("The first administrator: the image has no shell, so postern tells the one-time login itself")
    said = walk.run(None, "kubectl", *world.first_login_command(world.pod_with_first_login()))
    (world.admin.home / "roles.yaml").write_text(STORY)
    walk.run(world.admin, *said.split(), "--new-password-file", "password")
    walk.run(world.admin, "postern", "create", "-f", "roles.yaml")
    said = walk.run(world.admin, "postern", "users", "add", "alice", "--roles", "k8s-requester")
    link = next(word for word in said.split() if word.startswith("postern://"))
    walk.run(world.alice, "postern", "login", link, "--new-password-file", "password")
    link = world.admin.json("users", "add", "bob", "--roles", "k8s-resource-requester-reviewer")["link"]
    walk.run(world.bob, "postern", "login", link, "--new-password-file", "password")


def request(walk: Walk) -> None:
    alice, bob = walk.world.alice, walk.world.bob
    walk.title("alice asks, bob approves, alice works inside of exactly that")
    walk.run(alice, "postern", "kube", "login", "--set-context-namespace", "dev")
    walk.refused(alice, "kubectl", "get", "pods")
    walk.run(alice, "postern", "request", "create", "--resource", WEB, "--reason", "bug 12", "--nowait")
    name = bob.json("request", "ls", "--reviewable")["items"][0]["metadata"]["name"]
    walk.run(bob, "postern", "request", "ls", "--reviewable")
    walk.run(bob, "postern", "request", "review", "--approve", "--yes", "--reason", "go ahead", name)
    walk.run(alice, "postern", "request", "assume", name)
    walk.run(alice, "kubectl", "get", "pods")
    walk.run(alice, "kubectl", "exec", "web-1", "--", "sh", "-c", "hostname; exit 7", code=7)
    walk.run(alice, "kubectl", "logs", "web-1")
    walk.run(alice, "kubectl", "cp", "web-1:/tmp/www/index.html", "index.html")
    walk.run(alice, "cat", "index.html")
    walk.refused(alice, "kubectl", "get", "pod", "web-2")


def upgrade(walk: Walk) -> None:
    alice = walk.world.alice
    walk.title("An upgrade replaces the pods one by one; what was approved stays approved")
    walk.run(None, "helm", "upgrade", RELEASE, "charts/postern", "-n", NAMESPACE, "-f", "values.yaml",
             "--set", "config.logging.level=debug", "--wait", "--timeout=90s", "--hide-notes")  # fmt: skip
    walk.run(alice, "kubectl", "get", "pods")
    walk.run(alice, "postern", "request", "drop")
    walk.refused(alice, "kubectl", "get", "pods")
    walk.run(None, "helm", "rollback", RELEASE, "1", "-n", NAMESPACE, "--wait", "--timeout=90s")
    walk.run(None, "helm", "history", RELEASE, "-n", NAMESPACE)
    walk.run(None, "helm", "uninstall", RELEASE, "-n", NAMESPACE, "--wait", "--timeout=90s")


def main() -> int:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    archive = Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory(prefix="postern-helm-") as name:
        folder = Path(name)
        (folder / "charts").symlink_to(SOURCE / "charts")
        with open_world(archive, folder) as world:
            walk = Walk(world)
            for part in (install, people, request, upgrade):
                part(walk)
    if walk.failures:
        print(f"helm_story.py: {len(walk.failures)} commands did not do what they should", file=sys.stderr)
    return 1 if walk.failures else 0


if __name__ == "__main__":
    sys.exit(main())
