"""The order page: axes and holds, lines, money, parcels, why the stock is what it is, the whole story, and what may be done.

A deed is a POST that calls one story of apps/flows; one that cannot be done answers 409 with the page and the reason on it.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from apps.catalog.models import Tracking
from apps.core import audit, clock, money, place
from apps.flows import cancel_order, hold_order, refund_order, resync, ship_order
from apps.inventory import network, whereabouts
from apps.inventory import queries as inventory
from apps.inventory.errors import InsufficientStock
from apps.inventory.models import Demand
from apps.orders import queries as orders
from apps.orders import services as order_services
from apps.orders.errors import AlreadyShipped, NotOpen
from apps.orders.models import Order
from apps.orders.states import AllocationState, Lifecycle
from apps.payments.models import Payment
from apps.payments.services import OverRefund
from apps.staff import deeds
from apps.staff.deeds import Refused
from apps.staff.parts import connections, leaving, sourced, story, timeline, words
from apps.staff.parts.frame import frame
from apps.staff.parts.story import Story
from apps.staff.roles import needs
from apps.staff.templatetags import shown
from apps.staff.views import desk


@needs("orders.view")
@require_safe
def order(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """One order. `?queue=` keeps the way through a queue, `?show=` filters the story."""
    return _page(request, order_id)


def _page(request: HttpRequest, order_id: UUID, *, error: str = "", status: int = 200) -> HttpResponse:
    try:
        found = story.read(order_id)
    except Order.DoesNotExist:
        raise Http404 from None
    now = clock.now()
    queue = orders.BY_NAME.get(request.GET.get("queue", ""))
    customer = found.order.customer_id
    bought = {"bought": Order.objects.filter(customer=customer)} if customer else {}
    context, counts = frame(now, queue=queue.name if queue else "", also=bought)
    rows = connections.all_of_them() if found.can_ship or found.can_cancel else []
    show = request.GET.get("show", "")
    sourcing = [(row.at, sourced.sentences(row)) for row in inventory.decisions_of(found.order.id)]
    gone = whereabouts.went(_tracked(found))
    context |= {
        "story": found,
        "order": found.order,
        "shop_name": found.company.name if found.company else "",
        "company": found.company,
        "home_country": place.country(),
        "verdict": _verdict(found),
        "lines": [_line(line, found, gone) for line in found.lines],
        "stock": [_stock(demand) for demand in found.short],
        "sourcing": sourcing,
        "leaves_from": {place.id: place.name for place in network.places()} if sourcing else {},
        "due": desk.due(found.order, now),
        "timeline": timeline.build(found, show=show if show in ("call", "person") else ""),
        "show": show,
        "neighbours": _neighbours(found.order, queue, now) if queue else {},
        "queue": queue,
        "bought": counts.get("bought", 0),
        "leaving": {
            "ship": leaving.ship(found, rows),
            "cancel": leaving.cancel(found, rows),
            "refund": leaving.refund(found, found.refundable_minor),
        },
        "refundable": str(money.Money(found.refundable_minor, found.order.currency).amount),
        "slip": found.slip,
        "error": error,
        "place": "staff:desk",
    }
    return render(request, "staff/order.html", context, status=status)


def _verdict(found: Story) -> dict[str, str]:
    """The first line: how it stands and what to do now. `deed` names the dialog of the one black button."""
    held = found.open_holds
    if not found.is_open:
        return {}
    if held:
        said = [
            words.hold_reason(hold.reason) + (f": {words.reason(hold.detail)}" if hold.detail else "") for hold in held
        ]
        return {"is": "act", "title": _("On hold. %(reasons)s") % {"reasons": " · ".join(said)},
                "text": _("The order keeps its units meanwhile; other orders go on."), "deed": "release"}  # fmt: skip
    if found.short:
        short = [f"{d.level.variant.title} × {d.waiting}" for d in found.short]
        return {"is": "act", "title": _("Waits for stock: %(articles)s") % {"articles": ", ".join(short[:3])},
                "text": _("The next units go to the orders that have waited longest."), "deed": ""}  # fmt: skip
    if found.order.payment in orders.OWES:
        until = [p.expires_at for p in found.payments if p.expires_at]
        text = _("It can be paid until %(when)s.") % {"when": shown.times.moment(until[0])} if until else ""
        method = words.METHODS.get(found.order.payment_method, found.order.payment_raw)
        return {
            "is": "wait",
            "title": _("Waits for the payment: %(method)s") % {"method": method},
            "text": text,
            "deed": "",
        }
    if found.pending:
        return {"is": "wait", "title": _("To be packed: %(number)s") % {"number": found.pending.number},
                "text": "", "deed": "pack"}  # fmt: skip
    if found.can_ship:
        return {"is": "wait", "title": _("Paid, allocated and free: it can be shipped."), "text": "", "deed": "ship"}
    return {}


def _tracked(found: Story) -> list[Demand]:
    """What was shipped of articles whose units are told apart."""
    if not any(shipment.shipped_at for shipment in found.shipments.values()):
        return []
    demands = [row for portions in found.portions.values() for portion in portions for row in portion.demands]
    return [row for row in demands if row.level.variant.tracking != Tracking.NONE]


def _line(line: Any, found: Story, gone: Mapping[UUID, list[whereabouts.Went]]) -> dict[str, Any]:
    """One line with what is promised of it, in which parcels it leaves and which lots of it have left."""
    portions = found.portions.get(line.id, [])
    wanted = line.quantity - line.cancelled
    given = sum(portion.promised + portion.shipped for portion in portions)
    demands = [demand for portion in portions for demand in portion.demands]
    is_bundle = any(demand.level.variant_id != line.variant_id for demand in demands)
    return {
        "line": line,
        "wanted": wanted,
        "given": given,
        "is": "ok" if given >= wanted else "wait" if given else "bad",
        "has_demand": bool(portions) and found.order.lifecycle != Lifecycle.CANCELLED,
        "level": demands[0].level_id if demands and not is_bundle else None,
        "parts": _parts(demands) if is_bundle else [],
        "beyond": sum(portion.beyond for portion in portions),
        "parcels": found.by_line.get(line.id, []),
        "lots": [went for demand in demands for went in gone.get(demand.id, [])],
        "is_reduced": line.tax_code == "reduced",
    }


def _parts(demands: Sequence[Demand]) -> list[dict[str, Any]]:
    """A bundle's components: units that it wants of each, and how many of them are promised or gone."""
    parts: dict[UUID, dict[str, Any]] = {}
    for demand in demands:
        part = parts.setdefault(demand.level.variant_id, {"level": demand.level, "wanted": 0, "given": 0})
        part["wanted"] += demand.quantity - demand.cancelled
        part["given"] += demand.allocated + demand.shipped
    return list(parts.values())


