"""Purchase orders: the list by what is to be done, and one order with its lines, deliveries, surplus, landed costs and story.

A deed is a POST that calls one service; one that cannot be done answers 409 with the page and the reason on it.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST, require_safe

from apps.core import audit, clock, counting, keyset, money
from apps.core.ids import uuid7
from apps.core.models import Company, StateMove
from apps.flows import buy_goods
from apps.inventory import arrivals, on_way, purchasing
from apps.inventory.errors import Refused
from apps.inventory.landing import Bill
from apps.inventory.models import LandedCost, Location, PurchaseOrder, PurchaseOrderLine, Receipt, Supplier, Surplus
from apps.inventory.purchasing import Wish, home_currency
from apps.inventory.states import PurchaseState
from apps.staff import deeds
from apps.staff.parts import typed
from apps.staff.parts.frame import frame
from apps.staff.roles import needs
from apps.staff.templatetags import shown

ONLY = ("", "late", "draft", "surplus", "all")


@needs("purchases.view")
@require_safe
def purchases(request: HttpRequest) -> HttpResponse:
    """The list, newest first; `?only=` late, draft, surplus or all (without: what is to be done), `?q=` number or supplier."""
    today = clock.business_date()
    words = request.GET.get("q", "").strip()[:60]
    only = request.GET.get("only", "")
    only = only if only in ONLY else ""
    page = keyset.page(
        on_way.purchases(today, only=only, words=words), ("id",), newest_first=True, after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
    )  # fmt: skip
    sums = on_way.sums_of_purchases(row.id for row in page.rows)
    rows = [{"order": row, "sums": sums.get(row.id, on_way.Sums())} for row in page.rows]
    for row in rows:
        row["amount_minor"] = row["sums"].minor(row["order"].currency)
        row["is_late"] = row["order"].is_open and bool(row["order"].expected_on) and row["order"].expected_on < today
    waiting = {"surplus": on_way.undecided(), "late": on_way.purchases(today, only="late")}
    context, counts = frame(also=waiting)
    context |= {
        "rows": rows, "page": page, "only": only, "search": words, "surplus": counting.shown(counts["surplus"]),
        "has_surplus": counts["surplus"] > 0, "late": counting.shown(counts["late"]), "is_any_late": counts["late"] > 0,
        "place": "staff:purchases",
    }  # fmt: skip
    return render(request, "staff/purchases.html", context)


@needs("purchases.order")
@require_GET
def new(request: HttpRequest) -> HttpResponse:
    """The form of a new purchase order."""
    return _form(request)


@needs("purchases.order")
@require_POST
def make(request: HttpRequest) -> HttpResponse:
    """A draft is made; its lines are written on its page."""
    supplier = Supplier.objects.filter(id=typed.ident(request.POST.get("supplier", ""))).first()
    location = Location.objects.filter(id=typed.ident(request.POST.get("location", ""))).first()
    try:
        if supplier is None or location is None:
            raise Refused(_("Choose a supplier and a place."))
        note = request.POST.get("note", "").strip()
        made = purchasing.draft(supplier, [], location=location, actor=audit.actor_of(request), note=note)
    except Refused as refused:
        return _form(request, error=str(refused), status=409)
    return redirect("staff:purchase", made.id)


def _form(request: HttpRequest, *, error: str = "", status: int = 200) -> HttpResponse:
    context = frame()[0] | {
        "suppliers": Supplier.objects.filter(is_active=True).order_by("name"),
        "locations": Location.objects.filter(is_active=True).order_by("-is_default", "name"),
        "chosen": request.POST.get("supplier") or request.GET.get("supplier", ""),
        "error": error, "place": "staff:purchases",
    }  # fmt: skip
    return render(request, "staff/purchase_new.html", context, status=status)


@needs("purchases.view")
@require_safe
def purchase(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """One purchase order."""
    return _page(request, order_id)


def _page(request: HttpRequest, order_id: UUID, *, error: str = "", status: int = 200) -> HttpResponse:
    order = PurchaseOrder.objects.select_related("supplier", "location").filter(id=order_id).first()
    if order is None:
        raise Http404
    lines = list(order.lines.select_related("variant").order_by("number"))
    codes = dict(
        order.supplier.items.filter(variant__in=[line.variant_id for line in lines]).values_list("variant", "code")
    )
    packs = dict(order.supplier.items.filter(variant__in=codes).values_list("variant", "pack_size"))
    receipts = on_way.receipts_of(order.id)
    surplus = on_way.surplus_of(order.id)
    least = order.supplier.minimum_order_minor
    total = money.to_minor(sum(line.price * (line.quantity - line.cancelled) for line in lines), order.currency)
    today = clock.business_date()
    context = frame()[0] | {
        "order": order, "receipts": receipts, "surplus": surplus, "error": error,
        "lines": [_line(line, order, codes, packs, request.POST) for line in lines],
        "waiting": [row for row in surplus if row.state == "waiting"],
        "costs": _costs(receipts),
        "kinds": LandedCost.Kind.choices, "bases": LandedCost.Basis.choices, "bill": uuid7(),
        "total_minor": total, "too_little": least - total if lines and total < least else 0,
        "to_come": sum(line.to_come for line in lines), "counted": sum(line.counted for line in lines),
        "is_draft": order.state == PurchaseState.DRAFT, "is_foreign": order.currency != home_currency(),
        "home": home_currency(), "is_late": order.is_open and bool(order.expected_on) and order.expected_on < today,
        "company": Company.objects.first(), "moves": _moves(order), "place": "staff:purchases",
    }  # fmt: skip
    return render(request, "staff/purchase.html", context, status=status)


def _line(
    line: PurchaseOrderLine, order: PurchaseOrder, codes: dict[UUID, str], packs: dict[UUID, int], posted: QueryDict
) -> dict[str, Any]:
    pack = packs.get(line.variant_id, 1)
    price = f"{line.price.normalize():f}"
    return {
        "line": line,
        "code": codes.get(line.variant_id, ""),
        "pack": pack if line.quantity % pack else 0,
        # What was typed stays in its field when it could not be taken.
        "price": posted.get(f"price-{line.id}", price),
        "quantity": posted.get(f"quantity-{line.id}", str(line.quantity)),
        "off": posted.get(f"units-{line.id}", ""),
        "amount_minor": money.to_minor(line.price * (line.quantity - line.cancelled), order.currency),
    }


def _costs(receipts: Sequence[Receipt]) -> list[dict[str, Any]]:
    """Landed costs, newest first, with what became of the part that these deliveries bear."""
    found: dict[UUID, dict[str, Any]] = {}
    for part in (part for row in receipts for line in row.lines.all() for part in line.landed.all()):
        row = found.setdefault(part.cost_id, {"cost": part.cost, "stock_minor": 0, "sold_minor": 0})
        row["stock_minor"] += part.stock_minor
        row["sold_minor"] += part.sold_minor
    return [found[key] for key in sorted(found, reverse=True)]


def _moves(order: PurchaseOrder) -> list[dict[str, Any]]:
    labels = dict(PurchaseState.choices)
    rows = StateMove.objects.filter(subject=order.id).order_by("-id")
    return [{"move": row, "label": labels.get(row.new, row.new), "is": row.new} for row in rows]


_do = deeds.Deeds(PurchaseOrder, _page, "staff:purchase").do


@needs("purchases.order")
@require_POST
def lines(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """The lines of a draft as they stand in the form, and one more where a code is written. All or none is saved."""

    def deed(request: HttpRequest, order: PurchaseOrder) -> str:
        wishes = []
        for line in order.lines.all():
            quantity = request.POST.get(f"quantity-{line.id}")
            if quantity is not None:
                price = typed.number(request.POST.get(f"price-{line.id}", ""))
                wishes.append(Wish(variant=line.variant_id, quantity=typed.whole(quantity or "0"), price=price))
        code = request.POST.get("code", "").strip()
        if code:
            variant, units = arrivals.meant(order, code)
            variant = variant or typed.article(code)
            price = request.POST.get("price", "").strip()
            wished = request.POST.get("quantity", "").strip()
            wishes.append(
                Wish(
                    variant=variant.id, quantity=typed.whole(wished) if wished else max(1, units),
                    price=typed.number(price) if price else None,
                )
            )  # fmt: skip
        rate = request.POST.get("rate", "").strip()
        purchasing.put_lines(order.id, wishes, rate=typed.number(rate) if rate else None)
        return _("Saved.")

    return _do(request, order_id, deed)


@needs("purchases.order")
@require_POST
def place(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """The order goes to its supplier."""

    def deed(request: HttpRequest, order: PurchaseOrder) -> str:
        placed = purchasing.place(order.id, actor=audit.actor_of(request))
        audit.record("purchase.ordered", actor=audit.actor_of(request), subject=placed)
        words = _("%(number)s is ordered. Its goods are expected on %(day)s.")
        return words % {"number": placed.number, "day": shown.day_of(placed.expected_on)}

    return _do(request, order_id, deed)


@needs("purchases.order")
@require_POST
def end(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """Units that will not come: of single lines, or everything that is still to come (`all`)."""

    def deed(request: HttpRequest, order: PurchaseOrder) -> str:
        reason = request.POST.get("reason", "").strip()
        if not reason:
            raise Refused(_("The reason is missing. Write one line."))
        actor = audit.actor_of(request)
        if request.POST.get("all"):
            ended = purchasing.end(order.id, actor=actor, reason=reason)
        else:
            rows = list(order.lines.all())
            _must_be_as_seen(request, sum(line.to_come for line in rows))
            units = {line.id: typed.whole(request.POST.get(f"units-{line.id}", "") or "0") for line in rows}
            ended = purchasing.call_off(order.id, units, actor=actor, reason=reason)
        audit.record("purchase.called_off", actor=actor, subject=ended, detail={"reason": reason[:200]})
        return _("Called off. %(number)s is now: %(state)s.") % {
            "number": ended.number, "state": ended.get_state_display(),
        }  # fmt: skip

    return _do(request, order_id, deed)


@needs("purchases.order")
@require_POST
def decide(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """Somebody's word on units that came beyond the order."""

    def deed(request: HttpRequest, order: PurchaseOrder) -> str:
        row = Surplus.objects.filter(
            id=typed.ident(request.POST.get("surplus", "")), receipt__order=order
        ).first()  # fmt: skip
        keep, price = request.POST.get("word") == "keep", request.POST.get("price", "").strip()
        if row is None or request.POST.get("word") not in {"keep", "back"}:
            raise Refused(_("Choose whether the units are kept or go back."))
        buy_goods.decide(
            row.id, keep=keep, actor=audit.actor_of(request), reason=request.POST.get("reason", "").strip(),
            price=typed.number(price) if price else None,
        )  # fmt: skip
        units = ngettext("%(n)d unit", "%(n)d units", row.quantity) % {"n": row.quantity}
        return (_("Kept: %(units)s are stock now.") if keep else _("Sent back: %(units)s.")) % {"units": units}

    return _do(request, order_id, deed)


