"""Two sales of one new customer at the same moment, each on a connection of its own: two orders, one customer."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import IntegrityError, connection

from apps.customers import services as customers
from apps.customers.models import Customer
from apps.flows import place_orders as story
from apps.flows import receive_return, wiring
from apps.orders.models import Order
from tests import builders
from tests.builders import line_draft, order_draft

pytestmark = pytest.mark.django_db(transaction=True)
RINA, AYA = (builders.CustomerCard(email=f"{name}@example.com", name=name) for name in ("rina", "aya"))
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


@pytest.fixture
def shop(settings):
    settings.SANDBOX_ADDRESS = ""
    wiring.forget()
    builders.stock(builders.variant("TEA"), 100, unit_cost="0")
    yield builders.connection("shopify")
    wiring.forget()


def _sales(name, *cards):
    return [
        order_draft(line_draft(1, sku="TEA"), external_id=f"{name}{at}", number=f"#{name}{at}", customer=card)
        for at, card in enumerate(cards)
    ]


def _side_by_side(monkeypatch, shop, other):
    """Sales of Rina and Aya are taken in; before they are committed, `other` begins and comes to wait for them."""
    met, waits = threading.Event(), threading.Event()
    taken_in = customers.take_in

    def slowly(brand, told):
        found = taken_in(brand, told)
        if not met.is_set():
            met.set()
            assert waits.wait(20)
        return found

    monkeypatch.setattr(customers, "take_in", slowly)

    def alone(work):
        try:
            return work()
        finally:
            connection.close()

    def second():
        assert met.wait(20)
        return other()

    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(alone, lambda: story.place_orders(_sales("a", RINA, AYA), source=shop))
        two = pool.submit(alone, second)
        with connection.cursor() as cursor:
            found = 0
            while not found and not two.done() and not one.done():
                cursor.execute(WAITING)
                (found,) = cursor.fetchone()
        waits.set()
        one.result(30)
        return two.result(30)


def test_two_sales_of_a_new_customer_are_two_orders_of_one(monkeypatch, shop):
    _side_by_side(monkeypatch, shop, lambda: story.place_orders(_sales("b", AYA, RINA), source=shop))

    assert sorted(Order.objects.values_list("external_number", "customer__email")) == [
        ("#a0", RINA.email), ("#a1", AYA.email), ("#b0", AYA.email), ("#b1", RINA.email),
    ]  # fmt: skip
    assert Customer.objects.count() == 2


def test_a_person_who_is_recognised_meanwhile_is_the_same(monkeypatch, shop):
    (found,) = _side_by_side(monkeypatch, shop, lambda: receive_return.customers.recognise(shop.brand, [RINA]))

    assert found == Customer.objects.get(email=RINA.email)


def test_an_insert_that_does_not_yield_would_lose_a_sale(monkeypatch, shop):
    monkeypatch.setattr(customers, "_MEET", customers._MEET.replace("ON CONFLICT DO NOTHING", ""))

    with pytest.raises(IntegrityError):
        _side_by_side(monkeypatch, shop, lambda: story.place_orders(_sales("b", AYA, RINA), source=shop))

    assert Order.objects.count() == 2


def test_nobody_waits_for_a_person_who_is_being_edited(monkeypatch, shop):
    """Who is known is read as before: no lock is asked for."""
    customers.recognise(shop.brand, [RINA])
    done = []

    def edit(brand, told):
        Customer.objects.filter(email=RINA.email).update(note="called twice")
        with ThreadPoolExecutor(1) as pool:
            done.append(pool.submit(_alone_in, brand, told).result(30))
        return taken_in(brand, told)

    def _alone_in(brand, told):
        try:
            return taken_in(brand, told)
        finally:
            connection.close()

    taken_in = customers.take_in
    monkeypatch.setattr(customers, "take_in", edit)
    story.place_orders(_sales("a", RINA), source=shop)

    assert [owner for ((owner, _),) in done] == [Customer.objects.get().id]
