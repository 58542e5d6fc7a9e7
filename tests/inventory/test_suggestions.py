"""Suggestions become drafts of purchase orders: one a supplier and place, all or none, and never twice."""

import threading
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import connection
from django.db.models import QuerySet

from apps.catalog.models import Variant
from apps.core import clock
from apps.inventory import purchasing, suggestions
from apps.inventory.errors import Refused
from apps.inventory.models import Forecast, Location, PurchaseOrder, StockLevel, Supplier, SupplierItem
from tests import builders


def due(sku: str, *, place: Location | None = None, up_to: int = 68) -> Forecast:
    """An article with ten units that should be filled up to 68."""
    article = Variant.objects.filter(sku=sku).first() or builders.variant(sku)
    level = StockLevel.objects.create(variant=article, location=place or builders.location(), on_hand=10)
    return Forecast.objects.create(
        level=level, as_of=clock.business_date(), computed_at=clock.now(), sales=9, units=9, days_counted=99, days_out=0,
        daily=1, noise=1, lead_days=14, review_days=7, service_percent=95, order_days=28, safety=10, reorder_point=40,
        up_to=up_to, lasts_days=10,
    )  # fmt: skip


def sold_by(supplier: Supplier, *skus: str, pack_size: int = 1) -> None:
    for sku in skus:
        article = Variant.objects.get(sku=sku)
        SupplierItem.objects.create(supplier=supplier, variant=article, price=Decimal("120.5"), pack_size=pack_size)


def garden(code: str = "G") -> Supplier:
    return Supplier.objects.create(code=code, name=f"Garden {code}")


def lines_of(order: PurchaseOrder) -> dict[str, tuple[int, Decimal]]:
    return {line.variant.sku: (line.quantity, line.price) for line in order.lines.select_related("variant")}


@pytest.mark.django_db
def test_one_draft_is_made_for_each_supplier_and_place():
    osaka = builders.location("osaka")
    rows = [due("A"), due("B"), due("C"), due("A", place=osaka), due("NOBODY")]
    sold_by(garden("G"), "A", "B", pack_size=12)
    sold_by(garden("H"), "C")

    made = suggestions.draft([row.id for row in rows], actor="aoi")

    found = {(order.supplier.code, order.location.code): lines_of(order) for order in made.orders}
    price = Decimal("120.5")
    assert found == {
        ("G", "main"): {"A": (60, price), "B": (60, price)},
        ("G", "osaka"): {"A": (60, price)},
        ("H", "main"): {"C": (58, price)},
    }
    assert (made.unsold, {order.state for order in made.orders}, {order.made_by for order in made.orders}) == (
        ["NOBODY"], {"draft"}, {"aoi"},
    )  # fmt: skip


@pytest.mark.django_db
def test_what_was_drafted_is_not_drafted_again():
    row = due("A")
    sold_by(garden(), "A")

    first, second = (suggestions.draft([row.id], actor=name) for name in ("aoi", "ken"))

    assert (len(first.orders), second.orders, second.unsold) == (1, [], [])


@pytest.mark.django_db
def test_a_draft_that_is_thrown_away_brings_the_suggestion_back():
    row = due("A")
    sold_by(garden(), "A")
    (order,) = suggestions.draft([row.id], actor="aoi").orders

    purchasing.end(order.id, actor="aoi", reason="")

    assert [one.units for one in suggestions.chosen([row.id])] == [58]


@pytest.mark.django_db
def test_one_that_cannot_be_ordered_keeps_all_of_them_back():
    absurd, fine = due("A", up_to=5_000_000), due("B")
    sold_by(garden("G"), "A")
    sold_by(garden("H"), "B")

    with pytest.raises(Refused, match="cannot be right"):
        suggestions.draft([fine.id, absurd.id], actor="aoi")

    assert PurchaseOrder.objects.count() == 0


@pytest.mark.django_db
def test_nothing_picked_and_nothing_known_is_nothing():
    assert suggestions.draft([uuid4()], actor="aoi") == suggestions.Drafted([], [])
    assert suggestions.draft([], actor="aoi") == suggestions.Drafted([], [])


def _drafts_of_two(row: Forecast) -> int:
    """Two people press the button in the same moment; how many drafts there are then."""
    together = threading.Barrier(2)

    def press(name: str) -> None:
        try:
            together.wait(10)
            suggestions.draft([row.id], actor=name)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as people:
        list(people.map(press, ("aoi", "ken")))
    return PurchaseOrder.objects.count()


@pytest.mark.django_db(transaction=True)
def test_two_people_at_once_make_one_draft():
    row = due("A")
    sold_by(garden(), "A")

    assert _drafts_of_two(row) == 1


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_two_people_make_two(monkeypatch):
    """The control: both look before either has drafted."""
    row = due("A")
    sold_by(garden(), "A")
    looked = threading.Barrier(2)
    chosen = suggestions.chosen

    def both_look(ids):
        found = chosen(ids)
        looked.wait(10)
        return found

    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **_words: self)
    monkeypatch.setattr(suggestions, "chosen", both_look)

    assert _drafts_of_two(row) == 2
