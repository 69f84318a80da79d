#!/usr/bin/python3
"""Runs the test suites one after the other, with progress, times and one sum at the end.

    run_suites.py [--list] [SUITE ...]

What fails fast comes first. A suite whose build failed counts as one failure, and what needs that
build as another. Logs are kept in ${POSTERN_CACHE}/logs. Budgets are what a suite takes on two
cores with warm caches and a quarter more; they are printed, never asserted. POSTERN_FUZZ_SECONDS is
the time of each fuzzer, 10 unless it is given.
"""

import argparse
import os
import re
import signal
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CACHE = Path(os.environ.get("POSTERN_CACHE") or Path.home() / ".cache" / "postern")
LOGS = CACHE / "logs"
HEARTBEAT_SECONDS = 20.0
FUZZ_SECONDS = os.environ.get("POSTERN_FUZZ_SECONDS") or "10"


@dataclass
class Counts:
    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped
        )

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


def count_last_line(code: int, log: Path) -> Counts:
    """The suite sums up by itself, in our own form."""
    found = re.findall(r"^(\d+) passed, (\d+) failed, (\d+) skipped$", log.read_text(errors="replace"), re.M)
    counts = Counts(*map(int, found[-1])) if found else Counts(failed=1)
    return counts + Counts(failed=1) if code != 0 and counts.failed == 0 else counts


def count_nothing(code: int, log: Path) -> Counts:
    """A step that only prepares: it counts when it fails."""
    del log
    return Counts() if code == 0 else Counts(failed=1)


def count_doctest(code: int, log: Path) -> Counts:
    """Sums doctest's own summaries in what ctest -V printed; a program without one failed."""
    text = log.read_text(errors="replace")
    found = Counts()
    for match in re.finditer(r"test cases: +\d+ \| +(\d+) passed \| +(\d+) failed \| +(\d+) skipped", text):
        found += Counts(*map(int, match.groups()))
    if code != 0 and found.failed == 0:
        found += Counts(failed=1)
    if code == 0 and found.passed == 0:
        found += Counts(failed=1)  # a run without tests proves nothing
    return found


def count_pytest(code: int, log: Path) -> Counts:
    """Reads the JUnit file beside the log."""
    report = log.with_suffix(".xml")
    if not report.exists():
        return Counts(failed=1)
    found = Counts()
    for suite in ElementTree.parse(report).getroot().iter("testsuite"):
        total, skipped = int(suite.get("tests", 0)), int(suite.get("skipped", 0))
        failed = int(suite.get("failures", 0)) + int(suite.get("errors", 0))
        found += Counts(max(0, total - failed - skipped), failed, skipped)
    if code != 0 and found.failed == 0:
        found += Counts(failed=1)
    return found


@dataclass
class Suite:
    """A step of the run. `needs` names suites without which it makes no sense."""

    name: str
    what: str
    budget: int  # seconds, warm
    limit: int  # seconds, after which it is ended
    command: Callable[[], list[str]]
    count: Callable[[int, Path], Counts]
    needs: tuple[str, ...] = ()
    environment: Callable[[], dict[str, str]] = field(default=lambda: {})
    live: bool = False


def script(name: str, *args: str) -> Callable[[], list[str]]:
    return lambda: [str(ROOT / "scripts" / name), *args]


def build_folder(preset: str) -> Path:
    """As scripts/common.sh has it."""
    asked = f'. "{ROOT}/scripts/common.sh"; build_folder {preset}'
    done = subprocess.run(["bash", "-c", asked], capture_output=True, text=True, check=True)
    return Path(done.stdout.strip())


def ctest(preset: str, *args: str) -> Callable[[], list[str]]:
    return lambda: ["ctest", "--test-dir", str(build_folder(preset)), "-V", "--no-tests=error",
                    "-j", str(os.cpu_count() or 2), *args]  # fmt: skip


def pytest(name: str, *args: str) -> Callable[[], list[str]]:
    report = LOGS / f"{name}.xml"
    return lambda: ["/usr/bin/python3", "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider",
                    "--tb=short", f"--junitxml={report}", *args]  # fmt: skip


# Two files at a time, each process with clusters of its own: most of such a test is waiting.
SIDE_BY_SIDE = ("-n", "2", "--dist", "loadfile")
# Those that take long begin, so that one process does not end long before the other.
LONG = ("test_prometheus", "test_replicas", "test_rolling", "test_store_kubernetes")


def long_first(paths: Iterable[Path]) -> list[str]:
    return [str(path) for path in sorted(paths, key=lambda path: (path.stem not in LONG, path))]


def e2e(*names: str) -> list[str]:
    return long_first(ROOT / "tests" / "e2e" / f"test_{name}.py" for name in names)


