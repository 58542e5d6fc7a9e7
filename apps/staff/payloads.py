"""Bodies as they were sent and received, shown without what identifies a person or opens a door.

Redaction errs on the side of hiding: a field is masked by its name, and text is searched for card numbers, mail
addresses and telephone numbers. What is left lets a person see what was said about which order, SKU and amount.
"""

import csv
import io
import json
import re
from typing import Any

from apps.core import scrub

MASK = scrub.MASK
MOST_CHARACTERS = 20_000
MOST_ROWS = 200

_SECRET = re.compile(r"token|secret|password|passwd|authorization|signature|api_?key|client_?key|credential", re.I)
_PERSONAL = re.compile(
    r"(^|_|\b)(e?mail|phone|tel|fax|(first|last|full|customer|recipient|billing|shipping|company|display)?_?name|kana"
    r"|addr(ess)?(_?(line)?_?\d)?|street|line_?\d|city(_locality)?|zip|postal(_?code)?|postcode|note|memo|ip|birth\w*"
    r"|氏名|名前|カナ|住所|電話|郵便|メール)($|_|\b)",
    re.I,
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
# Names of things, not of people, that the pattern above would hide.
_HARMLESS = frozenset({"name_of_event", "event_name", "order_name", "product_name", "file_name", "carrier_name"})
# Bounded, so that a long run of letters costs its length and not its square.
_MAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(\.[\w-]{1,63}){1,8}")
_PHONE = re.compile(r"(?<![\w-])(?:\+\d{1,3}[ -]?)?0\d{1,4}-\d{1,4}-\d{3,4}(?![\w-])")


def redacted(body: bytes) -> str:
    """A body for somebody with `payload.view`: JSON laid out, CSV with hidden columns, other text searched."""
    text = _decoded(body)
    try:
        shown = json.dumps(_of_json(json.loads(text), ""), ensure_ascii=False, indent=2)
    except (ValueError, RecursionError):
        text = text[: MOST_CHARACTERS + 1]
        shown = _of_csv(text) if _looks_like_csv(text) else _of_text(text)
    return shown if len(shown) <= MOST_CHARACTERS else shown[:MOST_CHARACTERS] + "\n…"


def _decoded(body: bytes) -> str:
    for encoding in ("utf-8-sig", "cp932"):
        try:
            return body.decode(encoding)
        except UnicodeDecodeError:
            continue
    return body.decode("latin-1")


def _of_json(value: Any, name: str) -> Any:
    if isinstance(value, dict):
        return {key: _of_json(inner, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [_of_json(inner, name) for inner in value]
    if value in (None, "", True, False):
        return value
    if _is_hidden(name):
        return MASK
    return _of_text(value) if isinstance(value, str) else value


def _is_hidden(name: str) -> bool:
    plain = _CAMEL.sub("_", name).lower()
    return bool(_SECRET.search(plain)) or (plain not in _HARMLESS and bool(_PERSONAL.search(plain)))


def _of_text(text: str) -> str:
    text = _MAIL.sub(MASK, text)
    text = scrub.cards(text)
    return _PHONE.sub(MASK, text)


def _looks_like_csv(text: str) -> bool:
    first = text.split("\n", 1)[0]
    return "<" not in first and any(mark in first for mark in ",\t;")


def _of_csv(text: str) -> str:
    first = text.split("\n", 1)[0]
    mark = max(",\t;", key=first.count)
    rows = csv.reader(io.StringIO(text), delimiter=mark)
    header = next(rows, [])
    hidden = {at for at, name in enumerate(header) if _is_hidden(name.strip().replace(" ", "_"))}
    shown = [mark.join(header)]
    for row in rows:
        shown.append(mark.join(MASK if at in hidden and cell else _of_text(cell) for at, cell in enumerate(row)))
        if len(shown) > MOST_ROWS:
            shown.append("…")
            break
    return "\n".join(shown)
