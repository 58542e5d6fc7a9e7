"""Bytes to text to rows, without losing or inventing a character: what cannot be read is named, with its place.

A file that cannot be a table of its kind is `Unreadable`; a row that cannot be one carries its fault, the others go on.
"""

import csv
import io
import operator
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import cast

from apps.connectors.csv import codes
from apps.connectors.csv.cells import folded, unbracketed
from apps.connectors.csv.settings import CsvSettings
from apps.hub.errors import Misconfigured, Unreadable

# Where UTF-8 is read as cp932, hiragana and katakana begin with these three; no real text has them often.
_MOJIBAKE = ("縺", "繧", "繝")
_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
# Bytes that no character of cp932 has (80, A0, FD-FF); Python lets them pass as these.
_HOLES = re.compile("[\x80\xa0\uf8f0-\uf8f3]")
_MAX_BROKEN = 200  # a file with more rows of broken quotes than this is broken as a whole
_HINT = 'map one with header_map as "{}#2"'


@dataclass(frozen=True, slots=True)
class Text:
    """A file's text. `is_cut`: its last bytes are half a character, so its last row is not whole."""

    text: str
    encoding: str
    is_cut: bool = False


def decoded(content: bytes, encoding: str = "auto") -> Text:
    """By the setting, or by byte-order mark, UTF-8, cp932, all strict. Raises `Unreadable`, `Misconfigured`."""
    if not content.strip(b"\0\x1a \t\r\n"):
        raise Unreadable("the file is empty")
    for bom, name in _BOMS:
        if content.startswith(bom):  # the file says it itself, whatever the setting says
            return _strict(content[len(bom) :], name)
    if encoding in ("auto", ""):
        return _detected(content)
    known = codes.ENCODINGS.get(encoding.strip().lower())
    if known is None:
        raise Misconfigured(f"the setting encoding names no encoding that is known: {encoding!r}")
    return _strict(content, known)


def _strict(content: bytes, encoding: str) -> Text:
    try:
        text = content.decode(encoding)
        if encoding == "cp932" and (hole := _HOLES.search(text)):
            place = len(text[: hole.start()].encode(encoding))
            raise UnicodeDecodeError(encoding, content, place, place + 1, "no character")
        return Text(text, encoding)
    except UnicodeDecodeError as error:
        if error.start >= len(content) - 3 and _is_half(error):
            return Text(content[: error.start].decode(encoding), encoding, is_cut=True)
        raise Unreadable(f"not {encoding}: {_place(content, error)}") from None


def _is_half(error: UnicodeDecodeError) -> bool:
    """Whether the bytes end inside a character, which is what a cut leaves behind."""
    return any(word in error.reason for word in ("unexpected end", "incomplete", "truncated"))


def _place(content: bytes, error: UnicodeDecodeError) -> str:
    line = content.count(b"\n", 0, error.start) + 1
    return f"byte 0x{content[error.start]:02X} at {error.start} (line {line})"


def _detected(content: bytes) -> Text:
    start = content.rstrip(b"\0")[:400]
    if start.count(b"\0") > len(start) // 4:
        raise Unreadable("this looks like UTF-16 without a byte-order mark; the setting encoding can say utf-16-le")
    try:
        return _strict_utf8(content)
    except UnicodeDecodeError as error:
        utf8 = error
    before = content[: utf8.start].decode("utf-8")
    if sum(1 for character in before if character >= "\u0800") >= 3:
        raise Unreadable(f"UTF-8 up to {_place(content, utf8)}, which is not: the file mixes encodings")
    try:
        text = _strict(content, "cp932")
    except Unreadable as cp932:
        raise Unreadable(f"neither UTF-8: {_place(content, utf8)}, {str(cp932).replace('not', 'nor', 1)}") from None
    strange = [place for sign in _MOJIBAKE if (place := text.text.find(sign)) >= 0]
    if sum(text.text.count(sign) for sign in _MOJIBAKE) >= 3:
        at = len(text.text[: min(strange)].encode("cp932", "replace"))
        raise Unreadable(f"cp932 with UTF-8 in it from byte {at} on: the file mixes encodings")
    return text


def _strict_utf8(content: bytes) -> Text:
    try:
        return Text(content.decode("utf-8"), "utf-8")
    except UnicodeDecodeError as error:
        if error.start >= len(content) - 3 and _is_half(error):
            return Text(content[: error.start].decode("utf-8"), "utf-8", is_cut=True)
        raise


