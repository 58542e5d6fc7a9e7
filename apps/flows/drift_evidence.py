"""What a night gathers about each listing that shows another number than ours: orders, pushes and links as written down."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import F, Q

from apps.channels.manners import manners
from apps.channels.models import Listing, SellingPolicy
from apps.channels.states import SellingState
from apps.flows import why_number
from apps.flows.drift import Named, Seen
from apps.hub.abilities import Writes
from apps.hub.models import Connection
from apps.orders.models import OrderLine, OrderRevision

# A number that was acknowledged so short a time ago may not have taken effect, whatever the vendor promises.
STILL_LATE = timedelta(hours=1)


class Evidence:
    """Everything about one channel's differing listings of one night."""

    def __init__(self, channel: Connection, listings: Iterable[Listing], *, looked_at: datetime) -> None:
        self.channel = channel
        self.looked_at = looked_at
        rows = [row for row in listings if row.variant_id]
        self._missed = self._tonight(
            OrderLine.objects.filter(order__taken_at__gte=looked_at, order__placed_at__lte=looked_at, quantity__gt=0),
            F("quantity"),
        )
        called_off = OrderRevision.objects.filter(
            at__gte=looked_at, changes__has_key="cancelled", order__channel=channel
        )
        self._called_off = self._tonight(
            OrderLine.objects.filter(order__in=called_off.values("order"), cancelled__gt=0), F("cancelled")
        )
        self._leased = set(
            SellingPolicy.objects.filter(variant__in=[row.variant_id for row in rows]).exclude(state=SellingState.SHARED)
            .values_list("variant", flat=True)
        )  # fmt: skip
        self._twins = self._listed_twice(rows)

    def seen(self, row: Listing, facts: dict[str, Any]) -> Seen:
        """One listing, as it was looked at (`facts`: right, believed, theirs, pushing, set_at as text)."""
        set_at = datetime.fromisoformat(facts["set_at"]) if facts["set_at"] else None
        told = why_number.last_push(row, set_at=set_at)
        since = set_at or self.looked_at - timedelta(days=7)
        return Seen(
            right=facts["right"], believed=facts["believed"], theirs=facts["theirs"], pushing=facts["pushing"], set_at=set_at,
            told=told, sold=None if told is None or row.variant_id in self._leased else self._sold(row, since),
            is_recent=set_at is not None and self.looked_at - set_at < STILL_LATE,
            missed=self._missed.get(row.variant_id, Named()), called_off=self._called_off.get(row.variant_id, Named()),
            elsewhere=self._elsewhere(row, since),
            twin=self._twins.get(row.id, ""),
        )  # fmt: skip

    def _tonight(self, lines: Any, units: Any) -> dict[UUID | None, Named]:
        """variant -> units of this channel's orders, with their numbers."""
        rows = lines.filter(order__channel=self.channel, variant__isnull=False).annotate(counts=units)
        return _named(rows.values_list("variant", "order__external_number", "counts").order_by("order", "number"))

    def _sold(self, row: Listing, since: datetime) -> int:
        """Units that were taken off what we believe since a number was acknowledged (see channels.services.sold)."""
        told = manners(self.channel)
        lines = self._lines(since).filter(variant=row.variant_id)
        if told.writes is Writes.ABSOLUTE:
            lines = lines.filter(order__placed_at__gte=since + told.settles)
        # Sales of this very night are in the orders by now, but were not when the channel was looked at.
        lines = lines.filter(order__taken_at__lt=self.looked_at)
        return sum(lines.values_list("quantity", flat=True))

    def _lines(self, since: datetime) -> Any:
        """Lines of this channel that we heard of since, of sales that had been made when it was looked at."""
        return OrderLine.objects.filter(
            order__channel=self.channel, order__taken_at__gt=since, order__placed_at__lte=self.looked_at, quantity__gt=0
        )

    def _elsewhere(self, row: Listing, since: datetime) -> Named:
        """Units sold under this listing's SKU that were booked on another article, or on none."""
        lines = self._lines(since).filter(sku=row.sku, kind=OrderLine.Kind.ITEM)
        return _all(lines.filter(Q(variant__isnull=True) | ~Q(variant=row.variant_id)))

    def _listed_twice(self, rows: list[Listing]) -> dict[UUID, str]:
        """listing -> the channel's id of another listing of it with the same SKU."""
        by_sku: dict[str, list[Listing]] = defaultdict(list)
        for other in Listing.objects.filter(connection=self.channel, sku__in={row.sku for row in rows if row.sku}):
            by_sku[other.sku].append(other)
        return {row.id: other.external_id for row in rows for other in by_sku.get(row.sku, ()) if other.id != row.id}


def _all(lines: Any) -> Named:
    rows = lines.order_by("order", "number").values_list("order__external_number", "quantity")
    numbers, units = [], 0
    for number, count in rows:
        units += count
        numbers.append(number)
    return Named(units, tuple(dict.fromkeys(numbers)))


def _named(rows: Iterable[tuple[Any, str, int]]) -> dict[Any, Named]:
    units: dict[Any, int] = defaultdict(int)
    numbers: dict[Any, list[str]] = defaultdict(list)
    for variant, number, count in rows:
        units[variant] += count
        numbers[variant].append(number)
    return {variant: Named(units[variant], tuple(dict.fromkeys(numbers[variant]))) for variant in units}
