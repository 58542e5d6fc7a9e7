"""Letting Kurogo in at Shopify's stand-in: once, by the person who began it, in time; every other answer is refused, and why."""

import threading
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.db import connection

from apps.connectors.shopify.codes import SCOPES
from apps.connectors.shopify.settings import ShopifySettings
from apps.core import clock, crypto, net
from apps.hub import connections, oauth
from apps.hub.models import Connection, Credential, WayIn
from tests import builders
from tests.connectors.conftest import shared_stand, stand  # noqa: F401 - fixtures
from tests.connectors.stand import Stand

BACK = "http://localhost:8000/connections/let-in/"
TOKEN = "shpat_canary_0123456789"


@pytest.fixture
def row(stand: Stand, db: None) -> Connection:  # noqa: F811
    stand.told(
        "shopify/setup", access_token=TOKEN, client_id="the-app", client_secret="shpss_canary", grants="", strays=""
    )
    return connections.create(
        brand=builders.brand(), connector="shopify", name="本店", status=Connection.Status.SETUP,
        settings={"shop_url": stand.url("shopify"), "client_id": "the-app"}, secrets={"client_secret": "shpss_canary"},
    )  # fmt: skip


def _approved(row: Connection, *, person: str = "hanako") -> dict[str, str]:
    """Somebody goes there, presses the button, and is sent back with this."""
    begun = oauth.begin(row, person=person, redirect_uri=BACK)
    reply = net.request("GET", f"{begun.url}&approved=1")
    assert reply.status == 302
    sent = urlsplit(reply.headers["location"])
    assert f"{sent.scheme}://{sent.netloc}{sent.path}" == BACK
    return dict(parse_qsl(sent.query))


def _token_of(row: Connection) -> ShopifySettings:
    connections.forget()
    return connections.settings_of(Connection.objects.get(id=row.id))


def test_who_lets_it_in_gives_it_the_token_and_the_key_of_notices(row):
    oauth.finish(_approved(row), person="hanako")

    told = _token_of(row)
    assert (told.access_token, told.webhook_secret) == (TOKEN, "shpss_canary")


@pytest.mark.parametrize(
    ("granted", "days"),
    [
        ({"expires_in": 86400 * 30}, 30), ({}, None), ({"expires_in": "soon"}, None), ({"expires_in": 0}, None),
        ({"expires_in": 86400, "refresh_token": "r"}, None),  # renewed by itself: nobody's affair
    ],
)  # fmt: skip
def test_a_token_that_ends_says_when(row, monkeypatch, granted, days):
    exchange = oauth._exchange
    monkeypatch.setattr(oauth, "_exchange", lambda *args: exchange(*args) | granted)
    oauth.finish(_approved(row), person="hanako")

    ends = Credential.objects.get(connection=row, name="access_token").expires_at
    assert (ends and round((ends - clock.now()).total_seconds() / 86400)) == days


def test_the_page_asks_for_the_scopes_with_a_challenge(row):
    begun = oauth.begin(row, person="hanako", redirect_uri=BACK)
    asked = dict(parse_qsl(urlsplit(begun.url).query))

    assert (asked["scope"], asked["client_id"], asked["code_challenge_method"]) == (",".join(SCOPES), "the-app", "S256")
    assert begun.host == urlsplit(row.settings["shop_url"]).netloc
    assert "shpss_canary" not in begun.url


def test_an_answer_with_another_state_is_refused(row, stand: Stand):  # noqa: F811
    stand.told("shopify/setup", strays="1")
    told = _approved(row)

    with pytest.raises(oauth.NotLetIn, match="no way in"):
        oauth.finish(told, person="hanako")
    assert _token_of(row).access_token == ""


def test_an_answer_is_good_once(row):
    told = _approved(row)
    oauth.finish(told, person="hanako")

    with pytest.raises(oauth.NotLetIn, match="twice"):
        oauth.finish(told, person="hanako")


def test_somebody_elses_answer_is_refused(row):
    with pytest.raises(oauth.NotLetIn, match="somebody else"):
        oauth.finish(_approved(row), person="taro")
    assert _token_of(row).access_token == ""


def test_after_ten_minutes_it_is_too_late(row):
    told = _approved(row)
    WayIn.objects.update(made_at=clock.wall() - oauth.LIFE)

    with pytest.raises(oauth.NotLetIn, match="ten minutes"):
        oauth.finish(told, person="hanako")


@pytest.mark.parametrize(
    "change", [{"hmac": "0" * 64}, {"hmac": ""}, {"code": "another"}, {"shop": "evil.example"}, {"timestamp": "1"}]
)
def test_an_answer_that_shopify_did_not_sign_is_refused(row, change):
    with pytest.raises(oauth.NotLetIn, match="not signed"):
        oauth.finish(_approved(row) | change, person="hanako")
    assert _token_of(row).access_token == ""


def test_a_scope_that_was_not_granted_is_named(row, stand: Stand):  # noqa: F811
    stand.told("shopify/setup", grants="read_orders,write_inventory,read_products,read_locations")

    with pytest.raises(oauth.ScopesMissing) as missing:
        oauth.finish(_approved(row), person="hanako")
    assert missing.value.missing == ["read_customers", "write_merchant_managed_fulfillment_orders"]


def test_a_wrong_secret_is_refused_by_the_vendor_and_said(row, stand: Stand):  # noqa: F811
    told = _approved(row)
    stand.told("shopify/setup", client_id="an-app-that-is-gone")

    with pytest.raises(oauth.NotLetIn, match="400: The authorization code"):
        oauth.finish(told, person="hanako")


def test_without_the_verifier_the_code_is_worth_nothing(row):
    told = _approved(row)
    other = oauth.begin(row, person="hanako", redirect_uri=BACK)
    assert other.url
    first, second = WayIn.objects.order_by("made_at")
    first.sealed, second.sealed = second.sealed, first.sealed
    first.save()

    with pytest.raises(crypto.SealBroken):
        oauth.finish(told, person="hanako")
    assert _token_of(row).access_token == ""


@pytest.mark.django_db(transaction=True)
def test_of_two_answers_at_once_one_is_taken(row):
    told, barrier, ends = _approved(row), threading.Barrier(2), []

    def answer() -> None:
        barrier.wait()
        try:
            oauth.finish(told, person="hanako")
            ends.append("in")
        except oauth.NotLetIn:
            ends.append("refused")
        connection.close()

    both = [threading.Thread(target=answer) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert sorted(ends) == ["in", "refused"]


def test_nothing_of_it_lies_open_in_the_database(row):
    oauth.finish(_approved(row), person="hanako")

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT json_agg(w)::text FROM hub_wayin w) || (SELECT json_agg(c)::text FROM hub_credential c)"
        )
        (told,) = cursor.fetchone()
    assert (TOKEN in told, "shpss_canary" in told) == (False, False)
