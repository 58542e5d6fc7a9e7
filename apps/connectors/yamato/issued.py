"""A file of issued numbers, as B2 Cloud gives it out: our key in column 1, the number in column 4. Pure.

Columns are found by their headers where there are any. An odd number is kept and doubted; a row without key or number is set
aside alone.
"""

import csv
import hashlib
import io
import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime

import msgspec

from apps.connectors.yamato import codes, text
from apps.hub.abilities import Event
from apps.hub.contracts import FileRead, Issued, Label, RowSetAside, SourceFile
from apps.hub.errors import Unreadable

KIND = "issued"
TOPIC = f"file/{KIND}"
_DIGITS = 12
_SHORTENED = re.compile(r"\d(?:\.\d+)?E\+?\d+", re.IGNORECASE)


class FileEnvelope(msgspec.Struct, frozen=True, kw_only=True):
    """A file as it lies in the inbox (MessagePack): its name travels with its bytes."""

    name: str
    kind: str
    at: datetime
    content: bytes


def file_event(file: SourceFile) -> Event:
    """A file as a notice; the same bytes are the same one under any name."""
    envelope = FileEnvelope(name=file.name, kind=file.kind, at=file.at, content=file.content)
    seen = hashlib.sha256(f"{file.kind}\0".encode() + file.content).hexdigest()
    return Event(
        id=seen, topic=f"file/{file.kind}", at=file.at, raw=msgspec.msgpack.encode(envelope),
        subject=f"file:{file.name}"[:120],
    )  # fmt: skip


def source_file(topic: str, raw: bytes) -> SourceFile:
    """The way back. Raises `Unreadable`."""
    if topic != TOPIC:
        raise Unreadable(f"files of kind {topic.removeprefix('file/')!r} are not known; known is {KIND}")
    try:
        envelope = msgspec.msgpack.decode(raw, type=FileEnvelope)
    except msgspec.MsgspecError as error:
        raise Unreadable(f"not a file: {error}") from None
    return SourceFile(name=envelope.name, kind=envelope.kind, content=envelope.content, at=envelope.at)


def read(file: SourceFile, *, start_row: int = 0) -> FileRead:
    """The numbers from data row `start_row` (0 = first) on. Raises `Unreadable`."""
    if file.kind != KIND:
        raise Unreadable(f"files of kind {file.kind!r} are not known; known is {KIND}")
    rows, key_at, number_at = _table(file.content)
    things: list[Issued] = []
    set_aside: list[RowSetAside] = []
    for at, cells in enumerate(rows[start_row:], start_row + 1):
        found = _issued(at, cells, key_at, number_at)
        if isinstance(found, Issued):
            things.append(found)
        else:
            set_aside.append(found)
    return FileRead(
        things=tuple(things), set_aside=tuple(set_aside), rows=len(rows), starts=tuple(one.row - 1 for one in things)
    )


def _table(content: bytes) -> tuple[list[list[str]], int, int]:
    """The data rows, and where key and number stand in them."""
    plain = _decoded(content)
    if "\0" in plain:
        raise Unreadable("the file holds NUL bytes")
    try:
        rows = [row for row in csv.reader(io.StringIO(plain, newline="")) if any(cell.strip() for cell in row)]
    except csv.Error as error:
        raise Unreadable(f"not a table: {error}") from None
    if not rows:
        raise Unreadable("the file is empty")
    headers = [unicodedata.normalize("NFKC", cell).strip() for cell in rows[0]]
    if codes.KEY in headers and codes.NUMBER in headers:
        return rows[1:], headers.index(codes.KEY), headers.index(codes.NUMBER)
    if len(rows[0]) > 3 and re.fullmatch(r"\d{10,14}", _plain(rows[0][3])):
        return rows, 0, 3
    raise Unreadable(f"the first row names no columns {codes.KEY} and {codes.NUMBER}, and its fourth cell is no number")


def _decoded(content: bytes) -> str:
    for encoding in ("utf-8-sig", "cp932"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Unreadable("neither cp932 nor UTF-8")


def _issued(at: int, cells: Sequence[str], key_at: int, number_at: int) -> Issued | RowSetAside:
    key = cells[key_at].strip() if key_at < len(cells) else ""
    told = _plain(cells[number_at]) if number_at < len(cells) else ""
    reason = ""
    if len(cells) <= max(key_at, number_at):
        reason = "too_few_cells"
    elif not key or not told:
        reason = "missing_value"
    elif _SHORTENED.fullmatch(told):
        reason = "excel_number"
    elif not re.fullmatch(r"[0-9A-Za-z]{1,40}", told):
        reason = "bad_number"
    elif len(key) > 50:
        reason = "too_long"
    if reason:
        raw = {codes.KEY: key[:60], codes.NUMBER: told[:60]}
        return RowSetAside(row=at, reason=reason, detail=f"{key[:60]} {told[:60]}".strip() or "–", raw=raw)
    label = Label(
        reference=key, label_id=told, tracking_number=told, carrier=codes.CARRIER, service="", cost_minor=0,
        currency="JPY", tracking_url=codes.TRACKING_URL.format(number=told),
    )  # fmt: skip
    return Issued(row=at, label=label, doubt=doubt(told))


def _plain(cell: str) -> str:
    """A number without what spreadsheets and people put around it."""
    bare = text.half(cell).removeprefix('="').removesuffix('"').lstrip("'")
    return re.sub(r"[-\s]", "", bare)


def doubt(number: str) -> str:
    """What is odd about a number: its last digit is the first eleven modulo 7."""
    if not re.fullmatch(rf"[0-9]{{{_DIGITS}}}", number):
        return "odd_number"
    return "" if int(number[:-1]) % 7 == int(number[-1]) else "check_digit"
