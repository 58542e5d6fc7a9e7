"""Units are promised to who came first, and what becomes free goes to who waits, in the same transaction."""

import pytest
from django.db import IntegrityError, transaction

from apps.core.ids import uuid7
from apps.hub.models import OutboxFact
from apps.inventory import services as inventory
from apps.inventory.errors import InsufficientStock, NoLocation
from apps.inventory.models import Demand, StockLevel, StockMovement
from tests import builders
from tests.inventory import shelves
from tests.inventory.shelves import demand, held, level_of, want

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _shelves_keep_their_rules():
    yield
    assert shelves.broken() == []


@pytest.fixture
def article():
    made = builders.variant()
    builders.stock(made, 5)
    return made


def test_who_comes_first_is_served_first_and_who_is_short_waits(article):
    demands = inventory.allocate([want(article, 3), want(article, 3), want(article, 1)], actor="intake")

    assert [row.allocated for row in demands] == [3, 2, 0]
    level = level_of(article)
    assert (level.on_hand, level.reserved, level.available, level.backordered) == (5, 5, 0, 2)


def test_an_article_that_never_lay_anywhere_waits():
    article = builders.variant()
    builders.location()

    assert demand(article, 2).waiting == 2


def test_a_shop_without_a_location_says_so(article):
    StockLevel.objects.get().location.__class__.objects.update(is_default=False)

    with pytest.raises(NoLocation), transaction.atomic():
        demand(article, 1)


def test_the_same_line_is_never_promised_twice(article):
    wanted = want(article, 1)
    inventory.allocate([wanted], actor="intake")

    with pytest.raises(IntegrityError), transaction.atomic():
        inventory.allocate([wanted], actor="intake")

    assert level_of(article).reserved == 1


def test_every_promise_is_one_fact_for_the_channels(article):
    OutboxFact.objects.all().delete()

    inventory.allocate([want(article, 1), want(article, 1)], actor="intake")

    assert list(OutboxFact.objects.values_list("topic", "detail")) == [
        ("stock.changed", {"variants": [str(article.id)]})
    ]


def test_cancelling_gives_the_units_to_who_waits_longest(article):
    first, second, third = demand(article, 4), demand(article, 3), demand(article, 3)

    gained = inventory.cancel({first.subject: 4}, actor="hana", cause=uuid7())

    assert held(first, second, third) == [0, 3, 2]
    assert [(change.subject, change.units) for change in gained] == [(second.subject, 2), (third.subject, 2)]


def test_units_that_wait_are_called_off_before_promised_ones(article):
    row = demand(article, 8)

    inventory.cancel({row.subject: 4}, actor="hana", cause=uuid7())

    row.refresh_from_db()
    assert (row.allocated, row.waiting, row.cancelled) == (4, 0, 4)
    assert level_of(article).available == 1


def test_more_than_is_unshipped_cannot_be_called_off(article):
    row = demand(article, 4)
    shelves.ship(row, 2)

    with pytest.raises(InsufficientStock):
        inventory.cancel({row.subject: 3}, actor="hana", cause=uuid7())

    assert Demand.objects.get().cancelled == 0


def test_shipping_takes_units_and_their_cost(article):
    row = demand(article, 2)

    cost = shelves.ship(row, 2)

    assert cost == 200
    level = level_of(article)
    assert (level.on_hand, level.reserved, level.value_minor) == (3, 0, 300)


def test_the_last_unit_takes_the_last_yen_of_its_cost():
    article = builders.variant()
    builders.stock(article, 3, unit_cost="33.34")
    rows = [demand(article, 1) for _ in range(3)]

    costs = [shelves.ship(row, 1) for row in rows]

    assert sum(costs) == 100
    assert level_of(article).value_minor == 0


def test_what_is_not_promised_does_not_leave(article):
    row, short = demand(article, 4), demand(article, 4)

    with pytest.raises(InsufficientStock):
        inventory.ship({row.subject: 1, short.subject: 2}, actor="hana", parts={row.subject: "S1", short.subject: "S1"})
    with pytest.raises(InsufficientStock):
        inventory.ship({uuid7(): 1}, actor="hana", parts={})

    assert level_of(article).on_hand == 5


def test_returned_units_come_back_at_their_cost_and_go_to_who_waits(article):
    row, waiting = demand(article, 5), demand(article, 2)
    shelves.ship(row, 5)

    costs, gained = inventory.put_back({row.subject: 3}, actor="returns", cause=uuid7())

    assert costs == {row.subject: 300}
    assert [(change.subject, change.units) for change in gained] == [(waiting.subject, 2)]
    level = level_of(article)
    assert (level.on_hand, level.reserved, level.available, level.value_minor) == (3, 2, 1, 300)


def test_one_document_may_call_units_off_and_bring_others_back(article):
    """Both free units of one article for one who waits: two gains of one demand with one cause."""
    shipped, open_, waiting = demand(article, 2), demand(article, 3), demand(article, 4)
    shelves.ship(shipped, 2)
    document = uuid7()

    inventory.cancel({open_.subject: 1}, actor="returns", cause=document)
    inventory.put_back({shipped.subject: 2}, actor="returns", cause=document)

    assert held(open_, waiting) == [2, 3]


def test_a_movement_has_one_cause_and_is_never_changed(article):
    row = demand(article, 1)
    movement = StockMovement.objects.get(source_id=row.id)
    movement.pk = uuid7()

    with pytest.raises(IntegrityError, match="inventory_one_movement_a_cause"), transaction.atomic():
        movement.save(force_insert=True)


@pytest.mark.parametrize("column", ["damaged", "safety", "quality_control", "reserved", "leased"])
def test_the_table_itself_refuses_to_promise_more_than_lies_there(article, column):
    with pytest.raises(IntegrityError, match="inventory_never_oversold"), transaction.atomic():
        StockLevel.objects.update(**{column: 6})
