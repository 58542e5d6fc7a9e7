"""What a person typed to say which lot units are: read into names, or a refusal beside the field that it is about."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from django.utils.translation import gettext as _

from apps.catalog.models import Tracking, Variant
from apps.inventory import codes, whereabouts
from apps.inventory.errors import Refused
from apps.inventory.models import LotLevel, StockLevel
from apps.inventory.naming import Name
from apps.staff.parts import typed

FIELDS = ("lot_number", "lot_numbers", "lot_units", "lot_expires")
MOST_LOTS = 50
MOST_LINES = 1000
_Read = TypeVar("_Read")


@dataclass(slots=True)
class Naming:
    """The section of a level: its lots in the order in which they leave, and the form with what was typed into it."""

    lots: list[LotLevel]
    has_more: bool
    unnamed: int
    is_serial: bool
    typed: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)


class Wrong(Exception):
    """A field cannot be meant: its name and why."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(reason)
        self.name = name


def section(level: StockLevel, *, posted: Mapping[str, Any], wrong: Wrong | None = None) -> Naming | None:
    """None where units are not told apart and none is known."""
    tracking = level.variant.tracking
    if tracking == Tracking.NONE and not level.in_lots:
        return None
    lots = whereabouts.leaving(level, limit=MOST_LOTS + 1)
    unnamed = level.on_hand - level.in_lots if tracking != Tracking.NONE else 0
    return Naming(
        lots[:MOST_LOTS], len(lots) > MOST_LOTS, unnamed, tracking == Tracking.SERIAL,
        {name: posted.get(name, "") for name in FIELDS}, {wrong.name: str(wrong)} if wrong else {},
    )  # fmt: skip


def names(posted: Mapping[str, str], *, variant: Variant) -> list[Name]:
    """The names as they were typed or scanned (a GS1 code says number and date itself); of serial numbers one a line.

    Raises `Wrong`.
    """
    expires_on = _field("lot_expires", lambda: typed.day(posted.get("lot_expires", "")))
    if variant.tracking == Tracking.SERIAL:
        # A GS1 code may hold a separator that splitlines() takes for the end of a line.
        lines = [code for line in posted.get("lot_numbers", "").split("\n") if (code := typed.code(line))]
        if len(lines) > MOST_LINES:
            raise Wrong("lot_numbers", _("At most %(n)s serial numbers at once.") % {"n": f"{MOST_LINES:,}"})
        found = [_field("lot_numbers", partial(_said, line, variant, expires_on)) for line in lines]
        return found or [Name(number="", expires_on=expires_on)]  # which is refused in a sentence
    units = _field("lot_units", lambda: typed.whole(posted.get("lot_units", "")))
    number = typed.code(posted.get("lot_number", ""))
    return [replace(_field("lot_number", lambda: _said(number, variant, expires_on)), units=units)]


def _said(code: str, variant: Variant, expires_on: date | None) -> Name:
    """A number, or what a GS1 code says. Raises `Refused`."""
    goods = codes.read(code)
    if goods is None:
        return Name(number=code, expires_on=expires_on)
    if goods.gtin and variant.barcode and not goods.is_of(variant.barcode):
        raise Refused(_("%(code)s is on another article than %(sku)s.") % {"code": code[:80], "sku": variant.sku})
    number = goods.serial if variant.tracking == Tracking.SERIAL else goods.lot
    return Name(number=number, expires_on=expires_on or goods.expires_on)


def _field(name: str, read: Callable[[], _Read]) -> _Read:
    try:
        return read()
    except Refused as refused:
        raise Wrong(name, str(refused)) from None


def there(posted: Mapping[str, str]) -> tuple[UUID | None, int]:
    """The place that was chosen on a lot's page, and how many units lay there when the page was made. Raises `Refused`."""
    chosen = typed.ident(posted.get("there", ""))
    return chosen, typed.whole(posted.get(f"seen-{chosen}", "") or "0")
