"""Why a number is what it is: the parts add up, whatever happened; what nothing explains is stated and not made to fit."""

import random
from datetime import timedelta

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from apps.channels import services as channels
from apps.channels.dividing import Promise
from apps.channels.models import ChannelRule, Escrow, Listing
from apps.channels.states import SellingState
from apps.core import clock
from apps.core.ids import uuid7
from apps.core.models import Company
from apps.flows import cancel_order, lease_stock, push_stock, set_aside, ship_order, why_number, wiring
from apps.flows.reckoning import HANDFUL, Holder, Holders, Shelf, Shown, should_show, shown
from apps.hub import connections, delivery
from apps.hub.abilities import Writes
from apps.hub.contracts import StockOutcome
from apps.hub.models import Delivery
from apps.inventory.errors import Refused
from apps.inventory.models import Aside, StockLevel
from apps.orders.models import OrderLine
from apps.payments.models import Payment
from tests.staff.builders import make_connection, make_order, make_shop, plan, receive

units = st.integers(0, 12)
channel_name = st.sampled_from(["楽天", "Amazon"])


@st.composite
def shelves(draw):
    """A shelf and what is free of it; nobody holds more than lies there."""
    held, aside, theirs = draw(units), draw(units), draw(units)
    first = tuple(Holder(1, f"#{n}") for n in range(min(held, HANDFUL)))
    others = held - len(first)
    free = draw(units)
    own = draw(units)
    shelf = Shelf(
        on_hand=held + aside + theirs + own + free, aside={"safety": aside}, held=Holders(first, others, others),
        leases=[("楽天", own), ("Amazon", theirs)],
    )  # fmt: skip
    return shelf, free, own


@given(shelves(), units, units, units, st.none() | units, units, units, st.integers(-3, 30))
def test_a_shared_number_is_what_is_free_by_the_rule_and_anything_else_is_left_over(
    made, buffer, listing, blind, cap, minimum, beyond, said
):
    shelf, free, _own = made
    rule = ChannelRule(buffer=buffer, cap=cap, minimum=minimum)
    facts = {
        "channel": "楽天", "shelf": shelf, "sellable": free + beyond, "rule": rule, "buffer": listing, "blind": [("Amazon", blind)],
    }  # fmt: skip
    should = rule.shown(free + beyond - listing - blind)

    told = shown(Shown(shown=said, **facts))
    dirty = shown(Shown(shown=said, is_dirty=True, **facts))

    assert should_show(Shown(shown=said, **facts)) == should
    assert (told.number, told.residual) == (said, said - should)
    assert dirty.residual == 0


