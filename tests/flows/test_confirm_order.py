"""Fresh orders that await their channel are confirmed, as many in a call as it takes; what it refuses waits for a person."""

import pytest

from apps.core.models import Company
from apps.flows import announce, confirm_order, revise_order, wiring
from apps.flows.place_orders import place_orders
from apps.hub import connections, delivery
from apps.hub.contracts import Confirmation, ConfirmationOutcome
from apps.hub.models import Delivery, OutboxFact
from apps.orders import holds
from apps.orders.models import OrderHold
from tests import builders

pytestmark = pytest.mark.django_db


@pytest.fixture
def mall():
    """A channel that wants its orders confirmed."""
    wiring.forget()
    connections.forget()
    Company.objects.create(name="青葉堂")
    return builders.connection("rakuten")


def sale(**facts):
    known = {"external_id": "o-1", "number": "o-1", "payment_method": "prepaid", "awaits": "100 注文確認待ち"}
    return builders.order_draft(builders.line_draft(sku="CUP"), **known | facts)


def place(draft, mall):
    (order,) = place_orders([draft], source=mall).orders
    return order


def open_holds():
    """Of those that this is about: the article is in no catalogue, either."""
    kinds = (holds.AWAITS_CHANNEL, holds.NOT_CONFIRMED)
    found = OrderHold.objects.filter(released_at=None, reason__in=kinds)
    return list(found.order_by("reason").values_list("reason", "detail"))


def told():
    announce.announce()
    return list(Delivery.objects.filter(operation="order.confirm").order_by("id"))


def test_fresh_orders_are_confirmed_together(mall):
    place_orders([sale(external_id=f"o-{n}", number=f"o-{n}") for n in range(3)], source=mall)
    place_orders([sale(external_id="o-9", number="o-9", awaits="")], source=mall)
    (call,) = told()
    assert (call.connection_id, call.size, call.order_ref) == (mall.id, 3, None)
    assert delivery.words_of(call) == [
        Confirmation(order_external_id=f"o-{n}", order_number=f"o-{n}") for n in range(3)
    ]


def test_one_alone_is_told_in_its_own_story(mall):
    order = place(sale(), mall)
    (call,) = told()
    assert (call.order_ref, call.key) == (order.id, f"order.confirm:{order.id}")


def test_more_than_fit_a_call_go_in_several(mall):
    place_orders([sale(external_id=f"o-{n}", number=f"o-{n}") for n in range(101)], source=mall)
    assert [call.size for call in told()] == [100, 1]


@pytest.mark.parametrize("why", ["paused", "cannot", "cancelled"])
def test_nobody_is_told_where_a_person_confirms(mall, why):
    channel = builders.connection("shopify") if why == "cannot" else mall
    if why == "paused":
        connections.pause(mall, ["confirmation"])
    place(sale(is_cancelled=why == "cancelled"), channel)
    assert told() == []
    assert OutboxFact.objects.filter(announced_at=None).count() == 0


def test_an_order_that_the_channel_refuses_to_confirm_waits_for_a_person_until_it_is_released(mall):
    place(sale(), mall)
    outcomes = [
        ConfirmationOutcome(order_external_id="o-1", is_confirmed=False, error="送料が未確定です"),
        ConfirmationOutcome(order_external_id="nobody's", is_confirmed=False, error="?"),
    ]
    assert confirm_order.take_outcomes(outcomes, source=mall) == 1
    assert open_holds() == [(holds.AWAITS_CHANNEL, "100 注文確認待ち"), (holds.NOT_CONFIRMED, "送料が未確定です")]
    revise_order.revise([sale(version=2, awaits="")], source=mall)
    assert open_holds() == []


def test_what_was_confirmed_changes_nothing_until_the_channel_says_so(mall):
    place(sale(), mall)
    assert confirm_order.take_outcomes(
        [ConfirmationOutcome(order_external_id="o-1", is_confirmed=True)], source=mall
    ) == 0  # fmt: skip
    assert open_holds() == [(holds.AWAITS_CHANNEL, "100 注文確認待ち")]
