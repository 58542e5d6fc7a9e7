"""Transfers between our places: the list by what is to be done, and one transfer from its draft to its last unit."""

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST, require_safe

from apps.core import audit, keyset
from apps.flows import move_goods
from apps.inventory import on_way
from apps.inventory import transfers as service
from apps.inventory.errors import Refused
from apps.inventory.models import Location, StockLevel, Transfer, TransferLine, TransferStep
from apps.inventory.states import TransferState
from apps.inventory.transfers import Wish
from apps.staff import deeds
from apps.staff.parts import typed
from apps.staff.parts.frame import frame
from apps.staff.roles import needs

MOST_STEPS = 200


@needs("stock.view")
@require_safe
def transfers(request: HttpRequest) -> HttpResponse:
    """The list, newest first; `?only=all` shows those that are done, too, `?q=` number or place."""
    words = request.GET.get("q", "").strip()[:60]
    only = "all" if request.GET.get("only") == "all" else ""
    page = keyset.page(
        on_way.transfers(only=only, words=words), ("id",), newest_first=True, after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
    )  # fmt: skip
    sums = on_way.sums_of_transfers(row.id for row in page.rows)
    rows = [{"transfer": row, "sums": sums.get(row.id, on_way.Sums())} for row in page.rows]
    context = frame()[0] | {"rows": rows, "page": page, "only": only, "search": words, "place": "staff:stock"}
    return render(request, "staff/transfers.html", context)


@needs("stock.adjust")
@require_GET
def new(request: HttpRequest) -> HttpResponse:
    """The form of a new transfer."""
    return _form(request)


@needs("stock.adjust")
@require_POST
def make(request: HttpRequest) -> HttpResponse:
    """A draft is made; its lines are written on its page."""
    ids = [typed.ident(request.POST.get(name, "")) for name in ("origin", "destination")]
    places = {place.id: place for place in Location.objects.filter(id__in=[id_ for id_ in ids if id_])}
    try:
        if not all(id_ in places for id_ in ids):
            raise Refused(_("Choose where the goods are and where they go."))
        origin, destination = (places[id_] for id_ in ids)
        note = request.POST.get("note", "").strip()
        made = service.draft(origin, destination, [], actor=audit.actor_of(request), note=note)
    except Refused as refused:
        return _form(request, error=str(refused), status=409)
    return redirect("staff:transfer", made.id)


def _form(request: HttpRequest, *, error: str = "", status: int = 200) -> HttpResponse:
    context = frame()[0] | {
        "locations": Location.objects.filter(is_active=True).order_by("-is_default", "name"),
        "chosen": {name: request.POST.get(name, "") for name in ("origin", "destination")},
        "error": error, "place": "staff:stock",
    }  # fmt: skip
    return render(request, "staff/transfer_new.html", context, status=status)


@needs("stock.view")
@require_safe
def transfer(request: HttpRequest, transfer_id: UUID) -> HttpResponse:
    """One transfer."""
    return _page(request, transfer_id)


def _page(request: HttpRequest, transfer_id: UUID, *, error: str = "", status: int = 200) -> HttpResponse:
    row = Transfer.objects.select_related("origin", "destination").filter(id=transfer_id).first()
    if row is None:
        raise Http404
    lines = list(row.lines.select_related("variant").order_by("number"))
    levels = StockLevel.objects.filter(location=row.origin_id, variant__in=[line.variant_id for line in lines])
    free = {level.variant_id: level.available for level in levels}
    steps = TransferStep.objects.filter(line__transfer=row).select_related("line__variant").order_by("-id")[:MOST_STEPS]
    context = frame()[0] | {
        "transfer": row, "error": error, "steps": steps, "is_draft": row.state == TransferState.DRAFT,
        "rows": [_line(line, free, request.POST) for line in lines],
        "to_come": sum(line.to_come for line in lines) if row.is_open else 0, "place": "staff:stock",
    }  # fmt: skip
    return render(request, "staff/transfer.html", context, status=status)


