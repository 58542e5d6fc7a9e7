"""Orders: opened whole and adding up, held and released with reasons, their axes moved in sets, their shares exact."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from apps.catalog.services import Article
from apps.core import states
from apps.core.ids import uuid7
from apps.core.models import Company, StateMove
from apps.core.states import Cause, IllegalMove
from apps.ledger import tax
from apps.orders import services as orders
from apps.orders.errors import DoesNotAddUp
from apps.orders.models import Order, OrderHold, OrderLine
from apps.orders.services import Sale
from apps.orders.states import AllocationState, FulfilmentState, Lifecycle, PaymentState
from tests import builders
from tests.builders import line_draft, order_draft

pytestmark = pytest.mark.django_db

CAUSE = Cause("hana")


@pytest.fixture(autouse=True)
def _rates_are_read_anew():
    tax.forget_rates()


@pytest.fixture
def shop():
    return builders.connection()


def _open(shop, *drafts, articles=None, country="JP"):
    sales = [Sale(uuid7(), draft, None, None) for draft in drafts]
    return orders.open_orders(shop, sales, articles or {}, country=country)


def _sums(order):
    return (order.items_minor, order.charges_minor, order.discount_minor, order.added_tax_minor, order.total_minor)


# Opening


def test_an_order_is_written_whole(shop):
    cup = builders.variant("CUP", tax_code_id="reduced")
    draft = order_draft(
        line_draft(1, sku="CUP", quantity=2, unit_price=Decimal(1080)),
        line_draft(2, kind="shipping", title="送料", unit_price=Decimal(550)),
        line_draft(3, kind="discount", title="coupon", unit_price=Decimal(-110)),
    )

    ((order, lines),) = _open(shop, draft, articles={"CUP": Article(cup.id, cup.tax_code_id)})

    kept = Order.objects.get()
    assert _sums(kept) == (2160, 550, -110, 0, 2600)
    assert (kept.lifecycle, kept.payment, kept.allocation, kept.fulfilment) == ("open", "unpaid", "none", "unfulfilled")
    assert [(line.variant, line.tax_code, line.tax_rate_bp) for line in lines] == [
        (cup, "reduced", 800), (None, "standard", 1000), (None, "standard", 1000),
    ]  # fmt: skip
    assert order.tax_computed_minor == 160 + 40


def test_numbers_rise_and_carry_the_companys_prefix(shop):
    Company.objects.create(name="Aobado", order_prefix="AO-")

    numbers = [order.number for order, _ in _open(shop, order_draft(), order_draft())]

    assert [number[:3] for number in numbers] == ["AO-", "AO-"]
    assert int(numbers[1][3:]) == int(numbers[0][3:]) + 1


def test_it_is_to_leave_within_the_companys_days(shop):
    Company.objects.create(name="Aobado", ships_within_days=2)

    ((order, _),) = _open(shop, order_draft())

    assert order.ship_by == builders.PLACED + timedelta(days=2)


def test_tax_on_top_is_part_of_the_total(shop):
    lines = [line_draft(number, unit_price=Decimal(105), tax_minor=10) for number in (1, 2, 3)]

    ((order, _),) = _open(shop, order_draft(*lines, prices_include_tax=False, total_minor=345))

    assert _sums(order) == (315, 0, 0, 30, 345)
    assert (order.tax_minor, order.tax_computed_minor) == (30, 31)


def test_tax_inside_is_not_added(shop):
    ((order, _),) = _open(shop, order_draft(line_draft(tax_minor=100)))

    assert (order.total_minor, order.added_tax_minor, order.tax_minor) == (1100, 0, 100)


def test_the_channels_own_rate_wins(shop):
    ((_, (line,)),) = _open(shop, order_draft(line_draft(tax_rate_bp=0)), country="GB")

    assert line.tax_rate_bp == 0


def test_lines_that_do_not_make_the_total_are_refused_whole(shop):
    with pytest.raises(DoesNotAddUp, match="lines make 1100, the channel says 1000"):
        _open(shop, order_draft(), order_draft(total_minor=1000))

    assert Order.objects.count() == 0


def test_the_table_itself_refuses_a_wrong_total(shop):
    order = builders.order(shop, lines=[{}])

    with pytest.raises(IntegrityError, match="orders_total_adds_up"), transaction.atomic():
        Order.objects.filter(id=order.id).update(total_minor=1)


@pytest.mark.parametrize(
    ("method", "price", "payment"),
    [("card", 1100, "unpaid"), ("cod", 1100, "on_delivery"), ("card", 0, "not_required"), ("cod", 0, "not_required")],
)
def test_how_it_is_paid_says_where_the_payment_begins(shop, method, price, payment):
    ((order, _),) = _open(shop, order_draft(line_draft(unit_price=Decimal(price)), payment_method=method))

    assert order.payment == payment


# Axes


def test_many_axes_move_at_once(shop):
    first, second = builders.order(shop), builders.order(shop)

    orders.mark(
        [first, second], cause=CAUSE, payment=PaymentState.PAID,
        allocation={first.id: AllocationState.FULL, second.id: AllocationState.NONE},
    )  # fmt: skip

    rows = Order.objects.order_by("id").values_list("payment", "allocation")
    assert list(rows) == [("paid", "full"), ("paid", "none")]
    assert [(order.payment, order.allocation) for order in (first, second)] == list(rows)
    assert StateMove.objects.count() == 3


def test_an_axis_follows_its_drawing(shop):
    order = builders.order(shop, payment=PaymentState.VOIDED)

    with pytest.raises(IllegalMove):
        orders.mark([order], cause=CAUSE, payment=PaymentState.PAID)


def test_a_stale_order_is_overtaken(shop):
    order = builders.order(shop)
    stale = Order.objects.get(id=order.id)
    orders.mark([order], cause=CAUSE, lifecycle=Lifecycle.CLOSED)

    with pytest.raises(states.Overtaken):
        orders.mark([stale], cause=CAUSE, lifecycle=Lifecycle.CANCELLED)


@pytest.mark.parametrize(
    ("wanted", "given", "expected"), [(3, 3, "full"), (3, 2, "partial"), (3, 0, "none"), (0, 0, "full"), (2, 3, "full")]
)
def test_the_allocation_axis_of_units(wanted, given, expected):
    assert orders.allocation_of(wanted, given) == expected


@pytest.mark.parametrize(
    ("fulfilment", "payment", "lifecycle"),
    [
        ("delivered", "paid", "closed"), ("delivered", "unpaid", "open"), ("shipped", "paid", "open"),
        ("returned", "refunded", "closed"), ("delivered", "not_required", "closed"), ("delivered", "on_delivery", "open"),
    ],
)  # fmt: skip
def test_an_order_is_completed_when_nobody_waits_for_anything(shop, fulfilment, payment, lifecycle):
    order = builders.order(shop, fulfilment=fulfilment, payment=payment)

    orders.close_if_done([order], cause=CAUSE)

    assert order.lifecycle == lifecycle


def test_a_cancelled_order_is_not_completed(shop):
    order = builders.order(shop, lifecycle="cancelled", fulfilment=FulfilmentState.DELIVERED, payment="paid")

    orders.close_if_done([order], cause=CAUSE)

    assert order.lifecycle == "cancelled"


# Holds


def _held(order):
    return Order.objects.get(id=order.id).is_held


def test_a_hold_stops_an_order_until_every_reason_is_gone(shop):
    order = builders.order(shop)
    orders.hold({order.id: [("short", ""), ("no_address", "")]}, actor="intake")
    assert _held(order)

    assert orders.release([order.id], actor="hana", reasons=["short"]) == 1
    assert _held(order)
    assert orders.release([order.id], actor="hana") == 1

    assert not _held(order)
    rows = OrderHold.objects.order_by("reason").values_list("reason", "set_by", "released_by")
    assert list(rows) == [("no_address", "intake", "hana"), ("short", "intake", "hana")]


def test_the_same_reason_holds_once_and_may_come_back(shop):
    order = builders.order(shop)
    orders.hold({order.id: [("short", "1 of 2")]}, actor="intake")
    orders.hold({order.id: [("short", "again")]}, actor="intake")
    orders.release([order.id], actor="hana")

    orders.hold({order.id: [("short", "later")]}, actor="intake")

    assert list(OrderHold.objects.order_by("id").values_list("detail", flat=True)) == ["1 of 2", "later"]
    assert _held(order)


def test_no_reason_is_no_hold(shop):
    free, held = builders.order(shop), builders.order(shop)

    orders.hold({free.id: [], held.id: [("short", "")]}, actor="intake")

    assert (_held(free), _held(held)) == (False, True)


def test_releasing_what_is_free_changes_nothing(shop):
    order = builders.order(shop)

    assert orders.release([order.id], actor="hana") == 0


# Shares


def test_what_is_to_be_paid_is_less_the_units_called_off(shop):
    order = builders.order(shop, lines=[{"quantity": 3, "total_minor": 1000}, {"kind": "shipping", "total_minor": 500}])
    OrderLine.objects.filter(kind="item").update(cancelled=2)

    assert orders.payable_minor(order, order.lines.all()) == 1500 - 667


@pytest.mark.parametrize("shipped", [0, 1, 2, 3])
def test_units_that_were_shipped_and_called_off_make_the_line_whatever_came_first(shop, shipped):
    order = builders.order(shop, lines=[{"quantity": 3, "total_minor": 1000}])
    line = order.lines.get()

    sent = [orders.part_minor(order, line, 1, before=number) for number in range(shipped)]
    off = [orders.called_off_minor(order, line, 1, before=number) for number in range(3 - shipped)]

    assert sum(sent) + sum(off) == 1000
    assert sum(off) == orders.called_off_minor(order, line, 3 - shipped)


def test_units_carry_the_tax_that_came_on_top(shop):
    order = builders.order(
        shop, prices_include_tax=False, lines=[{"quantity": 2, "total_minor": 1000, "tax_minor": 100}]
    )
    line = order.lines.get()

    parts = [orders.called_off_minor(order, line, 1), orders.called_off_minor(order, line, 1, before=1)]

    assert parts == [550, 550]


def test_a_line_of_no_units_has_no_share(shop):
    order = builders.order(shop, lines=[{"quantity": 0, "total_minor": 0}])

    assert orders.called_off_minor(order, order.lines.get(), 0) == 0


def test_locking_takes_rows_in_one_order(shop):
    made = [builders.order(shop) for _ in range(3)]

    with transaction.atomic():
        locked = orders.lock([order.id for order in reversed(made)])

    assert locked == made
