"""Goods come in parts and beyond what was ordered: shelf, value, incoming and surplus add up, and nothing is lost."""

from decimal import Decimal

import pytest

from apps.core import clock
from apps.core.models import Company
from apps.flows import buy_goods, take_stock
from apps.hub.contracts import StockChange
from apps.hub.models import Connection
from apps.inventory import arrivals, purchasing
from apps.inventory.arrivals import Scan
from apps.inventory.errors import Refused
from apps.inventory.models import PurchaseOrder, PurchaseOrderLine, Receipt, ReceiptLine, SupplierItem, Surplus
from apps.ledger.models import Line
from tests import builders
from tests.flows.buying import come, ordered, supplier
from tests.inventory import shelves
from tests.inventory.shelves import demand, held, level_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _shelves_keep_their_rules():
    yield
    assert shelves.broken() == []


@pytest.fixture
def article():
    return builders.variant("CUP", barcode="4901234500013")


def _shelf(article):
    level = level_of(article)
    return level.on_hand, level.incoming, level.value_minor


def _state():
    return PurchaseOrder.objects.get().state


def test_a_part_and_then_the_rest(article):
    order = ordered((article, 10, "5"))

    come(order, 4)
    after_part = (*_shelf(article), _state())
    come(order, 6)

    assert after_part == (4, 6, 20, "partly_received")
    assert (*_shelf(article), _state()) == (10, 0, 50, "received")
    assert list(Receipt.objects.order_by("id").values_list("number", flat=True)) == [
        f"{order.number}/1", f"{order.number}/2",
    ]  # fmt: skip


def test_the_parts_of_a_line_cost_what_the_line_costs(article):
    order = ordered((article, 3, "33.333333"))

    parts = [come(order, 1).value_minor for _ in range(3)]

    assert (parts, level_of(article).value_minor) == ([33, 34, 33], 100)


def test_goods_in_another_currency_cost_what_their_rate_says(article):
    Company.objects.create(name="Aobado", currency="JPY")
    order = ordered((article, 2, "2.50"), rate=Decimal("150.3"), code="mill", currency="USD")

    come(order, 2)

    assert level_of(article).value_minor == 752  # 751.5


def test_what_is_received_is_owed_to_its_supplier(article):
    order = ordered((article, 10, "5"))
    come(order, 4)

    owed = Line.objects.filter(account="payable_goods").values_list("credit_minor", "party")
    assert list(owed) == [(20, order.supplier_id)]
    assert list(Line.objects.filter(account="inventory").values_list("debit_minor", flat=True)) == [20]


def test_who_waits_is_served_first(article):
    order = ordered((article, 5, "5"))
    first, second = demand(article, 3), demand(article, 4)

    come(order, 5)

    assert held(first, second) == [3, 2]


@pytest.mark.parametrize(("percent", "fine", "over"), [(0, 100, 12), (5, 105, 7), (12, 112, 0), (20, 112, 0)])
def test_beyond_the_tolerance_units_wait_for_a_word(article, percent, fine, over):
    order = ordered((article, 100, "5"), over_receipt_percent=percent)

    arrived = come(order, 112)

    assert (arrived.units, sum(row.quantity for row in arrived.surplus)) == (fine, over)
    assert (*_shelf(article), _state()) == (fine, 0, fine * 5, "received")


def test_surplus_that_is_kept_is_stock_and_owed_for(article):
    come(ordered((article, 4, "5")), 6)
    waits = demand(article, 5)

    buy_goods.decide(Surplus.objects.get().id, keep=True, actor="hana", reason="sells well")

    row = Surplus.objects.get()
    assert (row.state, row.decided_by, row.reason) == ("kept", "hana", "sells well")
    assert (*_shelf(article), held(waits)) == (6, 0, 30, [5])
    assert sum(Line.objects.filter(account="payable_goods").values_list("credit_minor", flat=True)) == 30
    assert list(ReceiptLine.objects.order_by("number").values_list("number", "quantity")) == [(1, 4), (2, 2)]


def test_surplus_that_goes_back_is_remembered_and_no_stock(article):
    come(ordered((article, 4, "5")), 6)

    buy_goods.decide(Surplus.objects.get().id, keep=False, actor="hana", reason="the driver took it")

    assert (Surplus.objects.get().state, *_shelf(article)) == ("sent_back", 4, 0, 20)
    with pytest.raises(Refused, match="decided this already: sent back"):
        buy_goods.decide(Surplus.objects.get().id, keep=True, actor="hana", reason="")


def test_goods_of_an_order_that_has_ended_wait_for_a_word(article):
    order = ordered((article, 4, "5"))
    purchasing.end(order.id, actor="hana", reason="")

    arrived = come(order, 4)

    assert (arrived.units, arrived.surplus[0].quantity, _shelf(article), _state()) == (0, 4, (0, 0, 0), "cancelled")


# At the door, with a scanner


