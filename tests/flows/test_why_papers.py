"""Numbers on papers add up from what happened, whatever happened; a column that is wrong leaves a residual."""

import pytest

from apps.flows import buy_goods, why_papers
from apps.flows.reckoning import Reckoning
from apps.inventory import purchasing
from apps.inventory.models import PurchaseOrderLine, StocktakeLine, Surplus, TransferLine
from tests import builders
from tests.flows import buying
from tests.inventory import sheets

pytestmark = pytest.mark.django_db


def _reckoned(what: str, row) -> Reckoning:
    model, related, reckon = why_papers.OF_PAPER[what]
    return reckon(model.objects.select_related(*related).get(id=row.id))


def _said(found: Reckoning) -> tuple:
    return (found.number, [(part.code, part.units) for part in found.parts], found.residual)


def test_a_line_of_a_purchase_order_came_in_two_deliveries_and_the_rest_was_called_off():
    order = buying.ordered((builders.variant("CUP"), 12, "100"))
    buying.come(order, 5)
    buying.come(order, 3)
    line = order.lines.get()
    purchasing.call_off(order.id, {line.id: 2}, actor="hana", reason="too late")

    assert _said(_reckoned("bought", line)) == (
        2, [("bought", 12), ("came_with", -5), ("came_with", -3), ("given_up", -2)], 0
    )  # fmt: skip
    assert _said(_reckoned("came", line)) == (8, [("came_with", 5), ("came_with", 3)], 0)


def test_what_came_beyond_the_order_and_was_kept_is_told_apart():
    order = buying.ordered((builders.variant("CUP"), 4, "100"))
    buying.come(order, 6)
    buy_goods.decide(Surplus.objects.get().id, keep=True, actor="hana", reason="they sell well", price=None)

    line = order.lines.get()
    to_come, came = _reckoned("bought", line), _reckoned("came", line)

    assert (to_come.number, to_come.residual, came.number, came.residual) == (0, 0, 6, 0)
    assert ("came_beyond", 2) in [(part.code, part.units) for part in to_come.parts]


def test_a_line_of_a_transfer_is_its_steps():
    cup = builders.variant("CUP")
    builders.stock(cup, 9)
    transfer = buying.sent(cup, 6)
    buying.arrive(transfer, 3)
    line = transfer.lines.get()
    under_way = _said(_reckoned("sent", line))
    buying.arrive(transfer, 1, lost="fell off")

    assert under_way == (3, [("sent_off", 6), ("arrived_at", -3)], 0)
    assert _said(_reckoned("sent", line)) == (2, [("sent_off", 6), ("arrived_at", -3), ("got_lost", -1)], 0)
    assert _said(_reckoned("arrived", line)) == (3, [("arrived_at", 3)], 0)


def test_the_book_of_a_row_is_what_was_booked_before_it_was_counted():
    cup = builders.variant("CUP")
    builders.stock(cup, 9)
    sheet, other = sheets.opened(cup), sheets.opened(cup)
    sheets.put(sheet, cup, 8)
    buying.sent(cup, 4)  # after the count: no concern of it
    alone = _reckoned("book", sheet.lines.get())
    sheets.put(other, cup, 6)
    sheets.close(other)
    sheets.approve(other)
    line = sheet.lines.get()

    assert (alone.number, sum(part.units for part in alone.parts), alone.notes[0].units) == (9, 9, 8)
    assert _said(_reckoned("book", line))[::2] == (10, 0)
    assert _reckoned("book", line).parts[-1].code == "corrected_since"
    assert _said(_reckoned("book", other.lines.get()))[::2] == (5, 0)


def test_a_row_that_nobody_counted_has_no_book():
    cup = builders.variant("CUP")
    builders.stock(cup, 9)

    assert _reckoned("book", sheets.opened(cup).lines.get()) == Reckoning(None, ())


def test_a_column_that_is_wrong_leaves_a_residual():
    cup = builders.variant("CUP")
    builders.stock(cup, 9)
    sheets.put(sheet := sheets.opened(cup), cup, 8)
    transfer, order = buying.sent(cup, 6), buying.ordered((cup, 12, "100"))
    buying.come(order, 5)
    PurchaseOrderLine.objects.update(received=6)
    TransferLine.objects.update(received=1)
    StocktakeLine.objects.update(book=11)

    asked = [("bought", order), ("came", order), ("sent", transfer), ("arrived", transfer), ("book", sheet)]
    assert [_reckoned(what, paper.lines.get()).residual for what, paper in asked] == [-1, 1, -1, 1, 2]
