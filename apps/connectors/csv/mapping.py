"""Pure, both ways: a file to our words, our words to a file, a file to a notice and back.

The same file (kind, name, bytes) is the same notice, however it came: pushed, fetched or uploaded.
"""

import csv
import hashlib
import io
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

import msgspec

from apps.connectors.csv import codes, orders, papers
from apps.connectors.csv.settings import CsvSettings
from apps.hub.abilities import Event
from apps.hub.contracts import FileRead, Fulfilment, OrderDraft, SourceFile, StockOutcome, StockQuantity
from apps.hub.errors import Misconfigured, Permanent, Unreadable

TOPIC = "file/"
_STOCK_COLUMNS = ("sku", "quantity", "expected")
_SHIPMENT_COLUMNS = (
    "reference", "order_number", "line_id", "sku", "quantity", "carrier", "tracking_number", "tracking_url",
    "shipped_at",
)  # fmt: skip
_READERS: dict[str, Callable[..., FileRead]] = {
    "orders": orders.read_orders,
    "returns": papers.read_returns,
    "stock": papers.read_stock,
    "catalogue": papers.read_catalogue,
}


class FileEnvelope(msgspec.Struct, frozen=True, kw_only=True):
    """A file as it lies in the inbox (MessagePack): its name and kind travel with its bytes."""

    name: str
    kind: str
    at: datetime
    content: bytes


def file_event(file: SourceFile) -> Event:
    """A file as a notice."""
    seen = hashlib.sha256()
    for part in (file.kind.encode(), file.name.encode(), file.content):
        seen.update(len(part).to_bytes(8, "big") + part)
    envelope = FileEnvelope(name=file.name, kind=file.kind, at=file.at, content=file.content)
    return Event(
        id=seen.hexdigest(),
        topic=TOPIC + file.kind,
        at=file.at,
        raw=msgspec.msgpack.encode(envelope),
        subject=f"file:{file.name}"[:120],
    )


def source_file(topic: str, raw: bytes) -> SourceFile:
    """The way back. Raises `Unreadable`."""
    kind = topic.removeprefix(TOPIC)
    if not topic.startswith(TOPIC) or kind not in codes.KINDS:
        raise Unreadable(f"files of kind {kind!r} are not known; known are {', '.join(codes.KINDS)}")
    try:
        envelope = msgspec.msgpack.decode(raw, type=FileEnvelope)
    except msgspec.MsgspecError as error:
        raise Unreadable(f"not a file: {error}") from None
    if envelope.kind != kind:
        raise Unreadable(f"a file of kind {envelope.kind!r} under the topic {topic!r}")
    return SourceFile(name=envelope.name, kind=kind, content=envelope.content, at=envelope.at)


def read_file(file: SourceFile, settings: CsvSettings, *, start_row: int = 0) -> FileRead:
    """What the file says from data row `start_row` (0 = first) on. Raises `Unreadable`, `Misconfigured`."""
    reader = _READERS.get(file.kind)
    if reader is None:
        raise Unreadable(f"files of kind {file.kind!r} are not known; known are {', '.join(_READERS)}")
    return reader(file, settings, start_row=start_row)


def preview(read: FileRead, limit: int = 20) -> dict[str, Any]:
    """What taking a file in would do, for a dry run: counts, totals by currency, the first things and rows."""
    totals: Counter[str] = Counter()
    for thing in read.things:
        if isinstance(thing, OrderDraft):
            totals[thing.currency] += thing.total_minor
    return {
        "rows": read.rows,
        "things": len(read.things),
        "totals_minor": dict(totals),
        "set_aside": dict(Counter(row.reason for row in read.set_aside)),
        "first_things": [msgspec.to_builtins(thing) for thing in read.things[:limit]],
        "first_set_aside": [msgspec.to_builtins(row) for row in read.set_aside[:limit]],
    }


def only_order(file: SourceFile, number: str, settings: CsvSettings) -> OrderDraft | None:
    """One order out of a file."""
    read = orders.read_orders(file, settings, start_row=0)
    return next((draft for draft in read.things if draft.external_id == number), None)


# Our words to files


def stock_name(key: str) -> str:
    """The file that carries a batch of numbers; the key is in its name, so that it can be asked for."""
    return f"stock-{quote(key, safe='')}.csv"


def shipment_name(reference: str) -> str:
    """The file that tells of one shipment."""
    return f"shipment-{quote(reference, safe='')}.csv"


def stock_file(quantities: Sequence[StockQuantity], settings: CsvSettings) -> bytes:
    """SKU, number to show, and what we believe is shown now (empty where we do not know)."""
    rows = ((q.external_id, str(q.quantity), "" if q.expected is None else str(q.expected)) for q in quantities)
    return written(_STOCK_COLUMNS, rows, settings)


def shipment_file(fulfilment: Fulfilment, settings: CsvSettings) -> bytes:
    """One row a line."""
    number = fulfilment.order_external_id or fulfilment.order_number
    parcel = (
        fulfilment.carrier,
        fulfilment.tracking_number,
        fulfilment.tracking_url,
        fulfilment.shipped_at.isoformat(),
    )
    rows = (
        (fulfilment.reference, number, line.line_external_id, line.sku, str(line.quantity), *parcel)
        for line in fulfilment.lines
    )
    return written(_SHIPMENT_COLUMNS, rows, settings)


def written(columns: Sequence[str], rows: Iterable[Sequence[str]], settings: CsvSettings) -> bytes:
    """A table as the other side wants it: header, CRLF, encoding. Raises `Permanent` where that lacks a character."""
    sheet = io.StringIO()
    writer = csv.writer(sheet, delimiter=settings.delimiter or ",", lineterminator="\r\n")
    writer.writerow([codes.OUT_HEADERS[column] if settings.out_headers == "ja" else column for column in columns])
    writer.writerows(rows)
    encoding = codes.ENCODINGS.get(settings.out_encoding.strip().lower())
    if encoding is None:
        raise Misconfigured(f"the setting out_encoding names no encoding that is known: {settings.out_encoding!r}")
    try:
        return sheet.getvalue().encode(encoding)
    except UnicodeEncodeError as error:
        raise Permanent(f"{encoding} has no {error.object[error.start]!r}") from None


def stock_outcomes(quantities: Sequence[StockQuantity], answer: Mapping[str, Any]) -> list[StockOutcome]:
    """One outcome a number. A folder that checks names the stale ones; one that only keeps files answers nothing."""
    stale = {str(row.get("sku")): row.get("shown") for row in answer.get("stale", ())}
    errors = {str(row.get("sku")): str(row.get("error")) for row in answer.get("refused", ())}
    outcomes = []
    for quantity in quantities:
        sku = quantity.external_id
        outcomes.append(
            StockOutcome(
                external_id=sku,
                is_set=sku not in stale and sku not in errors,
                is_stale=sku in stale,
                shown=_shown(quantity, stale, errors),
                error=errors.get(sku, ""),
            )
        )
    return outcomes


def _shown(quantity: StockQuantity, stale: Mapping[str, Any], errors: Mapping[str, str]) -> int | None:
    told = stale.get(quantity.external_id)
    if isinstance(told, int):
        return told
    return None if quantity.external_id in stale or quantity.external_id in errors else quantity.quantity
