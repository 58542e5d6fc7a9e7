"""Scan and pack: works on a phone, with a wedge scanner, and without a script. A wrong article is said loudly, at once.

The last scans of a box are kept in the session of the person who packs it; what is packed is kept on the shipment's lines.
"""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from apps.catalog.models import Tracking
from apps.core import audit, clock, keyset, states
from apps.core.models import Company
from apps.flows import pack_lots, ship_order
from apps.inventory import network
from apps.inventory.errors import InsufficientStock
from apps.orders.models import OrderLine
from apps.orders.states import Lifecycle
from apps.shipping import packing
from apps.shipping import queries as shipping
from apps.shipping.models import Shipment, ShipmentLine
from apps.shipping.packing import Scan, Scanned
from apps.shipping.states import Status
from apps.staff.parts import connections, slip, slips, times
from apps.staff.parts.frame import frame
from apps.staff.roles import needs

KEPT_SCANS = 6
_SESSION = "scans"


@needs("orders.ship")
@require_safe
def pack(request: HttpRequest) -> HttpResponse:
    """Parcels to be packed, oldest first; `?q=` opens the one that is meant."""
    words = request.GET.get("q", "").strip()[:60]
    if words:
        meant = shipping.meant_by(words)
        if meant:
            return redirect("staff:pack_one", meant.id)
    context, counts = frame()
    page = keyset.page(
        shipping.for_list(shipping.to_do()), ("planned_at", "id"), after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
    )  # fmt: skip
    context |= {"page": page, "search": words, "count": counts["staff:pack"], "place": "staff:pack"}
    return render(request, "staff/pack.html", context | _by_file(page.rows))


def _by_file(rows: list[Shipment]) -> dict[str, Any]:
    """Carriers that work by files, with what waits for each; and where each parcel on the page stands on that way."""
    known = connections.all_of_them()
    by_file = [row for row in slips.carriers(known) if slips.works_by_file(row)]
    if not by_file:
        return {"by_file": []}
    counts = shipping.waiting_by_carrier([row.id for row in by_file])
    exported = shipping.in_a_file([row.id for row in rows])
    ids = {row.id for row in by_file}
    for row in rows:
        row.slip = ""  # type: ignore[attr-defined]
        if row.carrier_id in ids and row.status == Status.PLANNED:
            row.slip = "number" if row.id in exported else "export"  # type: ignore[attr-defined]
    return {
        "by_file": [{"row": row, "to_export": counts[row.id][0], "exported": counts[row.id][1]} for row in by_file],
        "choices": slips.choices(known),
    }


@needs("orders.ship")
@require_safe
def one(request: HttpRequest, shipment_id: UUID) -> HttpResponse:
    """One box."""
    return _box(request, shipment_id)


def _box(request: HttpRequest, shipment_id: UUID, *, error: str = "", status: int = 200) -> HttpResponse:
    row = (
        Shipment.objects.filter(id=shipment_id)
        .select_related("order__customer", "order__ship_to", "order__channel", "order__brand", "carrier")
        .first()
    )
    if row is None:
        raise Http404
    items = packing.items(row)
    tracked = {item.variant.id for item in items if item.variant and item.variant.tracking != Tracking.NONE}
    units, packed = sum(item.quantity for item in items), sum(item.packed for item in items)
    nearest = next((item for item in items if not item.is_packed), None)
    scans = request.session.get(_SESSION, {}).get(str(shipment_id), [])
    parcels = list(row.parcels.all())
    company = Company.objects.first()
    places = network.places()
    context = frame()[0] | {
        "shipment": row,
        "place_name": next((one.name for one in places if one.id == row.location_ref), "") if len(places) > 1 else "",
        "order": row.order,
        "company": company,
        "shop_name": company.name if company else "",
        "items": sorted(items, key=lambda item: item.is_packed),
        "nearest": nearest,
        "lots": pack_lots.to_take(row, tracked) if tracked else {},
        "in_box": packing.lots_in(row) if tracked else {},
        "units": units,
        "packed": packed,
        "left": units - packed,
        "parcels": parcels,
        "grams": sum(parcel.weight_g for parcel in parcels),
        "scans": scans,
        "answer": scans[0] if scans and scans[0]["is"] in {"bad", "act"} else None,
        "is_open": row.status in {Status.PLANNED, Status.LABELLED},
        "needs_label": row.carrier_id is not None and row.status == Status.PLANNED,
        "waits_for_number": ship_order.waits_for_number(row),
        "service": slips.service_label(row.carrier, row.service),
        "is_held": row.order.is_held or row.order.lifecycle != Lifecycle.OPEN,
        "error": error,
        "slip": _slip(row, list(row.lines.all()), company),
        "place": "staff:pack",
    }
    is_part = bool(request.htmx) and not error  # type: ignore[attr-defined]
    template = "staff/_box.html" if is_part else "staff/pack_one.html"
    return render(request, template, context | {"is_part": is_part}, status=status)


def _slip(row: Shipment, lines: list[ShipmentLine], company: Company | None) -> slip.Slip:
    """納品書 of this box."""
    every = list(OrderLine.objects.filter(order=row.order).order_by("number"))
    units = {line.order_line_id: line.quantity for line in lines}
    earlier = Shipment.objects.filter(order=row.order, planned_at__lt=row.planned_at).exclude(status=Status.CANCELLED)
    return slip.of(row.order, every, units, company, shipment=row, is_first=not earlier.exists())


