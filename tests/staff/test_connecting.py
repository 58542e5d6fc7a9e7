"""The connection wizard: from choosing a vendor to the first order, and nothing written anywhere before somebody says so."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from apps.connectors.shopify.codes import SCOPES
from apps.core import clock, net
from apps.core.models import AuditEntry, Brand
from apps.flows import dispatch, poll_orders, push_stock, try_connection, wiring
from apps.hub import connections, delivery, registry, shadow, trials
from apps.hub.models import Connection, Credential, Delivery, Trial
from apps.inventory.models import Location
from apps.orders.models import Order
from apps.sandbox.shopify_stock import LOCATION
from tests.connectors.conftest import shared_stand, stand  # noqa: F401 - fixtures
from tests.connectors.stand import Stand, sale_of
from tests.staff.builders import make_delivery, make_shop

SignIn = Callable[[str], Client]
TOKEN = "shpat_canary_0123456789"
ASKED_IN = reverse("staff:connect_new", args=["shopify"])
NEW = f"{ASKED_IN}?way=keys"


@pytest.fixture
def shop(stand: Stand, db: None) -> Stand:  # noqa: F811
    """The stand-in with one article and a brand here."""
    stand.told("shopify/setup", access_token=TOKEN, scopes=",".join(SCOPES))
    stand.put_up("shopify", "TEA")
    Brand.objects.create(code="main", name="黒子")
    Location.objects.create(code="WH1", name="上野倉庫", is_default=True)
    wiring.forget()
    return stand


def _typed(shop: Stand, **more: str) -> dict[str, str]:
    form = {
        "name": "本店", "brand": str(Brand.objects.get().pk), "setting_shop_url": shop.url("shopify"),
        "secret_access_token": TOKEN, "secret_webhook_secret": "hush", "setting_location_id": str(LOCATION),
        "setting_bulk_from": "5000", "setting_bulk_looks_a_second": "0.5", "setting_bulk_minutes": "8",
        "silent_after_hours": "26",
    }  # fmt: skip
    return form | more


def _connect(browser: Client, shop: Stand, **more: str) -> Connection:
    answer = browser.post(NEW, _typed(shop, **more))
    assert answer.status_code == 302, answer.context["form"].errors
    return Connection.objects.get()


def _trial(row: Connection, kind: str) -> Trial:
    while try_connection.work():
        pass
    return trials.newest(row)[kind]


def test_every_connector_is_offered_with_what_it_was_verified_against(browser_as: SignIn):
    page = browser_as("owner").get(reverse("staff:connect")).content.decode()

    for manifest in registry.manifests().values():
        assert reverse("staff:connect_new", args=[manifest.slug]) in page


def test_the_whole_way_to_the_first_order(browser_as: SignIn, shop: Stand):
    shop.place("shopify", sale_of(written="#{}", number="#1001"))
    owner = browser_as("owner")

    row = _connect(owner, shop)
    assert row.status == Connection.Status.SETUP
    check = _trial(row, Trial.Kind.CHECK)
    assert (check.is_ok, check.reason) == (True, "")
    owner.post(reverse("staff:connect_try", args=[row.id]), {"kind": "preview", "span": "week"})
    preview = _trial(row, Trial.Kind.PREVIEW)
    assert [(one["number"], one["unknown"]) for one in preview.found["orders"]] == [("#1001", ["TEA"])]
    assert not Order.objects.exists()

    answer = owner.post(reverse("staff:connect_begin", args=[row.id]), {"makes_variants": "1"})
    assert answer.headers["Location"] == reverse("staff:connection", args=[row.id])
    brought = _trial(row, Trial.Kind.IMPORT)
    assert brought.found == {"listings": 1, "orders": 1}
    dispatch.drain("test")
    assert Order.objects.get().external_number == "#1001"
    assert Connection.objects.get().status == Connection.Status.ACTIVE
    assert list(AuditEntry.objects.order_by("id").values_list("action", flat=True)) == [
        "connection.created", "connection.began",
    ]  # fmt: skip


def test_a_connection_that_is_being_set_up_does_nothing_by_itself(browser_as: SignIn, shop: Stand):
    row = _connect(browser_as("owner"), shop)

    wiring.forget()
    assert connections.with_ability("orders") == []
    assert wiring.with_ability("orders") == []
    assert poll_orders.poll_due() == 0
    assert row.status == Connection.Status.SETUP


def test_a_token_that_is_refused_says_so_and_nothing_can_begin(browser_as: SignIn, shop: Stand):
    owner = browser_as("owner")
    row = _connect(owner, shop, secret_access_token="shpat_wrong")

    assert _trial(row, Trial.Kind.CHECK).is_ok is False
    assert "401" in owner.get(reverse("staff:connect_one", args=[row.id])).content.decode()
    owner.post(reverse("staff:connect_begin", args=[row.id]))
    assert Connection.objects.get().status == Connection.Status.SETUP


def test_a_missing_scope_is_named(browser_as: SignIn, shop: Stand):
    shop.told("shopify/setup", scopes="read_orders,read_products")
    row = _connect(browser_as("owner"), shop)

    check = _trial(row, Trial.Kind.CHECK)
    assert check.is_ok is False
    assert (
        check.reason.split(" scope ")[1]
        == "read_customers, read_locations, write_inventory, write_merchant_managed_fulfillment_orders"
    )


def test_what_does_not_work_is_mended_and_the_kept_secret_stays(browser_as: SignIn, shop: Stand):
    owner = browser_as("owner")
    row = _connect(owner, shop, setting_location_id="1")
    assert _trial(row, Trial.Kind.CHECK).is_ok is False

    form = {name: text for name, text in _typed(shop).items() if not name.startswith("secret_")}
    assert owner.post(reverse("staff:connect_access", args=[row.id]), form).status_code == 302
    assert _trial(row, Trial.Kind.CHECK).is_ok is True
    assert Credential.objects.filter(connection=row, name="access_token").count() == 1


def test_a_setting_that_depends_on_the_account_is_chosen_by_name(browser_as: SignIn, shop: Stand):
    owner = browser_as("owner")
    row = _connect(owner, shop, setting_location_id="")
    check = _trial(row, Trial.Kind.CHECK)
    assert str(LOCATION) in [value for value, _name in check.found["choices"]["location_id"]]
    owner.post(reverse("staff:connect_begin", args=[row.id]))
    assert Connection.objects.get().status == Connection.Status.SETUP

    owner.post(reverse("staff:connect_pick", args=[row.id]), {"location_id": "666"})
    assert Connection.objects.get().settings["location_id"] == ""
    owner.post(reverse("staff:connect_pick", args=[row.id]), {"location_id": str(LOCATION)})
    assert (Connection.objects.get().settings["location_id"], _trial(row, Trial.Kind.CHECK).is_ok) == (
        str(LOCATION),
        True,
    )


def test_a_worker_tries_what_was_typed_a_moment_ago(browser_as: SignIn, shop: Stand):
    owner = browser_as("owner")
    row = _connect(owner, shop, setting_location_id="")
    _trial(row, Trial.Kind.CHECK)
    held = connections.live(row.id)
    Connection.objects.filter(id=row.id).update(settings=row.settings | {"location_id": str(LOCATION)})

    assert connections.live(row.id) is held  # as another process would hold it
    trials.ask(row, Trial.Kind.CHECK, actor="owner")
    assert _trial(row, Trial.Kind.CHECK).found.get("choices") is None


def test_no_page_shows_a_secret(browser_as: SignIn, shop: Stand):
    owner = browser_as("owner")
    row = _connect(owner, shop)
    _trial(row, Trial.Kind.CHECK)

    for name in ("connect_one", "connect_access", "connect_trials"):
        assert TOKEN not in owner.get(reverse(f"staff:{name}", args=[row.id])).content.decode()
    assert TOKEN not in str(list(Trial.objects.values()))


@pytest.mark.parametrize(
    "span", [{"span": "day", "day": "2999-01-01"}, {"span": "day", "day": "x"}, {"span": "day"}, {}]
)
def test_a_day_that_is_none_begins_nothing(browser_as: SignIn, shop: Stand, span: dict[str, str]):
    owner = browser_as("owner")
    row = _connect(owner, shop)

    owner.post(reverse("staff:connect_try", args=[row.id]), {"kind": "preview"} | span)

    assert not Trial.objects.filter(kind=Trial.Kind.PREVIEW).exists()


def test_pressing_twice_asks_once(browser_as: SignIn, shop: Stand):
    owner = browser_as("owner")
    row = _connect(owner, shop)

    for _ in range(3):
        owner.post(reverse("staff:connect_try", args=[row.id]), {"kind": "check"})

    assert Trial.objects.filter(kind=Trial.Kind.CHECK).count() == 1


def test_a_trial_whose_worker_died_is_made_by_another(browser_as: SignIn, shop: Stand):
    row = _connect(browser_as("owner"), shop)
    dead = trials.claim()
    assert dead is not None
    assert trials.claim() is None

    Trial.objects.filter(id=dead.id).update(leased_until=clock.wall())

    assert _trial(row, Trial.Kind.CHECK).is_ok is True


@pytest.mark.django_db
def test_in_shadow_nothing_leaves_and_everything_is_shown():
    shop = make_shop(TEA=5)
    row = shop.channel
    connections.shadow(row, ["fulfilment", "stock.write"])
    made = make_delivery(row, operation="fulfilment.create", status="due")

    assert delivery.claim() == []
    assert shadow.settle_due() == 1
    made.refresh_from_db()
    assert made.status == Delivery.Status.SHADOWED
    assert made.attempts == 0
    assert push_stock.build() == 0

    connections.shadow(row, [])
    later = make_delivery(row, operation="fulfilment.create", status="due")
    assert shadow.settle_due() == 0
    assert [one.delivery.id for one in delivery.claim()] == [later.id]


@pytest.mark.django_db
def test_a_call_of_unknown_outcome_is_settled_although_the_shadow_has_fallen():
    row = make_shop(TEA=5).channel
    begun = make_delivery(row, operation="fulfilment.create", status=Delivery.Status.UNKNOWN)
    connections.shadow(row, ["fulfilment"])

    assert shadow.settle_due() == 0
    assert [one.delivery.id for one in delivery.claim()] == [begun.id]


def test_letting_it_in_leads_to_the_vendor_and_back(browser_as: SignIn, shop: Stand):
    shop.told("shopify/setup", client_id="the-app", client_secret="shpss_canary", grants="", strays="")
    owner = browser_as("owner")
    form = _typed(shop) | {"setting_client_id": "the-app", "secret_client_secret": "shpss_canary"}
    owner.post(
        ASKED_IN,
        {name: text for name, text in form.items() if name not in ("secret_access_token", "secret_webhook_secret")},
    )
    row = Connection.objects.get()
    assert not Trial.objects.exists()

    leaving = owner.post(reverse("staff:connect_let_in", args=[row.id])).context["begun"]
    sent = net.request("GET", f"{leaving.url}&approved=1").headers["location"]
    back = owner.get(sent.removeprefix("http://localhost:8000"))

    assert back.headers["Location"] == reverse("staff:connect_one", args=[row.id])
    assert _trial(row, Trial.Kind.CHECK).is_ok is True
    assert "connection.let_in" in AuditEntry.objects.values_list("action", flat=True)


def test_an_answer_that_nobody_asked_for_changes_nothing(browser_as: SignIn, shop: Stand):
    answer = browser_as("owner").get(reverse("staff:connect_back"), {"state": "x", "code": "y"}, follow=True)

    assert "no way in that was begun here" in answer.content.decode()
    assert not Credential.objects.exists()


def test_one_that_must_be_reconnected_is_let_in_again_and_goes_on(browser_as: SignIn, shop: Stand):
    shop.told("shopify/setup", client_id="the-app", client_secret="shpss_canary", grants="", strays="")
    row = connections.create(
        brand=Brand.objects.get(), connector="shopify", name="本店",
        settings={"shop_url": shop.url("shopify"), "client_id": "the-app", "location_id": str(LOCATION)},
        secrets={"client_secret": "shpss_canary", "access_token": "shpat_gone"},
    )  # fmt: skip
    connections.failed(row.id, "401", reconnect=True)
    owner = browser_as("owner")
    assert "Let it in again" in owner.get(reverse("staff:connection", args=[row.id])).content.decode()

    leaving = owner.post(reverse("staff:connect_let_in", args=[row.id])).context["begun"]
    sent = net.request("GET", f"{leaving.url}&approved=1").headers["location"]
    back = owner.get(sent.removeprefix("http://localhost:8000"))

    assert back.headers["Location"] == reverse("staff:connection", args=[row.id])
    assert Connection.objects.get().status == Connection.Status.ACTIVE
    assert connections.settings_of(Connection.objects.get()).access_token == TOKEN
