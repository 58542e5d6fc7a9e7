"""A real Vendure server in a process of its own, and its two APIs spoken to as its staff and its shoppers do.

The connector under test shares nothing with this file: what the shop holds and lets people buy is asked for here.
"""

import json
import os
import secrets
import subprocess
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from apps.core.ports import any_free_port
from apps.core.spawn import spawn
from tests.real.npm import modules_of

FOLDER = Path(__file__).parent / "vendure"
START_SECONDS = 180.0
CALL_SECONDS = 30


class Refused(Exception):
    """The server answered with errors."""


class Caller:
    """One API of the server; the session's token is kept from answer to answer, as a browser keeps a cookie."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.headers = {"content-type": "application/json"}

    def __call__(self, query: str, **variables: Any) -> Any:
        """The first field of the answer. Raises `Refused`."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        call = urllib.request.Request(self.url, data=body, headers=self.headers)
        with urllib.request.urlopen(call, timeout=CALL_SECONDS) as answer:
            if token := answer.headers.get("vendure-auth-token"):
                self.headers["authorization"] = f"Bearer {token}"
            told = json.load(answer)
        if told.get("errors"):
            raise Refused("; ".join(error["message"] for error in told["errors"]))
        return next(iter(told["data"].values()))


class Server:
    """`with Server(folder) as server`: started on a free port, ended by its pid. Skips where it cannot be installed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = any_free_port()
        self.log = folder / "vendure.log"
        self._password = secrets.token_hex(8)
        self._process: subprocess.Popen[bytes] | None = None
        self.admin = Caller(f"{self.url}/admin-api")

    @property
    def url(self) -> str:
        """Its base address."""
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> "Server":
        env = {
            "PATH": os.environ["PATH"], "HOME": str(self.folder), "PORT": str(self.port), "TZ": "UTC",
            "VENDURE_MODULES": str(modules_of(FOLDER)), "VENDURE_PASSWORD": self._password,
            "VENDURE_DISABLE_TELEMETRY": "true",
        }  # fmt: skip
        self._process = spawn(["node", str(FOLDER / "start.cjs")], env, log=self.log)
        deadline = time.monotonic() + START_SECONDS
        while "ready" not in self.log.read_text().splitlines():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.__exit__()
                pytest.fail(f"Vendure did not start:\n{self.log.read_text()[-2000:]}")
            time.sleep(0.05)
        self.admin('mutation($p: String!) { login(username: "root", password: $p) { __typename } }', p=self._password)
        return self

    def __exit__(self, *_exc: object) -> None:
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)

    def shopper(self) -> Caller:
        """Somebody new with an empty basket."""
        return Caller(f"{self.url}/shop-api")
