"""Several locations in one connection: each number and each parcel is at the one that it names."""

from dataclasses import replace

import msgspec
import pytest

from apps.connectors.shopify import mapping_fulfilment
from apps.connectors.shopify.connector import ShopifyConnector
from apps.connectors.shopify.settings import ShopifySettings
from apps.hub import contracts as c
from apps.hub import errors
from apps.sandbox.shopify_stock import LOCATION
from tests.connectors.shopify.conftest import CONNECTION, OSAKA
from tests.connectors.shopify.test_fulfilment import PARCEL, fulfilment_order, order
from tests.connectors.stand import line


@pytest.fixture
def both(listing):
    """An article kept at both locations: its quantity here and there."""
    there = listing(elsewhere=30)
    return replace(there, quantity=50, location_external_id=str(LOCATION)), there


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("", {}),
        (" tokyo=70001 ,osaka = 70002", {"tokyo": "70001", "osaka": "70002"}),
        ("大阪=70002", {"大阪": "70002"}),
    ],
)
def test_locations_are_read_from_a_line(text, places):
    settings = msgspec.convert({"locations": text}, ShopifySettings)
    assert settings.places() == places


@pytest.mark.parametrize("text", ["osaka", "osaka=", "=1", "osaka=x", "osaka=1;nara=2", "osaka=1,,nara=2"])
def test_a_line_that_is_no_list_of_locations_is_refused(text):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"locations": text}, ShopifySettings)


def test_what_is_shown_names_its_location(everywhere, both):
    found = [one for page in everywhere.shown_stock() for one in page if one.external_id == both[0].external_id]
    assert found == list(both)


@pytest.mark.parametrize("bulk_from", [0, 2])
def test_a_connection_with_one_location_is_told_of_no_other(connector, both, settings_of_shop, bulk_from):
    settings = msgspec.structs.replace(settings_of_shop, bulk_from=bulk_from, bulk_looks_a_second=0)
    found = [one for page in ShopifyConnector(settings, CONNECTION).shown_stock() for one in page]
    assert {one.location_external_id for one in found} == {str(LOCATION)}


def test_each_number_is_set_and_compared_at_its_location(everywhere, both, asked, ledger):
    """One push; at one of the two the channel shows something else than expected."""
    here, there = (replace(one, quantity=7, expected=one.quantity) for one in both)
    outcomes = everywhere.set_stock([replace(here, expected=49), there], "push")
    assert [(one.is_set, one.is_stale, one.shown) for one in outcomes] == [(False, True, 50), (True, False, 7)]
    assert [name for name, _ in asked()] == ["SetStock", "ShownItems", "SetStock"]
    assert ledger("SELECT available FROM shopify_shown WHERE item = ?", int(here.external_id)) == [(50,)]


def test_numbers_of_two_locations_are_read_back_each_at_its_own(everywhere, both, asked):
    here, there = (replace(one, quantity=7, expected=1) for one in both)
    outcomes = everywhere.set_stock([here, there], "push-both")
    assert [(one.is_stale, one.shown) for one in outcomes] == [(True, 50), (True, 30)]
    assert [said["location"][-5:] for name, said in asked() if name == "ShownItems"] == [str(LOCATION), str(OSAKA)]


def test_another_location_s_number_is_never_touched(connector, both, asked, ledger):
    here, there = (replace(one, quantity=7, expected=one.quantity) for one in both)
    outcomes = connector.set_stock([there, here], "push")
    assert [(one.is_set, one.error) for one in outcomes] == [
        (False, "70002 is no location of this connection"), (True, ""),
    ]  # fmt: skip
    assert connector.set_stock([there], "push-2")[0].is_set is False
    assert [name for name, _ in asked()] == ["SetStock"]
    assert ledger("SELECT available FROM shopify_elsewhere WHERE item = ?", int(there.external_id)) == [(30,)]


def test_notices_of_our_locations_are_read_and_others_say_nothing(everywhere):
    body = b'{"inventory_item_id": 3, "location_id": %d, "available": 4}'
    said = [everywhere.read("inventory_levels/update", body % place) for place in (LOCATION, OSAKA, 70003)]
    assert [[one.location_external_id for one in words] for words in said] == [[str(LOCATION)], [str(OSAKA)], []]


def test_health_names_every_location_and_the_one_that_is_gone(everywhere, settings_of_shop):
    assert everywhere.check()["location"] == "Main warehouse, Osaka store"
    gone = ShopifyConnector(msgspec.structs.replace(settings_of_shop, locations="nara=4"), CONNECTION)
    with pytest.raises(errors.Misconfigured, match="no active location 4"):
        gone.check()


# Fulfilments


def test_a_parcel_that_names_none_leaves_from_where_most_of_it_is_assigned():
    found = order(fulfilment_order((11, 1)), fulfilment_order((11, 2), id=8, location="70002"))
    ours = ["gid://shopify/Location/70001", "gid://shopify/Location/70002"]
    assert mapping_fulfilment.leaves_from(PARCEL, found, ours) == ours[1]
    assert mapping_fulfilment.leaves_from(PARCEL, order(fulfilment_order((11, 3), location="9")), ours) == ours[0]


@pytest.mark.parametrize(
    ("assigned", "named", "left", "moved"),
    [
        (OSAKA, "osaka", OSAKA, 0),
        (OSAKA, "tokyo", LOCATION, 1),
        (LOCATION, "osaka", OSAKA, 1),
        (OSAKA, "", OSAKA, 0),
        (OSAKA, "a code that Shopify is not told of", OSAKA, 0),
        (70003, "", LOCATION, 1),
        (70003, "osaka", OSAKA, 1),
    ],
)
def test_a_parcel_leaves_from_the_location_it_names(everywhere, place, stand, asked, assigned, named, left, moved):
    sale, id = place(line("TEA", 2))
    stand.told("shopify/fulfilment_order", number=sale.number, location=assigned) if assigned != LOCATION else None
    event = everywhere.fetch_order(id)
    (draft,) = everywhere.read(event.topic, event.raw)
    parcel = c.Fulfilment(
        reference="S-9", order_external_id=id, order_number=sale.number, tracking_number="", carrier="", location=named,
        lines=(c.FulfilmentLine(line_external_id=draft.lines[0].external_id, sku="TEA", quantity=2),),
        shipped_at=PARCEL.shipped_at,
    )  # fmt: skip
    everywhere.create_fulfilment(parcel, "key")
    (told,) = [one for one in stand.told("shopify/told")["fulfilments"] if one["order"] == sale.number]
    assert (told["location"], told["units"]) == (str(left), {"TEA": 2})
    assert [name for name, _ in asked()].count("MoveFulfilment") == moved
