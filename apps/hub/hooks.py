"""`POST /hooks/<connection>/`: the way in for every vendor, answered before Django's middleware chain.

Size cap, signature on the raw bytes, one statement that stores entry and event, then 2xx: nothing is believed before it is
stored, nothing unsigned is stored, a repeat is 2xx and adds no row. (The usual chain alone costs 1.0 ms of 1.4: measured.)
"""

from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError
from django.db import connection as database

from apps.core import clock
from apps.hub import connections, doorbell, inbox, registry
from apps.hub.abilities import Event
from apps.hub.errors import BadSignature, Misconfigured, Unreadable

log = structlog.get_logger()

PREFIX = "/hooks/"
StartResponse = Callable[[str, list[tuple[str, str]]], Any]


class _Refused(Exception):
    def __init__(self, status: str, words: str) -> None:
        super().__init__(words)
        self.status = status


def application(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
    """WSGI entry for paths below /hooks/."""
    connection_id: UUID | None = None
    try:
        if environ["REQUEST_METHOD"] != "POST":
            raise _Refused("405 Method Not Allowed", "POST only")
        connection_id = _connection_id(environ["PATH_INFO"])
        answer = _take(connection_id, environ)
        return _answer(start_response, "200 OK", answer)
    except _Refused as refused:
        if connection_id is not None and not refused.status.startswith(("404", "405", "5")):
            _count(connection_id)
        return _answer(start_response, refused.status, str(refused))
    except (OperationalError, InterfaceError, DatabaseError) as error:
        log.warning("hook.no_database", reason=type(error).__name__)
        database.close()
        return _answer(start_response, "503 Service Unavailable", "try again")


def _take(connection_id: UUID, environ: dict[str, Any]) -> str:
    headers = _headers(environ)
    body = _body(environ)
    database.close_if_unusable_or_obsolete()
    try:
        live = connections.live(connection_id)
    except Misconfigured as error:
        raise _Refused("503 Service Unavailable", "not ready") from error
    webhook = registry.webhook(live.connection.connector) if live else None
    if live is None or webhook is None:
        raise _Refused("404 Not Found", "no such hook")
    try:
        webhook.verify(headers, body, live.settings, now=clock.wall())
    except BadSignature as error:
        raise _Refused("401 Unauthorized", "signature refused") from error
    except Exception as error:
        log.exception("hook.verify", connector=live.connection.connector)  # a fault of ours is no proof of theirs
        raise _Refused("401 Unauthorized", "signature refused") from error
    connections.heard(connection_id)
    events = _events(webhook, headers, body, live)
    if not events:
        return "nothing in it"
    stored = inbox.store(connection_id, events, origin="hook", body=body)
    if stored.new:
        doorbell.ring()
        return "kept"
    connections.count_repeated(connection_id)
    return "kept before"


def _events(webhook: Any, headers: dict[str, str], body: bytes, live: connections.Live) -> list[Event]:
    """The notices in a signed body. One that nobody can read is theirs all the same, and kept for a person."""
    try:
        events: list[Event] = webhook.events(headers, body, received_at=clock.now())
    except Unreadable:
        return [_unreadable(live.id, body)]
    except Exception:
        log.exception("hook.events", connector=live.connection.connector)
        return [_unreadable(live.id, body)]
    return events


def _unreadable(connection_id: UUID, body: bytes) -> Event:
    """The digest is its id, so that a repeat adds no row."""
    seen = inbox.digest(connection_id, "unreadable", "", body).hex()
    return Event(id=f"unreadable:{seen}", topic="unreadable", at=clock.now(), raw=body)


def _connection_id(path: str) -> UUID:
    try:
        return UUID(path.removeprefix(PREFIX).strip("/").split("/")[0])
    except ValueError:
        raise _Refused("404 Not Found", "no such hook") from None


def _headers(environ: dict[str, Any]) -> dict[str, str]:
    headers = {name[5:].replace("_", "-").lower(): value for name, value in environ.items() if name.startswith("HTTP_")}
    headers["content-type"] = environ.get("CONTENT_TYPE", "")
    return headers


def _body(environ: dict[str, Any]) -> bytes:
    """The raw body, read to its end and never past the cap; a chunked body has no length, so it is counted."""
    cap = settings.HOOK_MAX_BYTES
    declared = environ.get("CONTENT_LENGTH") or ""
    if declared.isdecimal() and int(declared) > cap:
        raise _Refused("413 Content Too Large", f"more than {cap} bytes")
    stream, chunks, size = environ["wsgi.input"], [], 0
    remaining = int(declared) if declared.isdecimal() else None
    while remaining is None or remaining > 0:
        chunk = stream.read(65536 if remaining is None else min(65536, remaining))
        if not chunk:
            break
        size += len(chunk)
        if size > cap:
            raise _Refused("413 Content Too Large", f"more than {cap} bytes")
        chunks.append(chunk)
        remaining = None if remaining is None else remaining - len(chunk)
    if remaining:
        raise _Refused("400 Bad Request", "the body ended early")
    return b"".join(chunks)


def _count(connection_id: UUID) -> None:
    try:
        connections.count_refused(connection_id)
    except DatabaseError:
        database.close()


def _answer(start_response: StartResponse, status: str, words: str) -> list[bytes]:
    body = words.encode()
    start_response(status, [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))])
    return [body]
