"""Runs a command so that the terminal is never silent for long: python tools/aloud.py COMMAND ARGUMENT…

Passes the output on as it comes and, whenever there was none for some seconds, says what is still running and for how
long. Standard library only: it runs before the environment exists.
"""

import math
import os
import pathlib
import select
import signal
import subprocess
import sys
import time

SILENCE_SECONDS = 2.5


def main(command: list[str]) -> int:
    """Run `command` and return its exit code (128 + n when a signal ended it)."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the command as well; it says how it ends
    started = time.monotonic()
    environment = dict(os.environ, PYTHONUNBUFFERED="1")
    if sys.stdout.isatty():
        environment.setdefault("FORCE_COLOR", "1")
    process = subprocess.Popen(
        command,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        preexec_fn=_answer_interrupts,  # noqa: PLW1509  (one thread only)
    )
    assert process.stdout is not None
    line_is_open = False
    while True:
        ready, _, _ = select.select([process.stdout], [], [], SILENCE_SECONDS)
        if ready:
            piece = os.read(process.stdout.fileno(), 65536)
            if not piece:
                break
            line_is_open = not piece.endswith(b"\n")
            _write(piece)
        else:
            _write(
                f"{chr(10) * line_is_open}  … {_title(command)}, {math.ceil(time.monotonic() - started)} s\n".encode()
            )
            line_is_open = False
    code = process.wait()
    return code if code >= 0 else 128 - code


def _answer_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _title(command: list[str]) -> str:
    words = [pathlib.Path(word).name for word in command if not word.startswith("-")]
    return " ".join(words[:3])


def _write(piece: bytes) -> None:
    sys.stdout.buffer.write(piece)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except BrokenPipeError:
        sys.exit(141)