def _stock(demand: Any) -> dict[str, Any]:
    """Why a number of a short line is what it is: the shelf it waits for."""
    level = demand.level
    return {"demand": demand, "level": level, "others": level.reserved - demand.allocated, "free": level.available}


def _neighbours(row: Order, queue: orders.Queue, now: Any) -> dict[str, Order]:
    """The orders before and after this one in its queue, in the list's order."""
    rows = orders.waiting(queue.name, now=now)
    q = orders.after(row), orders.before(row)
    later, earlier = (rows.filter(part) for part in q)
    pair = later.order_by("placed_at", "id")[:1].union(earlier.order_by("-placed_at", "-id")[:1], all=True)
    found = {}
    for other in pair:
        is_later = (other.placed_at, other.id) > (row.placed_at, row.id)
        found["previous" if is_later == queue.newest_first else "next"] = other
    return found


# Deeds


def _way(request: HttpRequest) -> str:
    """The way through a queue is kept."""
    return f"?queue={request.GET['queue']}" if request.GET.get("queue") in orders.BY_NAME else ""


STOPS = {
    NotOpen: gettext_lazy("The order is not open any more. Nothing was changed."),
    AlreadyShipped: gettext_lazy("Part of it has left already. What has left comes back as a return."),
    OverRefund: gettext_lazy("That is more than was taken. Nothing was given back."),
    InsufficientStock: deeds.TOO_LATE,
}
_do = deeds.Deeds(Order, _page, "staff:order", also=STOPS, query=_way).do


