"""Listings and numbers: request built so, called so, answer parsed so, error parsed so."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest

from apps.connectors.amazon import listings, mapping_goods, stock
from apps.connectors.amazon.listings import Listings
from apps.connectors.amazon.settings import AmazonSettings
from apps.hub import contracts as c
from apps.hub import errors
from tests.connectors.amazon.conftest import SELLER

BASE = f"/listings/2021-08-01/items/{SELLER}"


class Answers:
    """Stands where the client stands and answers what a test gives it; what was asked is kept."""

    def __init__(self, *answers):
        self.answers, self.asked = list(answers), []

    def get(self, operation, path, query):
        self.asked.append((operation, path, query))
        said = self.answers.pop(0)
        if isinstance(said, BaseException):
            raise said
        return said


class Shelf:
    """A seller with many listings, as the search tells of them: 1,000 results at most are paged through."""

    def __init__(self, count):
        first = datetime(2026, 1, 1, tzinfo=UTC)
        self.made = {f"sku-{number:05}": first + timedelta(minutes=number // 3) for number in range(count)}
        self.calls = 0

    def get(self, operation, path, query):
        self.calls += 1
        since, until = (
            datetime.fromisoformat(query[name]) if name in query else None for name in ("createdAfter", "createdBefore")
        )
        found = [sku for sku, at in self.made.items() if (not since or at >= since) and (not until or at <= until)]
        start = int(query.get("pageToken", 0))
        assert start < listings.MOST
        answer = {
            "numberOfResults": len(found),
            "items": [{"sku": sku} for sku in found[start : start + query["pageSize"]]],
        }
        if start + query["pageSize"] < min(len(found), listings.MOST):
            answer["pagination"] = {"nextToken": str(start + query["pageSize"])}
        return answer


def of(client):
    return Listings(client, AmazonSettings(seller_id=SELLER))


def listed(sku, *places, **more):
    told = {"sku": sku, "fulfillmentAvailability": [{"fulfillmentChannelCode": code} | rest for code, rest in places]}
    return told | more


# Catalogue


def test_everything_is_searched_for_in_pages_of_twenty(connector, listing, asked):
    for number in range(21):
        listing(f"paged-{number}")
    cards = [card for page in connector.variants() for card in page]

    first, *others = asked()
    assert (first.method, first.path, first.query) == (
        "GET", BASE,
        {
            "marketplaceIds": "A1VC38T7YXB528", "includedData": "summaries,offers,fulfillmentAvailability",
            "pageSize": "20", "sortBy": "sku", "sortOrder": "ASC",
        },
    )  # fmt: skip
    assert ([bool(ask.query["pageToken"]) for ask in others], len(cards) >= 21) == ([True] * len(others), True)


def test_a_card_is_a_listing_of_the_own_shelf(connector, listing):
    listing("TEA/煎茶 100%", shown=7)
    (card,) = [one for page in connector.variants() for one in page if one.sku == "TEA/煎茶 100%"]
    assert replace(card, product_external_id="") == c.VariantCard(
        sku="TEA/煎茶 100%", title="TEA/煎茶 100% の品", external_id="TEA/煎茶 100%", location_external_id="DEFAULT",
        price=Decimal("1200"), currency="JPY", shown=7,
    )  # fmt: skip
    assert card.product_external_id.startswith("B0")


def test_a_listing_says_little_where_amazon_says_little():
    assert mapping_goods.variant_card({"sku": "X"}, marketplace="M") == c.VariantCard(
        sku="X", title="X", external_id="X", location_external_id="DEFAULT", shown=0
    )


def test_only_this_marketplace_s_words_count():
    item = {
        "sku": "X",
        "summaries": [{"marketplaceId": "OTHER", "itemName": "Elsewhere"}, {"marketplaceId": "M", "itemName": "Here"}],
        "offers": [
            {"marketplaceId": "M", "offerType": "B2B", "price": {"amount": "1", "currencyCode": "JPY"}},
            {"marketplaceId": "M", "offerType": "B2C", "price": {"amount": "2", "currencyCode": "JPY"}},
        ],
    }
    card = mapping_goods.variant_card(item, marketplace="M")
    assert (card.title, card.price) == ("Here", Decimal(2))


@pytest.mark.parametrize("count", [0, 19, 1000, 1001, 5000])
def test_every_listing_comes_once_however_many_there_are(count):
    shelf = Shelf(count)
    found = [item["sku"] for page in of(shelf).pages() for item in page]
    assert found == sorted(shelf.made)
    assert all(first < second for first, second in pairwise(found))
    assert shelf.calls <= 1 + count / 20 * 2.2 + 60


def test_what_amazon_fulfils_is_not_listed(stand, connector, listing):
    listing("AT-AMAZON")
    stand.told("amazon/store_at_amazon", sku="AT-AMAZON", units=5)

    assert "AT-AMAZON" not in [card.sku for page in connector.variants() for card in page]
    assert "AT-AMAZON" not in [one.sku for page in connector.shown_stock() for one in page]
    assert [one for page in connector.amazon_stock() for one in page] == [
        c.StockQuantity(external_id="AT-AMAZON", quantity=5, sku="AT-AMAZON", location_external_id="AMAZON")
    ]


@pytest.mark.parametrize(
    ("places", "is_amazons", "shown"),
    [
        ([("DEFAULT", {"quantity": 3})], False, 3),
        ([("DEFAULT", {})], False, 0),
        ([], False, 0),
        ([("AMAZON_JP", {})], True, 0),
        ([("DEFAULT", {"quantity": 3}), ("AMAZON_NA", {"quantity": 0})], True, 3),
    ],
)
def test_whose_shelf_it_is(places, is_amazons, shown):
    item = listed("X", *places)
    assert (mapping_goods.is_amazons(item), mapping_goods.shown(item)) == (is_amazons, shown)


def test_amazon_s_stock_is_asked_for_with_details_and_followed(stand, connector, asked):
    for number in range(51):
        stand.told("amazon/store_at_amazon", sku=f"far-{number:02}", units=number)
    found = [one for page in connector.amazon_stock() for one in page if one.sku.startswith("far-")]

    assert [one.quantity for one in found] == list(range(51))
    assert asked()[0].query == {
        "details": "true", "granularityType": "Marketplace", "granularityId": "A1VC38T7YXB528",
        "marketplaceIds": "A1VC38T7YXB528",
    }  # fmt: skip
    assert "nextToken" in asked()[1].query


def test_without_details_what_is_there_counts():
    assert mapping_goods.amazon_quantity({"sellerSku": "X", "totalQuantity": 4}).quantity == 4
    assert mapping_goods.amazon_quantity({"sellerSku": "X"}).quantity == 0


# Telling numbers


def test_twenty_are_looked_at_in_one_call_and_told_in_one_each(connector, listing, asked):
    rows = [replace(listing(f"many-{number}"), quantity=3) for number in range(20)]
    outcomes = connector.set_stock(rows, "push")

    look, *patches = asked()
    assert (look.query["identifiersType"], look.query["identifiers"].count(",")) == ("SKU", 19)
    assert ([one.is_set for one in outcomes], len(patches)) == ([True] * 20, 20)
    assert (patches[0].method, patches[0].path, patches[0].query) == (
        "PATCH", f"{BASE}/many-0", {"marketplaceIds": "A1VC38T7YXB528"},
    )  # fmt: skip
    assert patches[0].body == {
        "productType": "HOME",
        "patches": [
            {
                "op": "merge", "path": "/attributes/fulfillment_availability",
                "value": [{"fulfillment_channel_code": "DEFAULT", "quantity": 3}],
            }
        ],
    }  # fmt: skip


def test_a_sku_of_any_signs_is_told(connector, listing, ledger):
    rows = [replace(listing(sku), quantity=3) for sku in ("a/b c%2F", "茶碗 #1?", "x,y")]
    assert [one.is_set for one in connector.set_stock(rows, "push")] == [True] * 3
    shown = dict(ledger("SELECT sku, shown FROM amazon_shown"))
    assert [shown[one.sku] for one in rows] == [3, 3, 3]


def test_a_number_takes_effect_later_and_in_order(stand, connector, listing, ledger):
    stand.told("manners", lag_minutes=600)
    try:
        row = listing("LATE", shown=9)
        assert [connector.set_stock([replace(row, quantity=n)], "push")[0].is_set for n in (5, 4)] == [True, True]
    finally:
        stand.told("manners", lag_minutes=0)
    coming = ledger("SELECT quantity, at FROM showcase_coming WHERE sku = 'LATE' ORDER BY seq")
    assert ([quantity for quantity, _ in coming], coming[0][1] <= coming[1][1]) == ([5, 4], True)
    assert ledger("SELECT shown FROM amazon_shown WHERE sku = 'LATE'") == [(9,)]


def test_a_listing_that_amazon_fulfils_is_never_told_a_number(stand, connector, listing, asked, ledger):
    rows = [listing("NOT-OURS"), listing("OURS")]
    stand.told("amazon/store_at_amazon", sku="NOT-OURS", units=5)
    outcomes = connector.set_stock([replace(row, quantity=3) for row in rows], "push")

    assert [(one.is_set, one.error) for one in outcomes] == [
        (False, "Amazon fulfils it from its own warehouses: its number is not ours to set"),
        (True, ""),
    ]
    assert ([ask.method for ask in asked()], ledger("SELECT units FROM amazon_warehouse WHERE sku = 'NOT-OURS'")) == (
        ["GET", "PATCH"], [(5,)],
    )  # fmt: skip


class Told:
    """Listings that are all there, and answers to what they are told."""

    def __init__(self, *answers):
        self.answers = list(answers)

    def find(self, skus):
        return {sku: listed(sku, ("DEFAULT", {"quantity": 1})) for sku in skus}

    def show(self, item, quantity):
        said = self.answers.pop(0)
        if isinstance(said, BaseException):
            raise said
        return said


OK = {"status": "ACCEPTED"}


def fates(*answers, count=3):
    rows = [c.StockQuantity(external_id=str(number), quantity=1) for number in range(count)]
    outcomes = listings_push(*answers).settle(rows)
    return [
        "set" if one.is_set else "unknown" if one.is_unknown else "put off" if one.is_put_off else one.error
        for one in outcomes
    ]


def listings_push(*answers):
    return stock.Push(Told(*answers))


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ([OK, errors.RateLimited("slow"), OK], ["set", "put off", "put off"]),
        ([OK, errors.Misconfigured("role"), OK], ["set", "put off", "put off"]),
        ([OK, errors.Transient("down"), OK], ["set", "put off", "put off"]),
        ([OK, errors.Transient("cut", sent=True), OK], ["set", "unknown", "put off"]),
        ([OK, {}, OK], ["set", "unknown", "put off"]),
        ([errors.Permanent("no such attribute"), OK, OK], ["no such attribute", "set", "set"]),
        (
            [{"status": "INVALID", "issues": [{"message": "too many"}]}, OK, {"status": "INVALID"}],
            ["INVALID: too many", "set", "INVALID: without a reason"],
        ),
    ],
)
def test_every_quantity_has_its_fate(answers, said):
    assert fates(*answers) == said


@pytest.mark.parametrize(
    "error", [errors.RateLimited("slow"), errors.Misconfigured("role"), errors.Transient("cut", sent=True)]
)
def test_where_nothing_was_told_yet_the_error_is_told(error):
    with pytest.raises(type(error)) as caught:
        fates(error)
    assert caught.value is error


def test_a_look_that_is_not_understood_has_told_nothing():
    push = listings_push()
    push._listings = of(Answers({"items": [{}]}))
    with pytest.raises(errors.Transient, match="another form") as caught:
        push.settle([c.StockQuantity(external_id="1", quantity=1)])
    assert not caught.value.sent


def test_a_sku_that_the_search_answers_by_the_way_is_not_taken_for_another():
    found = of(Answers({"items": [{"sku": "tea"}, {"sku": "TEA"}]})).find(["TEA"])
    assert list(found) == ["TEA"]
