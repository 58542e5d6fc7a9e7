"""A pushed file is believed only when its name, kind and bytes are signed with the connection's secret within 300 s.

A file's name may be written percent-encoded (UTF-8); what is signed is the header as it was sent.
"""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import unquote

from apps.connectors.csv import mapping
from apps.connectors.csv.settings import CsvSettings
from apps.hub.abilities import Event
from apps.hub.contracts import SourceFile
from apps.hub.errors import BadSignature, Unreadable

WINDOW_SECONDS = 300
_MAX_NAME = 150


def signature(secret: str, *, timestamp: str, name: str, kind: str, body: bytes) -> str:
    """Hex HMAC-SHA256 over `timestamp.name.kind.body`."""
    signed = f"{timestamp}.{name}.{kind}.".encode() + body
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def verify(headers: Mapping[str, str], body: bytes, settings: CsvSettings, *, now: datetime) -> None:
    """Raises `BadSignature` unless the file comes from who it says, now. `now` is wall time."""
    timestamp = headers.get("x-kurogo-timestamp", "")
    told = headers.get("x-kurogo-signature", "")
    if not (timestamp.isascii() and timestamp.isdigit()) or len(timestamp) > 12:
        raise BadSignature("no timestamp")
    if abs(int(timestamp) - now.timestamp()) > WINDOW_SECONDS:
        raise BadSignature("outside the time window")
    secrets = [secret for secret in (settings.push_secret, settings.push_secret_old) if secret]
    if not secrets:
        raise BadSignature("the connection has no push secret")
    name, kind = headers.get("x-kurogo-file", ""), headers.get("x-kurogo-kind", "")
    made = [signature(secret, timestamp=timestamp, name=name, kind=kind, body=body) for secret in secrets]
    if not any(hmac.compare_digest(one.encode(), told.encode("utf-8", "replace")) for one in made):
        raise BadSignature("the signature does not fit")


def events(headers: Mapping[str, str], body: bytes, *, received_at: datetime) -> list[Event]:
    """The one notice in a push: a file. Raises `Unreadable` for a name that is none."""
    name = unquote(headers.get("x-kurogo-file", "")).strip()
    kind = headers.get("x-kurogo-kind", "").strip().lower()
    if not name or len(name) > _MAX_NAME or not name.isprintable() or "/" in name or "\\" in name:
        raise Unreadable(f"not the name of a file: {name[:80]!r}")
    if not (kind.isascii() and kind.isalnum()) or len(kind) > 40:
        raise Unreadable(f"not a kind of file: {kind[:40]!r}")
    return [mapping.file_event(SourceFile(name=name, kind=kind, content=body, at=received_at))]
