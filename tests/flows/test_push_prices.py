"""Prices that a person has looked at reach the channel once; refusals stay with their words, and nothing overtakes."""

from decimal import Decimal

import pytest

from apps.channels.models import ChannelRule, Listing
from apps.flows import push_prices, set_rule, wiring
from apps.flows.deliver import delivery
from apps.flows.dispatch import drain
from apps.hub import connections, registry
from apps.hub.models import Delivery
from tests import builders
from tests.flows import cuckoo

pytestmark = pytest.mark.django_db


@pytest.fixture
def bird(monkeypatch):
    known = registry.manifests()
    monkeypatch.setattr(registry, "manifests", lambda: known | {"cuckoo": cuckoo.MANIFEST})
    connections.forget()
    wiring.forget()
    cuckoo.prices.clear()
    made = builders.connection("cuckoo")
    for sku, amount in (("CUP", 1000), ("PIN", 50)):
        variant = builders.variant(sku)
        variant.prices.create(currency="JPY", amount=amount)
        Listing.objects.create(
            connection=made, variant=variant, link="sku", sku=sku, external_id=sku, currency="JPY", price=amount
        )
    yield made
    connections.forget()
    wiring.forget()


def _carry():
    for claimed in delivery.claim():
        delivery.make(claimed)
    drain("me")


def _prices():
    rows = Listing.objects.order_by("sku").values_list("sku", "price", "price_refused")
    return {sku: (int(price), refused) for sku, price, refused in rows}


def test_a_rule_made_so_reaches_the_channel_and_a_refusal_keeps_its_words(bird):
    told = set_rule.make_so(bird, ChannelRule(price_factor=Decimal("1.1")), seen_falls=0, actor="hanako")
    _carry()

    assert (told.prices, cuckoo.prices) == (2, {"CUP": Decimal(1100)})
    assert _prices() == {"CUP": (1100, ""), "PIN": (50, "too cheap")}


def test_what_agrees_is_not_told_again(bird):
    rule = ChannelRule(price_factor=Decimal(3))
    set_rule.make_so(bird, rule, seen_falls=0, actor="hanako")
    _carry()

    assert set_rule.make_so(bird, rule, seen_falls=0, actor="hanako").prices == 0
    assert _prices() == {"CUP": (3000, ""), "PIN": (150, "")}


def test_while_one_push_is_not_settled_no_other_is_built(bird):
    set_rule.make_so(bird, ChannelRule(price_factor=Decimal(2)), seen_falls=0, actor="hanako")

    with pytest.raises(set_rule.UnderWay):
        set_rule.make_so(bird, ChannelRule(price_factor=Decimal(3)), seen_falls=0, actor="taro")

    assert (Delivery.objects.filter(operation="price.set").count(), ChannelRule.objects.get().price_factor) == (1, 2)
    _carry()
    assert not push_prices.under_way(bird)


def test_without_a_rule_no_price_is_told(bird):
    Listing.objects.update(price=1)

    assert set_rule.make_so(bird, ChannelRule(), seen_falls=0, actor="hanako").prices == 0
