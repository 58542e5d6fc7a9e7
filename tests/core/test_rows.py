"""Many rows at once: what goes in comes back out, and the table's own rules hold."""

from dataclasses import dataclass
from decimal import Decimal

import pytest
from django.db import DataError, IntegrityError, connection, transaction

from apps.catalog.models import Price
from apps.core import clock, rows
from apps.core.ids import uuid7
from apps.hub.models import InboxEntry, OutboxFact
from apps.inventory.models import StockLevel, StockMovement
from apps.orders.models import Order, OrderLine
from apps.orders.states import Lifecycle
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


@pytest.fixture(params=["in one statement", "by COPY"])
def way(request, monkeypatch):
    monkeypatch.setattr(rows, "FEW", 150 if request.param == "in one statement" else 0)


ODD = [
    "null", "NULL", "", " ", '"', '","', "\\", "\\n", "\\\\n", "\\.", "\\N", "line\nbreak", "\r\n", "\n\\.\n", "tab\t",
    "\x07\x1f\x7f",
    "\u2028", "改行", "😀", "'; --", "[1],[2]", "\\u0041", '\\"', "{}", "true", "1e5",
]  # fmt: skip


def test_odd_texts_come_out_again(way):
    wanted = [_fact(topic=text, detail={"text": text, text: [text]}) for text in ODD]

    rows.insert(wanted)

    kept = {row.id: (row.topic, row.detail) for row in OutboxFact.objects.all()}
    assert kept == {row.id: (row.topic, row.detail) for row in wanted}


def test_a_text_that_the_database_cannot_hold_is_refused(way):
    with pytest.raises(DataError), transaction.atomic():
        rows.insert([_fact(topic="a\0b")])


def test_what_goes_in_comes_out_again(way):
    odd = {"words": ["タブ\t改行\n", "back\\slash", "\\N", "it's"], "none": None, "deep": {"n": 1}}
    wanted = [_fact(detail=odd), _fact(detail={}, announced_at=clock.now())]

    assert rows.insert(wanted) == wanted

    kept = {row.id: _columns(row) for row in OutboxFact.objects.all()}
    assert kept == {row.id: _columns(row) for row in wanted}
    assert not any(row._state.adding for row in wanted)


def test_bytes_decimals_and_choices_come_out_again(way):
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


# Together


def _order(channel):
    return rows.new(
        Order, id=uuid7(), brand_id=channel.brand_id, number=f"T-{uuid7()}"[:40], channel_id=channel.id,
        external_number="#1", placed_at=clock.now(), taken_at=clock.now(), currency="JPY", lifecycle=Lifecycle.OPEN,
    )  # fmt: skip


def _line(order, number=1):
    return rows.new(
        OrderLine, id=uuid7(), order_id=order.id, number=number, title="it's\t\\N 磁器", quantity=2,
        unit_price=Decimal("1.250000"), total_minor=3,
    )  # fmt: skip


@pytest.mark.parametrize("lines", [3, rows.FEW + 10])
def test_rows_of_several_tables_go_down_together(lines):
    channel, counted = builders.connection(), Counted()
    with connection.execute_wrapper(counted), rows.together():
        (order,) = rows.insert([_order(channel)])
        kept = rows.insert(_line(order, number) for number in range(1, lines + 1))
        assert rows.is_unwritten(order)
        order.staff_note = "changed before it was written"
        assert counted.statements == 0

    assert counted.statements == (1 if lines <= rows.FEW else 0)  # COPY is not seen by the wrapper
    assert not any(rows.is_unwritten(row) for row in (order, *kept))
    assert _columns(Order.objects.get()) == _columns(order)
    assert [_columns(line) for line in OrderLine.objects.order_by("number")] == [_columns(line) for line in kept]


def _insert_and_fail(row):
    rows.insert([row])
    raise LookupError


def _insert_with_lines(order, numbers):
    rows.insert([order])
    rows.insert(_line(order, number) for number in numbers)


def test_what_fails_inside_writes_nothing():
    channel = builders.connection()

    with pytest.raises(LookupError), rows.together():
        _insert_and_fail(_order(channel))

    rows.insert([_fact()])  # and what comes after is written at once
    assert (Order.objects.count(), OutboxFact.objects.count()) == (0, 1)


def test_the_outer_block_writes():
    channel = builders.connection()
    with rows.together():
        with rows.together():
            (order,) = rows.insert([_order(channel)])
        assert rows.is_unwritten(order)

    assert Order.objects.count() == 1


def test_together_a_tables_own_rules_hold():
    channel = builders.connection()

    with pytest.raises(IntegrityError, match="orders_one_line_a_number"), transaction.atomic(), rows.together():
        _insert_with_lines(_order(channel), [1, 1])

    assert Order.objects.count() == 0


# New


def test_a_new_row_is_as_the_model_makes_it():
    channel, values = builders.connection(), {"number": "T-1", "currency": "JPY", "placed_at": clock.now()}

    made = rows.new(Order, id=uuid7(), channel_id=channel.id, brand_id=channel.brand_id, taken_at=clock.now(), **values)

    usual = Order(id=made.id, channel_id=channel.id, brand_id=channel.brand_id, taken_at=made.taken_at, **values)
    assert _columns(made) == _columns(usual)
    assert made.tags is not rows.new(Order, id=uuid7()).tags
    assert (made == usual, made._state.adding, made.channel) == (True, True, channel)


def test_a_new_row_refuses_what_is_no_column():
    with pytest.raises(TypeError, match="colour"):
        rows.new(Order, colour="blue")


# Read


def test_rows_are_read_as_the_orm_reads_them():
    order = builders.order(lines=[{}, {"title": "2"}])

    found = rows.read(OrderLine, "WHERE order_id = %s ORDER BY number FOR UPDATE", [order.id])

    usual = list(OrderLine.objects.filter(order=order).order_by("number"))
    assert [_columns(row) for row in found] == [_columns(row) for row in usual]
    assert (found == usual, found[0].order, rows.is_unwritten(found[0])) == (True, order, False)


def test_json_is_not_read_as_text_unawares():
    with pytest.raises(TypeError, match="JSON"):
        rows.read(Order, "LIMIT 1", [])