@needs("purchases.cost")
@require_POST
def land(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """A bill for freight, duty and the like is spread over what came."""

    def deed(request: HttpRequest, order: PurchaseOrder) -> str:
        home = home_currency()
        bill = Bill(
            id=typed.ident(request.POST.get("bill", "")) or uuid7(), kind=request.POST.get("kind", ""),
            basis=request.POST.get("basis", ""), amount_minor=typed.minor(request.POST.get("amount", ""), home),
            number=request.POST.get("number", "").strip(), reason=request.POST.get("reason", "").strip(),
        )  # fmt: skip
        if bill.kind not in LandedCost.Kind:
            raise Refused(_("Choose what the bill is for."))
        chosen = {typed.ident(text) for text in request.POST.getlist("receipt")}
        receipts = [receipt for receipt in order.receipts.values_list("id", flat=True) if receipt in chosen]
        cost = buy_goods.land(bill, receipts, actor=audit.actor_of(request))
        audit.record("cost.landed", actor=audit.actor_of(request), subject=cost, detail={"minor": cost.amount_minor})
        return _("%(amount)s is spread over what came.") % {"amount": shown.money(cost.amount_minor, home)}

    return _do(request, order_id, deed)


def _must_be_as_seen(request: HttpRequest, now: int) -> None:
    """The same page sent twice, or sent late, does nothing: what it saw must still be so."""
    if request.POST.get("seen") != str(now):
        raise Refused(_("Goods have moved since this page was made. Look again and decide again."))
