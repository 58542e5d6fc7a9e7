"""What holds the stories to one order of locks sees the locks, and sees where they are out of order."""

import pytest
from django.db import transaction

from apps.flows import cancel_order
from apps.flows.place_orders import place_orders
from apps.inventory import levels
from apps.orders import services as orders
from tests import builders, locks


def _sold(article):
    draft = builders.order_draft(builders.line_draft(sku=article.sku), payment_method="prepaid")
    return place_orders([draft], source=builders.connection("csv")).orders[0]


@pytest.mark.parametrize(
    ("sql", "tables"),
    [
        ('SELECT "a"."id" FROM "a" INNER JOIN "b" ON (1 = 1) FOR NO KEY UPDATE OF "a"', ["a"]),
        ("SELECT x.id FROM a AS x JOIN b AS y ON true ORDER BY y.id FOR NO KEY UPDATE OF y SKIP LOCKED", ["b"]),
        ("WITH held AS (UPDATE a SET n = 1 RETURNING id), gone AS (DELETE FROM b) SELECT 1", ["a", "b"]),
        ("INSERT INTO a (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET n = 2", ["a"]),
        ("INSERT INTO a (id) VALUES (1) ON CONFLICT DO NOTHING", []),
        ("SELECT 1 FROM a", []),
    ],
)
def test_locks_are_read_from_statements(sql, tables):
    assert locks.locked_by(sql) == tables


def test_the_page_names_every_step_once():
    steps, owned = locks.declared()

    assert sorted(set(steps.values())) == [1, 2, 3, 4, 5, 6, 7]
    shelf, listing, person, order = (
        steps[table] for table in ("inventory_stocklevel", "channels_listing", "customers_customer", "orders_order")
    )
    assert shelf < listing < person < order
    assert not owned & steps.keys()


@pytest.mark.django_db
def test_an_order_that_is_locked_before_its_shelf_is_seen(monkeypatch):
    """The negative control: calling off without taking the shelves first."""
    article = builders.variant("CUP")
    builders.stock(article, 1)
    order = _sold(article)
    monkeypatch.setattr(cancel_order, "lock_shelves", lambda **_which: None)

    with locks.watched() as seen:
        cancel_order.cancel(order, actor="test")
    found = locks.out_of_order(seen.transactions)

    assert len(found) == 1
    assert found[0].startswith("inventory_stocklevel at apps/inventory/")


def test_a_table_without_a_place_is_seen():
    taken = [
        locks.Taken("orders_order", "here"),
        locks.Taken("orders_orderline", "there"),
        locks.Taken("a_table", "then"),
    ]

    assert locks.out_of_order([taken]) == ["a_table has no place in docs/locks.md: then"]


@pytest.mark.django_db
def test_shelves_are_locked_with_all_that_an_order_wants():
    article = builders.variant("CUP")
    builders.stock(article, 1)
    order = _sold(article)

    with locks.watched() as seen, transaction.atomic():
        levels.lock_shelves(orders=[order.id])
        orders.lock([order.id])

    assert [one.table for one in seen.transactions[0]] == ["inventory_stocklevel", "orders_order"]
