"""Tracking notices of the real stand-in, signed as they leave: believed, refused, read."""

import base64
import json
import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from apps.connectors.shipengine import webhook
from apps.connectors.shipengine.connector import ShipEngineConnector
from apps.connectors.shipengine.settings import ShipEngineSettings
from apps.core import clock
from apps.hub import errors
from apps.sandbox.shipengine import API_KEY, ShipEngineStandin
from apps.sandbox.world import Ask, Notice, Plan, World
from tests.connectors.suites.webhook import WebhookSuite


@dataclass(frozen=True)
class Signed:
    """A notice as it leaves."""

    headers: dict[str, str]
    body: bytes


PURCHASE = {
    "shipment": {
        "carrier_id": "se-100001", "service_code": "japan_post_yu_pack", "external_shipment_id": "P-1",
        "ship_date": "2026-11-23",
        "ship_to": {
            "name": "A", "address_line1": "1", "city_locality": "大阪市", "state_province": "大阪府",
            "postal_code": "530-0001", "country_code": "JP",
        },
        "ship_from": {
            "name": "B", "phone": "03", "address_line1": "1", "city_locality": "渋谷区", "state_province": "東京都",
            "postal_code": "150-0002", "country_code": "JP",
        },
        "packages": [{"weight": {"value": 500, "unit": "gram"}}],
    }
}  # fmt: skip


@pytest.fixture(scope="module")
def standin(tmp_path_factory) -> ShipEngineStandin:
    world = World(tmp_path_factory.mktemp("world"), Plan(None))
    world.settle([ShipEngineStandin])
    standin = world.standins["shipengine"]
    asked = Ask("POST", "/v1/labels", {}, {"api-key": API_KEY}, json.dumps(PURCHASE).encode())
    assert standin.handle(asked).status == 200
    for code in ("AC", "DE"):
        standin.command("step", {"label": 1, "code": code, "detail": ""})
    yield standin
    world.db.close()


@pytest.fixture
def notice(standin) -> Signed:
    row = standin.db.execute("SELECT * FROM notice ORDER BY seq DESC LIMIT 1").fetchone()
    left = Notice(row["seq"], row["hook"], row["topic"], row["thing"], clock.now(), row["body"], {})
    return Signed(standin.sign(left), left.body)


@pytest.fixture
def settings_struct(standin) -> ShipEngineSettings:
    return ShipEngineSettings(jwks=standin.command("public_key", {})["jwks"])


def with_keys(*keys: dict) -> ShipEngineSettings:
    return ShipEngineSettings(jwks=json.dumps({"keys": keys}))


class TestWebhookSuite(WebhookSuite):
    slug = "shipengine"
    has_ids = False

    @pytest.fixture
    def keys(self, settings_struct):
        return settings_struct

    @pytest.fixture
    def rotated(self, settings_struct):
        old = json.loads(settings_struct.jwks)["keys"][0]
        return with_keys(old | {"kid": "next"}, old)

    @pytest.fixture
    def strangers(self, settings_struct):
        known = json.loads(settings_struct.jwks)["keys"][0]
        numbers = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key().public_numbers()
        return with_keys(known | {"n": base64.urlsafe_b64encode(numbers.n.to_bytes(256, "big")).decode().rstrip("=")})

    @pytest.fixture
    def body(self, notice):
        return notice.body

    @pytest.fixture
    def sign(self, standin):
        return lambda body, event="1": standin.sign(Notice(1, "shipengine", "API_TRACK", "x", clock.now(), body, {}))

    @pytest.fixture
    def header(self):
        return webhook.SIGNATURE

    @pytest.fixture
    def secret(self, standin):
        return standin.db.execute("SELECT pem FROM shipengine_key").fetchone()["pem"].decode().split("\n")[1]


@pytest.mark.parametrize("name", [webhook.KEY_ID, webhook.TIMESTAMP])
def test_a_changed_or_missing_header_is_refused(notice, settings_struct, name):
    for value in ("", "x", notice.headers[name] + "x", notice.headers[name][::-1]):
        with pytest.raises(errors.BadSignature):
            webhook.verify(notice.headers | {name: value}, notice.body, settings_struct, now=clock.wall())


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"\xff\xfe", b'"text"'])
def test_a_body_that_is_no_object_is_unreadable(notice, body):
    with pytest.raises(errors.Unreadable):
        webhook.events(notice.headers, body, received_at=clock.now())


