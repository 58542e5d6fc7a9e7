"""Posts over loopback on connections that are kept open, one request after the other on each; a process of its own.

Reads one JSON line from stdin: port, path, connections, seconds, and a file of length-prefixed requests (made beforehand, so that
sending costs little). Each request is sent once; every fifth is sent again at once on the same connection, as vendors do.
Answers one JSON line: how many were answered 200 and how long each took in seconds.
"""

import json
import selectors
import socket
import struct
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

REPEATED = 5


@dataclass(slots=True)
class Line:
    """One connection: what it has sent and still waits for."""

    socket: socket.socket
    sent_at: float = 0.0
    sent: bytes = b""
    is_repeat: bool = False
    answer: bytearray = field(default_factory=bytearray)


def requests_of(path: Path) -> list[bytes]:
    """The requests of a file."""
    data, found, place = path.read_bytes(), [], 0
    while place < len(data):
        (size,) = struct.unpack_from("<I", data, place)
        found.append(data[place + 4 : place + 4 + size])
        place += 4 + size
    return found


def write(path: Path, requests: list[bytes]) -> None:
    """The file for `requests_of`."""
    path.write_bytes(b"".join(struct.pack("<I", len(request)) + request for request in requests))


def is_whole(answer: bytes) -> bool:
    """Whether an HTTP answer with a Content-Length is all here."""
    head, gap, body = answer.partition(b"\r\n\r\n")
    if not gap:
        return False
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return len(body) >= int(value)
    return False


def main() -> None:
    """Load until the time is up or the requests are, then let what is under way finish."""
    asked = json.loads(sys.stdin.readline())
    waiting = iter(requests_of(Path(asked["file"])))
    selector = selectors.DefaultSelector()
    times: list[float] = []
    fresh = repeated = refused = open_lines = 0

    def send(line: Line) -> bool:
        """The next request, or the same again; False when there is none."""
        if line.sent and not line.is_repeat and (fresh + repeated) % REPEATED == 0:
            line.is_repeat = True
        else:
            request = next(waiting, None)
            if request is None or time.perf_counter() > until:
                return False
            line.sent, line.is_repeat = request, False
        line.answer.clear()
        line.sent_at = time.perf_counter()
        line.socket.sendall(line.sent)
        return True

    until = time.perf_counter() + asked["seconds"]
    started = time.perf_counter()
    for _ in range(asked["connections"]):
        line = Line(socket.create_connection(("127.0.0.1", asked["port"])))
        line.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if send(line):
            selector.register(line.socket, selectors.EVENT_READ, line)
            open_lines += 1
    while open_lines:
        for key, _ in selector.select(timeout=30):
            line = key.data
            piece = line.socket.recv(65536)
            line.answer += piece
            if piece and not is_whole(bytes(line.answer)):
                continue
            times.append(time.perf_counter() - line.sent_at)
            if not line.answer.startswith(b"HTTP/1.1 200"):
                refused += 1
            elif line.is_repeat:
                repeated += 1
            else:
                fresh += 1
            if not piece or not send(line):
                selector.unregister(line.socket)
                line.socket.close()
                open_lines -= 1
    seconds = time.perf_counter() - started
    sys.stdout.write(
        json.dumps({"fresh": fresh, "repeated": repeated, "refused": refused, "seconds": seconds, "times": times})
        + "\n"
    )


if __name__ == "__main__":
    main()
