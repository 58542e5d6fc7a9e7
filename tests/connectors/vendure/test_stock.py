"""Articles and quantities: request built so, called so, answer parsed so, error parsed so."""

import json
from dataclasses import replace
from decimal import Decimal

import pytest

from apps.connectors.vendure import mapping_stock, stock
from apps.connectors.vendure.documents import DOCUMENTS
from apps.core import clock
from apps.hub import contracts as c
from apps.hub import errors
from apps.sandbox.shopify_orders import number_of
from apps.sandbox.vendure_stock import LOCATION
from tests.connectors.stand import line

SETTINGS = {"trackInventory": True, "outOfStockThreshold": 2}
LEVEL = {"stockLocationId": "1", "stockOnHand": 10, "stockAllocated": 3}
VARIANT = {
    "id": "5", "trackInventory": "INHERIT", "outOfStockThreshold": 0, "useGlobalOutOfStockThreshold": True,
    "stockLevels": [LEVEL],
}  # fmt: skip


def test_articles_are_asked_for_page_by_page(connector, listing, asked, stand):
    listing()
    list(connector.variants())
    name, said = asked()[0]
    assert (name, said) == ("Variants", {"options": {"take": 20, "skip": 0, "sort": {"id": "ASC"}}})
    assert json.loads(stand.heard[0].body)["query"] == DOCUMENTS["Variants"]


def test_an_article_is_parsed_so(connector, listing):
    row = listing("MATCHA", shown=8, tax_rate_bp=800)
    (card,) = [card for page in connector.variants() for card in page if card.sku == "MATCHA"]
    assert card == c.VariantCard(
        sku="MATCHA", title="MATCHA の品", product_external_id=str(number_of("vendure product", "MATCHA")),
        external_id=row.external_id, location_external_id=LOCATION, product_title="MATCHA の品",
        price=Decimal("1200"), currency="JPY", price_includes_tax=True, shown=8,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "settings", "shown"),
    [
        ({}, {}, 5),
        ({"useGlobalOutOfStockThreshold": False}, {}, 7),
        ({"useGlobalOutOfStockThreshold": False, "outOfStockThreshold": -4}, {}, 11),
        ({"stockLevels": [LEVEL, LEVEL | {"stockLocationId": "2"}]}, {}, 12),
        ({"stockLevels": []}, {}, -2),
        ({"trackInventory": "FALSE"}, {}, None),
        ({}, {"trackInventory": False}, None),
        ({"trackInventory": "TRUE"}, {"trackInventory": False}, 5),
    ],
)
def test_what_a_shopper_may_buy(changes, settings, shown):
    assert mapping_stock.shown(VARIANT | changes, SETTINGS | settings) == shown


@pytest.mark.parametrize(
    ("levels", "on_hand"),
    [([LEVEL], 12), ([], 9), ([LEVEL, LEVEL | {"stockLocationId": "2", "stockOnHand": 4, "stockAllocated": 1}], 9)],
)
def test_what_must_lie_there(levels, on_hand):
    assert mapping_stock.on_hand_for(7, levels, 2, "1") == on_hand


@pytest.mark.parametrize(
    ("listed", "wanted", "found"),
    [([("1", "A")], "", "1"), ([("1", "A"), ("2", "B")], "2", "2")],
)
def test_the_location_that_is_kept(listed, wanted, found):
    assert mapping_stock.location([{"id": id, "name": name} for id, name in listed], wanted) == found


@pytest.mark.parametrize(
    ("listed", "wanted", "words"),
    [
        ([("1", "A"), ("2", "B")], "", r"set which stock location Kurogo keeps; it has 1 \(A\), 2 \(B\)"),
        ([("1", "A")], "3", r"no stock location 3; it has 1 \(A\)"),
        ([], "", "it has none"),
    ],
)
def test_a_location_that_is_not_there_is_misconfigured(listed, wanted, words):
    with pytest.raises(errors.Misconfigured, match=words):
        mapping_stock.location([{"id": id, "name": name} for id, name in listed], wanted)


