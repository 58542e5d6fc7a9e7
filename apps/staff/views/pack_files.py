"""A carrier that works by files, from the packing bench: export what waits, hand in the numbers, see what became of each row.

A file holds people's addresses: every export and every download is written down with the name of who did it.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from apps.core import audit
from apps.flows import export_parcels, label_requests, take_numbers
from apps.hub import doorbell, row_reasons, slip_reasons
from apps.hub import queries as hub
from apps.hub.errors import Misconfigured
from apps.hub.models import Connection, FileRun, InboxEvent
from apps.shipping import queries as shipping
from apps.shipping.models import IssuedRow, Parcel, Sheet
from apps.shipping.states import Status
from apps.staff.parts import slips
from apps.staff.parts.frame import frame
from apps.staff.roles import needs

MOST_BYTES = 8 * 1024 * 1024
MOST_ROWS = 200  # of a list on one page
NEWEST = 10


@needs("orders.ship")
@require_safe
def carrier(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    """What waits to be exported, what waits for its number, and the files of both ways; `?sheet=` was made just now."""
    return _page(request, _get(connection_id), made=request.GET.get("sheet", ""))


def _get(connection_id: UUID) -> Connection:
    row = Connection.objects.filter(id=connection_id).first()
    if row is None or not slips.works_by_file(row):
        raise Http404
    return row


def _page(request: HttpRequest, row: Connection, *, made: str = "", error: str = "", status: int = 200) -> HttpResponse:
    parcels = list(label_requests.with_words(shipping.unnumbered([row.id]))[: export_parcels.MOST])
    new = [parcel for parcel in parcels if not parcel.is_exported]  # type: ignore[attr-defined]
    try:
        faults = slips.told(export_parcels.preview(row, new).faults)
    except (Misconfigured, LookupError) as wrong:
        faults, error = {}, error or _("The settings of this connection are wrong: %(reason)s") % {"reason": wrong}
    sheets = shipping.sheets(row.id, limit=NEWEST)
    waiting = [_line(parcel, row, faults) for parcel in new]
    context = frame()[0] | {
        "row": row,
        "waiting": sorted(waiting, key=lambda line: not line["faults"])[:MOST_ROWS],
        "ready": sum(not line["faults"] for line in waiting) if "" not in faults else 0,
        "to_mend": sum(bool(line["faults"]) for line in waiting),
        "exported": [_line(p, row, {}) for p in parcels if p.is_exported][:MOST_ROWS],  # type: ignore[attr-defined]
        "n_waiting": len(new),
        "n_exported": len(parcels) - len(new),
        "of_shop": faults.get("", []),
        "sheets": sheets,
        "made": next((sheet for sheet in sheets if str(sheet.id) == made), None),
        "runs": hub.file_runs(row.id, limit=NEWEST),
        "error": error,
        "place": "staff:pack",
    }
    return render(request, "staff/pack_carrier.html", context, status=status)


def _line(parcel: Parcel, row: Connection, faults: dict[str, list[slips.Told]]) -> dict[str, Any]:
    shipment = parcel.shipment
    return {
        "shipment": shipment,
        "to": label_requests.ship_to(shipment),
        "service": slips.service_label(row, shipment.service),
        "faults": slips.in_short(faults.get(label_requests.reference(parcel), [])),
        "cash": shipment.order.payment_method == "cod",
    }


@needs("orders.ship")
@require_POST
def export(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    """Put what waits, or the chosen ones, into a file."""
    row = _get(connection_id)
    chosen = _uuids(request.POST.getlist("shipment")) if request.POST.get("what") == "chosen" else None
    if chosen is not None and not chosen:
        return _page(request, row, error=_("Choose at least one parcel."), status=409)
    try:
        done = export_parcels.export(row, actor=audit.actor_of(request), chosen=chosen)
    except (Misconfigured, LookupError) as wrong:
        words = _("The settings of this connection are wrong: %(reason)s") % {"reason": wrong}
        return _page(request, row, error=words, status=409)
    if done.sheet is None:
        words = _("Nothing was exported: what waits has to be mended first, or nothing waits.")
        return _page(request, row, error=words, status=409)
    for said in _said(done):
        messages.success(request, said)
    return redirect(f"{reverse('staff:pack_carrier', args=[row.id])}?sheet={done.sheet.id}")


def _said(done: export_parcels.Exported) -> list[str]:
    """What an export came to, in words."""
    assert done.sheet is not None
    n = done.parcels
    said = [
        ngettext("%(n)d parcel is in %(name)s.", "%(n)d parcels are in %(name)s.", n)
        % {"n": n, "name": done.sheet.name}
    ]
    if done.is_again:
        said.append(_("It was exported before; it is the same file."))
    elif done.repeated:
        words = ngettext(
            "%(n)d of them was exported before: throw its first slip away.",
            "%(n)d of them were exported before: throw their first slips away.",
            done.repeated,
        )
        said.append(words % {"n": done.repeated})
    if done.left:
        words = ngettext("%(n)d more waits for another file.", "%(n)d more wait for another file.", done.left)
        said.append(words % {"n": done.left})
    return said


@needs("orders.ship")
@require_safe
def sheet_file(request: HttpRequest, sheet_id: UUID) -> HttpResponse:
    """The file itself, as it was made."""
    sheet = Sheet.objects.select_related("carrier").filter(id=sheet_id).first()
    content = export_parcels.content_of(sheet) if sheet else None
    if sheet is None or content is None:
        raise Http404
    audit.record("sheet.downloaded", actor=audit.actor_of(request), subject=sheet, detail={"name": sheet.name})
    return HttpResponse(
        content,
        content_type="text/csv; charset=Shift_JIS",
        headers={"Content-Disposition": f'attachment; filename="{sheet.name}"', "Cache-Control": "no-store"},
    )


@needs("orders.ship")
@require_POST
def upload(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    """A file of issued numbers is handed in; it goes the way of every file, and the next page shows its rows."""
    row = _get(connection_id)
    file = request.FILES.get("file")
    if file is None:
        return _page(request, row, error=_("Choose the file that the carrier’s program gave out."), status=409)
    if file.size > MOST_BYTES:
        return _page(request, row, error=_("The file is larger than 8 MB. Give it out in parts."), status=413)
    try:
        event, is_new = take_numbers.hand_in(row, file.name, file.read(), actor=audit.actor_of(request))
    except (Misconfigured, LookupError) as wrong:
        words = _("The settings of this connection are wrong: %(reason)s") % {"reason": wrong}
        return _page(request, row, error=words, status=409)
    doorbell.ring()
    if not is_new:
        messages.warning(request, _("%(name)s had come before. Nothing was changed.") % {"name": file.name})
    return redirect("staff:pack_numbers", event.id)


@needs("orders.ship")
@require_safe
def numbers(request: HttpRequest, event_id: UUID) -> HttpResponse:
    """What became of each row of a file of numbers."""
    event = (
        InboxEvent.objects.select_related("connection").filter(id=event_id, topic=f"file/{take_numbers.KIND}").first()
    )
    if event is None:
        raise Http404
    run = FileRun.objects.filter(event=event).first()
    taken = list(_taken(run)) if run else []
    aside = [_aside(row.row, row.reason, row.detail) for row in hub.set_aside(run).order_by("row")] if run else []
    context = frame()[0] | {
        "event": event,
        "row": event.connection,
        "run": run,
        "is_under_way": event.status in {InboxEvent.Status.NEW, InboxEvent.Status.WAITING},
        "rows": sorted([*taken, *aside], key=lambda line: line["row"]),
        "n_taken": len(taken),
        "n_left": sum(line["status"] == Status.SHIPPED for line in taken),
        "n_doubted": sum(bool(line["doubt"]) for line in taken),
        "n_aside": len(aside),
        "place": "staff:pack",
    }
    return render(request, "staff/pack_numbers.html", context)


_MARKS = {IssuedRow.Outcome.LANDED: "ok", IssuedRow.Outcome.SAME: "idle", IssuedRow.Outcome.REPLACED: "wait"}


def _taken(run: FileRun) -> list[dict[str, Any]]:
    rows = IssuedRow.objects.filter(run=run).select_related(
        "parcel__shipment__order__ship_to", "parcel__shipment__ship_to", "parcel__shipment__order__customer"
    )
    return [
        {
            "row": row.row,
            "shipment": row.parcel.shipment,
            "to": label_requests.ship_to(row.parcel.shipment),
            "number": row.tracking_number,
            "before": row.before,
            "mark": "act" if row.doubt else _MARKS[IssuedRow.Outcome(row.outcome)],
            "words": row.get_outcome_display(),
            "doubt": str(slip_reasons.WORDS.get(row.doubt, row.doubt)),
            "status": row.parcel.shipment.status,
        }
        for row in rows
    ]


def _aside(number: int, reason: str, detail: str) -> dict[str, Any]:
    said = str(row_reasons.WORDS.get(reason, reason))
    return {"row": number, "shipment": None, "number": detail, "mark": "bad", "words": said, "doubt": "", "status": ""}


def _uuids(told: Sequence[str]) -> list[UUID]:
    found = []
    for text in told:
        try:
            found.append(UUID(text))
        except ValueError:
            continue
    return found
