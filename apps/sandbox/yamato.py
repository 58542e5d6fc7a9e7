"""The desk at which somebody works with B2 Cloud: it reads a file of slips strictly, refuses what the carrier refuses, and
numbers the others. Each slip is in its own ledger; a parcel that is registered twice has two slips, as over there.

Column numbers are those of the carrier's paper, 1 to 95. Nothing here knows how Kurogo writes the file.
"""

import base64
import binascii
import csv
import io
import json
import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from apps.sandbox.world import Answer, Ask, Standin, micros

TOKYO = ZoneInfo("Asia/Tokyo")
COLUMNS, MOST_ROWS, KEY, NUMBER = 95, 1000, 1, 4
FIRST_NUMBER = 40_000_000_000  # eleven digits; the twelfth is their remainder by 7
# Width in bytes by column; what is not here is not looked at.
WIDTHS = {
    1: 50, 2: 1, 3: 1, 5: 10, 6: 10, 7: 4, 8: 20, 9: 15, 10: 2, 11: 8, 12: 64, 13: 32, 14: 50, 15: 50, 16: 32, 17: 50, 18: 4,
    19: 20, 20: 15, 21: 2, 22: 8, 23: 64, 24: 32, 25: 32, 26: 50, 27: 30, 28: 50, 29: 30, 30: 50, 31: 20, 32: 20, 33: 44,
    34: 7, 35: 7, 36: 1, 37: 6, 38: 2, 39: 1, 40: 12, 41: 3, 42: 2,
}  # fmt: skip
NEEDED = (2, 5, 9, 11, 12, 16, 20, 22, 23, 25, 28, 40, 42)
PRINTED = (12, 13, 14, 15, 16, 18, 23, 24, 25, 28, 30, 31, 32, 33)
FORMS: dict[int, str] = {
    1: r"[0-9A-Za-z-]*", 2: r"[0-9A]", 3: r"[012]?", 4: "", 5: r"\d{4}/\d\d/\d\d", 6: r"(\d{4}/\d\d/\d\d|最短日)?",
    7: r"(0812|1416|1618|1820|1921)?", 9: r"0[\d-]{9,14}", 11: r"\d{3}-?\d{4}", 20: r"0[\d-]{9,14}", 22: r"\d{3}-?\d{4}",
    34: r"\d*", 35: r"\d*", 38: r"(\d{1,2})?", 39: r"[123]?", 40: r"\d{12}", 41: r"\d{0,3}", 42: r"\d{2}",
}  # fmt: skip
CASH = {"2": 300_000, "9": 30_000}  # 送り状種類 -> the most that is collected
COOL_SLIPS, WITHOUT_WISH = frozenset("025"), frozenset("37A")
HONORIFICS = frozenset({"", "様", "御中", "殿", "行", "係", "宛", "先生", "なし"})
PREFECTURES = re.compile("北海道|東京都|(大阪|京都)府|(神奈川|和歌山|鹿児島)県|[^都道府県]{2}県")


class Refused(ValueError):
    """A file that cannot be read at all."""


class YamatoStandin(Standin):
    """Tables: every slip with the row that made it."""

    slug = "yamato"
    schema = """
    CREATE TABLE IF NOT EXISTS yamato_slip (
        seq INTEGER PRIMARY KEY, key TEXT NOT NULL, number TEXT NOT NULL UNIQUE, slip TEXT NOT NULL, cash INTEGER NOT NULL,
        cells TEXT NOT NULL, at INTEGER NOT NULL);
    CREATE INDEX IF NOT EXISTS yamato_slip_key ON yamato_slip (key);
    """

    def handle(self, ask: Ask) -> Answer:
        """`POST /import` with the file as body; `GET /issued?after=<slip>` for what was issued, as a file."""
        if (ask.method, ask.path) == ("POST", "/import"):
            try:
                return Answer(200, self._register(ask.body))
            except Refused as refused:
                return Answer(422, {"error": str(refused)})
        if (ask.method, ask.path) == ("GET", "/issued"):
            return Answer(200, self._issued(int(ask.query.get("after", "0"))), {"content-type": "text/csv"})
        return Answer(404, {"error": f"no {ask.method} {ask.path}"})

    def command(self, name: str, args: dict[str, Any]) -> dict[str, Any]:
        """import {"file": base64} · issued {"after": slip} -> {"file": base64} · slips {}: the ledger."""
        if name == "import":
            try:
                return self._register(base64.b64decode(args["file"], validate=True))
            except (Refused, binascii.Error) as refused:
                return {"slips": 0, "refused": [], "error": str(refused)}
        if name == "issued":
            return {"file": base64.b64encode(self._issued(int(args.get("after", 0)))).decode()}
        if name == "slips":
            rows = self.db.execute("SELECT seq, key, number, slip, cash FROM yamato_slip ORDER BY seq")
            return {"slips": [dict(row) for row in rows]}
        return super().command(name, args)

    def _register(self, content: bytes) -> dict[str, Any]:
        """{"slips": how many were numbered, "refused": [{row, column, why}, …]}; row 1 is the first below the header."""
        rows = _rows(content)
        refused: list[dict[str, Any]] = []
        count = 0
        for at, cells in enumerate(rows, 1):
            faults = list(_faults(cells, self.world.now().astimezone(TOKYO).date()))
            refused += [{"row": at, "column": column, "why": why} for column, why in faults]
            if not faults:
                self._number(cells)
                count += 1
        return {"slips": count, "refused": refused}

    def _number(self, cells: list[str]) -> None:
        (last,) = self.db.execute("SELECT coalesce(max(seq), 0) FROM yamato_slip").fetchone()
        eleven = FIRST_NUMBER + last + 1
        number = f"{eleven}{eleven % 7}"
        self.db.execute(
            "INSERT INTO yamato_slip (key, number, slip, cash, cells, at) VALUES (?, ?, ?, ?, ?, ?)",
            (cells[0], number, cells[1], int(cells[33] or 0), json.dumps(cells), micros(self.world.now())),
        )
        self.world.log("slip", key=cells[0], number=number)

    def _issued(self, after: int) -> bytes:
        """The slips as the program gives them out: the same columns, the number in the fourth."""
        page = io.StringIO()
        writer = csv.writer(page, lineterminator="\r\n")
        writer.writerow(
            ["お客様管理番号", "送り状種類", "クール区分", "伝票番号", *[f"項目{at}" for at in range(5, 96)]]
        )
        for row in self.db.execute("SELECT number, cells FROM yamato_slip WHERE seq > ? ORDER BY seq", (after,)):
            cells = json.loads(row["cells"])
            cells[NUMBER - 1] = row["number"]
            writer.writerow(cells)
        return page.getvalue().encode("cp932")