@needs("orders.ship")
@require_POST
def scan(request: HttpRequest, shipment_id: UUID) -> HttpResponse:
    """One code was read."""
    code = request.POST.get("code", "").strip()[:80]
    if code:
        try:
            scanned = pack_lots.scan(
                shipment_id, code, actor=audit.actor_of(request), serial_of=_asked_for(request, shipment_id)
            )
        except Shipment.DoesNotExist:
            raise Http404 from None
        _remember(request, shipment_id, _answer(scanned, code))
    if request.htmx:  # type: ignore[attr-defined]
        return _box(request, shipment_id)
    return redirect("staff:pack_one", shipment_id)


@needs("orders.ship")
@require_POST
def take_out(request: HttpRequest, shipment_id: UUID) -> HttpResponse:
    """One unit of a line comes out of the box again."""
    try:
        line = UUID(request.POST.get("line", ""))
    except ValueError:
        raise Http404 from None
    if packing.take_out(shipment_id, line):
        _remember(
            request, shipment_id, {"is": "idle", "said": _("taken out"), "what": request.POST.get("what", "")[:120]}
        )
    if request.htmx:  # type: ignore[attr-defined]
        return _box(request, shipment_id)
    return redirect("staff:pack_one", shipment_id)


@needs("orders.ship")
@require_POST
def confirm(request: HttpRequest, shipment_id: UUID) -> HttpResponse:
    """Everything is in: the parcel leaves the house, and the next box comes up."""
    row = Shipment.objects.filter(id=shipment_id).select_related("order", "carrier").first()
    if row is None:
        raise Http404
    if row.order.is_held or row.order.lifecycle != Lifecycle.OPEN:
        words = _("The order was put on hold or cancelled meanwhile. Do not hand this parcel over.")
        return _box(request, shipment_id, error=words, status=409)
    with transaction.atomic():
        list(Shipment.objects.select_for_update(no_key=True).filter(id=shipment_id))
        missing = sum(line.quantity - line.packed for line in row.lines.all())
        if missing:
            words = _("Some units are not scanned yet. Scan them, then confirm.")
            return _box(request, shipment_id, error=words, status=409)
    if ship_order.waits_for_number(row) and ship_order.leave_when_numbered(row):
        _forget(request, shipment_id)
        messages.success(
            request, _("%(number)s is packed. It leaves when its number is there.") % {"number": row.number}
        )
        return _next_box()
    try:
        has_left = ship_order.confirm(row, actor=audit.actor_of(request))
    except (states.Overtaken, states.IllegalMove, InsufficientStock):
        has_left = False
    if not has_left:
        words = _("This parcel cannot leave any more: it has left already, or its units are promised to nobody now.")
        return _box(request, shipment_id, error=words, status=409)
    _forget(request, shipment_id)
    messages.success(request, _("%(number)s has left the house.") % {"number": row.number})
    return _next_box()


def _next_box() -> HttpResponse:
    """The oldest that is not packed yet; what leaves by itself needs nobody any more."""
    following = shipping.to_do().filter(leaves_by_itself=False).order_by("planned_at", "id").first()
    return redirect("staff:pack_one", following.id) if following else redirect("staff:pack")


def _answer(scanned: Scanned, code: str) -> dict[str, str]:
    """What a scan came to, in words: a mark, a headline, and what was read."""
    what = " · ".join(filter(None, [scanned.variant.title if scanned.variant else code, scanned.lot]))
    if scanned.outcome is Scan.COUNTED and scanned.line:
        count = f"{scanned.line.packed} / {scanned.line.quantity}"
        if scanned.sooner:
            words = _("%(count)s. Lot %(number)s lies here and expires sooner.")
            return {"is": "act", "said": words % {"count": count, "number": scanned.sooner}, "what": what}
        return {"is": "ok", "said": count, "what": what}
    if scanned.outcome is Scan.WHICH and scanned.variant:
        words = _("Now scan the serial number of this unit.")
        return {"is": "act", "said": words, "what": what, "asks": str(scanned.variant.id)}
    said = {
        Scan.ENOUGH: _("Already complete. Do not pack another one."),
        Scan.WRONG: _("Wrong item. Do not pack it."),
        Scan.UNKNOWN: _("This code is no article. Scan again."),
        Scan.CLOSED: _("This parcel is closed. Nothing was counted."),
        Scan.NOT_HERE: _("By the book this number does not lie here, or is in another box. Do not pack it; ask."),
        Scan.EXPIRED: _("Past its last day for sale. Do not pack it."),
    }[scanned.outcome]
    return {"is": "bad", "said": said, "what": what}


def _asked_for(request: HttpRequest, shipment_id: UUID) -> UUID | None:
    """The article whose serial number the last scan asked for."""
    scans = request.session.get(_SESSION, {}).get(str(shipment_id), [])
    return UUID(scans[0]["asks"]) if scans and "asks" in scans[0] else None


def _remember(request: HttpRequest, shipment_id: UUID, answer: dict[str, str]) -> None:
    """Only the box in hand is kept: a packer has one."""
    before = request.session.get(_SESSION, {}).get(str(shipment_id), [])
    answer["at"] = times.clock_time(clock.now(), with_seconds=True)
    request.session[_SESSION] = {str(shipment_id): [answer, *before][:KEPT_SCANS]}


def _forget(request: HttpRequest, shipment_id: UUID) -> None:
    if request.session.get(_SESSION, {}).pop(str(shipment_id), None) is not None:
        request.session.modified = True
