"""The restore drill: a backup is made, the shop goes on, the database is lost; restored, nothing takes effect a second time.

The counts are the stand-ins' own.
"""

import base64
from decimal import Decimal
from uuid import uuid4

import psycopg
import pytest
from django.db import connection

from apps.catalog import services as catalog
from apps.core import audit, audit_seals, backups, clock, runtime
from apps.core.models import AuditEntry, Company
from apps.flows import (
    after_restore,
    announce,
    dispatch,
    push_stock,
    settle_payment,
    ship_order,
    take_stock,
    verify,
    wiring,
)
from apps.flows.place_orders import place_orders
from apps.hub import connections, delivery
from apps.hub.contracts import Address, PaymentFact, StockChange, VariantCard
from apps.hub.models import Delivery
from apps.orders.models import Order
from apps.sandbox.shipengine import API_KEY
from apps.shipping.models import Parcel, Shipment
from tests import builders
from tests.connectors.conftest import shared_stand, stand  # noqa: F401 - fixtures

pytestmark = pytest.mark.django_db(transaction=True)
SECRET = "whsec_" + base64.b64encode(b"a-secret-of-the-program-1").decode()


@pytest.fixture
def shop(stand, settings):  # noqa: F811 - the fixture
    """A shop with provider, carrier, mailer and a program of its own, each a real stand-in; ten cups on the shelf."""
    settings.SANDBOX_ADDRESS = ""
    Company.objects.create(name="青葉堂", ships_by_itself=True)
    brand, place = builders.brand(), builders.location()
    type(brand).objects.filter(id=brand.id).update(mail_from="shop@example.jp")
    host, _, port = stand.told("status")["addresses"]["smtp"].rpartition(":")
    stand.told("webhook/setup", secret=SECRET)
    sender = {"name": "青葉堂", "country": "JP", "postal_code": "150-0001", "region": "東京都", "city": "渋谷区", "line1": "1-1",
              "phone": "03-0000-0000"}  # fmt: skip
    cast = {
        "csv": ({"currency": "JPY"}, {}),
        "stripe": ({"api_base": stand.url("stripe")}, {"api_key": "sk_test_canary_0123456789"}),
        "shipengine": ({"base_url": stand.url("shipengine"), "carrier_ids": ["se-100001"],
                        "default_service": "japan_post_yu_pack", "ship_from": sender}, {"api_key": API_KEY}),
        "smtp": ({"host": host, "port": int(port), "security": "none", "sender": "shop@example.jp"}, {}),
        "webhook": ({"url": stand.url("webhook")}, {"signing_secret": SECRET}),
    }  # fmt: skip
    made = {
        slug: connections.create(brand=brand, connector=slug, name=slug, settings=told, secrets=secrets)
        for slug, (told, secrets) in cast.items()
    }
    _forget()
    catalog.take_cards(brand, [VariantCard(sku="CUP", title="Cup")])
    change = StockChange(document="R1", line=1, sku="CUP", kind="receipt", quantity=10, at=clock.now(),
                         unit_cost=Decimal(400), currency="JPY")  # fmt: skip
    assert take_stock.take([change], source=made["csv"]) == []
    assert place.is_default
    return made


def _forget():
    wiring.forget()
    connections.forget()


@pytest.fixture
def elsewhere():
    """Another database on the same server, and the way there and back for this process."""
    url, name = runtime.url_of(connection.settings_dict), f"restored_{uuid4().hex[:12]}"
    here = connection.settings_dict["NAME"]

    def go(to):
        connection.close()
        connection.settings_dict["NAME"] = to
        _forget()

    with psycopg.connect(url, autocommit=True) as db:
        db.execute(f"CREATE DATABASE {name}")
        yield url.rpartition("/")[0] + f"/{name}", lambda: go(name)
        go(here)
        db.execute(f"DROP DATABASE {name}")


def _sell(shop, stand, number):  # noqa: F811 - the fixture
    """A sale, paid by card; its label is due."""
    home = Address(
        name="Kato Rina",
        country="JP",
        postal_code="662-0911",
        region="兵庫県",
        city="西宮市",
        line1="池田町4-12",
        phone="0312345678",
    )
    draft = builders.order_draft(
        builders.line_draft(sku="CUP", quantity=2),
        number=number,
        external_id=number,
        payment_method="card",
        ship_to=home,
    )
    place_orders([draft], source=shop["csv"])
    order = Order.objects.get(external_number=number)
    sale = {"currency": "JPY", "method": "card", "outcome": "authorised", "order_number": number,
            "amount_minor": order.total_minor}  # fmt: skip
    (made,) = stand.told("batch", calls=[["stripe", "checkout", sale]])["answers"]
    fact = PaymentFact(
        provider_id=made["payment"], status="authorised", currency="JPY", amount_minor=order.total_minor,
        authorised_minor=order.total_minor, at=clock.now(), order_reference=order.external_number, method="card",
    )  # fmt: skip
    settle_payment.settle([fact], source=shop["stripe"])
    (shipment,) = ship_order.plan([Order.objects.get(id=order.id)], actor="test", leaves_by_itself=True)
    assert shipment.carrier_id == shop["shipengine"].id


