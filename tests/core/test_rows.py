"""Many rows at once: what goes in comes back out, and the table's own rules hold."""

from dataclasses import dataclass
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction

from apps.catalog.models import Price
from apps.core import clock, rows
from apps.core.ids import uuid7
from apps.hub.models import InboxEntry, OutboxFact
from apps.inventory.models import StockLevel, StockMovement
from apps.orders.models import Order, OrderLine
from tests import builders

pytestmark = pytest.mark.django_db


@dataclass
class Counted:
    statements: int = 0

    def __call__(self, execute, sql, params, many, context):
        self.statements += 1
        return execute(sql, params, many, context)


def _fact(**more):
    return OutboxFact(
        **{"id": uuid7(), "kind": "k", "subject": uuid7(), "sequence": 1, "topic": "a.b", "at": clock.now()} | more
    )


def _columns(row):
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def test_what_goes_in_comes_out_again():
    odd = {"words": ["タブ\t改行\n", "back\\slash", "\\N", "it's"], "none": None, "deep": {"n": 1}}
    wanted = [_fact(detail=odd), _fact(detail={}, announced_at=clock.now())]

    assert rows.insert(wanted) == wanted

    kept = {row.id: _columns(row) for row in OutboxFact.objects.all()}
    assert kept == {row.id: _columns(row) for row in wanted}
    assert not any(row._state.adding for row in wanted)


def test_bytes_decimals_and_choices_come_out_again():
    entry = InboxEntry(
        id=uuid7(), connection=builders.connection("csv"), digest=bytes(range(32)), topic="t", origin="hook", size=3,
        received_at=clock.now(), sealed=b"\x00\\N\t\xff",
    )  # fmt: skip
    price = Price(id=uuid7(), variant=builders.variant(), currency="JPY", amount=Decimal("1.25"), includes_tax=True)
    rows.insert([entry])
    rows.insert([price])

    kept = InboxEntry.objects.get(id=entry.id)
    assert (bytes(kept.digest), bytes(kept.sealed)) == (bytes(range(32)), b"\x00\\N\t\xff")
    assert Price.objects.get(id=price.id).amount == Decimal("1.25")
    level = StockLevel.objects.create(variant=price.variant, location=builders.location())
    move = StockMovement(
        id=uuid7(), level=level, at=clock.now(), kind=StockMovement.Kind.RECEIPT, on_hand=1, source_kind="test",
        source_id=uuid7(), actor="a",
    )  # fmt: skip
    rows.insert([move])
    assert StockMovement.objects.get(id=move.id).kind == "receipt"


def test_a_row_put_in_so_is_changed_by_save_and_not_put_in_twice():
    (fact,) = rows.insert([_fact()])

    fact.topic = "c.d"
    fact.save()

    assert OutboxFact.objects.get().topic == "c.d"


def test_the_tables_rules_hold():
    fact = _fact()
    with pytest.raises(IntegrityError), transaction.atomic():
        rows.insert([fact, _fact(subject=fact.subject)])
    assert OutboxFact.objects.count() == 0


def test_insert_new_leaves_out_what_a_unique_key_knows():
    first = _fact()
    rows.insert([first])

    rows.insert_new([_fact(subject=first.subject, topic="late.one"), _fact(topic="new.one", detail={"a": [1]})])

    assert set(OutboxFact.objects.values_list("topic", flat=True)) == {"a.b", "new.one"}
    assert OutboxFact.objects.get(topic="new.one").detail == {"a": [1]}


def test_update_writes_the_named_fields_and_no_other():
    order = builders.order(lines=[{"quantity": 3}, {"quantity": 4}])
    lines = list(OrderLine.objects.filter(order=order).order_by("number"))
    for line in lines:
        line.cancelled, line.tax_minor, line.title = line.number, None, "not written"

    assert rows.update(lines, ["cancelled", "tax_minor"]) == 2

    kept = list(OrderLine.objects.filter(order=order).order_by("number"))
    assert [(line.cancelled, line.tax_minor) for line in kept] == [(1, None), (2, None)]
    assert "not written" not in {line.title for line in kept}


def test_update_does_not_cut_what_is_too_long():
    order = builders.order(lines=[])
    order.currency = "JPYEN"

    with pytest.raises(Exception, match="too long"), transaction.atomic():
        rows.update([order], ["currency"])

    assert Order.objects.get().currency != "JPYEN"


def test_many_rows_are_one_statement_and_none_are_none():
    counted = Counted()
    facts = [_fact() for _ in range(50)]
    with connection.execute_wrapper(counted):
        rows.insert_new(facts)
        rows.update(facts, ["topic"])
        assert rows.insert([]) == []
        rows.insert_new([])
        assert rows.update([], ["topic"]) == 0

    assert counted.statements == 2
