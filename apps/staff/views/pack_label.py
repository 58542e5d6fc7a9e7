"""What a parcel's label says, before there is one: carrier and service are chosen, and what cannot be printed is mended.

A replacement is offered, never made: a person accepts each character of each parcel, or types something else. What the order
says stays as the customer wrote it.
"""

from dataclasses import fields, replace
from datetime import date
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from apps.core import audit
from apps.flows import export_parcels, label_requests, mend_label
from apps.hub.contracts import Address
from apps.hub.errors import Misconfigured
from apps.hub.models import Connection
from apps.shipping.models import Parcel, Shipment
from apps.shipping.states import Status
from apps.staff.parts import slips
from apps.staff.parts.frame import frame
from apps.staff.roles import needs

# As they stand in the form; the longest that is kept of each.
LONGEST = {
    "name": 160, "company": 160, "postal_code": 16, "region": 80, "city": 120, "line1": 200, "line2": 200, "phone": 30,
}  # fmt: skip


@needs("orders.ship")
@require_POST
def give(request: HttpRequest) -> HttpResponse:
    """The chosen parcels go with the chosen carrier and service."""
    carrier_id, _bar, service = request.POST.get("to", "").partition("|")
    row = Connection.objects.filter(id=_uuid(carrier_id)).first()
    if row is None or not slips.carriers([row]) or service not in {"", *dict(slips.services(row))}:
        messages.error(request, _("Choose a carrier."))
        return redirect("staff:pack")
    ids = [found for text in request.POST.getlist("shipment") if (found := _uuid(text))]
    given = mend_label.give(ids, row, service=service, actor=audit.actor_of(request))
    n = len(given.done)
    words = ngettext("%(n)d parcel goes with %(carrier)s.", "%(n)d parcels go with %(carrier)s.", n)
    messages.success(request, words % {"n": n, "carrier": row.name})
    if given.stay:
        numbers = ", ".join(shipment.number for shipment in given.stay[:5])
        words = _("%(numbers)s stay: their labels have been asked for already. Give those calls up first.")
        messages.warning(request, words % {"numbers": numbers})
    return redirect("staff:pack")


@needs("orders.ship")
@require_http_methods(["GET", "HEAD", "POST"])
def label(request: HttpRequest, shipment_id: UUID) -> HttpResponse:
    """One parcel's label: what keeps it out of the carrier's file, field by field."""
    row = (
        Shipment.objects.filter(id=shipment_id)
        .select_related("order__ship_to", "order__customer", "ship_to", "carrier", "order__channel")
        .first()
    )
    if row is None or not slips.works_by_file(row.carrier):
        raise Http404
    return _save(request, row) if request.method == "POST" else _page(request, row)


def _page(request: HttpRequest, row: Shipment, *, error: str = "", status: int = 200) -> HttpResponse:
    assert row.carrier is not None
    faults, wrong = _faults(row)
    to = label_requests.ship_to(row)
    by_field: dict[str, list[slips.Told]] = {}
    for one in faults:
        by_field.setdefault(one.field, []).append(one)
    shown = [
        {
            "name": name,
            "label": slips.FIELDS[name],
            "value": getattr(to, name),
            "longest": longest,
            "faults": [one for one in by_field.get(name, ()) if not one.character],
            "characters": [one for one in by_field.get(name, ()) if one.character],
            "unknown": [one for one in by_field.get(name, ()) if one.character and one.offered is None],
        }
        for name, longest in LONGEST.items()
    ]
    hours = list(slips.slots(row.carrier))
    if row.time_slot and row.time_slot not in hours:
        hours.append(row.time_slot)
    context = frame()[0] | {
        "shipment": row,
        "order": row.order,
        "carrier": row.carrier,
        "fields": shown,
        "faults": faults,
        "others": [one for one in faults if one.field in ("country", "cash")],
        "of": {name: by_field.get(name, []) for name in ("deliver_on", "time_slot", "service")},
        "services": slips.services(row.carrier),
        "slots": hours,
        "own": label_requests.orders_own(row),
        "is_open": _is_open(row),
        "error": error or wrong,
        "place": "staff:pack",
    }
    return render(request, "staff/pack_label.html", context, status=status)


def _is_open(row: Shipment) -> bool:
    return row.status == Status.PLANNED and not row.parcels.exclude(label_status="none").exists()


def _faults(row: Shipment) -> tuple[list[slips.Told], str]:
    """What keeps this parcel out of the file, and what is wrong with the connection itself."""
    assert row.carrier is not None
    parcels = list(label_requests.with_words(Parcel.objects.filter(shipment=row).order_by("number")))
    try:
        made = export_parcels.preview(row.carrier, parcels)
    except (Misconfigured, LookupError) as wrong:
        return [], _("The settings of this connection are wrong: %(reason)s") % {"reason": wrong}
    told = slips.told(made.faults)
    return [one for reference, found in told.items() if reference for one in found], ""


def _save(request: HttpRequest, row: Shipment) -> HttpResponse:
    faults, _wrong = _faults(row)
    wished, is_day = _day(request.POST.get("wished_on", ""))
    if not is_day:
        return _page(request, row, error=_("The wished day is no day."), status=409)
    try:
        mend_label.mend(
            row.id,
            _address(request, row, faults),
            wished_on=wished,
            time_slot=request.POST.get("time_slot", "").strip()[:20],
            service=request.POST.get("service", "").strip()[:80],
            actor=audit.actor_of(request),
        )
    except mend_label.LabelIsThere:
        words = _("The label is there already, or the parcel has left. Nothing was changed.")
        return _page(request, row, error=words, status=409)
    row.refresh_from_db()
    left = len(_faults(Shipment.objects.select_related("carrier").get(id=row.id))[0])
    if left:
        words = ngettext(
            "Saved. %(n)d thing still keeps it from being exported.",
            "Saved. %(n)d things still keep it from being exported.",
            left,
        )
        messages.warning(request, words % {"n": left})
        return redirect("staff:pack_label", row.id)
    messages.success(request, _("%(number)s can be exported.") % {"number": row.number})
    return redirect("staff:pack_carrier", row.carrier_id)


def _address(request: HttpRequest, row: Shipment, faults: list[slips.Told]) -> Address:
    """What was typed; where nothing was, what is there with the accepted replacements."""
    accepted = set(request.POST.getlist("accept"))
    now = label_requests.ship_to(row)
    changed: dict[str, Any] = {}
    for name in (one.name for one in fields(now)):
        before = getattr(now, name)
        text = request.POST.get(name, before).replace("\r\n", "\n").strip()[: LONGEST.get(name, 2)]
        if text == before.strip():
            for one in faults:
                if one.field == name and one.character and one.offered is not None and one.key in accepted:
                    text = text.replace(one.character, one.offered)
        changed[name] = text if name in LONGEST else before
    return replace(now, **changed)


def _day(text: str) -> tuple[date | None, bool]:
    """A day, or none; and whether what was typed is either."""
    if not text.strip():
        return None, True
    try:
        return date.fromisoformat(text.strip()), True
    except ValueError:
        return None, False


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