def with_binary(preset: str) -> Callable[[], dict[str, str]]:
    return lambda: {"POSTERN_BINARY": str(build_folder(preset) / "postern")}


ATTACKS = [str(path) for path in sorted((ROOT / "tests" / "e2e").glob("test_attack_*.py"))]
# What a release build may do differently: speed, memory, several processes, the real node. Everything runs
# with sanitizers.
RELEASED = e2e("access_story", "cli_real", "drain", "dynamic_client", "kubectl", "many", "node", "prometheus",
               "replicas", "rolling")  # fmt: skip
# All but Prometheus' own view of postern.
SANITIZED = long_first(path for path in (ROOT / "tests" / "e2e").glob("test_*.py") if path.stem != "test_prometheus")
CLUSTER_TESTS = str(ROOT / "tests" / "cluster")

SUITES = [
    Suite("style", "clang-format, and includes against the layers", 20, 300,
          pytest("style", *(str(ROOT / "tests" / f"{name}_test.py") for name in ("style", "layers", "demo"))),
          count_pytest, live=True),
    Suite("monitoring", "rules, alerts and runbooks, with promtool", 20, 300,
          pytest("monitoring", str(ROOT / "tests" / "monitoring")), count_pytest, live=True),
    Suite("build-asan", "everything, with ASan and UBSan", 30, 2400, script("build.sh", "asan"),
          count_nothing),
    Suite("unit", "unit and property tests, with ASan and UBSan", 65, 900, ctest("asan"),
          count_doctest, needs=("build-asan",)),
    Suite("tools", "the programs of the test cluster", 5, 2700,
          lambda: [str(ROOT / "tests" / "cluster" / "build_tools.py"), "all"], count_nothing),
    Suite("build", "the release build of the program", 30, 2400,
          script("build.sh", "release", "postern"), count_nothing),
    Suite("e2e", "the release build before real clusters", 130, 1500,
          pytest("e2e", *SIDE_BY_SIDE, *RELEASED), count_pytest, needs=("build", "tools"),
          environment=with_binary("release"), live=True),
    Suite("image", "the image, its bill of materials, and the chart with it on a real node", 80, 600,
          pytest("image", str(ROOT / "tests" / "image")), count_pytest, needs=("build", "tools"),
          environment=with_binary("release"), live=True),
    Suite("cluster", "the test cluster itself", 50, 600, pytest("cluster", *SIDE_BY_SIDE, CLUSTER_TESTS),
          count_pytest, needs=("tools",), live=True),
    Suite("chart", "the Helm chart: helm, what the API server says of it, and its rights there", 100, 600,
          pytest("chart", *SIDE_BY_SIDE, str(ROOT / "tests" / "chart")), count_pytest, needs=("build", "tools"),
          environment=with_binary("release"), live=True),
    Suite("e2e-asan", "postern before a recording API server and real clusters, with ASan and UBSan", 310, 2400,
          pytest("e2e-asan", *SIDE_BY_SIDE, *SANITIZED), count_pytest,
          needs=("build-asan", "tools"), environment=with_binary("asan"), live=True),
    Suite("build-tsan", "the proxy and its tests, with TSan", 30, 2400, script("build.sh", "tsan"), count_nothing),
    Suite("unit-tsan", "the unit tests of the proxy, with TSan", 35, 600, ctest("tsan"),
          count_doctest, needs=("build-tsan",)),
    Suite("e2e-tsan", "the proxy at work, with TSan", 130, 1500,
          pytest("e2e-tsan", *SIDE_BY_SIDE, *ATTACKS,
                 *e2e("life", "faults", "kubectl", "sessions", "access_api", "access_story")), count_pytest,
          needs=("build-tsan", "tools"), environment=with_binary("tsan"), live=True),
    Suite("build-fuzz", "the fuzzers", 30, 2400, script("build.sh", "fuzz", "fuzzers"),
          count_nothing),
    Suite("fuzz", f"every fuzzer on its seeds, {FUZZ_SECONDS} s each", 140, 900 + 10 * int(FUZZ_SECONDS),
          lambda: ["/usr/bin/python3", "-B", str(ROOT / "tests" / "fuzz" / "run_fuzzers.py"),
                   str(build_folder("fuzz")), "--seconds", FUZZ_SECONDS], count_last_line,
          needs=("build-fuzz",), live=True),
]  # fmt: skip