@dataclass(frozen=True, slots=True)
class Row:
    """One data row: its number (1 = first), its cells, and what is wrong with it (reason, words) or None."""

    number: int
    cells: list[str]
    fault: tuple[str, str] | None = None


class Table:
    """A file's rows under its header. Blank rows do not count. May be read more than once."""

    def __init__(self, content: bytes, kind: str, settings: CsvSettings) -> None:
        text = decoded(content, settings.encoding)
        plain = text.text.removeprefix("\ufeff").rstrip("\0\x1a")
        self.encoding = text.encoding
        self.lines: list[str] = list(io.StringIO(plain, newline=""))
        if self.lines and self.lines[0].lower().startswith("sep="):
            del self.lines[0]  # Excel's way to tell its delimiter
        is_open = not plain.endswith(("\n", "\r"))
        self._is_open = is_open or text.is_cut
        self._doubts_last = is_open and (text.is_cut or settings.needs_line_end)
        self._lost_last = text.is_cut and not is_open
        self._has_nul = "\0" in plain
        self.delimiter, self.header, self._body = _header(self.lines, kind, settings)
        self.index, self.twins = _columns(self.header, kind, settings)

    def picker(self, fields: Sequence[str]) -> Callable[[list[str]], tuple[str, ...]]:
        """Takes these fields, in order, out of a row's cells (they end in an empty one, for what has no column)."""
        places = [self.index.get(field, -1) for field in fields]
        return cast(Callable[[list[str]], tuple[str, ...]], operator.itemgetter(*places))

    def has(self, *fields: str) -> bool:
        """Whether the file has a column for any of these."""
        return any(field in self.index for field in fields)

    def rows(self) -> Iterator[Row]:
        """The data rows; a good row's cells are as many as the header's and one empty one."""
        width, number, total = len(self.header), 0, len(self.lines)
        for cells, ended, broken in _records(self.lines, self._body, self.delimiter):
            if not any(cells):
                continue
            number += 1
            is_last = self._is_open and ended >= total
            if broken:
                reason = "truncated" if is_last else "broken_quotes"
                yield Row(number, cells, (reason, broken))
                continue
            if len(cells) != width:
                fault = _misfit(cells, width, is_last=is_last)
                if fault:
                    yield Row(number, cells, fault)
                    continue
                del cells[width:]
            if self._doubts_last and ended >= total:
                yield Row(number, cells, ("truncated", "the file ends here without an end of line"))
                continue
            if self._has_nul and any("\0" in cell for cell in cells):
                yield Row(number, [cell.replace("\0", "") for cell in cells], ("nul_byte", "a NUL byte"))
                continue
            cells.append("")
            yield Row(number, cells, self._doubled(cells) if self.twins else None)
        if self._lost_last:
            yield Row(number + 1, [], ("truncated", "the file ends inside the first character of this row"))

    def _doubled(self, cells: list[str]) -> tuple[str, str] | None:
        for first, second in self.twins:
            if cells[first] != cells[second]:
                name = self.header[first]
                return "doubled_column", f"two columns are called {name}: {_HINT.format(name)}"
        return None

    def cell(self, row: Row, field: str) -> str:
        """A field of a row that may be cut: empty where it is not there or may not be whole."""
        place = self.index.get(field, -1)
        is_whole = place >= 0 and place < len(row.cells) - (0 if row.fault is None else 1)
        return row.cells[place] if is_whole else ""

    def raw(self, numbers: set[int]) -> dict[int, dict[str, str]]:
        """Rows as their file writes them, for the person who mends it."""
        found: dict[int, dict[str, str]] = {}
        for row in self.rows() if numbers else ():
            if row.number in numbers:
                names = [*self.header, *(f"+{n}" for n in range(1, len(row.cells) - len(self.header) + 1))]
                found[row.number] = {name: cell for name, cell in zip(names, row.cells, strict=False) if cell}
        return found


def _misfit(cells: list[str], width: int, *, is_last: bool) -> tuple[str, str] | None:
    said = f"{len(cells)} cells under {width} columns"
    if len(cells) < width:
        return ("truncated" if is_last else "too_few_cells"), said
    return ("too_many_cells", said) if any(cells[width:]) else None


def _records(lines: list[str], start: int, delimiter: str) -> Iterator[tuple[list[str], int, str]]:
    """(cells, line after it, what broke) of each record. After a broken one reading goes on at the file's next line."""
    broken = 0
    while start < len(lines):
        reader = csv.reader(islice(lines, start, None), delimiter=delimiter, strict=True, skipinitialspace=True)
        done = 0
        try:
            for cells in reader:
                done = reader.line_num
                yield cells, start + done, ""
            return
        except csv.Error as error:
            broken += 1
            if broken > _MAX_BROKEN:
                raise Unreadable(f"more than {_MAX_BROKEN} rows have broken quotation marks") from None
            at = start + done
            start = at + 1
            yield _leniently(lines[at], delimiter), start if "unexpected end" in str(error) else 0, str(error)


