"""Goods at the door: scan what came of a purchase order, on a phone, with a wedge scanner, or by typing; then book it.

What was counted is kept on the order's lines, so that two people may count one delivery and nothing is lost with a phone.
"""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from apps.core import audit, states
from apps.flows import buy_goods
from apps.inventory import arrivals
from apps.inventory.arrivals import Scan, Scanned
from apps.inventory.errors import Refused
from apps.inventory.models import PurchaseOrder, PurchaseOrderLine
from apps.staff.parts import typed
from apps.staff.parts.frame import frame
from apps.staff.roles import needs

_SESSION = "arrival"


@needs("stock.adjust")
@require_safe
def receive(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """One delivery."""
    return _door(request, order_id)


def _door(request: HttpRequest, order_id: UUID, *, error: str = "", status: int = 200) -> HttpResponse:
    order = PurchaseOrder.objects.select_related("supplier", "location").filter(id=order_id).first()
    if order is None:
        raise Http404
    answer = request.session.get(_SESSION, {})
    answer = answer if answer.get("order") == str(order_id) else {}
    lines = [_line(line, order) for line in order.lines.select_related("variant").order_by("number")]
    lines.sort(key=lambda row: (not row["line"].counted, row["is_done"]))
    counted = sum(row["line"].counted for row in lines)
    context = frame()[0] | {
        "order": order, "rows": lines, "counted": counted, "beyond": sum(row["beyond"] for row in lines),
        "expected": sum(row["line"].to_come for row in lines), "answer": answer, "error": error,
        "was_placed": order.ordered_at is not None, "place": "staff:purchases",
    }  # fmt: skip
    is_part = bool(request.htmx) and not error  # type: ignore[attr-defined]
    template = "staff/_door.html" if is_part else "staff/receive.html"
    return render(request, template, context | {"is_part": is_part}, status=status)


def _line(line: PurchaseOrderLine, order: PurchaseOrder) -> dict[str, Any]:
    fine = arrivals.may_come(line, order.supplier.over_receipt_percent)
    return {
        "line": line,
        "beyond": max(0, line.counted - fine),
        "is_done": not line.to_come and not line.counted,
        "is_next": 0 < line.counted < line.to_come,
    }


@needs("stock.adjust")
@require_POST
def scan(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """One code was read; `anyway` counts an article that nobody ordered."""
    code = request.POST.get("code", "").strip()[:80]
    if code:
        try:
            scanned = arrivals.scan(order_id, code, anyway=bool(request.POST.get("anyway")))
            _remember(request, order_id, _answer(scanned, code))
        except PurchaseOrder.DoesNotExist:
            raise Http404 from None
        except Refused as refused:
            _remember(request, order_id, {"is": "bad", "said": str(refused), "what": code})
    return _back(request, order_id)


@needs("stock.adjust")
@require_POST
def count(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """The number of a line, typed: everything that came of it in this delivery."""
    try:
        line = typed.ident(request.POST.get("line", ""))
        if line is None:
            raise Http404
        found = arrivals.set_counted(order_id, line, typed.whole(request.POST.get("units", "")))
    except (PurchaseOrder.DoesNotExist, PurchaseOrderLine.DoesNotExist):
        raise Http404 from None
    except Refused as refused:
        if request.htmx:  # type: ignore[attr-defined]
            _remember(request, order_id, {"is": "bad", "said": str(refused), "what": ""})
            return _door(request, order_id)
        return _door(request, order_id, error=str(refused), status=409)
    _remember(request, order_id, {"is": "ok", "said": str(found.counted), "what": found.variant.title})
    return _back(request, order_id)


@needs("stock.adjust")
@require_POST
def book(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """What was counted becomes stock; what is beyond the order waits for somebody's word."""
    try:
        arrived = buy_goods.book(order_id, slip=request.POST.get("slip", ""), actor=audit.actor_of(request))
    except PurchaseOrder.DoesNotExist:
        raise Http404 from None
    except Refused as refused:
        return _door(request, order_id, error=str(refused), status=409)
    except (states.Overtaken, states.IllegalMove):
        words = _("Somebody else was faster. Look at the page again and decide again.")
        return _door(request, order_id, error=words, status=409)
    request.session.pop(_SESSION, None)
    audit.record("goods.received", actor=audit.actor_of(request), subject=arrived.receipt)
    words = ngettext("Booked: %(n)d unit is stock now.", "Booked: %(n)d units are stock now.", arrived.units)
    messages.success(request, words % {"n": arrived.units})
    beyond = sum(row.quantity for row in arrived.surplus)
    if beyond:
        words = ngettext(
            "%(n)d unit beyond the order waits for a word.", "%(n)d units beyond the order wait for a word.", beyond
        )
        messages.warning(request, words % {"n": beyond})
    return redirect("staff:purchase", order_id)


def _answer(scanned: Scanned, code: str) -> dict[str, Any]:
    """What a scan came to, in words."""
    line, what = scanned.line, scanned.variant.title if scanned.variant else code
    if scanned.outcome is Scan.UNKNOWN or scanned.variant is None:
        return {"is": "bad", "said": _("This code is no article. Scan again."), "what": what}
    if scanned.outcome is Scan.NOT_ORDERED or line is None:
        words = _("This was not ordered. Put it aside.")
        return {"is": "bad", "said": words, "what": what, "anyway": code}
    if scanned.outcome is Scan.BEYOND:
        words = _("More than was ordered: %(n)d. The rest waits for a word.") % {"n": line.counted}
        return {"is": "act", "said": words, "what": what}
    if scanned.units > 1:
        what = _("%(title)s: a pack of %(n)d") % {"title": what, "n": scanned.units}
    return {"is": "ok", "said": f"{line.counted} / {line.to_come}", "what": what}


def _remember(request: HttpRequest, order_id: UUID, answer: dict[str, Any]) -> None:
    """Only the last answer at the door in hand is kept."""
    request.session[_SESSION] = answer | {"order": str(order_id)}


def _back(request: HttpRequest, order_id: UUID) -> HttpResponse:
    return _door(request, order_id) if request.htmx else redirect("staff:purchase_receive", order_id)  # type: ignore[attr-defined]
