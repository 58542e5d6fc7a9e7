"""What is listed and shown, and being told what to show: request built so, called so, answer parsed so, error parsed so."""

from dataclasses import replace
from decimal import Decimal

import pytest

from apps.connectors.rakuten import mapping_goods, stock
from apps.hub import contracts as c
from apps.hub import errors
from tests.connectors.rakuten.conftest import place_of

ITEM = {
    "manageNumber": "tea", "itemNumber": "tea-100", "title": "煎茶", "payment": {"taxIncluded": False},
    "variants": {
        "T1": {
            "merchantDefinedSkuId": "TEA-100", "selectorValues": {"size": "100g"}, "standardPrice": "1200",
            "articleNumber": {"value": "4900000000017"},
        },
        "t1": {"standardPrice": None},
    },
}  # fmt: skip


def test_each_sku_of_an_item_is_a_card():
    cards = list(mapping_goods.variant_cards(ITEM, {"tea/T1": 4}, currency="JPY"))
    assert cards == [
        c.VariantCard(
            sku="TEA-100", title="煎茶 100g", product_external_id="tea", external_id="tea/T1", stock_external_id="tea/T1",
            product_title="煎茶", barcode="4900000000017", price=Decimal(1200), currency="JPY", price_includes_tax=False,
            shown=4,
        ),
        c.VariantCard(
            sku="tea/t1", title="煎茶", product_external_id="tea", external_id="tea/t1", stock_external_id="tea/t1",
            product_title="煎茶", currency="JPY", price_includes_tax=False,
        ),
    ]  # fmt: skip


def test_an_item_that_was_deleted_has_no_cards():
    assert list(mapping_goods.variant_cards({"manageNumber": "gone"}, {}, currency="JPY")) == []
    assert mapping_goods.skus_of([{"item": {"manageNumber": "gone"}}, {}]) == []


def test_items_are_asked_for_a_hundred_at_a_time_from_the_star_on(connector, listing, asked):
    listing("A-1", shown=7)
    cards = [card for page in connector.variants() for card in page]
    assert [card.shown for card in cards if card.sku == "A-1"] == [7]
    first, second = [query for function, query in asked() if function == "search"][:2]
    assert (first, second["hits"]) == ({"hits": "100", "cursorMark": "*"}, "100")


@pytest.mark.parametrize(
    ("place", "parts"),
    [("tea/T1", ("tea", "T1")), ("tea", None), ("/T1", None), ("tea/", None), ("", None)],
)
def test_a_listing_s_id_has_two_parts(place, parts):
    assert mapping_goods.parted(place) == parts


# Being told


def push(*quantities):
    return [replace(one, quantity=quantity) for one, quantity in quantities]


def test_numbers_are_asked_for_and_then_set_in_one_call(connector, listing, asked):
    first, second = listing("B-1"), listing("b-1")
    connector.set_stock(push((first, 4), (second, 0)), "key")
    (read, known), (write, sent) = asked()
    assert (read, write) == ("bulk-get", "bulk-upsert")
    ids = [place_of(sku).split("/") for sku in ("B-1", "b-1")]
    assert known == {"inventories": [{"manageNumber": item, "variantId": variant} for item, variant in ids]}
    assert sent == {
        "inventories": [
            {"manageNumber": item, "variantId": variant, "mode": "ABSOLUTE", "quantity": quantity}
            for (item, variant), quantity in zip(ids, (4, 0), strict=True)
        ]
    }


def test_what_was_deleted_over_there_is_said_and_gets_no_number(connector, listing, stand, asked, ledger):
    here, gone = listing(), listing()
    stand.told("rakuten/unlist", sku=gone.sku)
    outcomes = connector.set_stock(push((gone, 5), (here, 6)), "key")
    assert [(one.is_set, one.error) for one in outcomes] == [(False, stock.UNLISTED), (True, "")]
    assert ledger("SELECT count(*) FROM rakuten_orphan")[0][0] == 0
    assert len(asked()[-1][1]["inventories"]) == 1


def test_a_number_that_rakuten_cannot_show_is_refused_alone(connector, listing):
    one, other, third = listing(), listing(), listing()
    outcomes = connector.set_stock(push((one, 100_000), (other, 99_999), (third, -1)), "key")
    assert [(one.is_set, one.error) for one in outcomes] == [
        (False, stock.OUT_OF_RANGE), (True, ""), (False, stock.OUT_OF_RANGE),
    ]  # fmt: skip


def test_where_nothing_may_be_set_nothing_is_sent(connector, asked):
    (outcome,) = connector.set_stock([c.StockQuantity(external_id="999", quantity=1)], "key")
    assert (outcome.error, asked()) == (stock.NO_ID, [])


@pytest.mark.parametrize("fault", ["failed", "html", "cut"])
def test_before_the_first_write_nothing_is_in_doubt(connector, listing, stand, misbehave, fault):
    wanted = push((listing(shown=50), 4))
    misbehave(fault)
    with pytest.raises(errors.Transient) as caught:
        connector.set_stock(wanted, "key")
    assert caught.value.sent is False
    assert stand.told("rakuten/shown")["shown"][wanted[0].sku] == 50


class Calls:
    """A client whose writes end as they are told to."""

    def __init__(self, *ends):
        self.ends = list(ends)
        self.sizes = []

    def stock(self, skus):
        return [{"manageNumber": item, "variantId": variant, "quantity": 1} for item, variant in skus]

    def set_stock(self, quantities):
        self.sizes.append(len(quantities))
        end = self.ends.pop(0)
        if end:
            raise end


@pytest.mark.parametrize(
    ("end", "fate"),
    [
        (errors.Transient("cut", sent=True), (False, True, False, "")),
        (errors.Transient("not connected"), (False, False, True, "")),
        (errors.RateLimited("busy"), (False, False, True, "")),
        (errors.Misconfigured("keys"), (False, False, True, "")),
        (errors.Permanent("no"), (False, False, False, "no")),
    ],
)
def test_a_later_call_that_fails_leaves_each_number_a_fate(end, fate):
    calls = Calls(None, end)
    wanted = [c.StockQuantity(external_id=f"tea/{number}", quantity=1) for number in range(900)]
    outcomes = stock.Push(calls, wanted).settle()
    fates = [(one.is_set, one.is_unknown, one.is_put_off, one.error) for one in outcomes]
    assert calls.sizes == [400, 400]
    assert fates == [(True, False, False, "")] * 400 + [fate] * 400 + [(False, False, True, "")] * 100
