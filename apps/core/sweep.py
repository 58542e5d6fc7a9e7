"""Notes about running children, so that a later start can end what a killed supervisor left behind.

A process is ended only when its command line is still the noted one: a pid alone may belong to somebody else by now.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

PATIENCE_SECONDS = 5.0


def remember(folder: Path, name: str, *, pid: int, argv: Sequence[str], stop_signal: int) -> None:
    """Note a running child in `folder/NAME.json`."""
    note = {"pid": pid, "argv": list(argv), "stop_signal": int(stop_signal)}
    (folder / f"{name}.json").write_text(json.dumps(note))


def forget(folder: Path, name: str) -> None:
    """Drop the note of a child that has ended."""
    (folder / f"{name}.json").unlink(missing_ok=True)


def sweep(folder: Path) -> list[str]:
    """End every noted process that still runs, drop all notes; one sentence for each that was ended."""
    said = []
    for path in sorted(folder.glob("*.json")):
        try:
            note = json.loads(path.read_text())
            pid, argv, stop_signal = int(note["pid"]), list(note["argv"]), int(note["stop_signal"])
        except (ValueError, KeyError, TypeError):  # written while the power went
            path.unlink(missing_ok=True)
            continue
        if is_alive(pid, argv):
            end(pid, argv, stop_signal=stop_signal)
            said.append(f"Ended {path.stem} (process {pid}), left over from an earlier start.")
        path.unlink(missing_ok=True)
    return said


def end(pid: int, argv: Sequence[str], *, stop_signal: int) -> None:
    """Stop a process that is no child of ours: politely, then with its whole group by force."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, stop_signal)
    until = time.monotonic() + PATIENCE_SECONDS
    while is_alive(pid, argv) and time.monotonic() < until:
        time.sleep(0.05)
    if is_alive(pid, argv):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)


def is_alive(pid: int, argv: Sequence[str]) -> bool:
    """Whether `pid` runs and was started with these words."""
    return command_line(pid) == " ".join(argv)


def command_line(pid: int) -> str:
    """The words a process was started with, joined by spaces; empty when there is none (or only its remains)."""
    if sys.platform == "linux":
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").rstrip("\0").replace("\0", " ")
        except OSError:
            return ""
    answer = subprocess.run(
        ["/bin/ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return answer.stdout.strip()
