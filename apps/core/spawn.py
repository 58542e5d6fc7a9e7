"""A program is started so that it ends with the one who started it (Linux), in a session of its own.

The kernel watches the *thread* that started it: start long-lived programs from a thread that lives as long as they
should.
"""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from apps.core.tether import PR_SET_PDEATHSIG

TETHER = Path(__file__).with_name("tether.py")


def spawn(
    argv: Sequence[str],
    env: Mapping[str, str],
    *,
    log: Path,
    account: tuple[int, int] | None = None,
    death_signal: int = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start a program in a session of its own, output appended to `log`; on Linux it ends with the calling thread."""
    uid, gid = account or (-1, -1)
    with log.open("ab") as output:
        if sys.platform == "linux":
            tether = (sys.executable, "-I", "-S", TETHER, os.getpid(), int(death_signal), uid, gid)
            words = [str(word) for word in (*tether, *argv)]
            uid = gid = -1
        else:
            words = list(argv)
        return subprocess.Popen(
            words,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            user=None if uid == -1 else uid,
            group=None if gid == -1 else gid,
            extra_groups=None if uid == -1 else [],
        )


def die_with_parent() -> None:
    """Ask the kernel for SIGTERM when our own parent dies (Linux; elsewhere nothing happens)."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
