"""Nothing leaves the house but through `core.net`; only core and the stand-ins touch a socket."""

import ast

import pytest

from tests.house.sources import imports, python, tree

MAY = ("apps/core/", "apps/sandbox/")
WIRES = {
    "socket", "ssl", "http.client", "urllib.request", "urllib3", "requests", "httpx", "httpx2", "httpcore2", "aiohttp",
    "smtplib", "ftplib", "imaplib", "poplib", "telnetlib", "xmlrpc.client", "asyncio.streams", "paramiko", "websockets",
}  # fmt: skip


def _wires(module: ast.Module) -> set[str]:
    return imports(module) & WIRES


def test_only_core_and_the_stand_ins_touch_the_network():
    found = {
        path: wires for path in python("apps", "config") if not path.startswith(MAY) and (wires := _wires(tree(path)))
    }

    assert found == {}


@pytest.mark.parametrize(
    "text", ["import socket", "import httpx2", "from urllib.request import urlopen", "import smtplib as s"]
)
def test_a_wire_would_be_seen(text):
    assert len(_wires(ast.parse(text))) == 1