def _leniently(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line[:100_000]], delimiter=delimiter, skipinitialspace=True), [])
    except csv.Error:
        return [line[:500]]


def _header(lines: list[str], kind: str, settings: CsvSettings) -> tuple[str, list[str], int]:
    """The delimiter under which most columns are known, the names, and the line where the data begins."""
    first = next((number for number, line in enumerate(lines) if line.strip("\r\n\t ,;|")), None)
    if first is None:
        raise Unreadable("the file is empty")
    best: tuple[int, str, list[str], int] | None = None
    for delimiter in (settings.delimiter,) if settings.delimiter else codes.DELIMITERS:
        try:
            some = islice(lines, first, first + 50)
            reader = csv.reader(some, delimiter=delimiter, strict=True, skipinitialspace=True)
            names = [name.strip().strip("\ufeff") for name in next(reader)]
        except (csv.Error, StopIteration):
            continue
        except (TypeError, ValueError):
            raise Misconfigured(f"the setting delimiter is not one character: {delimiter!r}") from None
        known = sum(1 for name in names if _field(name, kind, settings) is not None)
        if best is None or known > best[0]:
            best = (known, delimiter, names, first + reader.line_num)
    if best is None:
        raise Unreadable("the quotation marks of the header row do not pair")
    names = best[2]
    while names and not names[-1]:
        names.pop()
    return best[1], names, best[3]


@lru_cache(maxsize=8)
def _known(kind: str) -> dict[str, tuple[str, int]]:
    """Folded names of a kind's columns: (our field, rank among its names; the smaller wins)."""
    found: dict[str, tuple[str, int]] = {}
    for field in codes.COLUMNS[kind]:
        found.setdefault(folded(field), (field, -1))
    for field, names in codes.COLUMNS[kind].items():
        for rank, name in enumerate(names):
            found.setdefault(folded(name), (field, rank))
    return found


def _field(name: str, kind: str, settings: CsvSettings) -> tuple[str, int] | None:
    if name in settings.header_map:
        field = settings.header_map[name]
        return (field, -2) if field else None
    known = _known(kind)
    return known.get(folded(name)) or known.get(folded(unbracketed(name)))


def _columns(header: list[str], kind: str, settings: CsvSettings) -> tuple[dict[str, int], list[tuple[int, int]]]:
    """Where each of our fields stands, and pairs of columns of one name that must agree. Raises `Unreadable`."""
    strangers = sorted(set(settings.header_map.values()) - {""} - {f for k in codes.COLUMNS for f in codes.COLUMNS[k]})
    if strangers:
        raise Misconfigured(f"header_map names columns that we do not have: {', '.join(strangers)}")
    index: dict[str, int] = {}
    ranks: dict[str, int] = {}
    seen: dict[str, int] = {}
    times: dict[str, int] = {}
    twins: list[tuple[int, int]] = []
    for place, name in enumerate(header):
        times[name] = times.get(name, 0) + 1
        told = f"{name}#{times[name]}"
        found = _field(told if told in settings.header_map else name, kind, settings)
        if found is None or not name:
            continue
        if name in seen and told not in settings.header_map:
            if index.get(found[0]) == seen[name]:
                twins.append((seen[name], place))
            continue
        seen.setdefault(name, place)
        field, rank = found
        if field not in index or rank < ranks[field]:
            index[field], ranks[field] = place, rank
        _agree_on_tax(name, field, settings)
    missing = [" or ".join(any_of) for any_of in codes.REQUIRED[kind] if not any(field in index for field in any_of)]
    if missing:
        raise Unreadable(f"columns missing: {', '.join(missing)}; columns found: {', '.join(header)[:300] or 'none'}")
    return index, twins


def _agree_on_tax(name: str, field: str, settings: CsvSettings) -> None:
    """A header that says with or without tax must say what the connection says, or every amount is wrong."""
    if field not in ("unit_price", "line_total", "price"):
        return
    if ("税抜" in name or "税別" in name) and settings.prices_include_tax:
        raise Unreadable(f"the column {name} holds prices without tax, the connection says with")
    if "税込" in name and not settings.prices_include_tax:
        raise Unreadable(f"the column {name} holds prices with tax, the connection says without")
