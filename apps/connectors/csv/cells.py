"""One cell to one value: exact or refused with a reason, never guessed.

Numbers are `Decimal`, moments aware UTC, rates basis points. What is refused is a `BadCell`, whose reason is one of
`hub.row_reasons.WORDS`; nothing else is raised.
"""

import re
import unicodedata
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale

from apps.connectors.csv import codes
from apps.connectors.csv.settings import CsvSettings
from apps.hub.errors import Misconfigured

_FOLD = re.compile(r"[\s_\-.,:;#/・*\"'’%()\[\]【】「」]+")
_BRACKETED = re.compile(r"[(\[【（].*?[)\]】）]")

# A backslash is what a yen sign of cp932 (0x5C) becomes in Unicode.
_DROPPED = str.maketrans(
    {**dict.fromkeys("¥\\$£€円個点 \u00a0"), "−": "-", "‐": "-", "–": "-", "△": "-", "▲": "-"}
)  # fmt: skip
_NUMBER = re.compile(r"([+-]?)(\d{1,3}(?:,\d{3})+|\d+)?(?:\.(\d*))?", re.ASCII)
_CURRENCY_WORD = re.compile(r"^(?:JPY|GBP|USD|EUR)|(?:JPY|GBP|USD|EUR)$")
_SHORTENED = re.compile(r"\d(?:\.\d+)?E\+\d+", re.ASCII)
_MAX_DIGITS = 15

_DATE = re.compile(
    r"(?:(?P<y>\d{4})[-/.年](?P<m>\d{1,2})[-/.月](?P<d>\d{1,2})日?"
    r"|(?P<era>令和|平成|昭和|[RHS])\.?(?P<ey>元|\d{1,2})[-/.年](?P<em>\d{1,2})[-/.月](?P<ed>\d{1,2})日?"
    r"|(?P<a>\d{1,2})[-/.](?P<b>\d{1,2})[-/.](?P<yy>\d{4})"
    r"|(?P<cy>\d{4})(?P<cm>\d{2})(?P<cd>\d{2})(?=\D|$|\d{4}))",
    re.ASCII,
)
_TIME = re.compile(
    r"[T\s]*(?P<half>午前|午後|AM|PM)?\s*"
    r"(?:(?P<h>\d{1,2})[:時](?P<mi>\d{1,2})(?:[:分](?P<s>\d{1,2}))?(?:\.(?P<f>\d{1,9}))?[分秒]?"
    r"|(?P<ch>\d{2})(?P<cmi>\d{2})(?P<cs>\d{2})?)"
    r"\s*(?P<late>AM|PM)?\s*(?P<zone>Z|UTC|JST|[+-]\d{2}:?\d{2})?",
    re.ASCII,
)
_WEEKDAY = re.compile(r"\s*\([月火水木金土日]\)")


class BadCell(Exception):
    """A cell that cannot be taken: the reason's code, and what it was in words."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


@lru_cache(maxsize=8192)
def folded(text: str) -> str:
    """A name or word for looking up: width, case, spaces and punctuation do not matter."""
    return _FOLD.sub("", unicodedata.normalize("NFKC", text).casefold())


@lru_cache(maxsize=1024)
def unbracketed(header: str) -> str:
    """A header without what stands in brackets: 単価（税込） is a 単価."""
    return _BRACKETED.sub("", unicodedata.normalize("NFKC", header))


class Cells:
    """Reads the cells of one file; what it has read once (prices, days, codes repeat) it remembers."""

    def __init__(self, settings: CsvSettings) -> None:
        try:
            self.zone: tzinfo = ZoneInfo(settings.time_zone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise Misconfigured(f"the setting time_zone names no time zone: {settings.time_zone!r}") from error
        self._mark = settings.decimal_mark
        self._date_order = settings.date_order
        self._numbers: dict[str, Decimal] = {}
        self._moments: dict[str, datetime] = {}
        self._codes: dict[str, str] = {}

    def number(self, text: str, column: str) -> Decimal:
        """１，２３４ · ¥1,234 · (123) · △123 · 12.50; an ambiguous comma is refused. Raises `BadCell`."""
        found = self._numbers.get(text)
        if found is None:
            found = self._numbers[text] = _number(text, column, self._mark)
        return found

    def whole(self, text: str, column: str) -> int:
        """A number without a fraction ("2", "2.0"). Raises `BadCell`."""
        number = self.number(text, column)
        whole = int(number)
        if whole != number:
            raise BadCell("not_whole", f"{column} {text!r} is not a whole number")
        return whole

    def moment(self, text: str, column: str) -> datetime:
        """A day or a moment in many forms, 令和 among them; no zone means the file's. UTC. Raises `BadCell`."""
        found = self._moments.get(text)
        if found is None:
            found = self._moments[text] = self._moment(text, column)
        return found

    def code(self, text: str, column: str, *, longest: int = 64) -> str:
        """A code as its system knows it: ="00123" and a leading ' undone, full width made half. Raises `BadCell`."""
        found = self._codes.get(text)
        if found is None:
            found = self._codes[text] = _code(text, column)
        if len(found) > longest:
            raise BadCell("too_long", f"{column} has {len(found)} characters, more than {longest}")
        return found

    def _moment(self, text: str, column: str) -> datetime:
        plain = _WEEKDAY.sub("", unicodedata.normalize("NFKC", text.strip()).strip("'").upper())
        day = _DATE.match(plain)
        refused = BadCell("bad_date", f"{column} {text[:40]!r} is no day or moment that is understood")
        if day is None:
            raise refused
        rest = plain[day.end() :].strip()
        time = _TIME.fullmatch(rest) if rest else None
        if rest and time is None:
            raise refused
        try:
            year, month, date = self._ymd(day, text, column)
            moment = datetime(year, month, date, *_hms(time), tzinfo=_zone(time) or self.zone)
        except ValueError as error:
            raise BadCell("bad_date", f"{column} {text[:40]!r}: {error}") from None
        if not 1980 <= moment.year <= 2199:
            raise BadCell("bad_date", f"{column} {text[:40]!r} is not of our time")
        return moment.astimezone(UTC)

    def _ymd(self, day: re.Match[str], text: str, column: str) -> tuple[int, int, int]:
        if day["y"]:
            return int(day["y"]), int(day["m"]), int(day["d"])
        if day["cy"]:
            return int(day["cy"]), int(day["cm"]), int(day["cd"])
        if day["era"]:
            year = 1 if day["ey"] == "元" else int(day["ey"])
            return codes.ERAS[day["era"]] + year, int(day["em"]), int(day["ed"])
        first, second = int(day["a"]), int(day["b"])
        if self._date_order == "dmy":
            return int(day["yy"]), second, first
        if self._date_order == "mdy":
            return int(day["yy"]), first, second
        raise BadCell(
            "ambiguous_date", f"{column} {text[:40]!r}: day or month first? The setting date_order says it (dmy, mdy)"
        )


