"""What every file of the tree has in common: clang-format, and scripts that the shell can read."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def tracked(*patterns: str) -> list[str]:
    """Files of the tree; outside of a clone, whatever is there."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "--", *patterns],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if listed.returncode == 0:
        found = listed.stdout.splitlines()
    else:
        found = [str(p.relative_to(ROOT)) for pattern in patterns for p in ROOT.rglob(pattern)]
    return sorted(name for name in found if (ROOT / name).is_file())


def test_clang_format() -> None:
    files = tracked("*.cc", "*.h")
    assert files
    done = subprocess.run(
        ["clang-format-16", "--dry-run", "--Werror", *files],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    wrong = sorted({line.split(":")[0] for line in done.stderr.splitlines() if "error:" in line})
    assert done.returncode == 0, f"clang-format-16 -i {' '.join(wrong)}"


def test_shell_scripts_parse() -> None:
    for name in [*tracked("*.sh"), ".ci/run"]:
        done = subprocess.run(["bash", "-n", name], cwd=ROOT, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr


def test_python_compiles() -> None:
    for name in tracked("*.py"):
        compile((ROOT / name).read_text(), name, "exec")


def test_what_comments_name_exists() -> None:
    """Where a source says who tests it, and of which page of docs/ it speaks."""
    named = re.compile(r"(?<![\w/.])((?:tests|docs)/[\w./-]+\.(?:cc|py|md))")
    for name in tracked("*.cc", "*.h"):
        for path in named.findall((ROOT / name).read_text()):
            assert (ROOT / path).is_file(), f"{name} names {path}"
