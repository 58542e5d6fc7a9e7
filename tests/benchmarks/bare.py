"""The yardstick: the story of a sale in hand-written SQL (bare.sql), called with the sales as JSON. Nothing of the house's."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
import psycopg
from django.db import connection as database
from django.db import transaction

from apps.core import clock
from apps.hub.contracts import OrderDraft
from tests.benchmarks.completed import completed
from tests.benchmarks.shop import Shop
from tests.benchmarks.stage import owner_url

SQL = completed(Path(__file__).with_name("bare.sql").read_text())


def install(database_name: str) -> None:
    """Make the function in a scene's database, as the owner of its tables; it runs with the rights of who calls it."""
    with psycopg.connect(owner_url(database_name), autocommit=True) as owner:
        owner.execute(SQL)


def place(shop: Shop, sales: Sequence[OrderDraft]) -> int:
    """One statement, one transaction, however many sales."""
    told = orjson.dumps([_told(sale) for sale in sales]).decode()
    with transaction.atomic(), database.cursor() as cursor:
        cursor.execute(
            "SELECT bench_place(%s, %s, %s, %s, %s)",
            [shop.channel.id, shop.channel.brand_id, shop.provider.id, clock.now(), told],
        )
        return int(cursor.fetchone()[0])


def _told(sale: OrderDraft) -> dict[str, Any]:
    who, where = sale.customer, sale.ship_to
    assert who is not None
    assert where is not None
    return {
        "external_id": sale.external_id, "number": sale.number, "version": sale.version, "placed_at": sale.placed_at,
        "currency": sale.currency, "total_minor": sale.total_minor, "method": sale.payment_method,
        "method_raw": sale.payment_raw, "note": sale.note, "email": who.email, "name": who.name, "kana": who.kana,
        "phone": who.phone, "locale": who.locale,
        "address": {
            "name": where.name, "company": where.company, "postal_code": where.postal_code, "country": where.country,
            "region": where.region, "city": where.city, "line1": where.line1, "line2": where.line2, "phone": where.phone,
        },
        "lines": [
            {
                "number": line.number, "kind": line.kind, "external_id": line.external_id, "sku": line.sku,
                "title": line.title, "quantity": line.quantity, "unit_price": str(line.unit_price),
                "total_minor": line.total_minor, "tax_rate_bp": line.tax_rate_bp, "tax_minor": line.tax_minor,
            }
            for line in sale.lines
        ],
    }  # fmt: skip
