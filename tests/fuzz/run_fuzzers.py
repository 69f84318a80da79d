#!/usr/bin/python3
"""Runs every fuzzer of a build for a while, beginning with its seeds. Two at a time on two cores.

    run_fuzzers.py BUILD-FOLDER [--seconds 20] [FUZZER ...]

What a fuzzer finds interesting is kept in ${POSTERN_CACHE}/fuzz/NAME and is where the next run
begins; an input that breaks something is left in ${POSTERN_CACHE}/fuzz/found, and fails the run.
"""

import argparse
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

SEEDS = Path(__file__).resolve().parent / "seeds"
CACHE = Path(os.environ.get("POSTERN_CACHE") or Path.home() / ".cache" / "postern") / "fuzz"


def fuzz(program: Path, seconds: int) -> tuple[str, bool, str]:
    """The fuzzer's name, whether it found nothing, and what it said."""
    name = program.name.removesuffix("_fuzzer")
    corpus, found = CACHE / name, CACHE / "found"
    corpus.mkdir(parents=True, exist_ok=True)
    found.mkdir(exist_ok=True)
    folders = [str(corpus), *([str(SEEDS / name)] if (SEEDS / name).is_dir() else [])]
    done = subprocess.run(
        [str(program), f"-max_total_time={seconds}", "-timeout=10", "-rss_limit_mb=2048",
         "-print_final_stats=1", f"-artifact_prefix={found}/{name}-", *folders],
        capture_output=True, text=True, errors="replace", check=False, timeout=seconds + 120,
    )  # fmt: skip
    return name, done.returncode == 0, done.stderr


def executions(said: str) -> str:
    lines = [line for line in said.splitlines() if "number_of_executed_units" in line]
    return lines[0].split(":")[-1].strip() if lines else "?"


def main() -> int:
    parser = argparse.ArgumentParser(description="Runs every fuzzer for a while.")
    parser.add_argument("build", type=Path)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("fuzzers", nargs="*")
    args = parser.parse_args()
    programs = sorted(p for p in args.build.rglob("*_fuzzer") if os.access(p, os.X_OK) and p.is_file())
    programs = [p for p in programs if not args.fuzzers or p.name.removesuffix("_fuzzer") in args.fuzzers]
    if not programs:
        print(f"no fuzzer in {args.build}")
        return 1
    failed = 0
    with ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        for name, fine, said in pool.map(lambda p: fuzz(p, args.seconds), programs):
            print(f"{name}: {'fine' if fine else 'FAILED'} after {executions(said)} inputs", flush=True)
            if not fine:
                failed += 1
                print(said[-4000:])
    print(f"{len(programs) - failed} passed, {failed} failed, 0 skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
