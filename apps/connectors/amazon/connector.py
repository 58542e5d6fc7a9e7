"""The account's abilities: client and mapping put together. It keeps nothing between two calls."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from apps.connectors.amazon import codes, mapping, mapping_goods, stock
from apps.connectors.amazon.client import Client, NotThere, segment
from apps.connectors.amazon.listings import Listings
from apps.connectors.amazon.settings import AmazonSettings
from apps.core import clock
from apps.hub import contracts as c
from apps.hub.abilities import Event
from apps.hub.errors import Misconfigured, Permanent, Transient, Unreadable

ORDERS = "/orders/2026-01-01/orders"
SALE = ("BUYER", "RECIPIENT", "PROCEEDS", "FULFILLMENT", "PAYMENT")
PARCELS = ("FULFILLMENT", "PACKAGES", "PAYMENT")
# A window may not end closer to now than this.
RECENT = timedelta(minutes=2)


class AmazonConnector:
    """One seller in one marketplace."""

    def __init__(self, settings: AmazonSettings, connection_id: UUID) -> None:
        self.settings = settings
        self.connection_id = connection_id
        self._client = Client(settings)
        self._listings = Listings(self._client, settings)

    # Inbound

    def read(self, topic: str, raw: bytes) -> Sequence[Any]:
        """A notice or a fetched order to our words. Raises `Unreadable`, also for a topic that is not in our tables."""
        try:
            return self._read(topic, orjson.loads(raw))
        except (KeyError, TypeError, ValueError, AttributeError, IndexError, ArithmeticError) as error:
            raise Unreadable(f"{topic}: {type(error).__name__} {error}") from error

    def _read(self, topic: str, body: Any) -> Sequence[Any]:
        if topic == codes.POLLED_ORDER:
            draft = mapping.order_draft(
                body, currency=self.settings.currency, takes_mail=self.settings.takes_buyer_mail
            )
            return (draft,) if draft else ()
        if topic == codes.ORDER_CHANGE:
            change = body["Payload"]["OrderChangeNotification"]
            self._must_be_ours(change["SellerId"])
            return (c.Hint(kind="order", external_id=change["AmazonOrderId"]),)
        if topic == codes.QUANTITY_CHANGE:
            self._must_be_ours(body["Payload"]["SellerId"])
            return mapping_goods.notified_quantity(body["Payload"])
        if topic in codes.ECHO_TOPICS:
            return ()
        raise Unreadable(f"no table of ours reads {topic}")

    def _must_be_ours(self, seller: str) -> None:
        if self.settings.seller_id and seller != self.settings.seller_id:
            raise Unreadable(f"a notice for the seller {seller}")

    # Orders

    def changed_orders(self, since: datetime, until: datetime) -> Iterator[Sequence[Event]]:
        """Pages of orders changed in the window, each page oldest change first; a window up to now has no end at Amazon."""
        query: dict[str, Any] = {
            "lastUpdatedAfter": _text(since), "marketplaceIds": [self.settings.marketplace_id], "includedData": SALE,
            "maxResultsPerPage": 100,
        }  # fmt: skip
        if until <= clock.now() - RECENT:
            query["lastUpdatedBefore"] = _text(until)
        while True:
            with _understood("searchOrders"):
                page = self._client.get("searchOrders", ORDERS, query)
                yield sorted((_event(order) for order in page["orders"]), key=lambda event: event.at)
                token = (page.get("pagination") or {}).get("nextToken")
            if not token:
                return
            query["paginationToken"] = token

    def fetch_order(self, external_id: str) -> Event | None:
        """One order as it stands now."""
        order = self._order(external_id, SALE)
        with _understood("getOrder"):
            return _event(order) if order else None

    def _order(self, external_id: str, data: Sequence[str]) -> dict[str, Any] | None:
        try:
            answer = self._client.get("getOrder", f"{ORDERS}/{segment(external_id)}", {"includedData": data})
        except NotThere:
            return None
        with _understood("getOrder"):
            order: dict[str, Any] = answer["order"]
            return order

    # Catalogue and stock

    def variants(self) -> Iterator[Sequence[c.VariantCard]]:
        """Pages of what the seller lists from its own shelf."""
        for items in self._own_listings():
            yield [mapping_goods.variant_card(item, marketplace=self.settings.marketplace_id) for item in items]

    def shown_stock(self) -> Iterator[Sequence[c.StockQuantity]]:
        """Pages of what each of those listings shows."""
        for items in self._own_listings():
            yield [mapping_goods.shown_quantity(item) for item in items]

    def _own_listings(self) -> Iterator[list[dict[str, Any]]]:
        with _understood("searchListingsItems"):
            for items in self._listings.pages():
                yield [item for item in items if not mapping_goods.is_amazons(item)]

    def set_stock(self, quantities: Sequence[c.StockQuantity], key: str) -> Sequence[c.StockOutcome]:
        """One call a listing; see `stock`."""
        return stock.Push(self._listings).settle(quantities)

    def amazon_stock(self) -> Iterator[Sequence[c.StockQuantity]]:
        """Pages of what lies in Amazon's own warehouses and can be sold. For a person: no story counts it as ours."""
        marketplace = self.settings.marketplace_id
        query: dict[str, Any] = {
            "details": "true", "granularityType": "Marketplace", "granularityId": marketplace,
            "marketplaceIds": [marketplace],
        }  # fmt: skip
        while True:
            with _understood("getInventorySummaries"):
                page = self._client.get("getInventorySummaries", "/fba/inventory/v1/summaries", query)
                yield [mapping_goods.amazon_quantity(one) for one in page["payload"]["inventorySummaries"]]
                token = (page.get("pagination") or {}).get("nextToken")
            if not token:
                return
            query["nextToken"] = token

    # Fulfilments

    def create_fulfilment(self, fulfilment: c.Fulfilment, key: str) -> c.FulfilmentReceipt:
        """Tell Amazon once: the order's parcels are looked through first, and the parcel's number is the same on each try."""
        order = self._order(fulfilment.order_external_id, PARCELS)
        if order is None:
            raise Permanent(f"{fulfilment.order_number}: Amazon does not know the order")
        with _understood("getOrder"):
            done = mapping_goods.receipt(order, fulfilment)
            status = order["fulfillment"]["fulfillmentStatus"]
            missing = mapping_goods.missing_units(order, fulfilment)
            body = mapping_goods.shipment_confirmation(
                fulfilment, order, marketplace=self._marketplace_of(order), carriers=self.settings.carrier_codes
            )
        if done:
            return done
        if missing:
            raise Permanent(f"{fulfilment.order_number}: Amazon has not left {', '.join(missing)}; it says {status}")
        path = f"/orders/v0/orders/{segment(fulfilment.order_external_id)}/shipmentConfirmation"
        try:
            self._client.post("confirmShipment", path, body)
        except Permanent as error:
            raise Permanent(f"{fulfilment.order_number}: {error}") from error
        reference = body["packageDetail"]["packageReferenceId"]
        return c.FulfilmentReceipt(reference=fulfilment.reference, external_id=reference)

    def find_fulfilment(self, fulfilment: c.Fulfilment) -> c.FulfilmentReceipt | None:
        """The parcel with our number."""
        order = self._order(fulfilment.order_external_id, PARCELS)
        with _understood("getOrder"):
            return mapping_goods.receipt(order, fulfilment) if order else None

    def _marketplace_of(self, order: Mapping[str, Any]) -> str:
        return order["salesChannel"].get("marketplaceId") or self.settings.marketplace_id

    # Health

    def check(self) -> Mapping[str, str]:
        """Raises `Misconfigured` where the seller does not sell in the marketplace of the settings."""
        with _understood("getMarketplaceParticipations"):
            path = "/sellers/v1/marketplaceParticipations"
            told = self._client.get("getMarketplaceParticipations", path, {})["payload"]
            here = [one for one in told if one["marketplace"]["id"] == self.settings.marketplace_id]
            if not here or not here[0]["participation"]["isParticipating"]:
                others = ", ".join(one["marketplace"]["id"] for one in told)
                raise Misconfigured(f"the seller is not in {self.settings.marketplace_id}, but in {others or 'none'}")
            place = here[0]
            state = "suspended listings" if place["participation"]["hasSuspendedListings"] else "selling"
            return {"store": place["storeName"], "marketplace": place["marketplace"]["name"], "state": state}


def _event(order: dict[str, Any]) -> Event:
    return Event(
        id=f"poll:{order['orderId']}:{order['lastUpdatedTime']}",
        topic=codes.POLLED_ORDER,
        at=mapping.moment(order["lastUpdatedTime"]),
        raw=orjson.dumps(order),
        subject=f"order:{order['orderId']}",
    )


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@contextmanager
def _understood(operation: str) -> Iterator[None]:
    """JSON of another form tells nothing of what happened: it is asked again."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, ArithmeticError) as error:
        raise Transient(f"{operation}: Amazon's answer has another form: {error!r}", sent=True) from error