# Setting


def test_a_push_reads_and_then_writes(connector, listing, buy, asked):
    row = listing(shown=50)
    buy(row.external_id, 4)
    connector.set_stock([replace(row, quantity=7)], "key")
    options = {"take": 1, "filter": {"id": {"in": [row.external_id]}}}
    level = {"stockLocationId": LOCATION, "stockOnHand": 11}
    assert [one for one in asked() if one[0] in ("ShownStock", "SetStock")] == [
        ("ShownStock", {"options": options}),
        ("SetStock", {"input": [{"id": row.external_id, "stockLevels": [level]}]}),
    ]


def test_what_is_right_already_is_not_written(connector, listing, asked):
    row = listing(shown=7)
    assert connector.set_stock([row], "key") == [c.StockOutcome(external_id=row.external_id, is_set=True, shown=7)]
    assert [name for name, _said in asked()] == ["ShownStock"]


def test_units_that_are_kept_back_are_counted_beside_it(connector, stand, listing, ledger, shows):
    row = listing(shown=50)
    stand.told("vendure/setup", threshold=5)
    try:
        connector.set_stock([replace(row, quantity=7)], "key")
        (shown,) = [one for page in connector.shown_stock() for one in page if one.external_id == row.external_id]
    finally:
        stand.told("vendure/setup", threshold=0)
    assert (shows(row.external_id), shown.quantity) == (7, 7)


def test_a_shop_that_counts_nothing_refuses_every_number(connector, stand, listing):
    row = listing()
    stand.told("vendure/setup", track_inventory="false")
    try:
        (outcome,) = connector.set_stock([row], "key")
        assert [one for page in connector.shown_stock() for one in page] == []
    finally:
        stand.told("vendure/setup", track_inventory="true")
    assert (outcome.is_set, outcome.error) == (False, stock.UNCOUNTED)


@pytest.mark.parametrize("fault", ["limited", "failed", "html", "cut"])
def test_a_reading_that_failed_wrote_nothing(connector, listing, misbehave, shows, fault):
    row = listing(shown=50)
    misbehave(fault)
    with pytest.raises(errors.Transient) as caught:
        connector.set_stock([replace(row, quantity=7)], "key")
    assert (caught.value.sent, shows(row.external_id)) == (False, 50)


@pytest.mark.parametrize(
    ("faults", "fates"),
    [
        (["", "", "limited"], "set later later"),
        (["", "", "cut"], "set later later"),
        (["", "", "", "limited"], "set later later"),
        (["", "", "", "failed"], "set unknown later"),
        (["", "", "", "cut"], "set unknown later"),
        (["", "", "", "", "", "cut"], "set set unknown"),
        ([], "set set set"),
    ],
)
def test_every_quantity_has_a_fate_when_a_later_call_fails(connector, listing, stand, monkeypatch, faults, fates):
    monkeypatch.setattr(stock, "MANY", 1)
    rows = [replace(listing(shown=50), quantity=7) for _ in range(3)]
    for fault in faults:
        stand.told("misbehave", slug="vendure", what=fault, times=1)
    outcomes = connector.set_stock(rows, "key")
    names = {(True, False, False): "set", (False, True, False): "unknown", (False, False, True): "later"}
    told = [names[(one.is_set, one.is_unknown, one.is_put_off)] for one in outcomes]
    assert told == fates.split()
    assert [one.external_id for one in outcomes] == [row.external_id for row in rows]


def test_a_push_of_many_goes_a_hundred_at_a_time(connector, listing, asked):
    rows = [replace(listing(shown=50), quantity=7) for _ in range(101)]
    outcomes = connector.set_stock(rows, "key")
    assert [one.is_set for one in outcomes] == [True] * 101
    assert [len(said["input"]) for name, said in asked() if name == "SetStock"] == [100, 1]


# Parcels


