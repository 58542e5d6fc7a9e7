"""The shop's abilities: client and mapping put together. It keeps nothing between two calls."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from apps.connectors.vendure import codes, mapping, mapping_stock, stock
from apps.connectors.vendure.amounts import Scale
from apps.connectors.vendure.client import Client, NotFound
from apps.connectors.vendure.feed import Feed
from apps.connectors.vendure.settings import VendureSettings
from apps.core import clock
from apps.hub import contracts as c
from apps.hub.abilities import Event
from apps.hub.errors import Misconfigured, Permanent, Unreadable

ORDERS_AT_A_TIME = 20  # an order of hundreds of lines is told whole, so few fill an answer
_BROKEN = (KeyError, TypeError, ValueError, AttributeError, IndexError, ArithmeticError)


class VendureConnector:
    """One Vendure channel and one of its stock locations."""

    def __init__(self, settings: VendureSettings, connection_id: UUID) -> None:
        self.settings = settings
        self.connection_id = connection_id
        self._client = Client(settings)

    # Inbound

    def read(self, topic: str, raw: bytes) -> Sequence[Any]:
        """A polled order to our words. Raises `Unreadable`, also for a topic that is not in our tables."""
        if topic != codes.POLLED_ORDER:
            raise Unreadable(f"no table of ours reads {topic}")
        try:
            return mapping.words_of(orjson.loads(raw), self._reading())
        except _BROKEN as error:
            raise Unreadable(f"{topic}: {type(error).__name__} {error}") from error

    def _reading(self) -> mapping.Reading:
        own_words = codes.own_words(self.settings.payment_words)
        return mapping.Reading(self.settings.order_prefix, own_words, self.settings.amount_places)

    # Orders

    def changed_orders(self, since: datetime, until: datetime) -> Iterator[Sequence[Event]]:
        """Pages of orders changed in [since, until), oldest change first; see `feed`."""
        feed = Feed(self._client, self.settings.rows_a_page)
        for ids in feed.pages(since, until, least=ORDERS_AT_A_TIME):
            events = [
                one
                for start in range(0, len(ids), ORDERS_AT_A_TIME)
                for one in self._events(ids[start : start + ORDERS_AT_A_TIME])
            ]
            yield [event for _, event in sorted(events, key=lambda row: row[0])]

    def fetch_order(self, external_id: str) -> Event | None:
        """One order as it stands now; a cart that was never paid for is none."""
        found = self._events([external_id])
        return found[0][1] if found else None

    def _events(self, ids: Sequence[str]) -> list[tuple[int, Event]]:
        """(version, event) of those of some orders that were placed."""
        options = {"take": len(ids), "filter": {"id": {"in": list(ids)}}}
        data = self._client.call("Orders", {"options": options})
        orders = {one["id"]: one for one in data.pop("orders")["items"]}
        placed = [orders[id] for id in ids if id in orders and _is_placed(orders[id])]
        return [(mapping.version(one), self._event(one, data)) for one in placed]

    def _event(self, order: dict[str, Any], shop: dict[str, Any]) -> Event:
        told: Mapping[str, Any] = {"shop": shop, "order": order}
        wait = timedelta(seconds=self.settings.refund_wait_seconds)
        try:
            told = mapping.ripe(told, now=clock.now(), wait=wait)
        except (Unreadable, *_BROKEN):
            pass  # kept all the same; reading it will say what is wrong
        raw = orjson.dumps(told)
        # Two changes of one second have one time, so the event is named by what it says.
        digest = hashlib.blake2b(raw, digest_size=12).hexdigest()
        return Event(
            id=f"poll:{order['id']}:{digest}",
            topic=codes.POLLED_ORDER,
            at=codes.moment(order["updatedAt"]),
            raw=raw,
            subject=f"order:{order['code']}"[:120],
        )

    # Catalogue and stock

    def variants(self) -> Iterator[Sequence[c.VariantCard]]:
        """Pages of everything the channel lists, also what is switched off there."""
        for data in self._pages("Variants"):
            here = mapping_stock.location(data["stockLocations"]["items"], self.settings.location_id)
            yield [
                mapping_stock.variant_card(one, shop=data, here=here, places=self.settings.amount_places)
                for one in data["productVariants"]["items"]
            ]

    def shown_stock(self) -> Iterator[Sequence[c.StockQuantity]]:
        """Pages of what a shopper may buy; what Vendure does not count is left out."""
        for data in self._pages("ShownStock"):
            here = mapping_stock.location(data["stockLocations"]["items"], self.settings.location_id)
            settings = data["globalSettings"]
            told = (
                mapping_stock.stock_quantity(one, settings=settings, here=here)
                for one in data["productVariants"]["items"]
            )
            yield [one for one in told if one]

    def set_stock(self, quantities: Sequence[c.StockQuantity], key: str) -> Sequence[c.StockOutcome]:
        """Absolute, 100 at a time; see `stock`."""
        return stock.Push(self._client, self.settings.location_id).settle(quantities)

    def _pages(self, operation: str) -> Iterator[dict[str, Any]]:
        """A new variant comes behind the others. One that is deleted meanwhile moves the rest up, so pages overlap."""
        rows, skip = self.settings.rows_a_page, 0
        seen: set[str] = set()
        while True:
            data = self._client.call(operation, {"options": {"take": rows, "skip": skip, "sort": {"id": "ASC"}}})
            items = data["productVariants"]["items"]
            data["productVariants"] = {"items": [one for one in items if one["id"] not in seen]}
            yield data
            if len(items) < rows:
                return
            seen = {one["id"] for one in items}
            skip += max(1, rows - rows // 10)

    # Fulfilments

    def create_fulfilment(self, fulfilment: c.Fulfilment, key: str) -> c.FulfilmentReceipt:
        """Tell the shop once: the order's fulfilments are looked through first, for the vendor has no key. Two calls: one
        makes it, one says that it has left; what was made and not moved is moved by the next try.
        """
        order = self._order(fulfilment.order_external_id)
        if order is None:
            raise Permanent(f"{fulfilment.order_number}: Vendure does not know the order")
        done = mapping_stock.fulfilment_of(order, fulfilment)
        if done is None:
            wanted = mapping_stock.fulfilment_input(fulfilment)
            done = self._done("CreateFulfilment", "addFulfillmentToOrder", {"input": wanted}, fulfilment)
        if done["state"] not in codes.LEFT_FULFILMENTS:
            moved = {"id": done["id"], "state": codes.SHIPPED}
            done = self._done("MoveFulfilment", "transitionFulfillmentToState", moved, fulfilment)
        return c.FulfilmentReceipt(reference=fulfilment.reference, external_id=done["id"])

    def find_fulfilment(self, fulfilment: c.Fulfilment) -> c.FulfilmentReceipt | None:
        """The fulfilment with our tracking number (or, without one, our shipment's number), once it is said to have left."""
        order = self._order(fulfilment.order_external_id)
        done = mapping_stock.fulfilment_of(order, fulfilment) if order else None
        if done is None or done["state"] not in codes.LEFT_FULFILMENTS:
            return None
        return c.FulfilmentReceipt(reference=fulfilment.reference, external_id=done["id"])

    def _order(self, external_id: str) -> dict[str, Any] | None:
        order: dict[str, Any] | None = self._client.call("Fulfilments", {"id": external_id})["order"]
        return order if order and _is_placed(order) else None

    def _done(
        self, operation: str, field: str, variables: Mapping[str, Any], fulfilment: c.Fulfilment
    ) -> dict[str, Any]:
        """The fulfilment of an answer. What Vendure refuses is an answer of another type."""
        try:
            answer: dict[str, Any] = self._client.call(operation, variables)[field]
        except NotFound as error:
            raise Permanent(f"{fulfilment.order_number}: {error}") from error
        if answer["__typename"] != "Fulfillment":
            raise Permanent(f"{fulfilment.order_number}: {codes.refusal(answer)}")
        return answer

    # Health

    def check(self) -> Mapping[str, str]:
        """Raises `Misconfigured` with the permission, the location or the setting that is wrong."""
        data = self._client.call("Health")
        here = mapping_stock.location(data["stockLocations"]["items"], self.settings.location_id)
        scale = Scale.of(data, data["activeChannel"]["defaultCurrencyCode"], self._reading().places)
        if data["globalSettings"]["outOfStockThreshold"] < 0:
            raise Misconfigured(
                "the shop's out-of-stock threshold is below 0: what is sold beyond the shelf cannot be fulfilled there"
            )
        self._client.call("Rights")
        names = {one["id"]: one["name"] for one in data["stockLocations"]["items"]}
        channel = data["activeChannel"]
        return {
            "channel": channel["code"],
            "currency": channel["defaultCurrencyCode"],
            "location": names[here],
            "amounts": f"123456 means {scale.price(123456)} {scale.currency}",
        }


def _is_placed(order: Mapping[str, Any]) -> bool:
    return not order["active"] and bool(order["orderPlacedAt"])