def test_a_scan_counts_a_unit_and_the_suppliers_code_counts_a_pack(article):
    order = ordered((article, 20, "5"))
    SupplierItem.objects.create(supplier=order.supplier, variant=article, code="K-9", pack_size=12, price=5)

    told = [arrivals.scan(order.id, code) for code in ("4901234500013", "cup", "K-9", "nonsense", "")]

    assert [(row.outcome, row.units) for row in told] == [
        (Scan.COUNTED, 1), (Scan.COUNTED, 1), (Scan.COUNTED, 12), (Scan.UNKNOWN, 0), (Scan.UNKNOWN, 0),
    ]  # fmt: skip
    assert PurchaseOrderLine.objects.get().counted == 14


def test_a_unit_too_many_is_counted_and_said(article):
    order = ordered((article, 1, "5"))

    assert [arrivals.scan(order.id, "CUP").outcome for _ in range(2)] == [Scan.COUNTED, Scan.BEYOND]


def test_an_article_that_was_not_ordered_is_counted_only_when_told_so_and_waits(article):
    order, pot = ordered((article, 1, "5")), builders.variant("POT")

    first, second = arrivals.scan(order.id, "POT"), arrivals.scan(order.id, "POT", anyway=True)
    arrived = buy_goods.book(order.id, slip="", actor="wako")

    assert (first.outcome, first.variant, second.outcome) == (Scan.NOT_ORDERED, pot, Scan.BEYOND)
    assert [(row.purchase_line.variant, row.quantity) for row in arrived.surplus] == [(pot, 1)]
    assert _state() == "ordered"
    buy_goods.decide(arrived.surplus[0].id, keep=True, actor="hana", reason="", price=Decimal(70))
    assert (level_of(pot).on_hand, level_of(pot).value_minor, _state()) == (1, 70, "partly_received")


def test_counts_are_booked_once(article):
    order = ordered((article, 10, "5"))
    line = order.lines.get()
    arrivals.scan(order.id, "CUP")
    arrivals.set_counted(order.id, line.id, 3)

    arrived = buy_goods.book(order.id, slip=" N-77 ", actor="wako")

    assert (arrived.units, arrived.receipt.slip, _shelf(article)) == (3, "N-77", (3, 7, 15))
    with pytest.raises(Refused, match="Nothing was counted yet"):
        buy_goods.book(order.id, slip="", actor="wako")
    assert Receipt.objects.count() == 1


@pytest.mark.parametrize("units", [-1, purchasing.MOST_UNITS + 1])
def test_counts_that_cannot_be_right_are_refused(article, units):
    order = ordered((article, 10, "5"))

    with pytest.raises(Refused, match=f"{units} cannot have come"):
        arrivals.set_counted(order.id, order.lines.get().id, units)


def test_nothing_comes_of_an_order_that_nobody_placed(article):
    draft = purchasing.draft(
        supplier(), [purchasing.Wish(variant=article.id, quantity=1)], location=builders.location(), actor="hana"
    )

    for way in (lambda: arrivals.scan(draft.id, "CUP"), lambda: buy_goods.book(draft.id, slip="", actor="wako")):
        with pytest.raises(Refused, match="was not placed yet"):
            way()


def test_a_document_about_other_lines_or_no_units_is_refused_whole(article):
    order, other = ordered((article, 10, "5")), ordered((builders.variant(), 1, "5"))
    line, strange = order.lines.get().id, other.lines.get().id

    for units in ({}, {line: 0}, {line: -1}, {line: 1, strange: 1}):
        with pytest.raises(Refused, match="how many units of which lines"):
            buy_goods.receive(order.id, units, slip="", actor="wako")
    assert Receipt.objects.count() == 0


# Told by the warehouse's file


def _told(document, *came):
    source = Connection.objects.first() or builders.connection("csv")
    changes = [
        StockChange(
            document=document, line=line, sku=sku, kind="receipt", quantity=units, at=clock.now(), unit_cost=Decimal(999),
            currency="JPY",
        )
        for line, (sku, units) in enumerate(came, start=1)
    ]  # fmt: skip
    return take_stock.take(changes, source=source)


def test_a_document_that_names_an_order_is_goods_of_it_and_counts_once(article):
    order = ordered((article, 10, "5"))
    builders.variant("POT")

    for _ in range(2):
        refused = _told(f"{order.number}/A", ("CUP", 4), ("CUP", 2), ("POT", 1), ("NIX", 1))
    _told(f"{order.number}/B", ("CUP", 3))

    assert [reason for _, reason in refused] == ["unknown_sku"]
    assert (*_shelf(article), _state()) == (9, 1, 45, "partly_received")
    assert list(Receipt.objects.order_by("id").values_list("slip", flat=True)) == [
        f"{order.number}/A", f"{order.number}/B",
    ]  # fmt: skip
    assert [(row.purchase_line.variant.sku, row.quantity) for row in Surplus.objects.all()] == [("POT", 1)]


@pytest.mark.parametrize("shape", ["{}X", "A-{}", "{}0", "R1"])
def test_a_document_that_names_no_order_is_a_receipt_of_its_own(article, shape):
    order = ordered((article, 10, "5"))

    _told(shape.format(order.number), ("CUP", 4))

    assert (*_shelf(article), _state()) == (4, 10, 3996, "ordered")