class Follower:
    """Copies a suite's output to its log, and to the terminal: all of it, or a line now and then."""

    def __init__(self, live: bool) -> None:
        self.live = live
        self.last = ""
        self.began = time.monotonic()

    def follow(self, pipe: "subprocess.Popen[bytes]", log: Path) -> None:
        assert pipe.stdout
        with open(log, "wb") as copy:
            while data := os.read(pipe.stdout.fileno(), 65536):
                copy.write(data)
                copy.flush()
                if self.live:
                    sys.stdout.write(data.decode(errors="replace"))
                    sys.stdout.flush()
                lines = data.decode(errors="replace").strip().splitlines()
                self.last = lines[-1][:110] if lines else self.last

    def heartbeat(self) -> None:
        if not self.live:
            print(f"    {time.monotonic() - self.began:4.0f} s  {self.last}", flush=True)


def end(process: "subprocess.Popen[bytes]") -> None:
    """Ends the process group that we started: politely, then for good."""
    for number, seconds in ((signal.SIGTERM, 30), (signal.SIGKILL, 10)):
        try:
            os.killpg(process.pid, number)
            process.wait(seconds)
            return
        except (ProcessLookupError, subprocess.TimeoutExpired):
            continue


def run(suite: Suite) -> tuple[int, Path]:
    """Runs one suite to its end or its limit; its exit code and its log."""
    log = LOGS / f"{suite.name}.log"
    log.with_suffix(".xml").unlink(missing_ok=True)
    process = subprocess.Popen(
        suite.command(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
        cwd=ROOT, env={**os.environ, **suite.environment()}, start_new_session=True,
    )  # fmt: skip
    follower = Follower(suite.live)
    thread = threading.Thread(target=follower.follow, args=(process, log), daemon=True)
    thread.start()
    deadline = time.monotonic() + suite.limit
    try:
        while True:
            try:
                code = process.wait(HEARTBEAT_SECONDS)
                break
            except subprocess.TimeoutExpired:
                follower.heartbeat()
            if time.monotonic() > deadline:
                print(f"    ended after its limit of {suite.limit} s", flush=True)
                end(process)
                code = 124
                break
    except BaseException:
        end(process)
        raise
    thread.join(5)
    return code, log


# What tells in a log why a suite failed, and how many lines behind it belong to it.
TELLING = re.compile(r"FAILED:|error:|: (FATAL )?ERROR: |Sanitizer: |runtime error: ")
LINES_OF_ONE = 8


def report_failure(suite: Suite, log: Path) -> None:
    """The end of the log, and before it what tells why, wherever it stands."""
    print(f"    failed; the end of {log}:", flush=True)
    if suite.live:
        return
    lines = log.read_text(errors="replace").splitlines()
    telling = [n for n, line in enumerate(lines) if TELLING.search(line)][:10]
    begin = max(0, len(lines) - 60)
    shown = sorted({n for first in telling for n in range(first, first + LINES_OF_ONE) if n < begin})
    for line in [*(lines[n] for n in shown), *lines[begin:]]:
        print(f"    {line}")


def run_all(chosen: list[Suite]) -> Counts:
    LOGS.mkdir(parents=True, exist_ok=True)
    total, failed, summary = Counts(), set(), []
    for number, suite in enumerate(chosen, 1):
        print(f"\n== {number}/{len(chosen)} {suite.name}: {suite.what} (budget {suite.budget} s)",
              flush=True)  # fmt: skip
        broken = failed.intersection(suite.needs)
        if broken:
            print(f"    not run: {', '.join(sorted(broken))} failed", flush=True)
            counts, seconds = Counts(failed=1), 0.0
        else:
            began = time.monotonic()
            code, log = run(suite)
            seconds = time.monotonic() - began
            counts = suite.count(code, log)
            if counts.failed:
                report_failure(suite, log)
        if counts.failed and suite.count is count_nothing:
            failed.add(suite.name)
        total += counts
        over = "" if seconds <= suite.budget else f", over its budget of {suite.budget} s"
        summary.append(f"{suite.name:<12} {seconds:6.0f} s   {counts}{over}")
        print(f"== {summary[-1]}", flush=True)
    print("\n" + "\n".join(summary))
    return total


def main() -> int:
    parser = argparse.ArgumentParser(description="Runs the test suites.")
    parser.add_argument("--list", action="store_true", help="name the suites and their budgets")
    parser.add_argument("suites", nargs="*", metavar="SUITE")
    args = parser.parse_args()
    unknown = set(args.suites) - {suite.name for suite in SUITES}
    if unknown:
        parser.error(f"no such suite: {', '.join(sorted(unknown))}")
    chosen = [suite for suite in SUITES if not args.suites or suite.name in args.suites]
    if args.list:
        for suite in chosen:
            print(f"{suite.name:<12} {suite.budget:4d} s  {suite.what}")
        return 0
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    began = time.monotonic()
    total = run_all(chosen)
    print(f"total        {time.monotonic() - began:6.0f} s")
    print(total)
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main())
