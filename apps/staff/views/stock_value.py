"""What stock was worth at the end of a day: by place and article, held against the book, and as a file."""

import base64
import binascii
import json
from datetime import date
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from apps.core import audit, clock, money
from apps.inventory import valuing
from apps.inventory.models import Location
from apps.inventory.purchasing import home_currency
from apps.staff.parts import sheets, typed
from apps.staff.parts.frame import frame
from apps.staff.roles import needs

SIZE = 50


@needs("stock.value")
@require_safe
def stock_value(request: HttpRequest) -> HttpResponse:
    """`?day=` (today without), `?at=` one location; lines by SKU, fifty at a time."""
    day, location, error = _asked(request)
    places = valuing.places(day, location=location)
    after = _key(request.GET.get("after", ""))
    lines = valuing.lines(day, location=location, after=after, limit=SIZE + 1)
    total = sum(place.minor for place in places)
    book = valuing.book(day) if location is None else None
    context = frame()[0] | {
        "day": day, "today": clock.business_date(), "at": location, "error": error, "places": places,
        "lines": lines[:SIZE], "is_later_page": after is not None,
        "next": _token(lines[SIZE - 1].key) if len(lines) > SIZE else "",
        "total_minor": total, "units": sum(place.units for place in places), "book_minor": book,
        "difference_minor": None if book is None else total - book, "currency": home_currency(),
        "locations": Location.objects.order_by("-is_default", "name"), "place": "staff:stock",
    }  # fmt: skip
    return render(request, "staff/stock_value.html", context)


@needs("stock.value")
@require_safe
def download(request: HttpRequest) -> HttpResponseBase:
    """The same day and place as CSV, every line of it."""
    day, location, _error = _asked(request)
    currency = home_currency()
    head = [
        _("Day"), _("SKU"), _("Article"), _("Place"), _("On its way"), _("Units"), _("Value"), _("Currency"),
    ]  # fmt: skip
    on_way = _("yes")  # said now: the rows are written after the answer, when nobody's language is known any more
    rows = (
        (
            day.isoformat(), line.sku, line.title, line.place, on_way if line.is_on_way else "", line.units,
            money.Money(line.minor, currency).amount, currency,
        )
        for line in valuing.every_line(day, location=location)
    )  # fmt: skip
    audit.record("stock.value_taken", actor=audit.actor_of(request), detail={"day": day.isoformat()})
    return sheets.download(f"stock-value-{day.isoformat()}", head, rows)


def _asked(request: HttpRequest) -> tuple[date, UUID | None, str]:
    """The day and the place, and what is wrong with them; a day to come is answered with today."""
    today, text, error = clock.business_date(), request.GET.get("day", "").strip(), ""
    try:
        day = date.fromisoformat(text) if text else today
    except ValueError:
        day, error = today, _("“%(text)s” is not a day. Today is shown.") % {"text": text[:20]}
    if day > today:
        day, error = today, _("That day has not come yet. Today is shown.")
    return day, typed.ident(request.GET.get("at", "")), error


def _token(key: tuple[str, str, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def _key(token: str) -> tuple[str, str, str] | None:
    """A place in the list; what cannot be read leads to its beginning."""
    try:
        sku, place, way = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))) if token else (0, 0, 0)
    except (binascii.Error, ValueError, TypeError):
        return None
    is_whole = isinstance(sku, str) and "\0" not in sku and typed.ident(str(place)) and way in {"true", "false"}
    return (sku, str(place), way) if is_whole else None
