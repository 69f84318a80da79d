#!/usr/bin/python3
"""Runs a command at a terminal of its own, as somebody would who types there.

    at_terminal.py [TEXT ANSWER]... -- COMMAND...

Whenever TEXT has been shown, ANSWER is typed, with Enter behind it; the answer ^C is Ctrl-C. What the terminal shows
goes to standard output. Ends as the command does.
"""

import os
import pty
import signal
import sys

CTRL_C = b"\x03"


def read(terminal: int) -> bytes:
    """Some of what is shown; nothing when the command has ended."""
    try:
        return os.read(terminal, 4096)
    except OSError:  # the last program at it is gone
        return b""


def attend(terminal: int, answers: list[tuple[bytes, bytes]]) -> None:
    unanswered = b""
    while shown := read(terminal):
        os.write(sys.stdout.fileno(), shown.replace(b"\r\n", b"\n"))
        unanswered += shown
        if answers and answers[0][0] in unanswered:
            _, answer = answers.pop(0)
            unanswered = b""
            os.write(terminal, CTRL_C if answer == b"^C" else answer + b"\n")


def become(command: list[str]) -> None:
    # As at a login: behind `&` in a script SIGINT is ignored, and Python ignores SIGPIPE.
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)
    try:
        os.execvp(command[0], command)
    except OSError as error:
        print(f"{command[0]}: {error.strerror}", flush=True)
        os._exit(127)


def main() -> int:
    words, command = sys.argv[1:], []
    if "--" in words:
        split = words.index("--")
        words, command = words[:split], words[split + 1 :]
    if not command or len(words) % 2:
        sys.exit(__doc__)
    answers = [(text.encode(), answer.encode()) for text, answer in zip(words[::2], words[1::2])]
    process, terminal = pty.fork()
    if process == 0:
        become(command)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: os.kill(process, signal.SIGHUP))
    attend(terminal, answers)
    code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main())
