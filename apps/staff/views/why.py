"""Why a number is what it is: a panel over any screen (htmx), else a page of its own. Reads only, asks no vendor."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.channels.models import Listing
from apps.core.models import Company
from apps.flows import why_number
from apps.inventory.models import StockLevel
from apps.orders.models import OrderLine
from apps.staff.parts import why as parts
from apps.staff.parts.frame import frame
from apps.staff.roles import needs


@needs("stock.view")
@require_safe
def why(request: HttpRequest, what: str, thing: UUID) -> HttpResponse:
    """`what` names the number: one of a level (but its value), `shown` of a listing, `line` of an order."""
    if what == "shown":
        listing = Listing.objects.select_related("connection", "variant").filter(id=thing).first()
        if listing is None:
            raise Http404
        told = parts.tell(what, why_number.of_listing(listing), channel=listing.connection.name)
        level = StockLevel.objects.filter(variant=listing.variant_id, location__is_active=True).order_by("id").first()
        return _answer(request, told, listing.variant, listing.connection.name, level=level)
    if what == "line":
        line = OrderLine.objects.select_related("order", "variant").filter(id=thing).first()
        if line is None:
            raise Http404
        return _answer(request, parts.tell(what, why_number.of_line(line)), line.variant, line.order.number)
    if what not in why_number.OF_LEVEL or what == "value":
        raise Http404
    return _level(request, what, thing)


@needs("stock.value")
@require_safe
def value(request: HttpRequest, thing: UUID) -> HttpResponse:
    """Why the units of a level are worth what they are."""
    return _level(request, "value", thing, currency=Company.objects.values_list("currency", flat=True).first() or "JPY")


def _level(request: HttpRequest, what: str, thing: UUID, *, currency: str = "") -> HttpResponse:
    level = StockLevel.objects.select_related("variant", "location").filter(id=thing).first()
    if level is None:
        raise Http404
    told = parts.tell(what, why_number.of_level(level, what), currency=currency)
    return _answer(request, told, level.variant, level.location.name, level=level)


def _answer(request: HttpRequest, told: parts.Told, variant: Any, where: str, *, level: Any = None) -> HttpResponse:
    context = {"told": told, "variant": variant, "where": where, "level": level, "place": "staff:stock"}
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "staff/_why.html", context)
    return render(request, "staff/why.html", frame()[0] | context)
