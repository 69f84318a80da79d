"""Completion by bash, zsh and fish, the plugin's names, help, the manual, and colours."""

import subprocess
from collections.abc import Iterator

from desks import Desk, alice, desk  # noqa: F401  (fixtures)
from harness import binary


def test_completion(alice: Desk) -> None:
    def candidates(*words: str) -> list[str]:
        lines = alice.run("__complete", *words).stdout.splitlines()
        assert lines[-1].startswith(":")
        return [line.split("\t")[0] for line in lines[:-1]]

    alice.api.request("r1")
    alice.api.put("accessroles", "dev", spec={}, version="v8")
    assert candidates("requ") == ["request"]
    assert {"search", "create", "review"} <= set(candidates("request", ""))
    assert "--approve" in candidates("request", "review", "--a")
    assert candidates("request", "show", "") == ["r1"]
    alice.api.request("r2", "APPROVED")
    alice.api.request("r3", "EXPIRED")
    alice.api.request("r4", "APPROVED", user="carol")
    assert candidates("request", "show", "") == ["r1", "r2", "r4"]
    assert candidates("request", "assume", "") == ["r2"], "her own that are approved"
    assert candidates("request", "review", "") == ["r1"], "those that await a review"
    assert candidates("request", "revoke", "") == ["r2", "r4"]
    assert candidates("get", "role/") == ["role/dev"]
    assert candidates("get", "roles", "-o", "y") == ["yaml"]
    assert candidates("status", "--proxy", "") == [alice.proxy]
    assert candidates("completion", "") == ["bash", "zsh", "fish"]
    for shell in ("bash", "fish", "zsh"):
        assert "__complete" in alice.run("completion", shell).stdout
    checked = subprocess.run(["bash", "-n"], input=alice.run("completion", "bash").stdout, text=True, check=False)
    assert checked.returncode == 0


def test_bash_completes(alice: Desk) -> None:
    (alice.home / "bin" / "postern").symlink_to(binary())
    script = (
        'source <(postern completion bash); COMP_LINE="postern request sho"; COMP_POINT=${#COMP_LINE}; '
        'COMP_WORDS=(postern request sho); COMP_CWORD=2; _postern; echo "${COMPREPLY[@]}"'
    )
    assert alice.run("-c", script, program="bash").stdout == "show\n"


def test_bash_runs_no_name(alice: Desk) -> None:
    """bash takes what completes a word into the line as it is."""
    if not (alice.home / "bin" / "postern").exists():
        (alice.home / "bin" / "postern").symlink_to(binary())
    alice.api.put("accessroles", "$(touch ran);`touch ran`&'x'", spec={}, version="v8")
    script = (
        'source <(postern completion bash); COMP_LINE="postern get roles \\$"; COMP_POINT=${#COMP_LINE}; '
        '_postern; eval "set -- ${COMPREPLY[0]}"; echo "${#COMPREPLY[@]} $# $1"'
    )
    assert alice.run("-c", script, program="bash").stdout == "1 1 $(touch ran);`touch ran`&'x'\n"
    assert not list(alice.home.rglob("ran"))


def test_zsh_completes(alice: Desk) -> None:
    """The function as zsh calls it, with functions in place of zsh's own commands for the outcome."""
    if not (alice.home / "bin" / "postern").exists():
        (alice.home / "bin" / "postern").symlink_to(binary())
    script = (
        "compdef() { :; }; _files() { echo files; }; "
        '_describe() { [[ $1 == -V ]] && shift; print -l -- "${(@P)2}"; }; '
        "source <(postern completion zsh); words=(postern request sho); CURRENT=3; _postern; "
        "words=(postern create -f ''); CURRENT=4; _postern"
    )
    said = alice.run("-f", "-c", script, program="zsh").stdout.splitlines()
    assert said[0].startswith("show:") and said[-1] == "files", said


def test_fish_completes(alice: Desk) -> None:
    """By fish's own engine."""
    if not (alice.home / "bin" / "postern").exists():
        (alice.home / "bin" / "postern").symlink_to(binary())
    (alice.home / "roles.yaml").touch()
    alice.api.request("r1")

    def offered(line: str) -> list[str]:
        script = f"postern completion fish | source; complete --do-complete '{line}'"
        return alice.run("--no-config", "-c", script, program="fish").stdout.splitlines()

    assert [word.split("\t")[0] for word in offered("postern request sho")] == ["show"]
    assert offered("postern request show ") == ["r1\talice, PENDING"]
    assert offered("postern get roles -o y") == ["yaml"]
    assert offered("postern create -f rol") == ["roles.yaml"], "files, where the word is one"
    assert offered("postern request show rol") == [], "and nowhere else"


def test_as_a_plugin_of_kubectl(alice: Desk) -> None:
    for name in ("kubectl-postern", "kubectl_complete-postern"):
        (alice.home / "bin" / name).symlink_to(binary())
    assert "kubectl postern" in alice.run("--help", program=str(alice.home / "bin" / "kubectl-postern")).stdout
    said = alice.run("requ", program=str(alice.home / "bin" / "kubectl_complete-postern")).stdout
    assert said.startswith("request\t") and said.endswith(":4\n")


def test_help_and_man(alice: Desk) -> None:
    assert "130" in alice.run("help", "exit-codes").stdout
    assert "--approve" in alice.run("help", "request", "review").stdout
    alice.run("help", "nonsense", code=2)
    page = alice.run("man").stdout
    assert page.startswith(".TH POSTERN 1") and "postern request create" in page.replace("\\-", "-")

    def commands(words: list[str]) -> Iterator[list[str]]:
        if len(words) == 2:
            yield words
            return
        lines = alice.run("__complete", *words, "").stdout.splitlines()
        children = [line.split("\t")[0] for line in lines[:-1] if "\t" in line]
        if not children:
            yield words
        for child in children:
            yield from commands([*words, child])

    checked = [words for words in commands([]) if words and words[0] not in ("get", "rm", "edit", "help", "kubectl")]
    assert len(checked) > 25
    for words in checked:
        assert "Examples:" in alice.run(*words, "--help").stdout, words


def test_colours(alice: Desk) -> None:
    alice.api.request("r1", "APPROVED")
    assert "\x1b[32mAPPROVED" in alice.run("request", "show", "r1", "--color", "always").stdout
    assert "\x1b" not in alice.run("request", "show", "r1").stdout
    assert "\x1b" not in alice.run("request", "show", "r1", CLICOLOR_FORCE="1", NO_COLOR="1").stdout
    assert "\x1b" in alice.run("request", "show", "r1", CLICOLOR_FORCE="1").stdout
