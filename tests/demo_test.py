"""What the demo rests on: its terminal, and that README shows parts of the same run as docs/demo-transcript.md."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
AT_TERMINAL = ROOT / "scripts" / "demo" / "at_terminal.py"


def at_terminal(*words: str) -> "subprocess.CompletedProcess[str]":
    """Started as by a script in the background, where Ctrl-C counts for nothing."""
    in_background = "trap '' INT QUIT; exec \"$@\""
    return subprocess.run(
        ["sh", "-c", in_background, "sh", str(AT_TERMINAL), *words],
        capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("typed", "command", "said", "code"),
    [
        ((), "tty >/dev/null && echo yes", "yes\n", 0),
        ((), "exit 7", "", 7),
        (("Name? ", "alice"), "printf 'Name? '; read -r name; echo hello $name", "Name? alice\nhello alice\n", 0),
        (("a? ", "1", "b? ", "2"), "printf 'a? '; read a; printf 'b? '; read b; exit $a$b", "a? 1\nb? 2\n", 12),
        (("ready", "^C"), "trap 'echo; echo interrupted; exit 130' INT; echo ready; while :; do sleep 0.05; done",
         "ready\n^C\ninterrupted\n", 130),
        (("ready", "^C"), "echo ready; exec sleep 20", "ready\n^C", 130),
    ],
    ids=["terminal", "exit code", "answer", "two answers", "Ctrl-C", "Ctrl-C unheeded"],
)  # fmt: skip
def test_somebody_types(typed: tuple[str, ...], command: str, said: str, code: int) -> None:
    done = at_terminal(*typed, "--", "sh", "-c", command)
    assert (done.stdout, done.returncode) == (said, code), done.stderr


def test_a_command_is_needed() -> None:
    assert "COMMAND" in at_terminal("a", "b").stderr
    assert "COMMAND" in at_terminal("a", "--", "true").stderr
    missing = at_terminal("--", "no-such-program")
    assert (missing.stdout, missing.returncode) == ("no-such-program: No such file or directory\n", 127)


def parts(text: str) -> list[str]:
    """The steps of the demo in a page, each from its title on."""
    blocks = re.findall(r"^```\n(# .*?)\n```$", text, re.MULTILINE | re.DOTALL)
    return [part.strip() for block in blocks for part in re.split(r"^(?=# )", block, flags=re.MULTILINE) if part]


def test_readme_shows_parts_of_the_one_run() -> None:
    session = (ROOT / "README.md").read_text().split("<!-- end of the session -->")[0]
    whole = parts((ROOT / "docs" / "demo-transcript.md").read_text())
    shown = parts(session)
    assert len(shown) > 10 and len(whole) > len(shown)
    for part in shown:
        assert part in whole, part.split("\n", 1)[0]
