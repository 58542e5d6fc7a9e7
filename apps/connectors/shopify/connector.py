"""The shop's abilities: client and mapping put together. It keeps nothing between two calls."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import orjson

from apps.connectors.shopify import (
    codes,
    mapping,
    mapping_bulk,
    mapping_fulfilment,
    mapping_graphql,
    mapping_stock,
    pricing,
    stock,
)
from apps.connectors.shopify.bulk import Bulk
from apps.connectors.shopify.client import Client
from apps.connectors.shopify.documents import bulk_stock, bulk_variants
from apps.connectors.shopify.settings import ShopifySettings
from apps.hub import contracts as c
from apps.hub.abilities import Event
from apps.hub.errors import Misconfigured, Permanent, Transient, Unreadable


class ShopifyConnector:
    """One shop and the locations of it that Kurogo keeps; the first is where listings are shown."""

    def __init__(self, settings: ShopifySettings, connection_id: UUID) -> None:
        self.settings = settings
        self.connection_id = connection_id
        self._client = Client(settings)
        self._location = mapping.gid("Location", settings.location_id) if settings.location_id else ""
        self._places = {code: mapping.gid("Location", id) for code, id in settings.places().items()}
        self._ours = list(dict.fromkeys(one for one in (self._location, *self._places.values()) if one))

    # Inbound

    def read(self, topic: str, raw: bytes) -> Sequence[Any]:
        """A notice or a polled order to our words. Raises `Unreadable`, also for a topic that is not in our tables."""
        try:
            return self._read(topic, orjson.loads(raw))
        except (KeyError, TypeError, ValueError, AttributeError, IndexError, ArithmeticError) as error:
            raise Unreadable(f"{topic}: {type(error).__name__} {error}") from error

    def _read(self, topic: str, body: Any) -> Sequence[Any]:
        prefix = self.settings.order_prefix
        if topic == codes.POLLED_ORDER:
            body = mapping_graphql.webhook_order(body)
        if topic in codes.ORDER_TOPICS or topic == codes.POLLED_ORDER:
            return (mapping.order_draft(body, prefix=prefix), *mapping.refunds_of(body, prefix=prefix))
        if topic == codes.REFUND_TOPIC:
            draft = mapping.return_draft(body)
            return (draft,) if draft else ()
        if topic in codes.PRODUCT_TOPICS:
            return mapping_stock.product_cards(body, location=self._location)
        if topic == codes.STOCK_TOPIC:
            return mapping_stock.stock_notice(body, locations=self._ours)
        if topic in codes.ECHO_TOPICS:
            return ()
        raise Unreadable(f"no table of ours reads {topic}")

    # Orders

    def changed_orders(self, since: datetime, until: datetime) -> Iterator[Sequence[Event]]:
        """Pages of orders changed in [since, until), oldest change first; the shop counts whole seconds."""
        window = f"updated_at:>='{_floor(since)}' AND updated_at:<'{_ceiling(until)}'"
        for _data, page in self._pages("Orders", ("orders",), {"query": window}):
            yield [self._event(node) for node in page["nodes"]]

    def fetch_order(self, external_id: str) -> Event | None:
        """One order as it stands now."""
        node = self._client.call("Order", {"id": mapping.gid("Order", external_id)})["order"]
        return self._event(node) if node else None

    def _event(self, node: dict[str, Any]) -> Event:
        lines = node["lineItems"]
        self._complete(lines, "OrderLines", ("order", "lineItems"), node["id"])
        node["refunds"] = [self._refund(refund["id"]) for refund in node["refunds"]]
        return Event(
            id=f"poll:{node['id']}:{node['updatedAt']}",
            topic=codes.POLLED_ORDER,
            at=mapping.moment(node["updatedAt"]),
            raw=orjson.dumps(node),
            subject=f"order:{node['name']}",
        )

    def _refund(self, reference: str) -> dict[str, Any]:
        refund: dict[str, Any] = self._client.call("Refund", {"id": reference, "after": None})["refund"]
        self._complete(refund["refundLineItems"], "Refund", ("refund", "refundLineItems"), reference)
        return refund

    # Catalogue and stock

    def variants(self) -> Iterator[Sequence[c.VariantCard]]:
        """Pages of everything the shop lists; a large shop's by a bulk operation."""
        here = self._here()
        for turn, (data, page) in enumerate(self._pages("Variants", ("productVariants",), {"location": here})):
            if turn == 0 and self._is_large(page):
                read = partial(mapping_bulk.variant_cards, shop=data["shop"], location=here)
                yield from Bulk(self._client, self.settings).pages(bulk_variants(here), read)
                return
            yield [mapping_stock.variant_card(node, shop=data["shop"], location=here) for node in page["nodes"]]

    def shown_stock(self) -> Iterator[Sequence[c.StockQuantity]]:
        """Pages of what is available, one location after the other; `external_id` is the inventory item's."""
        self._here()
        for location in self._ours:
            yield from self._shown_at(location)

    def _shown_at(self, location: str) -> Iterator[Sequence[c.StockQuantity]]:
        path = ("location", "inventoryLevels")
        for turn, (_data, page) in enumerate(self._pages("ShownStock", path, {"location": location})):
            if turn == 0 and self._is_large(page):
                read = partial(mapping_bulk.stock_levels, location=location)
                yield from Bulk(self._client, self.settings).pages(bulk_stock(location), read)
                return
            levels = (mapping_stock.stock_level(node, location=location) for node in page["nodes"])
            yield [level for level in levels if level]

    def _is_large(self, page: dict[str, Any]) -> bool:
        """Whether the shop is read in bulk, asked once its first page is not its last."""
        limit = self.settings.bulk_from
        if limit <= 0 or not page["pageInfo"]["hasNextPage"]:
            return False
        counted = self._client.call("VariantCount", {"limit": limit})["productVariantsCount"]
        return counted is not None and counted["count"] >= limit

    def set_stock(self, quantities: Sequence[c.StockQuantity], key: str) -> Sequence[c.StockOutcome]:
        """Compare and set, 250 at most, each at the location that it names; see `stock`."""
        self._here()
        return stock.Push(self._client, self._ours, key).settle(quantities)

    def set_prices(self, prices: Sequence[c.PriceTag], key: str) -> Sequence[c.PriceOutcome]:
        """A call a product; see `pricing`. There is no key, and a repeat is harmless."""
        return pricing.settle(self._client, prices)

    # Fulfilments

    def create_fulfilment(self, fulfilment: c.Fulfilment, key: str) -> c.FulfilmentReceipt:
        """Tell the shop once: the order's fulfilments are looked through first, for the vendor has no key here. Units that
        Shopify has assigned to another location than the parcel left from are moved to it; a repeat finds them moved.
        """
        order = self._to_fulfil(fulfilment)
        if order is None:
            raise Permanent(f"{fulfilment.order_number}: Shopify does not know the order")
        done = mapping_fulfilment.fulfilment_of(order, fulfilment)
        if done:
            return done
        location = self._places.get(fulfilment.location) or mapping_fulfilment.leaves_from(
            fulfilment, order, self._ours
        )
        spread = mapping_fulfilment.spread(fulfilment, order, location=location)
        if spread.moves:
            spread = self._moved(fulfilment, spread, location)
        wanted = mapping_fulfilment.fulfilment_input(fulfilment, spread.places)
        answer = self._client.call("CreateFulfilment", {"fulfillment": wanted})["fulfillmentCreate"]
        if answer["userErrors"]:
            raise Permanent(f"{fulfilment.order_number}: {_words(answer)}")
        return c.FulfilmentReceipt(
            reference=fulfilment.reference, external_id=mapping.tail(answer["fulfillment"]["id"])
        )

    def _moved(
        self, fulfilment: c.Fulfilment, spread: mapping_fulfilment.Spread, location: str
    ) -> mapping_fulfilment.Spread:
        """Everything at the location. What a move makes of fulfilment orders is Shopify's affair: they are read again."""
        for move in spread.moves:
            answer = self._client.call("MoveFulfilment", move.variables(location))["fulfillmentOrderMove"]
            if answer["userErrors"]:
                raise Permanent(f"{fulfilment.order_number}: it is not moved from {move.name}: {_words(answer)}")
        order = self._to_fulfil(fulfilment)
        if order is None:
            raise Permanent(f"{fulfilment.order_number} vanished while it was moved")
        spread = mapping_fulfilment.spread(fulfilment, order, location=location)
        if spread.moves:
            raise Transient(f"{fulfilment.order_number}: moved, and not yet to be seen at our location", sent=True)
        return spread

    def find_fulfilment(self, fulfilment: c.Fulfilment) -> c.FulfilmentReceipt | None:
        """The fulfilment with our tracking number (or, without one, our shipment's number)."""
        order = self._to_fulfil(fulfilment)
        return mapping_fulfilment.fulfilment_of(order, fulfilment) if order else None

    def _to_fulfil(self, fulfilment: c.Fulfilment) -> dict[str, Any] | None:
        reference = mapping.gid("Order", fulfilment.order_external_id)
        order: dict[str, Any] | None = self._client.call("Fulfilments", {"id": reference})["order"]
        for node in order["fulfillmentOrders"]["nodes"] if order else ():
            self._complete(node["lineItems"], "FulfilmentLines", ("fulfillmentOrder", "lineItems"), node["id"])
        return order

    # Health

    def choices(self) -> Mapping[str, Sequence[tuple[str, str]]]:
        """The shop's active locations, of which the merchant chooses the one that Kurogo keeps."""
        nodes = self._client.call("Locations", {})["locations"]["nodes"]
        active = [(mapping.tail(node["id"]), node["name"]) for node in nodes if node["isActive"]]
        return {"location_id": active}

    def check(self) -> Mapping[str, str]:
        """Raises `Misconfigured` with the scope or the location that is missing."""
        self._here()
        names = []
        for location in self._ours:
            data = self._client.call("Health", {"location": location})
            granted = {scope["handle"] for scope in data["currentAppInstallation"]["accessScopes"]}
            missing = [s for s in codes.SCOPES if s not in granted and s.replace("read_", "write_", 1) not in granted]
            if missing:
                raise Misconfigured(f"the app lacks the access scope {', '.join(missing)}")
            if not data["location"] or not data["location"]["isActive"]:
                raise Misconfigured(f"the shop has no active location {mapping.tail(location)}")
            names.append(data["location"]["name"])
        return {"shop": data["shop"]["name"], "currency": data["shop"]["currencyCode"], "location": ", ".join(names)}

    def _here(self) -> str:
        if not self._location:
            raise Misconfigured("no location is set: give the id of the location whose stock Kurogo keeps")
        if not mapping.tail(self._location).isdigit():
            raise Misconfigured(f"{self.settings.location_id} is no location's id: it is a number")
        return self._location

    # Pages

    def _pages(
        self, operation: str, path: Sequence[str], variables: dict[str, Any]
    ) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
        """The whole data of each answer, and the page in it."""
        after = None
        while True:
            data = self._client.call(operation, {**variables, "after": after})
            page = _at(data, path)
            if page is None:
                raise Misconfigured(f"{operation}: the shop has no such {path[0]}")
            yield data, page
            if not page["pageInfo"]["hasNextPage"]:
                return
            after = page["pageInfo"]["endCursor"]

    def _complete(self, page: dict[str, Any], operation: str, path: Sequence[str], reference: str) -> None:
        """Add what did not fit the first page (an order of 705 lines)."""
        while page["pageInfo"]["hasNextPage"]:
            variables = {"id": reference, "after": page["pageInfo"]["endCursor"]}
            more = _at(self._client.call(operation, variables), path)
            if more is None:
                raise Permanent(f"{reference} vanished while it was read")
            page["nodes"] += more["nodes"]
            page["pageInfo"] = more["pageInfo"]


def _at(data: dict[str, Any] | None, path: Sequence[str]) -> dict[str, Any] | None:
    for name in path:
        if data is None:
            return None
        data = data[name]
    return data


def _words(answer: Mapping[str, Any]) -> str:
    return "; ".join(str(error["message"]) for error in answer["userErrors"])


def _floor(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _ceiling(at: datetime) -> str:
    return _floor(at + timedelta(microseconds=999_999))
