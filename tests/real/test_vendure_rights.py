"""Who may what at a real Vendure server, and how a connection says what is wrong with it."""

import pytest

from apps.connectors.vendure.codes import PERMISSIONS
from apps.hub import errors
from tests.real import vendure_shop

pytestmark = pytest.mark.real


def test_a_healthy_connection_says_what_it_is_connected_to(connector):
    assert connector.check() == {
        "channel": "__default_channel__", "currency": "JPY", "location": "Default Stock Location",
        "amounts": "123456 means 1234.56 JPY",
    }  # fmt: skip


def test_the_rights_that_the_tests_have_are_those_of_our_table():
    assert set(PERMISSIONS.values()) == set(vendure_shop.PERMISSIONS)


@pytest.mark.parametrize("missing", vendure_shop.PERMISSIONS)
def test_a_key_that_lacks_a_right_is_named_with_it(shop, connect, missing):
    key = shop.key_with(*(one for one in vendure_shop.PERMISSIONS if one != missing))
    with pytest.raises(errors.Misconfigured, match=f"its role lacks {missing}"):
        connect(api_key=key).check()


def test_a_session_token_will_do(shop, connect):
    token = shop.admin.headers["authorization"].removeprefix("Bearer ")
    assert connect(api_key="", session_token=token).check()["currency"] == "JPY"


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"api_key": ""}, "the key is wrong"),
        ({"location_id": "99"}, r"no stock location 99; it has 1 \(Default Stock Location\)"),
        ({"payment_words": "atobarai=later"}, "'atobarai=later' is not code=word"),
    ],
)
def test_what_is_wrong_is_said(connect, wrong, words):
    with pytest.raises(errors.Misconfigured, match=words):
        connect(**wrong).check()


def test_another_channel_needs_rights_of_its_own_and_a_strange_one_is_said(shop, connect):
    """A server with one channel takes any token for it."""
    channel = shop.make(
        "Channel", code="b2b", token="b2b-token", defaultLanguageCode="en", pricesIncludeTax=False,
        defaultTaxZoneId=shop.zone, defaultShippingZoneId=shop.zone, defaultCurrencyCode="JPY",
    )  # fmt: skip
    try:
        for token in ("b2b-token", "no-such-token"):
            with pytest.raises(errors.Misconfigured):
                connect(channel_token=token).check()
    finally:
        shop.admin("mutation($id: ID!) { deleteChannel(id: $id) { result } }", id=channel)


def test_an_address_that_is_no_admin_api_is_misconfigured(connect, facts):
    with pytest.raises(errors.Misconfigured, match="404"):
        connect(api_url=facts["api_url"].replace("admin-api", "admin")).check()


def test_a_shop_that_sells_beyond_its_shelf_is_told_apart(shop, connect):
    change = "mutation($i: UpdateGlobalSettingsInput!) { updateGlobalSettings(input: $i) { __typename } }"
    shop.admin(change, i={"outOfStockThreshold": -1})
    try:
        with pytest.raises(errors.Misconfigured, match="threshold is below 0"):
            connect().check()
    finally:
        shop.admin(change, i={"outOfStockThreshold": 0})