def _rows(content: bytes) -> list[list[str]]:
    """The data rows. Raises `Refused`."""
    try:
        plain = content.decode("cp932")
    except UnicodeDecodeError:
        raise Refused("the file is not in Shift_JIS") from None
    if plain and not plain.endswith("\r\n"):
        raise Refused("the last line has no end")
    rows = list(csv.reader(io.StringIO(plain, newline=""), strict=True))
    if rows and rows[0][0] == "お客様管理番号":
        rows = rows[1:]
    if not rows or len(rows) > MOST_ROWS:
        raise Refused(f"{len(rows)} rows; 1 to {MOST_ROWS} are taken at a time")
    if wrong := {len(row) for row in rows} - {COLUMNS}:
        raise Refused(f"rows of {sorted(wrong)} columns; the layout has {COLUMNS}")
    return rows


def _faults(cells: Sequence[str], today: date) -> Iterator[tuple[int, str]]:
    """(column, why) of everything that is refused in a row."""
    for column in NEEDED:
        if not cells[column - 1]:
            yield column, "required"
    for column, most in WIDTHS.items():
        if len(cells[column - 1].encode("cp932")) > most:
            yield column, f"more than {most} bytes"
    for column, form in FORMS.items():
        if cells[column - 1] and not re.fullmatch(form, cells[column - 1], re.ASCII):
            yield column, "of another form"
    for column in PRINTED:
        if strange := [one for one in cells[column - 1] if not _is_printed(one)]:
            yield column, f"characters beyond JIS level 2: {''.join(strange)}"
    for column in (12, 23):
        if not PREFECTURES.match(cells[column - 1]):
            yield column, "no prefecture"
    if cells[17] not in HONORIFICS:
        yield 18, "not an honorific"
    yield from _days(cells, today)
    yield from _service(cells)


def _is_printed(character: str) -> bool:
    """Level 1 and 2 end before row 85 of the table; cp932's own rows are 13 and from 89 on."""
    code = character.encode("cp932")
    if len(code) == 1:
        return code >= b" "
    lead = code[0] - (0x81 if code[0] < 0xA0 else 0xC1)
    row = lead * 2 + (1 if code[1] < 0x9F else 2)
    return row <= 8 or 16 <= row <= 84


def _days(cells: Sequence[str], today: date) -> Iterator[tuple[int, str]]:
    leaves = _day(cells[4])
    if leaves is None or not today <= leaves <= today + timedelta(days=30):
        yield 5, "not within 30 days from today"
    wished = _day(cells[5])
    if cells[5] not in ("", "最短日") and (wished is None or (leaves and wished < leaves)):
        yield 6, "before the day of shipment"


def _day(cell: str) -> date | None:
    try:
        return datetime.strptime(cell, "%Y/%m/%d").replace(tzinfo=TOKYO).date()
    except ValueError:
        return None


def _service(cells: Sequence[str]) -> Iterator[tuple[int, str]]:
    slip, cash, tax = cells[1], cells[33], cells[34]
    if cells[2] in ("1", "2") and slip not in COOL_SLIPS:
        yield 3, "this kind of slip is never cool"
    if slip in WITHOUT_WISH and (cells[5] or cells[6]):
        yield 6, "this kind of slip takes no day and no hours"
    if slip in CASH:
        if not cash.isdigit() or not 1 <= int(cash) <= CASH[slip]:
            yield 34, f"1 to {CASH[slip]}"
        elif not tax.isdigit() or int(tax) > int(cash):
            yield 35, "more than the amount"
    elif cash or tax:
        yield 34, "this kind of slip collects nothing"
    if cells[37] and (slip != "0" or not 1 <= int(cells[37]) <= 99):
        yield 38, "for 発払い only"
