#!/usr/bin/python3
"""Puts a run of the demo into README.md, whole and as it was printed.

    scripts/demo.sh | tee demo.log; scripts/readme_session.py demo.log

The session stands between two marks; what begins with "# Access on request" gets a block of its own.
"""

import re
import sys
from pathlib import Path

README = Path(__file__).resolve().parents[1] / "README.md"
BEGIN, END = "<!-- session: scripts/readme_session.py -->", "<!-- end of the session -->"
SECOND = "# Access on request"
BETWEEN = (
    "It goes on with access requests, where nobody has anything until somebody approves it. alice asks, bob and carol review:"
)


def session(log: str) -> tuple[str, str]:
    """The two parts of the walk: what stands in front of it and behind it is of the demo, not of postern."""
    lines = [line.rstrip() for line in log.splitlines()]
    first = next(n for n, line in enumerate(lines) if line.startswith("# "))
    end = next(n for n, line in enumerate(lines) if line.startswith("==> all of it was as it should be"))
    second = next(n for n, line in enumerate(lines) if line.startswith(SECOND))
    return "\n".join(lines[first:second]).strip(), "\n".join(lines[second:end]).strip()


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    readme = README.read_text()
    if readme.count(BEGIN) != 1 or readme.count(END) != 1:
        sys.exit(f"{README} has not the two marks")
    first, second = session(Path(sys.argv[1]).read_text())
    block = f"{BEGIN}\n\n```\n{first}\n```\n\n{BETWEEN}\n\n```\n{second}\n```\n\n{END}"
    README.write_text(re.sub(f"{BEGIN}.*{END}", lambda _: block, readme, flags=re.DOTALL))


if __name__ == "__main__":
    main()
