"""Stock goes out coalesced: rows told are articles changed times channels, however many orders changed them."""

import pytest
from django.db.models import Sum

from apps.channels import services as channels
from apps.core import clock
from apps.core.models import Company
from apps.flows import announce, push_stock, wiring
from apps.flows.place_orders import place_orders
from apps.hub import connections, delivery
from apps.hub.contracts import StockOutcome, VariantCard
from apps.hub.models import Delivery
from tests import builders

pytestmark = pytest.mark.django_db
ARTICLES, ORDERS = 5, 200


@pytest.fixture
def shops():
    """Two channels that list five articles, told and acknowledged."""
    wiring.forget()
    connections.forget()
    Company.objects.create(name="青葉堂", lease_below=0)
    made = [builders.connection("shopify"), builders.connection("woocommerce")]
    variants = {f"A{n}": builders.variant(f"A{n}") for n in range(ARTICLES)}
    for one in variants.values():
        builders.stock(one, 1000)
    cards = [VariantCard(sku=sku, title=sku, external_id=f"v-{sku}", stock_external_id=f"i-{sku}") for sku in variants]
    for shop in made:
        channels.take_cards(shop, cards, {sku: one.id for sku, one in variants.items()})
    tell()
    acknowledge()
    return made


def burst(shop, first):
    """So many orders, taken in as a drainer takes them: a hundred at a time."""
    drafts = [
        builders.order_draft(
            builders.line_draft(sku=f"A{n % ARTICLES}"), external_id=f"o{first + n}", placed_at=clock.now()
        )
        for n in range(ORDERS)
    ]
    for start in range(0, ORDERS, 100):
        place_orders(drafts[start : start + 100], source=shop)


def tell():
    while announce.announce():
        pass
    push_stock.build()


def acknowledge():
    for row in Delivery.objects.filter(operation="stock.set", status="due"):
        outcomes = [StockOutcome(external_id=word.external_id, is_set=True) for word in delivery.words_of(row)]
        Delivery.objects.filter(id=row.id).update(status="sent", done_at=clock.now())
        push_stock.take_outcomes(outcomes, delivery_id=row.id, source=row.connection)


def told():
    """(calls, rows) of stock so far."""
    pushes = Delivery.objects.filter(operation="stock.set")
    return pushes.count(), pushes.aggregate(rows=Sum("size"))["rows"]


def test_a_burst_of_orders_is_one_row_an_article_and_channel(shops):
    before = told()
    burst(shops[0], 0)
    tell()
    after = told()

    assert (before, after) == ((2, 10), (4, 20))  # 200 orders: 2 calls, 10 rows


def test_while_a_push_is_under_way_nothing_is_added_and_afterwards_only_the_newest_numbers_go(shops):
    burst(shops[0], 0)
    tell()
    burst(shops[1], 1000)
    tell()
    under_way = told()
    acknowledge()
    tell()

    assert (under_way, told()) == ((4, 20), (6, 30))
    numbers = {word.quantity for row in Delivery.objects.filter(status="due") for word in delivery.words_of(row)}
    assert numbers == {1000 - 2 * ORDERS // ARTICLES}


def test_articles_that_nobody_bought_are_not_told(shops):
    before = told()
    place_orders([builders.order_draft(builders.line_draft(sku="A0"), placed_at=clock.now())], source=shops[0])
    tell()

    assert (told()[0] - before[0], told()[1] - before[1]) == (2, 2)
