"""Why a number is what it is: a panel over any screen (htmx), else a page of its own. Reads only, asks no vendor."""

from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.channels.models import Listing
from apps.core import audit
from apps.core.models import Company
from apps.flows import why_number, why_papers
from apps.inventory import variances
from apps.inventory.models import PurchaseOrderLine, StockLevel, Stocktake, StocktakeLine
from apps.inventory.states import StocktakeState
from apps.orders.models import OrderLine
from apps.staff.parts import why as parts
from apps.staff.parts.frame import frame
from apps.staff.roles import may, needs


@needs("stock.view")
@require_safe
def why(request: HttpRequest, what: str, thing: UUID) -> HttpResponse:
    """`what` names the number: one of a level (but its value), `shown` of a listing, `line` of an order, one of a paper."""
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
    if what in why_papers.OF_PAPER:
        return _paper(request, what, thing)
    if what not in why_number.OF_LEVEL or what == "value":
        raise Http404
    return _level(request, what, thing)


@needs("stock.value")
@require_safe
def value(request: HttpRequest, thing: UUID) -> HttpResponse:
    """Why the units of a level are worth what they are."""
    return _level(request, "value", thing, currency=Company.objects.values_list("currency", flat=True).first() or "JPY")


def _paper(request: HttpRequest, what: str, thing: UUID) -> HttpResponse:
    model, related, reckon = why_papers.OF_PAPER[what]
    row = model.objects.select_related(*related).filter(id=thing).first()
    if row is None:
        raise Http404
    if isinstance(row, StocktakeLine):
        _must_not_count(request, row.stocktake)
        return _answer(request, parts.tell(what, reckon(row)), row.level.variant, row.stocktake.number, level=row.level)
    paper = row.order if isinstance(row, PurchaseOrderLine) else row.transfer
    return _answer(request, parts.tell(what, reckon(row)), row.variant, paper.number)


def _must_not_count(request: HttpRequest, sheet: Stocktake) -> None:
    """Until a blind count is approved its book is told to those alone who may approve it."""
    is_open = sheet.is_blind and sheet.state != StocktakeState.APPROVED
    if is_open and (not may(request.user, "stock.approve") or variances.why_not(sheet, audit.actor_of(request))):
        raise PermissionDenied("stock.approve")


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
