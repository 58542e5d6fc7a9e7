"""The desk: work queues, search, and a list whose rows never jump. Every list is a page by key; nothing is counted whole."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from apps.core import clock, counting, keyset
from apps.hub.models import Connection
from apps.inventory import queries as inventory
from apps.orders import queries as orders
from apps.orders.models import Order
from apps.orders.states import AllocationState, FulfilmentState, Lifecycle
from apps.shipping import queries as shipping
from apps.staff.parts import connections, repairs, times, words
from apps.staff.parts.frame import frame
from apps.staff.roles import needs

SOON = timedelta(hours=3)
KEYS = ("placed_at", "id")


@dataclass(slots=True)
class Due:
    """When an order should leave: a mark and words, or plain words where there is time."""

    mark: str
    label: str
    sub: str


@dataclass(slots=True)
class Row:
    """One order as the list shows it."""

    order: Order
    channel: str
    place: str
    articles: str
    why: str
    detail: str
    due: Due
    allocated: str


@needs("orders.view")
@require_safe
def desk(request: HttpRequest) -> HttpResponse:
    """A queue (`?queue=`), or what a search (`?q=`) finds; `after` and `before` lead to the neighbouring pages."""
    now = clock.now()
    context, counts = frame(
        now, also={"today": orders.taken_today(now), "by_itself": orders.untouched(orders.taken_today(now)),
                   "left": shipping.shipped_today(now)},
    )  # fmt: skip
    everybody = connections.all_of_them()
    channels = connections.with_ability(everybody, "orders")
    search = request.GET.get("q", "").strip()[:80]
    queue = orders.BY_NAME.get(request.GET.get("queue", "")) or _first_with_work(counts)
    if search:
        queue = orders.ALL
        found = orders.found(search, also=shipping.orders_of_tracking(search))
    else:
        found = orders.narrowed(orders.waiting(queue.name, now=now), **_filters(request, queue, channels))
    page = keyset.page(
        orders.for_list(found), KEYS, newest_first=queue.newest_first,
        after=request.GET.get("after", ""), before=request.GET.get("before", ""),
    )  # fmt: skip
    context |= {
        "queue": queue,
        "queue_name": "" if search else queue.name,
        "queue_count": counting.shown(counts[queue.name]) if queue.name in counts and not search else "",
        "search": search,
        "rows": _rows(page.rows, {row.id: row.name for row in channels}, now),
        "page": page,
        "chips": _chips(request, channels),
        "channels": channels,
        "methods": words.METHODS,
        "filters": _filters(request, queue, channels),
        "can_narrow": queue.name != "all" and not search,
        "figures": _figures(counts, channels, now),
        "place": "staff:desk",
        "since": now.isoformat(),
        "lost": repairs.today(everybody),
    }
    return render(request, "staff/desk.html", context)


@needs("orders.view")
@require_safe
def fresh(request: HttpRequest) -> HttpResponse:
    """How many orders have come in since the list was made: one line, or nothing. Asked for by the page itself."""
    since = parse_datetime(request.GET.get("since", "").replace(" ", "+"))
    queue = orders.BY_NAME.get(request.GET.get("queue", ""))
    if since is None or since.tzinfo is None or queue is None:
        return HttpResponse("")
    now = clock.now()
    came = orders.waiting(queue.name, now=now).filter(placed_at__gte=since - timedelta(days=7), taken_at__gt=since)
    count = counting.capped({"new": came}, most=99)["new"]
    return render(request, "staff/_fresh.html", {"count": count, "queue": queue})


def people() -> list[str]:
    """Sign-in names of those who may be given work."""
    active = get_user_model().objects.filter(is_active=True).order_by("username")
    return list(active.values_list("username", flat=True)[:200])


def _first_with_work(counts: dict[str, int]) -> orders.Queue:
    """Where a day begins: what is late, then what needs a decision, then what can leave."""
    first = next((name for name in ("overdue", "held", "ready", "new", "short", "unpaid") if counts[name]), "all")
    return orders.BY_NAME[first]


def _filters(request: HttpRequest, queue: orders.Queue, channels: list[Connection]) -> dict[str, str]:
    """Only a queue is narrowed by tag or person: over all orders of all years that would read the whole table."""
    asked = request.GET.get("channel", "")
    wanted = {"channel": asked if any(str(row.id) == asked for row in channels) else ""}
    if queue.name != "all":
        method = request.GET.get("method", "")
        wanted["method"] = method if method in words.METHODS else ""
        wanted["tag"] = request.GET.get("tag", "").strip()[:40]
        wanted["assignee"] = request.user.get_username() if request.GET.get("mine") else ""
    return wanted


def _chips(request: HttpRequest, channels: list[Connection]) -> list[tuple[str, str]]:
    """The filters that are on: words, and the address without it."""
    names = {str(row.id): row.name for row in channels}
    labels = {
        "channel": names.get(request.GET.get("channel", ""), ""),
        "method": str(words.METHODS.get(request.GET.get("method", ""), "")),
        "tag": request.GET.get("tag", "").strip()[:40],
        "mine": _("Mine") if request.GET.get("mine") else "",
    }
    chips = []
    for name, label in labels.items():
        if label:
            rest = request.GET.copy()
            for gone in (name, "after", "before"):
                rest.pop(gone, None)
            chips.append((label, f"?{rest.urlencode()}"))
    return chips


def _rows(found: Any, channels: dict[Any, str], now: datetime) -> list[Row]:
    short = [order.id for order in found if order.allocation != AllocationState.FULL]
    standing = inventory.standing(short) if short else {}
    rows = []
    for order in found:
        why, detail = _why(order)
        stock = standing.get(order.id, inventory.Standing())
        place = "".join((order.ship_to.region, order.ship_to.city)) if order.ship_to else ""
        rows.append(
            Row(
                order, channels.get(order.channel_id, "–"), place, _articles(order), why, detail, due(order, now),
                f"{stock.given}/{stock.wanted}" if stock.wanted and order.lifecycle == Lifecycle.OPEN else "",
            )
        )  # fmt: skip
    return rows


def _articles(order: Any) -> str:
    more = (order.articles or 0) - 1
    units = order.units or 0
    said = [order.first_title or ""]
    if more > 0:
        said[0] += ngettext(" and %(n)d more article", " and %(n)d more articles", more) % {"n": more}
    said.append(ngettext("%(n)d unit", "%(n)d units", units) % {"n": units})
    said += [str(tag) for tag in order.tags]
    return " · ".join(said)


def _why(order: Any) -> tuple[str, str]:
    """Why the order stands where it stands: its hold, or what it waits for."""
    if order.open_holds:
        hold = order.open_holds[0]
        detail = words.reason(hold["detail"])
        if len(order.open_holds) > 1:
            more = len(order.open_holds) - 1
            detail = ngettext("and %(n)d more reason", "and %(n)d more reasons", more) % {"n": more}
        return words.hold_reason(hold["reason"]), detail
    if order.lifecycle != Lifecycle.OPEN:
        return "", str(Lifecycle(order.lifecycle).label)
    if order.fulfilment in {FulfilmentState.SHIPPED, FulfilmentState.DELIVERED}:
        return "", _("On its way to the customer")
    if order.payment in orders.OWES:
        return "", _("Waits for the payment: %(method)s") % {"method": words.METHODS.get(order.payment_method, "")}
    if order.allocation != AllocationState.FULL:
        return "", _("Waits for stock")
    return "", _("Can be shipped")


def due(order: Order, now: datetime) -> Due:
    """How much time is left, or for how long it has been late."""
    waits = order.lifecycle == Lifecycle.OPEN and order.fulfilment in {
        FulfilmentState.UNFULFILLED, FulfilmentState.PARTIAL,
    }  # fmt: skip
    placed = times.moment(order.placed_at, now=now)
    if not waits:
        return Due("", times.moment(order.placed_at, now=now), "")
    if order.ship_by is None:
        age = now - order.placed_at
        if age > orders.LATE_AFTER and order.payment in orders.PAID_ENOUGH:
            return Due("bad", _("%(span)s old") % {"span": times.span(age)}, placed)
        return Due("", times.ago(order.placed_at, now=now), placed)
    until = times.moment(order.ship_by, now=now)
    if order.ship_by < now:
        return Due("bad", _("%(span)s late") % {"span": times.span(now - order.ship_by)}, until)
    if order.ship_by - now < SOON:
        return Due("act", _("%(span)s left") % {"span": times.span(order.ship_by - now)}, until)
    return Due("", until, "")


def _figures(counts: dict[str, int], channels: list[Connection], now: datetime) -> dict[str, Any]:
    """The day in four figures."""
    heard = [row for row in channels if row.last_heard_at]
    newest = max(heard, key=lambda row: row.last_heard_at or now, default=None)
    today, by_itself = counts["today"], counts["by_itself"]
    return {
        "ready": counting.shown(counts["ready"]),
        "left": counting.shown(counts["left"]),
        "left_n": counts["left"],
        "left_of": counts["left"] + counts["ready"],
        "today": counting.shown(today),
        "by_itself": f"{by_itself * 100 // today}" if today else "",
        "by_itself_n": by_itself,
        "heard": newest.last_heard_at if newest else None,
        "silent": [row for row in channels if connections.is_silent(row, now)],
    }
