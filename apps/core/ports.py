"""Free ports of loopback, kept from one start to the next where possible so that bookmarks stay true."""

import contextlib
import socket
from pathlib import Path


def is_free(port: int) -> bool:
    """Whether a port of loopback can be listened on and nobody answers there, on IPv6 either: `localhost` may mean
    ::1.
    """
    for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        with contextlib.suppress(OSError), socket.socket(family) as probe:
            probe.settimeout(1)
            if probe.connect_ex((address, port)) == 0:
                return False
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def any_free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def kept_port(note: Path) -> int:
    """The port in `note` when it is free, else a new free one, noted."""
    kept = note.read_text().strip() if note.exists() else ""
    if kept.isdigit() and is_free(int(kept)):
        return int(kept)
    port = any_free_port()
    note.parent.mkdir(parents=True, exist_ok=True)
    note.write_text(str(port))
    return port


def next_free_port(first: int) -> int:
    """The first free port from `first` upwards (a busy one is stepped around), else any."""
    for port in range(first, min(first + 100, 65536)):
        if is_free(port):
            return port
    return any_free_port()
