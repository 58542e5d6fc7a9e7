"""Whatever happens in whatever order, no shelf breaks a rule (shelves.RULES)."""

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.core.ids import uuid7
from apps.inventory import services as inventory
from apps.inventory import shelf
from apps.inventory.models import Demand
from apps.inventory.shelf import Correction
from tests import builders, sql
from tests.inventory import shelves

STEP = st.tuples(
    st.sampled_from(["want", "cancel", "ship", "put_back", "receive", "adjust", "count"]),
    st.integers(0, 1),  # which article
    st.integers(0, 30),  # which demand
    st.integers(1, 9),  # how many
)


@pytest.mark.django_db
@given(steps=st.lists(STEP, min_size=1, max_size=14))
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_sequence_of_steps_breaks_a_rule(steps):
    with transaction.atomic():
        articles = [builders.variant(), builders.variant()]
        builders.stock(articles[0], 5)
        for step in steps:
            _take(step, articles)
            assert shelves.broken() == [], step
        transaction.set_rollback(True)


def _take(step, articles):
    name, which, pick, units = step
    article = articles[which]
    demands = list(Demand.objects.order_by("id"))
    row = demands[pick % len(demands)] if demands else None
    if name == "want":
        inventory.allocate([shelves.want(article, units), shelves.want(articles[1 - which], 1)], actor="test")
    elif name == "receive":
        builders.stock(article, units)
    elif name in {"adjust", "count"}:
        signed = units - 5 if name == "adjust" else units
        correction = Correction(id=uuid7(), variant=article.id, quantity=signed, reason="", is_count=name == "count")
        shelf.correct([correction], location=builders.location(), actor="test")
    elif row and name == "cancel":
        count = min(units, row.waiting + row.allocated)
        inventory.cancel({row.subject: count}, actor="test", cause=uuid7())
    elif row and name == "ship" and row.allocated:
        shelves.ship(row, min(units, row.allocated))
    elif row and name == "put_back" and row.shipped:
        # What came back before is the order line's to know; here each unit may come back once.
        inventory.put_back({row.subject: 1}, actor="test", cause=uuid7())


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("breach", "rule"),
    [
        ("UPDATE inventory_stocklevel SET on_hand = on_hand + 1", "free units while somebody waits"),
        ("UPDATE inventory_stocklevel SET value_minor = 0", "movements do not make the level"),
        (
            "UPDATE inventory_stocklevel SET backordered = 0",
            "promises do not make what is reserved, or waits what is backordered",
        ),
        (
            "UPDATE inventory_demand SET arrived_at = '2020-01-01' WHERE allocated = 0",
            "somebody holds units while somebody earlier waits",
        ),
    ],
)
def test_a_broken_rule_is_seen(breach, rule):
    article = builders.variant()
    builders.stock(article, 5)
    shelves.demand(article, 5)
    shelves.demand(article, 1)
    assert shelves.broken() == []

    sql.run(breach)

    assert rule in shelves.broken()
