"""The shop's abilities: client and mapping put together. It keeps nothing between two calls."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from apps.connectors.rakuten import client, codes, mapping, mapping_goods, stock
from apps.connectors.rakuten.settings import RakutenSettings
from apps.hub import contracts as c
from apps.hub.abilities import Event
from apps.hub.errors import Misconfigured, Permanent, Unreadable

TOPIC = "poll/orders"
FIRST_CURSOR = "*"
WIDEST = timedelta(days=62)  # of a search; Rakuten lets 63 days through
_SECOND = timedelta(seconds=1)


class RakutenConnector:
    """One shop. Rakuten calls nobody: everything is asked for."""

    def __init__(self, settings: RakutenSettings, connection_id: UUID) -> None:
        self.settings = settings
        self.connection_id = connection_id
        self._client = client.Client(settings)

    # Orders

    def read(self, topic: str, raw: bytes) -> Sequence[Any]:
        """An order that was asked for, to our words. Raises `Unreadable`, also for a topic that is not ours."""
        if topic != TOPIC:
            raise Unreadable(f"no table of ours reads {topic}")
        try:
            return (mapping.order_draft(orjson.loads(raw), currency=self.settings.currency),)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError, ArithmeticError) as error:
            raise Unreadable(f"{topic}: {type(error).__name__} {error}") from error

    def changed_orders(self, since: datetime, until: datetime) -> Iterator[Sequence[Event]]:
        """Pages of orders that were placed, confirmed or fixed in [since, until), oldest change first; and those that
        stand where Rakuten dates no change, as long as they were placed within `look_back_days`.
        """
        numbers: dict[str, None] = {}
        for begin, end in _windows(since, until):
            for date in codes.DATES:
                numbers |= dict.fromkeys(self._search(date, begin, end))
        dated = set(numbers)
        begin = until - min(timedelta(days=self.settings.look_back_days), WIDEST)
        numbers |= dict.fromkeys(self._search(codes.DATES[0], begin, until, progress=codes.UNDATED))
        found = [
            body
            for body in self._client.orders(list(numbers))
            if body["orderNumber"] in dated or _is_news(body, since, until)
        ]
        found.sort(key=lambda body: (mapping.changed_at(body), body["orderProgress"], body["orderNumber"]))
        for place in range(0, len(found), client.ORDERS_A_CALL):
            yield [_event(body) for body in found[place : place + client.ORDERS_A_CALL]]

    def _search(
        self, date: int, since: datetime, until: datetime, *, progress: Sequence[int] = ()
    ) -> list[str]:  # fmt: skip
        wanted: dict[str, Any] = {
            "dateType": date,
            "startDatetime": mapping.written(since),
            "endDatetime": mapping.written(until + _SECOND - timedelta(microseconds=1)),
        }
        return self._client.search_orders(wanted | ({"orderProgressList": list(progress)} if progress else {}))

    def fetch_order(self, external_id: str) -> Event | None:
        """One order as it stands now."""
        body = self._order(external_id)
        return _event(body) if body else None

    def _order(self, number: str) -> dict[str, Any] | None:
        return next((body for body in self._client.orders([number]) if body["orderNumber"] == number), None)

    # Confirming

    def confirm_orders(self, orders: Sequence[c.Confirmation], key: str) -> Sequence[c.ConfirmationOutcome]:
        """Confirm those that still wait for it; how far each has come is asked first."""
        numbers = [order.order_external_id for order in orders]
        found = {body["orderNumber"]: int(body["orderProgress"]) for body in self._client.orders(numbers)}
        waiting = [number for number in numbers if found.get(number) == codes.TO_CONFIRM]
        said = {
            str(message.get("orderNumber")): message for message in (self._client.confirm(waiting) if waiting else ())
        }
        return [_confirmed(number, found.get(number), said.get(number)) for number in numbers]

    # Catalogue and stock

    def variants(self) -> Iterator[Sequence[c.VariantCard]]:
        """Pages of every SKU that the shop lists, with what is shown of it."""
        for results in self._items():
            shown = mapping_goods.levels(self._client.stock(mapping_goods.skus_of(results)))
            yield [
                card
                for result in results
                if result.get("item")
                for card in mapping_goods.variant_cards(result["item"], shown, currency=self.settings.currency)
            ]

    def shown_stock(self) -> Iterator[Sequence[c.StockQuantity]]:
        """Pages of what every SKU shows; one that Rakuten keeps no stock of is left out."""
        for results in self._items():
            shown = mapping_goods.levels(self._client.stock(mapping_goods.skus_of(results)))
            yield [c.StockQuantity(external_id=place, quantity=quantity) for place, quantity in shown.items()]

    def _items(self) -> Iterator[list[dict[str, Any]]]:
        cursor = FIRST_CURSOR
        while True:
            page = self._client.items(cursor)
            if page.get("results"):
                yield page["results"]
            following = page.get("nextCursorMark") or cursor
            if following == cursor:
                return
            cursor = following

    def set_stock(self, quantities: Sequence[c.StockQuantity], key: str) -> Sequence[c.StockOutcome]:
        """Show these numbers, whatever is shown now; see `stock`."""
        return stock.Push(self._client, quantities).settle()

    # Fulfilments

    def create_fulfilment(self, fulfilment: c.Fulfilment, key: str) -> c.FulfilmentReceipt:
        """Tell the shop once: the order's shipments are looked through first, for Rakuten has no key here."""
        body = self._order(fulfilment.order_external_id)
        if body is None:
            raise Permanent(f"{fulfilment.order_number}: Rakuten does not know the order")
        if done := mapping_goods.shipped(body, fulfilment):
            return done
        messages = self._client.ship(mapping_goods.shipping(body, fulfilment))
        told = mapping_goods.receipt(fulfilment, messages) or self.find_fulfilment(fulfilment)
        if told is None:
            raise Permanent(f"{fulfilment.order_number}: Rakuten took the shipment and does not show it")
        return told

    def find_fulfilment(self, fulfilment: c.Fulfilment) -> c.FulfilmentReceipt | None:
        """The shipment with our tracking number (or, without one, our shipment's number)."""
        body = self._order(fulfilment.order_external_id)
        return mapping_goods.shipped(body, fulfilment) if body else None

    # Health

    def check(self) -> Mapping[str, str]:
        """Until when the license key lives. Raises `Misconfigured` where the keys are not taken."""
        text = self._client.expiry()
        if not text:
            raise Misconfigured("Rakuten tells no end of the license key: is it the key of this shop?")
        ends = mapping.moment(text).isoformat()
        return {"account": "RMS WEB SERVICE", "expires_at:license_key": ends}


