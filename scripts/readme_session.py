#!/usr/bin/python3
"""Puts a run of the demo into the documentation, as it was printed.

    scripts/demo.sh | tee demo.log; scripts/readme_session.py demo.log

docs/demo-transcript.md gets all of it; README.md, between two marks, the parts that tell the story.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
TRANSCRIPT = ROOT / "docs" / "demo-transcript.md"
BEGIN, END = "<!-- session: scripts/readme_session.py -->", "<!-- end of the session -->"
STORY = "1. Access on request"

# Titles, or how they begin.
STATIC_PARTS = ("Who runs what", "A pod that her roles", "A watch", "Logs", "A command")
STORY_PARTS = (STORY, "2. ", "3. ", "She asks again", "5. ", "Nobody reviews", "What goes too far", "A whole namespace",
               "6. ", "Several add up", "A drop", "7. ", "8. ")  # fmt: skip

IN_README = (
    "It goes on with access requests, where nobody has anything until somebody approves it. alice asks, bob and carol review:"
)
ABOUT = """# A run of the demo

What `scripts/demo.sh` printed, all of it (`scripts/readme_session.py` put it here). It stops with an error when a step does
not end as it should. The numbers are the parts of the story: an administrator, a refusal, searches, requests, reviews, work,
`postern kubectl`, kubectl alone.
"""


def sections(log: str) -> dict[str, str]:
    """The walk by its titles: what stands in front of it and behind it is of the demo, not of postern."""
    lines = [line.rstrip() for line in log.splitlines()]
    end = next(n for n, line in enumerate(lines) if line.startswith("==> all of it was as it should be"))
    found: dict[str, str] = {}
    for part in re.split(r"^# ", "\n".join(lines[:end]), flags=re.MULTILINE)[1:]:
        found[part.split("\n", 1)[0]] = "# " + part.strip()
    return found


def chosen(found: dict[str, str], beginnings: tuple[str, ...]) -> str:
    """These sections, in a block; a beginning that no title has is an error."""
    texts = [next(text for title, text in found.items() if title.startswith(one)) for one in beginnings]
    return block(texts)


def block(texts: list[str]) -> str:
    return "```\n" + "\n\n".join(texts) + "\n```"


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    readme = README.read_text()
    if readme.count(BEGIN) != 1 or readme.count(END) != 1:
        sys.exit(f"{README} has not the two marks")
    found = sections(Path(sys.argv[1]).read_text())
    first = next(n for n, title in enumerate(found) if title.startswith(STORY))
    texts = list(found.values())
    TRANSCRIPT.write_text(
        f"{ABOUT}\n## erin, who has a role\n\n{block(texts[:first])}\n\n"
        f"## alice, who has to ask\n\n{block(texts[first:])}\n"
    )
    session = f"{chosen(found, STATIC_PARTS)}\n\n{IN_README}\n\n{chosen(found, STORY_PARTS)}"
    README.write_text(re.sub(f"{BEGIN}.*{END}", lambda _: f"{BEGIN}\n\n{session}\n\n{END}", readme, flags=re.DOTALL))


if __name__ == "__main__":
    main()
