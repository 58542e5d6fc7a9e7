"""A reverse proxy on loopback that lets a real system misbehave: what a test tells it goes wrong, all else passes."""

import threading
import urllib.error
import urllib.request
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

CALL_SECONDS = 30


class Proxy:
    """`told` are the faults to come, one a request: limited, failed and html before any effect, cut after it, "" none.

    `heard` are the bodies that came by, `before` is called once with the next body that holds its text, before it passes.
    """

    def __init__(self, target: str) -> None:
        self.told: deque[str] = deque()
        self.heard: list[bytes] = []
        self.before: tuple[bytes, Any] | None = None
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self, target))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    def __enter__(self) -> "Proxy":
        self._thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    def forget(self) -> None:
        """Nothing was heard, and nothing is told to go wrong."""
        self.told.clear()
        self.heard.clear()
        self.before = None

    def interrupt(self, text: str, act: Any) -> None:
        """Do something the moment before the next request with this text in it passes."""
        self.before = (text.encode(), act)


def _handler(proxy: Proxy, target: str) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            proxy.heard.append(body)
            if proxy.before and proxy.before[0] in body:
                (_, act), proxy.before = proxy.before, None
                act()
            fault = proxy.told.popleft() if proxy.told else ""
            if fault in _SPOILED:
                self._answer(*_SPOILED[fault])
                return
            answer = self._pass_on(body)
            if fault == "cut":
                self.close_connection = True
                self.connection.close()
                return
            self._answer(*answer)

        def _pass_on(self, body: bytes) -> tuple[int, bytes, dict[str, str]]:
            headers = {
                k: v for k, v in self.headers.items() if k.lower() not in ("host", "connection", "accept-encoding")
            }
            call = urllib.request.Request(target + self.path, data=body, headers=headers, method="POST")
            try:
                with urllib.request.urlopen(call, timeout=CALL_SECONDS) as answer:
                    return answer.status, answer.read(), {}
            except urllib.error.HTTPError as error:
                return error.code, error.read(), {}

        def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: Any) -> None:
            """Quietly."""

    return Handler


_SPOILED: dict[str, tuple[int, bytes, dict[str, str]]] = {
    "limited": (429, b"{}", {"retry-after": "2"}),
    "failed": (500, b"{}", {}),
    "html": (200, b"<!doctype html><title>Maintenance</title>", {}),
}