def _work():
    """What the lanes do, until nothing is left to do."""
    while dispatch.drain("test") + announce.announce() + push_stock.build() + _carry():
        pass


def _carry():
    claimed = delivery.claim(worker="test")
    for one in claimed:
        delivery.make(one)
    return len(claimed)


def _effects(stand):  # noqa: F811 - the fixture
    """What the stand-ins have seen: labels, letters, captures, and the events of the program by their ids."""
    events = [id_ for id_, _topic in stand.told("webhook/count")["events"]]
    captured = stand.rows("SELECT count(*) FROM stripe_event WHERE type = 'payment_intent.succeeded'")[0][0]
    return {
        "labels": stand.told("shipengine/count")["sold"], "letters": stand.told("smtp/count")["taken"],
        "captured": captured, "events": len(set(events)),
    }  # fmt: skip


def _less(after, before):
    return {name: count - before[name] for name, count in after.items()}


def test_after_a_restore_nothing_takes_effect_a_second_time(shop, stand, elsewhere, tmp_path):  # noqa: F811 - the fixture
    url, go = elsewhere
    before = _effects(stand)
    for number in ("D-1", "D-2"):
        _sell(shop, stand, number)
    announce.announce()
    audit.record("x.y", actor="owner")
    audit_seals.seal_new()
    backups.write(runtime.url_of(connection.settings_dict), tmp_path / "one.backup")

    _work()  # the shop goes on: labels, money, letters, events
    lived = _effects(stand)
    assert _less(lived, before) == {
        "labels": 2,
        "letters": 4,
        "captured": 2,
        "events": lived["events"] - before["events"],
    }
    assert set(Shipment.objects.values_list("status", flat=True)) == {"shipped"}

    header = backups.restore(tmp_path / "one.backup", url)
    go()
    assert set(Shipment.objects.values_list("status", flat=True)) == {"planned"}
    settled = after_restore.settle(made_at=header.made_at)
    _work()

    assert _less(_effects(stand), lived) == {"labels": 0, "letters": 0, "captured": 0, "events": _new_events(shop)}
    assert set(Shipment.objects.values_list("status", flat=True)) == {"shipped"}
    assert Parcel.objects.exclude(tracking_number="").count() == 2
    assert (settled.stopped, settled.waiting) == (("smtp",), 2)
    letters = Delivery.objects.filter(operation="message.send").order_by("id")
    assert [(row.status, row.reason) for row in letters] == [("waiting", after_restore.REASON)] * 2 + [("due", "")] * 2
    assert {finding.id: finding.examples for finding in verify.verify() if not finding.is_ok} == {}
    assert AuditEntry.objects.get(action="database.restored").detail["waiting"] == 2


def _new_events(shop):
    """Facts of the hours that were lived once more have new ids; those that the backup held have their old ones."""
    told = Delivery.objects.filter(connection=shop["webhook"], status="sent")
    return told.filter(created_at__gt=AuditEntry.objects.get(action="database.restored").at).count()


def test_without_settling_letters_would_go_out_twice(shop, stand, elsewhere, tmp_path):  # noqa: F811 - the fixture
    """The negative control of the drill."""
    url, go = elsewhere
    _sell(shop, stand, "N-1")
    announce.announce()
    backups.write(runtime.url_of(connection.settings_dict), tmp_path / "one.backup")
    _work()
    lived = _effects(stand)

    backups.restore(tmp_path / "one.backup", url)
    go()
    _work()

    assert _less(_effects(stand), lived)["letters"] == 2


def test_numbers_of_the_lost_hours_are_not_given_again(shop, stand, elsewhere, tmp_path):  # noqa: F811 - the fixture
    url, go = elsewhere
    backups.write(runtime.url_of(connection.settings_dict), tmp_path / "one.backup")
    _sell(shop, stand, "L-1")
    lost = (Order.objects.get().number, Shipment.objects.get().number)

    header = backups.restore(tmp_path / "one.backup", url)
    go()
    after_restore.settle(made_at=header.made_at)
    _sell(shop, stand, "L-2")

    assert set(lost) & {Order.objects.get().number, Shipment.objects.get().number} == set()
