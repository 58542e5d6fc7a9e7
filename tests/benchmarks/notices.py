"""Notices as a shop sends them: real bodies of the stand-in's making, signed, each about a new sale."""

import base64
import hashlib
import hmac
from dataclasses import dataclass

import orjson

from apps.hub.abilities import Event
from apps.hub.contracts import OrderDraft
from apps.sandbox import shopify_orders
from apps.sandbox.words import Person, Sale, SaleLine
from tests.benchmarks.shop import HOOK_SECRET, PLACED, Shop

TOPIC = "orders/create"


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice: its id at the channel, its body and the headers that go with it."""

    id: str
    body: bytes
    headers: dict[str, str]

    def as_event(self) -> Event:
        """As the hook would hand it to the inbox."""
        return Event(id=f"{TOPIC}:{self.id}", topic=TOPIC, at=PLACED, raw=self.body, subject="")


def make(shop: Shop, count: int, *, lines: int = 2) -> list[Notice]:
    """So many notices of new sales."""
    return [_notice(draft) for draft in shop.sales(count, lines=lines)]


def _notice(draft: OrderDraft) -> Notice:
    who, where = draft.customer, draft.ship_to
    assert who is not None
    assert where is not None
    sale = Sale(
        number=draft.number, at=draft.placed_at.isoformat(), currency=draft.currency, payment="card",
        total_minor=draft.total_minor,
        lines=tuple(
            SaleLine(sku=line.sku, title=line.title, quantity=line.quantity, unit_price=line.unit_price, tax_rate_bp=1000)
            for line in draft.lines
        ),
        person=Person(
            id=who.external_id, email=who.email, name=who.name, country=where.country, postal_code=where.postal_code,
            region=where.region, city=where.city, line1=where.line1, phone=where.phone,
        ),
    )  # fmt: skip
    placed = int(draft.placed_at.timestamp())
    body = orjson.dumps(
        shopify_orders.webhook_body(
            shopify_orders.priced(sale), placed=placed, updated=placed, cancelled=None, refunds=[]
        )
    )
    signature = base64.b64encode(hmac.new(HOOK_SECRET.encode(), body, hashlib.sha256).digest()).decode()
    headers = {
        "content-type": "application/json", "x-shopify-topic": TOPIC, "x-shopify-hmac-sha256": signature,
        "x-shopify-event-id": draft.external_id, "x-shopify-triggered-at": draft.placed_at.isoformat(),
    }  # fmt: skip
    return Notice(draft.external_id, body, headers)
