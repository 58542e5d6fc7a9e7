"""Goods between two places: they keep their value, are incoming where they go, and what gets lost is seen."""

import pytest

from apps.flows import move_goods
from apps.inventory import transfers
from apps.inventory.errors import Refused
from apps.inventory.models import Demand, Location, StockLevel, Transfer, TransferStep
from apps.inventory.services import Wanted, allocate
from apps.inventory.transfers import Wish
from apps.ledger.models import Entry, Line
from tests import builders
from tests.flows.buying import arrive, sent
from tests.inventory import shelves
from tests.inventory.shelves import demand

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _shelves_keep_their_rules():
    yield
    assert shelves.broken() == []


@pytest.fixture
def article():
    """Ten cups that cost 1,001 at `main`, and a shop to bring some to."""
    made = builders.variant("CUP")
    builders.stock(made, 10, unit_cost="100.1")
    builders.location("shop")
    return made


def _levels(article):
    rows = StockLevel.objects.filter(variant=article).select_related("location")
    return {row.location.code: (row.on_hand, row.incoming, row.value_minor) for row in rows}


def _state():
    return Transfer.objects.get().state


def test_what_is_sent_is_incoming_there_and_its_value_is_on_the_way(article):
    transfer = sent(article, 4)

    assert _levels(article) == {"main": (6, 0, 601), "shop": (0, 4, 0)}
    assert (transfer.lines.get().value_minor, _state()) == (400, "in_transit")
    assert Entry.objects.count() == 0


def test_it_comes_in_parts_with_its_value(article):
    transfer = sent(article, 3)

    arrive(transfer, 1)
    first = (_levels(article)["shop"], _state())
    arrive(transfer, 2)

    assert first == ((1, 2, 100), "partly_received")
    assert (_levels(article)["shop"], _state()) == ((3, 0, 300), "received")
    assert list(TransferStep.objects.order_by("id").values_list("kind", "units", "value_minor")) == [
        ("sent", 3, 300), ("received", -1, -100), ("received", -2, -200),
    ]  # fmt: skip


def test_what_gets_lost_is_written_off_with_its_reason(article):
    transfer = sent(article, 3)
    arrive(transfer, 2)

    arrive(transfer, 1, lost="fell off the cart")

    assert (_levels(article), _state()) == ({"main": (7, 0, 701), "shop": (2, 0, 200)}, "received")
    assert [(line.account_id, line.debit_minor - line.credit_minor) for line in Line.objects.order_by("number")] == [
        ("shrinkage", 100), ("inventory", -100),
    ]  # fmt: skip
    assert TransferStep.objects.get(kind="lost").reason == "fell off the cart"


def test_who_waits_there_is_served_when_it_comes(article):
    shop = Location.objects.get(code="shop")
    want = shelves.want(article, 2)
    (waits,) = allocate([Wanted(**{name: getattr(want, name) for name in Wanted.__slots__})], actor="t", location=shop)

    arrive(sent(article, 3), 3)

    assert Demand.objects.get(id=waits.id).allocated == 2


def test_promised_units_stay_and_nothing_leaves_when_one_line_is_short(article):
    demand(article, 8)
    other = builders.variant("POT")
    builders.stock(other, 5)
    places = [builders.location(code) for code in ("main", "shop")]
    draft = transfers.draft(*places, [Wish(other.id, 5), Wish(article.id, 3)], actor="hana")

    with pytest.raises(Refused, match=r"Not enough is free at main.* CUP: 3 are to go, 2 are free \(10 lie there\)"):
        move_goods.send(draft.id, actor="hana")

    assert (_levels(article)["main"], _levels(other), _state()) == ((10, 0, 1001), {"main": (5, 0, 500)}, "draft")


@pytest.mark.parametrize("units", [-1, 4, 10**9])
def test_no_more_comes_than_was_sent(article, units):
    transfer = sent(article, 3)

    with pytest.raises(Refused, match=f"3 of CUP are on their way; {units} cannot have come"):
        arrive(transfer, units)

    assert _levels(article)["shop"] == (0, 3, 0)


def test_what_makes_no_sense_is_refused(article):
    main, shop = (builders.location(code) for code in ("main", "shop"))
    with pytest.raises(Refused, match="Choose two places"):
        transfers.draft(main, main, [], actor="hana")
    empty = transfers.draft(main, shop, [], actor="hana")
    with pytest.raises(Refused, match="no lines yet"):
        move_goods.send(empty.id, actor="hana")
    with pytest.raises(Refused, match="-3 units cannot be right"):
        transfers.put_line(empty.id, Wish(article.id, -3))
    transfers.put_line(empty.id, Wish(article.id, 2))
    with pytest.raises(Refused, match="nothing of it is on its way"):
        arrive(empty, 1)
    move_goods.send(empty.id, actor="hana")
    with pytest.raises(Refused, match="only a draft"):
        transfers.cancel(empty.id, actor="hana", reason="")
    with pytest.raises(Refused, match="how many units"):
        move_goods.receive(empty.id, {}, actor="wako")
    with pytest.raises(Refused, match="how the goods were lost"):
        move_goods.lose(empty.id, {empty.lines.get().id: 1}, actor="wako", reason=" ")
    arrive(empty, 2)
    with pytest.raises(Refused, match="is received: nothing of it"):
        arrive(empty, 1)


def test_nothing_is_sent_to_a_place_that_was_closed(article):
    main, shop = (builders.location(code) for code in ("main", "shop"))
    draft = transfers.draft(main, shop, [Wish(article.id, 1)], actor="hana")
    Location.objects.filter(code="shop").update(is_active=False)

    with pytest.raises(Refused, match="shop is closed"):
        move_goods.send(draft.id, actor="hana")


def test_a_draft_changes_and_is_thrown_away(article):
    draft = transfers.draft(
        *(builders.location(code) for code in ("main", "shop")), [Wish(article.id, 1)], actor="hana"
    )

    transfers.put_line(draft.id, Wish(article.id, 5))
    before = list(draft.lines.values_list("quantity", flat=True))
    transfers.put_line(draft.id, Wish(article.id, 0))

    assert (before, draft.lines.count(), transfers.cancel(draft.id, actor="hana", reason="").state) == (
        [5], 0, "cancelled",
    )  # fmt: skip