def _line(line: TransferLine, free: dict[UUID, int], posted: QueryDict) -> dict[str, Any]:
    there = free.get(line.variant_id, 0)
    return {
        "line": line, "free": there, "is_short": line.quantity > there,
        # What was typed stays in its field when it could not be taken.
        "quantity": posted.get(f"quantity-{line.id}", str(line.quantity)),
        "units": posted.get(f"units-{line.id}", str(line.to_come)),
        "off": posted.get(f"units-{line.id}", ""),
    }  # fmt: skip


_do = deeds.Deeds(Transfer, _page, "staff:transfer").do


@needs("stock.adjust")
@require_POST
def lines(request: HttpRequest, transfer_id: UUID) -> HttpResponse:
    """The lines of a draft as they stand in the form, and one more where a code is written. All or none is saved."""

    def deed(request: HttpRequest, row: Transfer) -> str:
        wishes = []
        for line in row.lines.all():
            quantity = request.POST.get(f"quantity-{line.id}")
            if quantity is not None:
                wishes.append(Wish(line.variant_id, typed.whole(quantity or "0")))
        code = request.POST.get("code", "").strip()
        if code:
            wishes.append(Wish(typed.article(code).id, typed.whole(request.POST.get("quantity", "") or "1")))
        service.put_lines(row.id, wishes)
        return _("Saved.")

    return _do(request, transfer_id, deed)


@needs("stock.adjust")
@require_POST
def send(request: HttpRequest, transfer_id: UUID) -> HttpResponse:
    """The goods leave."""

    def deed(request: HttpRequest, row: Transfer) -> str:
        move_goods.send(row.id, actor=audit.actor_of(request))
        audit.record("transfer.sent", actor=audit.actor_of(request), subject=row)
        return _("%(number)s is on its way.") % {"number": row.number}

    return _do(request, transfer_id, deed)


@needs("stock.adjust")
@require_POST
def cancel(request: HttpRequest, transfer_id: UUID) -> HttpResponse:
    """A draft is thrown away."""

    def deed(request: HttpRequest, row: Transfer) -> str:
        service.cancel(row.id, actor=audit.actor_of(request), reason="")
        return _("%(number)s is thrown away. Nothing had left.") % {"number": row.number}

    return _do(request, transfer_id, deed)


@needs("stock.adjust")
@require_POST
def receive(request: HttpRequest, transfer_id: UUID) -> HttpResponse:
    """Units came to the destination."""

    def deed(request: HttpRequest, row: Transfer) -> str:
        moved = move_goods.receive(row.id, _units(request, row), actor=audit.actor_of(request))
        audit.record("transfer.received", actor=audit.actor_of(request), subject=row)
        return ngettext("%(n)d unit came.", "%(n)d units came.", moved.units) % {"n": moved.units}

    return _do(request, transfer_id, deed)


@needs("stock.adjust")
@require_POST
def lose(request: HttpRequest, transfer_id: UUID) -> HttpResponse:
    """Units will not come; they are written off."""

    def deed(request: HttpRequest, row: Transfer) -> str:
        units, reason = _units(request, row), request.POST.get("reason", "").strip()
        moved = move_goods.lose(row.id, units, actor=audit.actor_of(request), reason=reason)
        audit.record("transfer.lost", actor=audit.actor_of(request), subject=row, detail={"reason": reason[:200]})
        words = ngettext("%(n)d unit is written off.", "%(n)d units are written off.", moved.units)
        return words % {"n": moved.units}

    return _do(request, transfer_id, deed)


def _units(request: HttpRequest, row: Transfer) -> dict[UUID, int]:
    """Units of lines as they were entered; the same page sent twice does nothing the second time."""
    found = list(row.lines.all())
    if request.POST.get("seen") != str(sum(line.to_come for line in found)):
        raise Refused(_("Goods have moved since this page was made. Look again and decide again."))
    return {line.id: typed.whole(request.POST.get(f"units-{line.id}", "") or "0") for line in found}
