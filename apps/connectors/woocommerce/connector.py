"""The shop's abilities: client and mapping put together. It keeps nothing between two calls."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import orjson

from apps.connectors.woocommerce import codes, mapping, mapping_stock, parcels, pricing, stock
from apps.connectors.woocommerce.client import PAGE, Client, Params
from apps.connectors.woocommerce.settings import WooCommerceSettings
from apps.hub import contracts as c
from apps.hub.abilities import Event
from apps.hub.errors import Misconfigured, Permanent, Transient, Unreadable

_SECOND = timedelta(seconds=1)


class WooCommerceConnector:
    """One shop."""

    def __init__(self, settings: WooCommerceSettings, connection_id: UUID) -> None:
        self.settings = settings
        self.connection_id = connection_id
        self._client = Client(settings)

    # Inbound

    def read(self, topic: str, raw: bytes) -> Sequence[Any]:
        """A notice or a polled order to our words. Raises `Unreadable`, also for a topic that is not in our tables."""
        try:
            return self._read(topic, orjson.loads(raw))
        except (KeyError, TypeError, ValueError, AttributeError, IndexError, ArithmeticError) as error:
            raise Unreadable(f"{topic}: {type(error).__name__} {error}") from error

    def _read(self, topic: str, body: Any) -> Sequence[Any]:
        if isinstance(body, dict) and "message" in body and "code" in body:
            raise Unreadable(
                f"{topic}: the shop could not tell of it: {body['message']}"
            )  # its key's user may not see it
        prefix = self.settings.order_prefix
        if topic in codes.ORDER_TOPICS or topic == codes.POLLED_ORDER:
            if not mapping.is_sold(body) or self._is_of_before(body):
                return ()
            if mapping.hides_refunds(body):
                return (c.Hint(kind="order", external_id=str(body["id"])),)
            return (mapping.order_draft(body, prefix=prefix), *mapping.return_drafts(body, prefix=prefix))
        if topic in codes.PRODUCT_TOPICS:
            return mapping_stock.notice_cards(body)
        if topic in codes.SILENT_TOPICS and body["id"]:
            return ()
        raise Unreadable(f"no table of ours reads {topic}")

    def _is_of_before(self, body: Mapping[str, Any]) -> bool:
        first = self._first_day()
        return first is not None and mapping.moment(body["date_created_gmt"]).date() < first

    def _first_day(self) -> date | None:
        said = self.settings.orders_from.strip()
        try:
            return date.fromisoformat(said) if said else None
        except ValueError as error:
            raise Misconfigured(f"orders_from is no date: {said} (write it as 2026-11-23)") from error

    # Orders

    def changed_orders(self, since: datetime, until: datetime) -> Iterator[Sequence[Event]]:
        """Pages of orders changed in [since, until), oldest change first; the shop counts whole seconds.

        No page number is used: an order that changes while we read leaves its place, and those behind it would move up
        unread. Each page begins at the second where the last one ended, without what was read of that second.
        """
        at, seen = since.astimezone(UTC).replace(microsecond=0), set[int]()
        window: dict[str, str] = {"dates_are_gmt": "true", "orderby": "modified", "order": "asc"}
        window["modified_before"] = _local(until + _SECOND - timedelta(microseconds=1))
        while True:
            params: Params = window | {"modified_after": _local(at - _SECOND), "exclude": sorted(seen)}
            page = self._client.page("/orders", params)
            fresh = [order for order in page.rows if order["id"] not in seen]
            if fresh:
                yield [self._event(order) for order in fresh]
            if page.is_last():
                return
            if not fresh:
                raise Transient("WooCommerce lists the same orders again and again", sent=False)
            last = mapping.changed(fresh[-1])
            of_last = {order["id"] for order in fresh if mapping.changed(order) == last}
            at, seen = last, (seen | of_last if last == at else of_last)

    def fetch_order(self, external_id: str) -> Event | None:
        """One order as it stands now; one in the trash is there no longer."""
        order = self._client.find(f"/orders/{external_id}") if external_id.isdigit() else None
        return self._event(order) if order and order["status"] != codes.TRASHED else None

    def _event(self, order: dict[str, Any]) -> Event:
        changed = mapping.changed(order)
        version = f"{changed:%Y-%m-%dT%H:%M:%S}:{order['status']}"
        if order.get("refunds"):
            order["refunds"] = self._refunds(order["id"])
            version += f":{max((refund['id'] for refund in order['refunds']), default='')}"
        return Event(
            id=f"poll:{order['id']}:{version}",
            topic=codes.POLLED_ORDER,
            at=changed,
            raw=orjson.dumps(order),
            subject=f"order:{order['number']}",
        )

    def _refunds(self, order: int | str) -> list[dict[str, Any]]:
        return self._client.page(f"/orders/{order}/refunds").rows

    # Catalogue and stock

    def variants(self) -> Iterator[Sequence[c.VariantCard]]:
        """Pages of everything that can be bought: products, and variations instead of their product."""
        currency = self._currency()
        shop = mapping_stock.Shop(
            currency=currency,
            price_includes_tax=self._setting("tax/woocommerce_prices_include_tax") == "yes",
            weight_unit=self._setting("products/woocommerce_weight_unit"),
        )
        yield from self._cards(shop)

    def shown_stock(self) -> Iterator[Sequence[c.StockQuantity]]:
        """Pages of what each article shows that has a number of its own."""
        for page in self._cards(mapping_stock.Shop()):
            yield mapping_stock.quantities(page)

    def _cards(self, shop: mapping_stock.Shop) -> Iterator[list[c.VariantCard]]:
        for products in self._pages("/products", mapping_stock.PRODUCT_FIELDS):
            yield [
                card for product in products for card in mapping_stock.cards(product, self._variations(product), shop)
            ]

    def _variations(self, product: Mapping[str, Any]) -> list[dict[str, Any]]:
        if product["type"] not in codes.WITH_VARIATIONS:
            return []
        path = f"/products/{product['id']}/variations"
        return [one for page in self._pages(path, mapping_stock.VARIATION_FIELDS) for one in page]

    def set_stock(self, quantities: Sequence[c.StockQuantity], key: str) -> Sequence[c.StockOutcome]:
        """Whatever is shown, in as many calls as it takes; see `stock`. There is no key at this vendor."""
        return stock.Push(self._client, quantities).settle()

    def set_prices(self, prices: Sequence[c.PriceTag], key: str) -> Sequence[c.PriceOutcome]:
        """The regular prices, in as many calls as it takes; see `pricing`. There is no key, and a repeat is harmless."""
        return pricing.settle(self._client, prices)

    # Fulfilments

    def create_fulfilment(self, fulfilment: c.Fulfilment, key: str) -> c.FulfilmentReceipt:
        """Write the note once, then complete the order when all of it has left: a repeat does what is still to be done."""
        order = self._order(fulfilment)
        if order is None:
            raise Permanent(f"{fulfilment.order_number}: WooCommerce does not know the order")
        refunds = self._refunds(order["id"]) if order.get("refunds") else []
        told, ours = self._told(order), parcels.key_of(fulfilment)
        if ours not in told:
            parcels.check(fulfilment, order, told)
            body = parcels.note_body(fulfilment, order, tells_customer=self.settings.tells_customer)
            note = self._client.call("POST", f"/orders/{order['id']}/notes", body=body)
            told |= {ours: parcels.Told(str(note["id"]), parcels.units_of(fulfilment, order))}
            if not parcels.is_complete(order, told, refunds):
                told |= self._told(order)  # another parcel of the order may have been told at the same moment
        if parcels.wants_completing(order, told, refunds):
            self._client.call("PUT", f"/orders/{order['id']}", body={"status": codes.COMPLETED})
        return c.FulfilmentReceipt(reference=fulfilment.reference, external_id=told[ours].note_id)

    def find_fulfilment(self, fulfilment: c.Fulfilment) -> c.FulfilmentReceipt | None:
        """The note with our shipment's number; None also while the order's status still waits for it."""
        order, ours = self._order(fulfilment), parcels.key_of(fulfilment)
        told = self._told(order) if order else {}
        if order is None or ours not in told:
            return None
        refunds = self._refunds(order["id"]) if order.get("refunds") else []
        if parcels.wants_completing(order, told, refunds):
            return None
        return c.FulfilmentReceipt(reference=fulfilment.reference, external_id=told[ours].note_id)

    def _order(self, fulfilment: c.Fulfilment) -> dict[str, Any] | None:
        id = fulfilment.order_external_id
        order: dict[str, Any] | None = self._client.find(f"/orders/{id}") if id.isdigit() else None
        return order

    def _told(self, order: Mapping[str, Any]) -> dict[str, parcels.Told]:
        return parcels.told_parcels(self._client.call("GET", f"/orders/{order['id']}/notes"))

    # Health

    def check(self) -> Mapping[str, str]:
        """Raises `Misconfigured` with what is wrong: the key, stock management, a webhook that the shop has given up."""
        self._first_day()
        currency = self._currency()
        if self._setting("products/woocommerce_manage_stock") != "yes":
            raise Misconfigured("the shop manages no stock: switch it on under Settings > Products > Inventory")
        ours = f"/hooks/{self.connection_id}"
        dead = self._client.page("/webhooks", {"status": "disabled"}).rows
        names = [str(hook["name"]) for hook in dead if ours in str(hook["delivery_url"])]
        if names:
            raise Misconfigured(f"the shop has switched off webhooks after failures: {', '.join(names)}")
        return {"shop": urlsplit(self.settings.shop_url).netloc, "currency": currency}

    def _currency(self) -> str:
        return str(self._client.call("GET", "/data/currencies/current")["code"])

    def _setting(self, path: str) -> str:
        return str(self._client.call("GET", f"/settings/{path}")["value"])

    # Pages

    def _pages(self, path: str, fields: str) -> Iterator[list[dict[str, Any]]]:
        """Pages by id. Each begins with the last thing of the one before: where that is not so, something that was read has
        been deleted and what follows has moved up, and we go back until we meet what we know.
        """
        offset, last = 0, 0
        while True:
            params: Params = {"orderby": "id", "order": "asc", "offset": offset, "_fields": fields}
            page = self._client.page(path, params)
            if offset and (not page.rows or page.rows[0]["id"] > last):
                offset = max(0, offset - PAGE)
                continue
            fresh = [one for one in page.rows if one["id"] > last]
            if fresh:
                last = fresh[-1]["id"]
                yield fresh
            if page.is_last(offset=offset):
                return
            offset += PAGE - 1


def _local(at: datetime) -> str:
    """A moment as the shop's lists take it beside `dates_are_gmt`: UTC without a zone. With one, WordPress would move it to
    the shop's own zone and compare that with UTC.
    """
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