def _windows(since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
    """A window in parts that Rakuten searches."""
    while since < until:
        end = min(since + WIDEST, until)
        yield since, end
        since = end


def _is_news(body: Mapping[str, Any], since: datetime, until: datetime) -> bool:
    """An order without a date in the window: what is still under way is, a change of another day is not."""
    if int(body["orderProgress"]) in (800, codes.CANCELLED) and mapping.has_dated_change(body):
        return since <= mapping.changed_at(body) < until
    return True


def _event(body: Mapping[str, Any]) -> Event:
    """The same order is the same notice until anything of it changes."""
    raw = orjson.dumps(body, option=orjson.OPT_SORT_KEYS)
    digest = hashlib.sha256(raw).hexdigest()[:32]
    number = body["orderNumber"]
    return Event(
        id=f"poll:{number}:{digest}", topic=TOPIC, at=mapping.changed_at(body), raw=raw, subject=f"order:{number}"[:120]
    )


def _confirmed(number: str, progress: int | None, message: Mapping[str, Any] | None) -> c.ConfirmationOutcome:
    if progress is None:
        return c.ConfirmationOutcome(
            order_external_id=number, is_confirmed=False, error="Rakuten does not know the order"
        )
    if progress != codes.TO_CONFIRM:
        is_dead = progress in (800, codes.CANCELLED)
        error = f"Rakuten has it at {codes.progress(progress)}" if is_dead else ""
        return c.ConfirmationOutcome(order_external_id=number, is_confirmed=not is_dead, error=error)
    said = message or {}
    if said.get("messageType") in ("INFO", "WARNING") or said.get("messageCode") == codes.MOVED_ON:
        return c.ConfirmationOutcome(order_external_id=number, is_confirmed=True)
    words = f"{said.get('message') or 'Rakuten says nothing of it'} {said.get('messageCode') or ''}".strip()
    return c.ConfirmationOutcome(order_external_id=number, is_confirmed=False, error=words[:300])
