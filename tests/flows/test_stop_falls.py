"""Stock that would fall to none all at once stops and asks, on the way in and on the way out; what sales explain does not."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection as database

from apps.catalog.models import Variant
from apps.channels import falls
from apps.channels import services as channels
from apps.channels.models import ChannelRule, Listing, Stop
from apps.core import clock
from apps.core.models import AuditEntry, Company, StateMove
from apps.flows import dispatch, push_stock, stop_falls, take_file, wiring
from apps.flows.place_orders import place_orders
from apps.flows.stop_falls import Limits
from apps.hub import connections, delivery
from apps.hub.contracts import VariantCard
from apps.hub.models import Delivery, FileRun, InboxEvent
from apps.inventory.models import Location, StockLevel, StockMovement
from apps.inventory.shelf import ReceiptRow, receive
from tests import builders

pytestmark = pytest.mark.django_db
SKUS = [f"S-{n:02}" for n in range(20)]


@pytest.fixture
def shelf(monkeypatch):
    """Twenty articles with five units each."""
    monkeypatch.setattr(database, "close_if_unusable_or_obsolete", lambda: None)
    wiring.forget()
    connections.forget()
    product = builders.variant("ANY").product
    made = {sku: Variant(product=product, sku=sku, title=sku, tax_code_id="standard") for sku in SKUS}
    Variant.objects.bulk_create(made.values())
    rows = [
        ReceiptRow(number=number, variant=one.id, quantity=5, unit_cost=Decimal(100))
        for number, one in enumerate(made.values(), start=1)
    ]
    receive("R-1", rows, location=builders.location(), source=None, at=clock.now(), currency="JPY", actor="test")
    yield made
    connections.forget()


@pytest.mark.parametrize(
    ("fallen", "of", "percent", "least", "is_too_much"),
    [
        (10, 19, 50, 10, True),
        (10, 20, 50, 10, False),
        (9, 9, 50, 10, False),
        (20, 20, 0, 10, False),
        (1, 1, 50, 0, True),
    ],
)
def test_how_much_is_too_much(fallen, of, percent, least, is_too_much):
    assert Limits(percent, least).is_too_much(fallen, of) is is_too_much


# The way in


@pytest.fixture
def warehouse(shelf):
    return connections.create(
        brand=builders.brand(), connector="csv", name="Files", settings={}, secrets={"push_secret": "hush"}
    )


def _send(warehouse, counted, name="stock.csv"):
    rows = "".join(f"{sku},{units},D-{name}\n" for sku, units in counted.items())
    take_file.upload(warehouse, name, "stock", f"商品コード,在庫数,伝票番号\n{rows}".encode())
    while dispatch.drain("test"):
        pass


def _on_hand():
    return sum(StockLevel.objects.values_list("on_hand", flat=True))


def test_a_file_that_says_everything_is_0_books_nothing_and_asks(warehouse):
    _send(warehouse, {SKUS[0]: 7} | dict.fromkeys(SKUS[1:], 0))

    run = FileRun.objects.get()
    assert (_on_hand(), run.next_row, run.stopped["fallen"], run.stopped["stocked"]) == (100, 0, 19, 20)
    assert (InboxEvent.objects.get().status, run.finished_at) == ("waiting", None)


def test_approved_it_is_booked_whole(warehouse):
    _send(warehouse, dict.fromkeys(SKUS, 0))
    run = FileRun.objects.get()

    assert stop_falls.decide_file(run.id, is_approved=True, actor="hanako")
    assert not stop_falls.decide_file(run.id, is_approved=False, actor="taro")  # too late
    dispatch.drain("test")

    run.refresh_from_db()
    assert (_on_hand(), run.taken, InboxEvent.objects.get().status) == (0, 20, "done")
    assert AuditEntry.objects.get(action="file.approved").actor == "hanako"


def test_turned_away_it_is_closed_and_books_nothing(warehouse):
    _send(warehouse, dict.fromkeys(SKUS, 0))
    stop_falls.decide_file(FileRun.objects.get().id, is_approved=False, actor="hanako", why="the export was empty")
    dispatch.drain("test")

    assert (_on_hand(), InboxEvent.objects.get().status) == (100, "ignored")


@pytest.mark.parametrize("counted", [dict.fromkeys(SKUS[:10], 0), dict.fromkeys(SKUS, 1)])
def test_half_of_the_shelf_and_small_numbers_are_booked_at_once(warehouse, counted):
    _send(warehouse, counted)

    assert (InboxEvent.objects.get().status, FileRun.objects.get().stopped_at) == ("done", None)


def test_a_merchant_may_say_never(warehouse):
    Company.objects.create(name="Aobado", stop_percent=0)
    _send(warehouse, dict.fromkeys(SKUS, 0))

    assert _on_hand() == 0


def test_the_dry_run_says_so_before(warehouse):
    body = "商品コード,在庫数\n" + "".join(f"{sku},0\n" for sku in SKUS)

    assert take_file.preview(warehouse, "x.csv", "stock", body.encode()).fall.fallen == 20


# The way out


@pytest.fixture
def shop(shelf):
    made = builders.connection()
    wiring.forget()
    cards = [VariantCard(sku=sku, title=sku, external_id=sku, shown=5) for sku in SKUS]
    channels.take_cards(made, cards, {sku: one.id for sku, one in shelf.items()})
    Listing.objects.update(is_dirty=False, set_at=clock.now() - timedelta(hours=1))
    return made


def _told():
    return {word.sku: word.quantity for row in Delivery.objects.all() for word in delivery.words_of(row)}


def _mark(shelf):
    channels.mark_dirty(one.id for one in shelf.values())


def test_a_channel_keeps_what_it_shows_when_a_place_is_closed_by_mistake(shelf, shop):
    Location.objects.update(is_active=False)
    _mark(shelf)

    assert push_stock.build() == 0

    stop = Stop.objects.get()
    assert (stop.fallen, stop.shown, stop.state) == (20, 20, "waiting")
    assert (Listing.objects.filter(is_held=True).count(), push_stock.has_unbuilt()) == (20, False)


def test_everything_else_is_told(shelf, shop):
    ChannelRule.objects.create(connection=shop, buffer=5)
    builders.stock(shelf["S-00"], 4)
    _mark(shelf)

    push_stock.build()

    assert (_told(), Listing.objects.filter(is_held=True).count()) == ({"S-00": 4}, 19)


@pytest.mark.parametrize("has_left", [False, True])
def test_what_was_sold_is_told(shelf, shop, has_left):
    """Nineteen sell out at another channel at once, and may have left the house already: nobody is asked."""
    drafts = [builders.order_draft(builders.line_draft(sku=sku, quantity=5)) for sku in SKUS[1:]]
    place_orders(drafts, source=builders.connection())
    if has_left:
        gone = StockLevel.objects.filter(reserved=5)
        for level in gone:
            StockMovement.objects.create(
                level=level, at=clock.now(), kind="shipment", on_hand=-5, reserved=-5, source_kind="test",
                source_id=builders.some_id(), actor="test",
            )  # fmt: skip
        gone.update(on_hand=0, reserved=0, value_minor=0)
    _mark(shelf)

    push_stock.build()

    assert (len(_told()), sum(_told().values()), Stop.objects.count()) == (20, 5, 0)


def test_a_person_s_word_tells_them_once(shelf, shop):
    Location.objects.update(is_active=False)
    _mark(shelf)
    push_stock.build()

    stop_falls.let_pass(Stop.objects.get(), actor="hanako")
    push_stock.build()

    assert (_told(), Stop.objects.get().state) == (dict.fromkeys(SKUS, 0), "let_pass")
    assert not Listing.objects.filter(may_fall=True).exists()
    assert list(StateMove.objects.values_list("actor", "new")) == [("hanako", "let_pass")]


def test_kept_until_the_cause_is_gone(shelf, shop):
    Location.objects.update(is_active=False)
    _mark(shelf)
    push_stock.build()
    stop_falls.keep(Stop.objects.get(), actor="hanako")
    assert (stop_falls.sweep(), push_stock.build()) == (0, 0)

    Location.objects.update(is_active=True)
    assert stop_falls.sweep() == 20
    push_stock.build()

    assert (_told(), Stop.objects.get().state) == (dict.fromkeys(SKUS, 5), "gone")


@pytest.mark.parametrize(("facts", "held"), [({"stop_percent": 0}, 0), ({"stop_percent": 100}, 0), ({}, 20)])
def test_the_channel_s_own_rule_counts(shelf, shop, facts, held):
    rule = ChannelRule.objects.create(connection=shop, buffer=5, **facts)
    _mark(shelf)
    assert len(falls.falling(shop, rule)) == 20

    push_stock.build()

    assert Listing.objects.filter(is_held=True).count() == held