@given(shelves(), st.sampled_from(list(Writes)), st.none() | units, st.integers(0, 4))
def test_a_leased_number_is_its_lease_less_what_old_numbers_may_have_sold(made, writes, pushing, overdrawn):
    """Whatever its lease covers, by the house's own rule of what it must cover (`Promise.need`)."""
    shelf, free, own = made
    escrows = [(own // 3, clock.now())] if own >= 3 else []
    showing = own - sum(n for n, _ in escrows)
    promise = Promise(shown=showing, escrow=sum(n for n, _ in escrows), writes=writes, pushing=pushing)
    facts = Shown(
        channel="楽天", shown=showing, shelf=shelf, sellable=free, rule=ChannelRule(), state=SellingState.LEASED, writes=writes,
        escrows=escrows, unbacked=promise.need - own, pushing=pushing,
    )  # fmt: skip

    assert shown(facts).residual == 0
    assert shown(Shown(**{name: getattr(facts, name) for name in facts.__slots__} | {"shown": showing + 1 + overdrawn,
        "pushing": None, "unbacked": 0})).residual == 1 + overdrawn  # fmt: skip


# Against what stories write


@pytest.fixture
def shop(db):
    wiring.forget()
    connections.forget()
    made = make_shop(TEA=10, POT=3)
    Company.objects.update(lease_below=0)
    return made


def _level(shop, sku="TEA"):
    return StockLevel.objects.get(variant=shop.variants[sku])


def _all_explained(shop):
    for level in StockLevel.objects.all():
        for what in why_number.OF_LEVEL:
            found = why_number.of_level(level, what)
            assert (what, found.residual) == (what, 0)
            assert found.number == (level.value_minor if what == "value" else getattr(level, what))
    for listing in Listing.objects.all():
        assert why_number.of_listing(listing).residual == 0
    for line in OrderLine.objects.filter(kind="item"):
        assert why_number.of_line(line).residual == 0


def _answer_pushes(shop):
    """Every push is built, sent and acknowledged."""
    push_stock.build()
    for row in Delivery.objects.filter(operation=push_stock.OPERATION, status="due"):
        outcomes = [StockOutcome(external_id=word.external_id, is_set=True) for word in delivery.words_of(row)]
        Delivery.objects.filter(id=row.id).update(status="sent", done_at=clock.now())
        push_stock.take_outcomes(outcomes, delivery_id=row.id, source=row.connection)


@pytest.mark.parametrize("seed", [1, 2])
def test_all_numbers_are_explained_after_any_history(shop, seed):
    dice = random.Random(seed)
    second = make_connection(shop.brand, "shopify", "楽天")
    for sku, variant in shop.variants.items():
        Listing.objects.create(
            connection=second, variant=variant, sku=sku, external_id=f"r-{sku}", shown=0, is_dirty=True,
        )  # fmt: skip
    Company.objects.update(lease_below=dice.choice([0, 6]))
    wiring.forget()
    orders = []

    def sell():
        sku = dice.choice(["TEA", "POT"])
        orders.append(make_order(shop, (sku, dice.randint(1, 4)), source=dice.choice([shop.channel, second])))

    def call_off():
        order = dice.choice(orders)
        order.refresh_from_db()
        if order.lifecycle == "open" and order.fulfilment == "unfulfilled":
            cancel_order.cancel(order, actor="rina")

    def leave():
        order = dice.choice(orders)
        order.refresh_from_db()
        if order in ship_order.ready_orders(100):
            ship_order.confirm(plan(order), actor="rina")

    def put_aside():
        try:
            deed = dice.choice([set_aside.set_aside, set_aside.bring_back])
            deed(
                _level(shop),
                dice.choice(list(Aside)),
                dice.randint(1, 2),
                cause=uuid7(),
                actor="rina",
                reason="a crack",
            )
        except Refused:
            pass

    deeds = [sell, sell, call_off, leave, put_aside, lambda: receive(shop, "TEA", 2), lambda: _answer_pushes(shop)]
    sell()
    for step in range(16):
        dice.choice(deeds)()
        channels.mark_dirty([one.id for one in shop.variants.values()])
        lease_stock.decide([one.id for one in shop.variants.values()])
        if step % 5 == 0:
            _all_explained(shop)


@pytest.mark.parametrize("column", ["on_hand", "reserved", "available", "incoming", "leased", "value_minor"])
def test_what_nothing_explains_is_stated(shop, column):
    level = _level(shop)
    change = {"available": "on_hand = on_hand + 2, safety = 0, quality_control = 1", "reserved": "reserved = 2"}
    with connection.cursor() as cursor:  # somebody wrote into the table by hand
        cursor.execute(
            f"UPDATE inventory_stocklevel SET {change.get(column, f'{column} = {column} + 2')} WHERE id = %s",
            [level.id],
        )
    level.refresh_from_db()
    residuals = {what: why_number.of_level(level, what).residual for what in why_number.OF_LEVEL}
    wanted = {"value_minor": "value"}.get(column, column)
    wrong = {
        "on_hand": {"on_hand": 2}, "reserved": {"reserved": 2, "available": -2}, "available": {"on_hand": 2, "unavailable": 1},
        "incoming": {"incoming": 2}, "leased": {"leased": 2, "available": -2}, "value": {"value": 2},
    }  # fmt: skip
    assert {what: gap for what, gap in residuals.items() if gap} == wrong[wanted]


def test_an_unpaid_order_says_until_when_it_keeps_its_units_and_many_are_counted(shop):
    first = make_order(shop, ("TEA", 1), method="konbini")
    until = clock.now() + timedelta(hours=3)
    Payment.objects.filter(order=first).update(expires_at=until)
    for _ in range(HANDFUL + 1):
        make_order(shop, ("TEA", 1))

    parts = why_number.of_level(_level(shop), "reserved").parts

    assert (parts[0].facts["order"], parts[0].facts["until"]) == (first, until)
    assert [(part.code, part.units) for part in parts] == [("held", 1)] * HANDFUL + [("held_more", 2)]


def test_a_number_on_its_way_and_one_that_was_acknowledged_are_told_apart(shop):
    listing = Listing.objects.get(sku="TEA")
    receive(shop, "TEA", 2)
    channels.mark_dirty([listing.variant_id])
    push_stock.build()

    listing.refresh_from_db()
    under_way = why_number.of_listing(listing)
    _answer_pushes(shop)
    Listing.objects.filter(id=listing.id).update(set_at=clock.now())
    make_order(shop, ("TEA", 3))
    listing.refresh_from_db()
    after = why_number.of_listing(listing)

    assert [(part.code, part.units) for part in under_way.parts] == [("on_hand", 12), ("on_its_way", -2)]
    assert (under_way.residual, after.number, after.residual) == (0, 9, 0)
    assert [(note.code, note.units, note.facts["sold"]) for note in after.notes] == [("acknowledged", 12, 3)]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"is_held": True, "is_dirty": True}, "held"), ({"refused": "no"}, "refused"), ({"is_dirty": True}, "to_be_told"),
        ({}, None),
    ],
)  # fmt: skip
def test_a_gap_is_explained_by_what_is_the_matter_and_by_nothing_else(shop, change, code):
    listing = Listing.objects.get(sku="TEA")
    Listing.objects.filter(id=listing.id).update(shown=7, **change)
    listing.refresh_from_db()

    found = why_number.of_listing(listing)

    assert ([part.code for part in found.parts[1:]], found.residual) == (([code], 0) if code else ([], -3))


def test_an_old_number_in_escrow_and_what_others_hold_are_named(shop):
    second = make_connection(shop.brand, "shopify", "楽天")
    Listing.objects.create(connection=second, variant=shop.variants["POT"], sku="POT", external_id="a", is_dirty=True)
    Company.objects.update(lease_below=5)
    wiring.forget()
    for _ in range(4):
        _answer_pushes(shop)
        lease_stock.decide([shop.variants["POT"].id])
    listing = Listing.objects.get(connection=shop.channel, sku="POT")
    state = why_number.facts_of(listing).state
    Escrow.objects.filter(listing=listing).delete()
    until = clock.now() + timedelta(minutes=9)
    Listing.objects.filter(id=listing.id).update(shown=max(0, (listing.shown or 0) - 1))
    Escrow.objects.create(id=uuid7(), listing=listing, units=1, until=until)
    listing.refresh_from_db()
    found = why_number.of_listing(listing)

    assert (state, found.residual) == (SellingState.LEASED, 0)
    assert [(part.units, part.facts["until"]) for part in found.parts if part.code == "escrow"] == [(-1, until)]
