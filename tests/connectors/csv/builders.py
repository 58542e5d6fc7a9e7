"""Files as shops write them, for the tests of this folder."""

import csv
import io
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from apps.connectors.csv import mapping
from apps.connectors.csv.settings import CsvSettings
from apps.hub.contracts import FileRead, SourceFile

AT = datetime(2026, 11, 1, 3, 0, tzinfo=UTC)
HEADER = ("注文番号", "注文日時", "商品コード", "商品名", "数量", "単価")
ROW = ("N-1", "2026/11/01 9:30", "A-1", "白い皿", "2", "1200")


def sheet(
    header: Sequence[str], *rows: Sequence[str], encoding: str = "utf-8", delimiter: str = ",", end: str = "\r\n"
) -> bytes:
    """A table of strings as a file."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator=end)
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode(encoding)


def source(content: bytes, kind: str = "orders", name: str = "a.csv") -> SourceFile:
    """A file in hand."""
    return SourceFile(name=name, kind=kind, content=content, at=AT)


def read(content: bytes, kind: str = "orders", *, start_row: int = 0, **settings: Any) -> FileRead:
    """What it says under these settings."""
    return mapping.read_file(source(content, kind), CsvSettings(**settings), start_row=start_row)


def orders(*rows: Sequence[str], header: Sequence[str] = HEADER, **settings: Any) -> FileRead:
    """What rows of orders say."""
    return read(sheet(header, *rows), **settings)


def one(*cells: str, header: Sequence[str] = HEADER, **settings: Any) -> Any:
    """The one thing that one row says."""
    got = orders(cells, header=header, **settings)
    assert got.set_aside == ()
    return got.things[0]


def reasons(got: FileRead) -> list[tuple[int, str]]:
    """Rows set aside and why."""
    return [(row.row, row.reason) for row in got.set_aside]