@pytest.fixture
def parcel(place, words):
    def made(*lines, **facts):
        sale, id = place(*(lines or (line("TEA", 2),)))
        (draft,) = words(id)
        told = c.Fulfilment(
            reference="S-1", order_external_id=id, order_number=sale.number, tracking_number="4000-1",
            carrier="ヤマト運輸", shipped_at=clock.now(),
            lines=tuple(
                c.FulfilmentLine(line_external_id=one.external_id, sku=one.sku, quantity=one.quantity)
                for one in draft.lines if one.kind == "item"
            ),
        )  # fmt: skip
        return replace(told, **facts)

    return made


def fulfilments(stand, told):
    return [one for one in stand.told("vendure/told")["fulfilments"] if one["order"] == told.order_number]


def test_a_parcel_is_made_and_then_said_to_have_left(connector, parcel, asked, stand):
    told = parcel()
    stand.heard.clear()
    receipt = connector.create_fulfilment(told, "key")
    arguments = [{"name": "method", "value": "ヤマト運輸"}, {"name": "trackingCode", "value": "4000-1"}]
    wanted = {
        "lines": [{"orderLineId": told.lines[0].line_external_id, "quantity": 2}],
        "handler": {"code": "manual-fulfillment", "arguments": arguments},
    }
    assert asked() == [
        ("Fulfilments", {"id": told.order_external_id}),
        ("CreateFulfilment", {"input": wanted}),
        ("MoveFulfilment", {"id": receipt.external_id, "state": "Shipped"}),
    ]


@pytest.mark.parametrize(
    ("faults", "found"), [(["", "cut"], False), (["", "", "cut"], True), (["", "", "limited"], False)]
)
def test_a_parcel_that_was_made_and_not_moved_is_moved(connector, parcel, stand, faults, found):
    told = parcel()
    for fault in faults:
        stand.told("misbehave", slug="vendure", what=fault, times=1)
    with pytest.raises(errors.Transient):
        connector.create_fulfilment(told, "key")
    assert bool(connector.find_fulfilment(told)) is found
    connector.create_fulfilment(told, "key")
    assert [(one["state"], one["number"]) for one in fulfilments(stand, told)] == [("Shipped", "4000-1")]


def test_a_parcel_without_a_tracking_number_goes_by_our_own(connector, parcel, stand):
    told = parcel(tracking_number="")
    connector.create_fulfilment(told, "key")
    assert [one["number"] for one in fulfilments(stand, told)] == ["S-1"]


def test_units_of_one_line_in_several_rows_are_one(connector, parcel, stand):
    told = parcel()
    (one,) = told.lines
    connector.create_fulfilment(replace(told, lines=(replace(one, quantity=1), replace(one, quantity=1))), "key")
    assert [each["units"] for each in fulfilments(stand, told)] == [{"TEA": 2}]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"lines": ()}, "No lines are selected"),
        ({"lines": (c.FulfilmentLine(line_external_id="1", sku="TEA", quantity=1),)}, "No OrderLine with the id"),
        ({"order_external_id": "1"}, "Vendure does not know the order"),
    ],
)
def test_what_is_refused_is_said_with_the_order_s_number(connector, parcel, changes, said):
    told = replace(parcel(), **changes)
    with pytest.raises(errors.Permanent, match=said) as caught:
        connector.create_fulfilment(told, "key")
    assert told.order_number in str(caught.value)


def test_more_than_was_bought_says_what_may_be_the_matter(connector, parcel):
    told = parcel()
    with pytest.raises(errors.Permanent, match=r"already part of a Fulfillment .*more than was bought"):
        connector.create_fulfilment(replace(told, lines=(replace(told.lines[0], quantity=3),)), "key")


def test_health_names_channel_currency_location_and_what_amounts_mean(connector, listing):
    listing()
    assert connector.check() == {
        "channel": "__default_channel__", "currency": "JPY", "location": "Main warehouse",
        "amounts": "123456 means 12.3456 JPY",
    }  # fmt: skip