def _hms(time: re.Match[str] | None) -> tuple[int, int, int, int]:
    if time is None:
        return 0, 0, 0, 0
    hour, minute, second = (int(time[a] or time[b] or 0) for a, b in (("h", "ch"), ("mi", "cmi"), ("s", "cs")))
    half = time["half"] or time["late"]
    if half:
        if hour > 12:
            raise ValueError(f"hour {hour} with {half}")
        hour = hour % 12 + (12 if half in ("午後", "PM") else 0)
    return hour, minute, second, int((time["f"] or "0").ljust(6, "0")[:6])


def _zone(time: re.Match[str] | None) -> tzinfo | None:
    if time is None or not time["zone"]:
        return None
    zone: str = time["zone"]
    if zone in ("Z", "UTC"):
        return UTC
    if zone == "JST":
        return timezone(timedelta(hours=9))
    sign = -1 if zone[0] == "-" else 1
    return timezone(sign * timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:])))


def _number(text: str, column: str, mark: str) -> Decimal:
    plain = unicodedata.normalize("NFKC", text.strip()).lstrip("'").removeprefix('="').removesuffix('"')
    plain = _CURRENCY_WORD.sub("", plain.translate(_DROPPED))
    if mark == ",":
        plain = plain.translate({ord(","): ".", ord("."): ","})
    if plain.startswith("(") and plain.endswith(")"):
        plain = "-" + plain[1:-1]
    elif plain.endswith("-"):
        plain = "-" + plain[:-1]
    parts = _NUMBER.fullmatch(plain)
    if parts is None or not (parts[2] or parts[3]):
        raise BadCell("bad_number", f"{column} {text[:40]!r} is no number that is understood")
    whole = (parts[2] or "0").replace(",", "")
    if len(whole) + len(parts[3] or "") > _MAX_DIGITS:
        raise BadCell("bad_number", f"{column} {text[:40]!r} has too many digits")
    return Decimal(f"{parts[1]}{whole}.{parts[3] or '0'}").normalize() + 0


def _code(text: str, column: str) -> str:
    plain = text.strip()
    if plain.startswith('="') and plain.endswith('"'):
        plain = plain[2:-1].strip()
    if plain.startswith("'"):
        plain = plain[1:].strip()
    if not plain.isascii():
        plain = unicodedata.normalize("NFKC", plain).strip()
    if _SHORTENED.fullmatch(plain):
        raise BadCell("excel_number", f"{column} {plain!r} was shortened by a spreadsheet; its digits are lost")
    return plain


@lru_cache(maxsize=256)
def rate_bp(text: str, column: str) -> int | None:
    """A tax rate in basis points: 10% · 8 · 0.1 · 軽減. None where nothing is said. Raises `BadCell`."""
    word = unicodedata.normalize("NFKC", text).strip()
    if not word:
        return None
    if word in codes.RATE_WORDS:
        return codes.RATE_WORDS[word]
    number = _number(word.replace("%", ""), column, ".")
    percent = number if "%" in word or number >= 1 or number == 0 else number * 100
    points = percent * 100
    if points != int(points) or not 0 <= points <= 10000:
        raise BadCell("bad_number", f"{column} {text[:40]!r} is no tax rate")
    return int(points)


@lru_cache(maxsize=1)
def _countries() -> dict[str, str]:
    """Names of countries in English and Japanese, folded, to ISO 3166 alpha-2."""
    found: dict[str, str] = {}
    for language in ("en", "ja"):
        for code, name in Locale(language).territories.items():
            if len(code) == 2 and code.isalpha():
                found.setdefault(folded(name), code)
    return found | codes.COUNTRIES


@lru_cache(maxsize=1024)
def country(text: str) -> str:
    """ISO 3166 alpha-2 of a code or a name; `codes.UNKNOWN_COUNTRY` for a word that is no country we know."""
    word = text.strip()
    if len(word) == 2 and word.isascii() and word.isalpha() and word.upper() in _countries().values():
        return word.upper()
    return _countries().get(folded(word), codes.UNKNOWN_COUNTRY)
