"""A server process of the test cluster: started, waited for, paused, ended by its own pid."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path


class ComponentError(Exception):
    """A component did not come up or did not stay up; the text ends with the tail of its log."""


def wait_until(what: str, done: Callable[[], bool], seconds: float) -> None:
    """Asks `done` until it is true; TimeoutError, which says for what, after `seconds`."""
    deadline = time.monotonic() + seconds
    pause = 0.01
    while not done():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds:.0f} s for {what}")
        time.sleep(pause)
        pause = min(pause * 1.5, 0.1)


class Component:
    """One server, with its log in FOLDER/NAME.log.

    It runs in a session of its own, so that an interrupt typed at the terminal reaches the caller
    alone, which then ends its components in order. When the thread that started it dies without
    doing so, the kernel kills it: start components from a thread that lives as long as they do.
    """

    def __init__(
        self,
        name: str,
        argv: Sequence[str],
        folder: Path,
        *,
        prefix: Sequence[str] = (),
        env: dict[str, str] | None = None,
    ) -> None:
        """`prefix` comes before the program, to start it in other namespaces; `env` adds."""
        self.name = name
        self.argv = list(argv)
        self.prefix = list(prefix)
        self.log_file = folder / f"{name}.log"
        self._env = {**os.environ, **(env or {})}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._process.pid if self._process and self.running() else None

    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Starts the process; says nothing about whether it is ready."""
        assert not self.running(), f"{self.name} runs already"
        with open(self.log_file, "ab") as log:
            self._process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "--", *self.prefix, *self.argv],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.log_file.parent,
                env=self._env,
                start_new_session=True,
            )

    def wait_ready(self, ready: Callable[[], bool], seconds: float) -> None:
        """Waits until `ready` says so; ComponentError when it ends first or takes too long."""

        def ready_or_ended() -> bool:
            if not self.running():
                raise ComponentError(self.failure("ended while it was starting"))
            return ready()

        try:
            wait_until(f"{self.name} to be ready", ready_or_ended, seconds)
        except TimeoutError as error:
            raise ComponentError(self.failure(f"was not ready after {seconds:.0f} s")) from error

    def failure(self, what: str) -> str:
        """`what` happened, with the exit code and the last lines of the log."""
        code = self._process.poll() if self._process else None
        ended = f" (exit code {code})" if code is not None else ""
        return f"{self.name} {what}{ended}; end of {self.log_file}:\n{self.log_tail()}"

    def log_tail(self, lines: int = 30) -> str:
        try:
            text = self.log_file.read_text(encoding="utf-8", errors="replace")
        except OSError as error:
            return f"(no log: {error})"
        return "\n".join(line[:400] for line in text.splitlines()[-lines:])

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal to this process alone."""
        if self._process and self.running():
            self._process.send_signal(number)

    def stop(self, seconds: float = 0.0) -> None:
        """Ends the process: politely for `seconds` when that is more than 0, then for good."""
        if not self._process:
            return
        self.signal(signal.SIGCONT)
        if seconds > 0:
            self.signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(seconds)
        self.signal(signal.SIGKILL)
        self._process.wait()