@needs("orders.hold")
@require_POST
def hold(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """Stop the order, with a reason in words."""

    def deed(request: HttpRequest, row: Order) -> str:
        reason = request.POST.get("reason", "").strip()
        if not reason:
            raise Refused(_("The reason is missing. Write one line."))
        hold_order.hold(row, reason=reason[:300], actor=audit.actor_of(request))
        return _("Put on hold.")

    return _do(request, order_id, deed)


@needs("orders.hold")
@require_POST
def release(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """Every hold of the order ends."""

    def deed(request: HttpRequest, row: Order) -> str:
        n = hold_order.release(row, actor=audit.actor_of(request))
        return ngettext("Released %(n)d hold.", "Released %(n)d holds.", n) % {"n": n}

    return _do(request, order_id, deed)


@needs("orders.ship")
@require_POST
def ship(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """Plan the parcel of everything that is promised."""

    def deed(request: HttpRequest, row: Order) -> str:
        if row.is_held or row.allocation != AllocationState.FULL or row.payment not in orders.PAID_ENOUGH:
            raise Refused(_("Something keeps this order. Its state is above."))
        made = ship_order.plan([row], actor=audit.actor_of(request))
        if not made:
            raise Refused(_("A parcel is planned already, or nothing is promised."))
        return _("%(number)s is planned. Pack it next.") % {"number": made[0].number}

    return _do(request, order_id, deed)


@needs("orders.cancel")
@require_POST
def cancel(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """Call the whole order off."""

    def deed(request: HttpRequest, row: Order) -> str:
        reason = request.POST.get("reason", "").strip()
        if not reason:
            raise Refused(_("The reason is missing. Write one line."))
        cancel_order.cancel(row, actor=audit.actor_of(request), reason=reason[:300])
        return _("Cancelled.")

    return _do(request, order_id, deed)


@needs("orders.refund")
@require_POST
def refund(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """Give money back. `left` is what the page said could go back, so that the same page sent twice refunds once."""

    def deed(request: HttpRequest, row: Order) -> str:
        reason = request.POST.get("reason", "").strip()
        if not reason:
            raise Refused(_("The reason is missing. Write one line."))
        with transaction.atomic():
            order_services.lock([row.id])
            payment = (
                Payment.objects.filter(id=_uuid(request.POST.get("payment", "")), order=row)
                .select_for_update(no_key=True)
                .first()
            )
            if payment is None:
                raise Refused(_("There is no payment to give back from."))
            left = payment.captured_minor - payment.refunded_minor
            if request.POST.get("left") != str(left):
                raise Refused(_("Money has moved since this page was made. Look again and decide again."))
            minor = _minor(request.POST.get("amount", ""), payment.currency)
            if not 0 < minor <= left:
                words = _("At most %(amount)s can go back.") % {"amount": shown.money(left, payment.currency)}
                raise Refused(words)
            refund_order.refund(payment, amount_minor=minor, reason=reason[:200], actor=audit.actor_of(request))
        return _("%(amount)s is going back.") % {"amount": shown.money(minor, payment.currency)}

    return _do(request, order_id, deed)


@needs("connections.retry")
@require_POST
def ask_again(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """A worker asks the channel for this order again; the page waits for nobody."""

    def deed(request: HttpRequest, row: Order) -> str:
        resync.ask(row, actor=audit.actor_of(request))
        return _("Asked the channel. What it answers will appear in the story.")

    return _do(request, order_id, deed)


@needs("orders.hold")
@require_POST
def note(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """Staff note, tags and who looks after it."""

    def deed(request: HttpRequest, row: Order) -> str:
        tags = [tag.strip()[:40] for tag in request.POST.get("tags", "").replace("、", ",").split(",") if tag.strip()]
        with transaction.atomic():
            row.staff_note = request.POST.get("note", "")[:4000]
            row.tags = list(dict.fromkeys(tags))[:20]
            row.save(update_fields=["staff_note", "tags"])
            audit.record("order.noted", actor=audit.actor_of(request), subject=row)
        return _("Saved.")

    return _do(request, order_id, deed)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _minor(text: str, currency: str) -> int:
    """An amount as people type it, in minor units; 0 for what is no amount."""
    plain = text.strip().replace(",", "").replace("，", "").lstrip("¥￥£$€")
    try:
        return money.to_minor(plain, currency)
    except (ArithmeticError, ValueError):
        return 0
