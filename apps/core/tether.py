"""A program started through this file dies with the process that started it (Linux).

`python -I -S tether.py PARENT SIGNAL UID GID PROGRAM ARGUMENT…` asks the kernel to send SIGNAL when the parent dies,
gives up root when UID is not -1, and turns into PROGRAM. A separate start instead of `preexec_fn`, because Python
code between fork and exec may deadlock in a process with threads, and because the request has to follow the change of
user, which clears it.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """Become `arguments[4:]`; before it stand the parent's pid, the signal of its death, uid and gid (-1: keep)."""
    parent, death_signal, uid, gid = (int(word) for word in arguments[:4])
    program = arguments[4:]
    if uid != -1:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
    if os.getppid() != parent:  # it died before the kernel was asked
        sys.exit(1)
    os.execvp(program[0], program)  # noqa: S606  (no shell is wanted)


if __name__ == "__main__":
    main(sys.argv[1:])
