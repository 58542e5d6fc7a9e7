"""Lots and serial numbers: looked up, watched by their expiry dates, and each with its story, which is the trace of a recall."""

import re
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from apps.core import audit, clock, keyset
from apps.flows import name_lots
from apps.flows import throw_away as waste
from apps.inventory import codes, naming, whereabouts
from apps.inventory import queries as inventory
from apps.inventory.errors import Refused
from apps.inventory.models import Lot, LotLevel
from apps.inventory.purchasing import home_currency
from apps.staff import deeds
from apps.staff.parts import naming_form, sheets, traced, typed
from apps.staff.parts.frame import frame
from apps.staff.roles import needs
from apps.staff.templatetags import shown

ONLY = ("", "soon", "past", "unnamed")
DAYS, MOST_DAYS = 30, 3650


@needs("stock.view")
@require_safe
def lots(request: HttpRequest) -> HttpResponse:
    """The list, newest first; `?only=` soon (`?days=`), past, by expiry date, or unnamed (levels); `?q=` number or SKU."""
    words = _number(typed.code(request.GET.get("q", "")))[:80]
    only = request.GET.get("only", "")
    only = only if only in ONLY else ""
    days, error = _days(request.GET.get("days", ""))
    today = clock.business_date()
    found = whereabouts.lots(words) if only != "unnamed" else Lot.objects.none()
    page_of = {"after": request.GET.get("after", ""), "before": request.GET.get("before", "")}
    rows: list[dict[str, Any]] = []
    if only == "unnamed":
        levels = inventory.levels(words).filter(id__in=naming.unnamed().values("id"))
        page = keyset.page(levels, ("variant__sku", "id"), **page_of)
    elif only:
        watched = (
            whereabouts.past(found, today=today)
            if only == "past"
            else whereabouts.expiring(found, today=today, days=days)
        )
        page = keyset.page(watched, ("expires_on", "id"), **page_of)
    else:
        page = keyset.page(found, ("id",), newest_first=True, **page_of)
    if only != "unnamed":
        lying = whereabouts.lying(row.id for row in page.rows)
        rows = [_row(row, lying.get(row.id, [])) for row in page.rows]
    rail, counted = frame(also={"past": whereabouts.past(Lot.objects.all(), today=today), "unnamed": naming.unnamed()})
    context = rail | {
        "rows": rows, "page": page, "only": only, "search": words, "days": days, "error": error, "today": today,
        "counted": counted, "place": "staff:stock",
    }  # fmt: skip
    return render(request, "staff/lots.html", context)


def _number(words: str) -> str:
    """What to look for: of a scanned GS1 code its serial number or lot."""
    goods = codes.read(words) if words else None
    return goods.serial or goods.lot or words if goods else words


def _row(lot: Lot, there: list[LotLevel]) -> dict[str, Any]:
    units, expired = sum(one.units for one in there), sum(one.expired for one in there)
    return {"lot": lot, "there": there, "units": units, "expired": expired}


def _days(text: str) -> tuple[int, str]:
    """Within how many days; what is no number is answered with the usual."""
    try:
        days = typed.whole(text or str(DAYS))
    except Refused as refused:
        return DAYS, str(refused)
    return min(max(days, 0), MOST_DAYS), ""


@needs("stock.view")
@require_safe
def lot(request: HttpRequest, lot_id: UUID) -> HttpResponse:
    """One lot: where its units lie, and everything that happened to them."""
    return _page(request, lot_id)


def _page(request: HttpRequest, lot_id: UUID, *, error: str = "", status: int = 200) -> HttpResponse:
    row = _found(lot_id)
    there = whereabouts.lying([row.id]).get(row.id, [])
    page = keyset.page(
        whereabouts.story(row), ("id",), newest_first=True, after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
    )  # fmt: skip
    got = whereabouts.who_got(row)
    context = frame()[0] | {
        "lot": row, "error": error, "today": clock.business_date(), "page": page, "steps": traced.steps(page.rows),
        "orders": len(got), "left": sum(one.units for one in got), "assumed": sum(one.assumed for one in got),
        "back": sum(one.back for one in got), "place": "staff:stock",
        # What was typed stays in its field when it could not be taken.
        "date": request.POST.get("expires_on", row.expires_on.isoformat() if row.expires_on else ""),
    } | _row(row, there)  # fmt: skip
    return render(request, "staff/lot.html", context, status=status)


def _found(lot_id: UUID) -> Lot:
    row = Lot.objects.select_related("variant").filter(id=lot_id).first()
    if row is None:
        raise Http404
    return row


@needs("orders.view")
@require_safe
def orders(request: HttpRequest, lot_id: UUID) -> HttpResponseBase:
    """The orders that got units of the lot, as CSV. E-mail addresses are for those who may see customers' records."""
    row = _found(lot_id)
    has_mail = bool(request.user.has_perm("customers.view_customer"))
    audit.record("lot.orders_taken", actor=audit.actor_of(request), subject=row, detail={"has_mail": has_mail})
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", f"{row.variant.sku}-{row.number}")
    table = traced.table(whereabouts.who_got(row), has_mail=has_mail)
    return sheets.download(f"lot-{name}", traced.head(has_mail=has_mail), table)


_do = deeds.Deeds(Lot, _page, "staff:lot").do


@needs("stock.adjust")
@require_POST
def expiry(request: HttpRequest, lot_id: UUID) -> HttpResponse:
    """The date on the goods is another one."""

    def deed(request: HttpRequest, row: Lot) -> str:
        expires_on = typed.day(request.POST.get("expires_on", ""))
        name_lots.set_expiry(row, expires_on, actor=audit.actor_of(request))
        return _("Saved. What is past its last day is set aside, the rest is for sale.")

    return _do(request, lot_id, deed)


@needs("stock.adjust")
@require_POST
def take_away(request: HttpRequest, lot_id: UUID) -> HttpResponse:
    """Units are not of this lot after all."""

    def deed(request: HttpRequest, row: Lot) -> str:
        there, seen = _there(request, row)
        units = 1 if row.is_serial else typed.whole(request.POST.get("away_units", ""))
        reason = request.POST.get("away_reason", "")
        name_lots.take_away(there, units, seen=seen, actor=audit.actor_of(request), reason=reason)
        words = ngettext("%(n)d unit is without a lot again.", "%(n)d units are without a lot again.", units)
        return words % {"n": units}

    return _do(request, lot_id, deed)


@needs("stock.adjust")
@require_POST
def throw_away(request: HttpRequest, lot_id: UUID) -> HttpResponse:
    """Expired units are thrown away and written off."""

    def deed(request: HttpRequest, row: Lot) -> str:
        there, seen = _there(request, row)
        units = 1 if row.is_serial else typed.whole(request.POST.get("waste_units", ""))
        reason = request.POST.get("waste_reason", "")
        cost = waste.throw_away(there, units, seen=seen, actor=audit.actor_of(request), reason=reason)
        words = ngettext(
            "%(n)d unit is thrown away: %(cost)s is written off.",
            "%(n)d units are thrown away: %(cost)s is written off.",
            units,
        )
        return words % {"n": units, "cost": shown.money(cost, home_currency())}

    return _do(request, lot_id, deed)


def _there(request: HttpRequest, row: Lot) -> tuple[LotLevel, int]:
    """The place that was chosen. Raises `Refused`."""
    chosen, seen = naming_form.there(request.POST)
    found = LotLevel.objects.select_related("lot").filter(lot=row, id=chosen).first()
    if found is None:
        raise Refused(_("Choose where the units lie."))
    return found, seen