def test_a_notice_becomes_one_event_and_its_steps(notice):
    received = datetime(2026, 11, 23, tzinfo=UTC)
    (event,) = webhook.events(notice.headers, notice.body, received_at=received)
    assert (event.topic, event.at, event.raw) == ("API_TRACK", received, notice.body)
    number = json.loads(notice.body)["data"]["tracking_number"]
    assert event.subject == f"parcel:{number}"
    steps = ShipEngineConnector(ShipEngineSettings(), None).read(event.topic, event.raw)
    assert [(step.tracking_number, step.status) for step in steps] == [(number, "accepted"), (number, "delivered")]


def test_two_steps_of_a_parcel_are_two_notices(standin):
    rows = standin.db.execute("SELECT body FROM notice ORDER BY seq").fetchall()
    ids = {webhook.events({}, row["body"], received_at=clock.now())[0].id for row in rows}
    assert len(ids) == len(rows) == 2


def test_an_unknown_topic_is_an_event_all_the_same():
    body = b'{"resource_type": "LABEL_CREATED_V2", "resource_url": "https://x"}'
    (event,) = webhook.events({}, body, received_at=clock.now())
    assert (event.topic, event.subject) == ("LABEL_CREATED_V2", "")
    with pytest.raises(errors.Unreadable):
        ShipEngineConnector(ShipEngineSettings(), None).read(event.topic, event.raw)


@pytest.mark.parametrize("data", [None, [], "x", {}, {"events": []}, {"tracking_number": "1", "events": [3]}])
def test_a_notice_of_another_form_is_unreadable(data):
    with pytest.raises(errors.Unreadable):
        ShipEngineConnector(ShipEngineSettings(), None).read("API_TRACK", json.dumps({"data": data}).encode())


def test_a_key_that_was_taken_away_is_believed_no_more(notice, settings_struct):
    known = json.loads(settings_struct.jwks)["keys"][0]
    with pytest.raises(errors.BadSignature, match="not among"):
        webhook.verify(notice.headers, notice.body, with_keys(known | {"kid": "next"}), now=clock.wall())


@pytest.mark.parametrize(
    "jwks",
    ["", "{}", "[]", "null", "not json", '{"keys": 3}', '{"keys": [{"kid": "x"}]}', '{"keys": [{"e": 1, "n": 2}]}'],
)
def test_without_usable_keys_nothing_is_believed(notice, jwks):
    with pytest.raises(errors.BadSignature):
        webhook.verify(notice.headers, notice.body, ShipEngineSettings(jwks=jwks), now=clock.wall())


def test_a_short_key_is_no_key(notice, settings_struct):
    known = json.loads(settings_struct.jwks)["keys"][0]
    numbers = rsa.generate_private_key(public_exponent=65537, key_size=1024).public_key().public_numbers()
    short = known | {"n": base64.urlsafe_b64encode(numbers.n.to_bytes(128, "big")).decode()}
    assert webhook.public_keys(json.dumps({"keys": [short]})) == {}


def test_no_mutated_signature_is_believed(notice, settings_struct):
    chance = random.Random(7)
    good = base64.b64decode(notice.headers[webhook.SIGNATURE])
    for _ in range(2000):
        bad = bytearray(good)
        bad[chance.randrange(len(bad))] ^= 1 << chance.randrange(8)
        headers = notice.headers | {webhook.SIGNATURE: base64.b64encode(bytes(bad)).decode()}
        with pytest.raises(errors.BadSignature):
            webhook.verify(headers, notice.body, settings_struct, now=clock.wall())
    webhook.verify(notice.headers, notice.body, settings_struct, now=clock.wall())  # the guard is the signature's


@pytest.mark.parametrize("shift", [-301, 301])
def test_the_window_is_five_minutes_by_the_signed_timestamp(notice, settings_struct, shift):
    signed_at = datetime.fromisoformat(notice.headers[webhook.TIMESTAMP])
    with pytest.raises(errors.BadSignature, match="five minutes"):
        webhook.verify(notice.headers, notice.body, settings_struct, now=signed_at + timedelta(seconds=shift))
    webhook.verify(notice.headers, notice.body, settings_struct, now=signed_at + timedelta(seconds=shift // 301 * 300))
