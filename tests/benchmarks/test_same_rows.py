"""The yardsticks are honest: bare SQL and plain ORM write what the story writes, row for row, and a wrong answer is noticed."""

from collections import Counter
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction

from apps.flows import wiring
from apps.flows.place_orders import place_orders
from apps.hub import connections, inbox
from tests.benchmarks import bare, intake, notices, orderlist, plain, shop, truth, webhooks

TABLES = (
    "customers_customer", "customers_address", "orders_order", "orders_orderline", "hub_externalid", "inventory_demand",
    "inventory_stockmovement", "inventory_stocklevel", "core_statemove", "payments_payment", "channels_listing",
    "hub_outboxfact",
)  # fmt: skip
# Numbers come from a sequence, so they differ between two tries at the same sale.
DIFFERS = {("orders_order", "number"), ("hub_outboxfact", "detail")}


@pytest.fixture
def place(db):
    made = shop.build(7, articles=60)
    with connection.cursor() as cursor:
        cursor.execute(bare.SQL)
    yield made
    wiring.forget()
    connections.forget()


def _written() -> dict[str, Counter[tuple[tuple[str, Any], ...]]]:
    """Every row of every table, without ids and moments."""
    found = {}
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"SELECT * FROM {table}")
            names = [column.name for column in cursor.description]
            found[table] = Counter(
                tuple(
                    (name, value)
                    for name, value in zip(names, row, strict=True)
                    if not isinstance(value, UUID | datetime) and (table, name) not in DIFFERS
                )
                for row in cursor.fetchall()
            )
    return found


def _what(write: Any) -> dict[str, Counter[tuple[tuple[str, Any], ...]]]:
    """What is written, undone again."""
    with transaction.atomic():
        write()
        found = _written()
        transaction.set_rollback(True)
    return found


def test_everybody_writes_the_same_rows(place):
    sales = place.sales(40, lines=5, hot="S00050")  # scarce: it runs out on the way

    ours = _what(lambda: [place_orders([sale], source=place.channel) for sale in sales])
    by_sql = _what(lambda: [bare.place(place, [sale]) for sale in sales])
    by_orm = _what(lambda: [plain.place(place, sale) for sale in sales])

    assert by_sql == ours
    assert by_orm == ours
    assert any(dict(row)["was_short"] for row in ours["orders_order"])


def test_a_batch_is_the_same_for_both(place):
    sales = place.sales(40, lines=5, hot="S00050")

    assert _what(lambda: bare.place(place, sales)) == _what(lambda: place_orders(sales, source=place.channel))


def test_what_was_placed_holds(place):
    placed = place_orders(place.sales(30, lines=3, hot="S00050"), source=place.channel).orders

    truth.check(len(placed))


@pytest.mark.parametrize(
    "wrong",
    [
        "DELETE FROM hub_externalid WHERE kind = 'order'",
        "UPDATE inventory_demand SET quantity = quantity + 1",
        "UPDATE inventory_stocklevel SET reserved = reserved + 1 WHERE on_hand > 1000",
        "UPDATE inventory_stocklevel SET on_hand = on_hand + 1",
        "UPDATE orders_order SET allocation = 'none'",
        "UPDATE orders_order SET total_minor = total_minor + 1, items_minor = items_minor + 1",
    ],
)
def test_a_fast_wrong_answer_would_be_noticed(place, wrong):
    placed = place_orders(place.sales(3, lines=2), source=place.channel).orders
    with connection.cursor() as cursor:
        cursor.execute(wrong)

    with pytest.raises(truth.Wrong):
        truth.check(len(placed))


def test_a_notice_that_was_lost_or_kept_twice_would_be_noticed(place):
    inbox.store_many(((place.channel.id, notice.as_event()) for notice in notices.make(place, 3)), origin="hook")

    webhooks._check({"refused": 0}, 3, "our hook")
    for told, kept in (({"refused": 0}, 4), ({"refused": 0}, 2), ({"refused": 1}, 3)):
        with pytest.raises(truth.Wrong):
            webhooks._check(told, kept, "our hook")
    with pytest.raises(truth.Wrong, match="0 of 3"):
        intake._all_done(3)


@pytest.mark.parametrize(
    ("statement", "offends"),
    [
        ('SELECT COUNT(*) AS "__count" FROM "orders_order"', (1, 0)),
        ("SELECT (SELECT count(*) FROM (SELECT 1 FROM orders_order LIMIT 1001) AS bounded)", (0, 0)),
        ("SELECT (SELECT count(*) FROM (SELECT 1 FROM orders_order) AS bounded)", (1, 0)),
        ('SELECT "id" FROM "orders_order" LIMIT 50 OFFSET 5000', (0, 1)),
    ],
)
def test_counts_and_page_numbers_would_be_seen(statement, offends):
    counts, offsets = orderlist._offences([statement])

    assert (len(counts), len(offsets)) == offends
