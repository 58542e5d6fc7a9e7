"""What staff ask of orders: work queues derived from the axes and holds, search, and one order with all of its own rows.

A queue is a question, never a stored status; one order may stand in several. Each question names the condition of a partial
index of `Order`, so that its cost is the day's work and not the shop's age.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import JSONObject, Upper
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.catalog.models import Variant
from apps.core import clock
from apps.customers.models import Customer
from apps.orders.models import Order, OrderHold, OrderLine
from apps.orders.states import AllocationState, FulfilmentState, Lifecycle, PaymentState

# Where the channel gives no date, an order that could leave and has not after so long counts as late.
LATE_AFTER = timedelta(days=3)
# How many customers or variants one word of a search may stand for.
MOST_MEANINGS = 200
PAID_ENOUGH = (
    PaymentState.AUTHORISED, PaymentState.PAID, PaymentState.PARTLY_REFUNDED, PaymentState.NOT_REQUIRED,
    PaymentState.ON_DELIVERY,
)  # fmt: skip
OWES = (PaymentState.UNPAID, PaymentState.PARTLY_PAID)
_TO_DO = Q(lifecycle=Lifecycle.OPEN, fulfilment__in=[FulfilmentState.UNFULFILLED, FulfilmentState.PARTIAL])


@dataclass(frozen=True, slots=True)
class Queue:
    """One work list. `urgency` is how its figure is coloured: "", "act" or "bad"."""

    name: str
    label: str | Promise
    urgency: str = ""
    newest_first: bool = False


QUEUES: tuple[Queue, ...] = (
    Queue("overdue", _("Overdue"), "bad"),
    Queue("new", _("New"), newest_first=True),
    Queue("held", _("Needs review"), "act"),
    Queue("unpaid", _("Awaiting payment")),
    Queue("short", _("Awaiting stock")),
    Queue("ready", _("Ready to ship")),
    Queue("shipped", _("Shipped"), newest_first=True),
)
ALL = Queue("all", _("All orders"), newest_first=True)
BY_NAME: Mapping[str, Queue] = {queue.name: queue for queue in (*QUEUES, ALL)}


def waiting(queue: str, *, now: datetime) -> QuerySet[Order]:
    """The orders of a queue at a moment of business time, unordered. Raises `KeyError` for a queue that does not exist."""
    today = now.astimezone(clock.shop_zone()).replace(hour=0, minute=0, second=0, microsecond=0)
    late = Q(ship_by__lt=now) | Q(ship_by=None, placed_at__lt=now - LATE_AFTER)
    conditions = {
        "overdue": _TO_DO & Q(payment__in=PAID_ENOUGH) & late,
        "new": _TO_DO & Q(fulfilment=FulfilmentState.UNFULFILLED, taken_at__gte=today),
        "held": Q(lifecycle=Lifecycle.OPEN, is_held=True),
        "unpaid": _TO_DO & Q(payment__in=OWES),
        "short": _TO_DO & Q(allocation__in=[AllocationState.NONE, AllocationState.PARTIAL]),
        "ready": _TO_DO & Q(is_held=False, allocation=AllocationState.FULL, payment__in=PAID_ENOUGH),
        "shipped": Q(lifecycle=Lifecycle.OPEN, fulfilment=FulfilmentState.SHIPPED),
        "all": Q(),
    }
    return Order.objects.filter(conditions[queue])


def queues(now: datetime) -> dict[str, QuerySet[Order]]:
    """Every queue that is counted, by name, for `counting.capped`."""
    return {queue.name: waiting(queue.name, now=now) for queue in QUEUES}


def found(words: str, *, also: QuerySet[Any] | None = None) -> QuerySet[Order]:
    """Orders that a search means: our or the channel's number, the customer's name from its beginning or whole telephone
    number, a whole SKU; `also` are ids of orders that a higher floor has found. Every part of it goes by an index."""
    text = words.strip()
    digits = "".join(sign for sign in text if sign.isdigit())
    people = Customer.objects.filter(Q(name__startswith=text) | Q(phone__in={text, digits} - {""}))
    variants = Variant.objects.annotate(upper=Upper("sku")).filter(upper=text.upper())
    lines = OrderLine.objects.filter(variant__in=variants.values("id")[:MOST_MEANINGS])
    numbers = Q(number__in=[text, text.upper()]) | Q(external_number__in=[text, f"#{text}"])
    parts = [
        Order.objects.filter(numbers).values("id"),
        Order.objects.filter(customer__in=people.order_by("name", "id").values("id")[:MOST_MEANINGS]).values("id"),
        lines.values("order"),
    ]
    if also is not None:
        parts.append(also)
    return Order.objects.filter(id__in=parts[0].union(*parts[1:]))


def narrowed(
    rows: QuerySet[Order], *, channel: str = "", method: str = "", tag: str = "", assignee: str = ""
) -> QuerySet[Order]:
    """Only some of a queue: of one channel, way of paying, tag or person."""
    wanted: dict[str, Any] = {}
    if channel:
        wanted["channel"] = channel
    if method:
        wanted["payment_method"] = method
    if tag:
        wanted["tags__contains"] = [tag]
    if assignee:
        wanted["assignee"] = assignee
    return rows.filter(**wanted)


def for_list(rows: QuerySet[Order]) -> QuerySet[Order]:
    """Rows with what a list shows of each: who, first article, how many lines and units, open holds. One statement."""
    items = OrderLine.objects.filter(order=OuterRef("pk"), kind=OrderLine.Kind.ITEM)
    per_order = items.order_by().values("order")
    holds = OrderHold.objects.filter(order=OuterRef("pk"), released_at=None).order_by("set_at")
    return rows.select_related("customer", "ship_to").annotate(
        first_title=Subquery(items.order_by("number").values("title")[:1]),
        articles=Subquery(per_order.annotate(n=Count("*")).values("n")),
        units=Subquery(per_order.annotate(n=Sum(F("quantity") - F("cancelled"))).values("n")),
        open_holds=ArraySubquery(holds.values(json=JSONObject(reason="reason", detail="detail"))),
    )


def taken_today(now: datetime) -> QuerySet[Order]:
    """Orders that were placed on the shop's present day."""
    today = now.astimezone(clock.shop_zone()).replace(hour=0, minute=0, second=0, microsecond=0)
    return Order.objects.filter(placed_at__gte=today)


def untouched(rows: QuerySet[Order]) -> QuerySet[Order]:
    """Those that nobody and no rule has ever held."""
    return rows.exclude(Exists(OrderHold.objects.filter(order=OuterRef("pk"))))


def after(order: Order) -> Q:
    """Orders that came later."""
    return Q(placed_at__gte=order.placed_at) & (Q(placed_at__gt=order.placed_at) | Q(id__gt=order.id))


def before(order: Order) -> Q:
    """Orders that came earlier."""
    return Q(placed_at__lte=order.placed_at) & (Q(placed_at__lt=order.placed_at) | Q(id__lt=order.id))
