"""The connector on the real stand-in: called so, answers and errors parsed so, and what the vendor's ledger says."""

import json
from datetime import timedelta
from uuid import uuid4

import httpx2
import pytest

from apps.connectors.shipengine.connector import ShipEngineConnector
from apps.connectors.shipengine.settings import ShipEngineSettings
from apps.core import clock, net
from apps.hub import contracts as c
from apps.hub import errors
from apps.hub.abilities import Once
from apps.hub.registry import connect, manifest
from apps.sandbox.shipengine import API_KEY
from tests.connectors.suites.label import LabelSuite, request_for
from tests.connectors.suites.tracking import TrackingSuite

WRONG_KEY = "TEST_wrong_but_secret"


def settings_for(stand, **more) -> ShipEngineSettings:
    said = {
        "api_key": API_KEY,
        "base_url": stand.url("shipengine"),
        "carrier_ids": ("se-100001", "se-100002"),
        "default_service": "japan_post_yu_pack",
    }
    return ShipEngineSettings(**(said | more))


@pytest.fixture
def connector(stand):
    return connect("shipengine", settings_for(stand), uuid4())


@pytest.fixture
def misconfigured(stand):
    return ShipEngineConnector(settings_for(stand, api_key=WRONG_KEY), uuid4())


@pytest.fixture
def sold(stand):
    return lambda: stand.told("shipengine/count")["sold"]


@pytest.fixture
def misbehave(stand):
    return lambda what: stand.told("misbehave", slug="shipengine", what=what)


class TestLabelSuite(LabelSuite):
    slug = "shipengine"

    @pytest.fixture
    def secret(self):
        return WRONG_KEY


class TestTrackingSuite(TrackingSuite):
    slug = "shipengine"

    @pytest.fixture
    def label(self, connector, stand):
        label = connector.buy_label(request_for(f"track-{uuid4()}"), "key")
        for code in ("AC", "IT"):
            told = stand.told("shipengine/report", tracking_number=label.tracking_number, code=code)
            assert told == {"told": True}
        return label

    @pytest.fixture
    def unknown_word(self):
        event = {"occurred_at": "2026-11-23T09:00:00Z", "status_code": "ZZ", "status_detail_code": "TELEPORTED"}
        data = {"tracking_number": "EN1", "status_code": "ZZ", "events": [event]}
        return "API_TRACK", json.dumps({"resource_type": "API_TRACK", "data": data}).encode()


def heard(stand) -> list[tuple[str, str]]:
    return [(ask.method, ask.path) for ask in stand.heard]


def test_each_operation_is_called_so(connector, stand):
    label = connector.buy_label(request_for("call 1/日"), "key")
    connector.rates(request_for("call-1"))
    connector.find_label(request_for("call 1/日"))
    connector.track(label)
    connector.track(c.Label(**{name: getattr(label, name) for name in label.__slots__} | {"label_id": ""}))
    connector.void_label(c.VoidLabel(reference="call-1", label_id=label.label_id), "key")
    connector.check()
    assert heard(stand) == [
        ("POST", "/v1/labels"),
        ("POST", "/v1/rates"),
        ("GET", "/v1/labels/external_shipment_id/call 1/日"),
        ("GET", f"/v1/labels/{label.label_id}/track"),
        ("GET", "/v1/tracking"),
        ("PUT", f"/v1/labels/{label.label_id}/void"),
        ("GET", "/v1/carriers"),
    ]
    assert {ask.headers["api-key"] for ask in stand.heard} == {API_KEY}
    assert stand.heard[4].query == {"carrier_code": "japan_post", "tracking_number": label.tracking_number}
    assert stand.heard[0].headers["content-type"] == "application/json"
    assert [ask.body for ask in stand.heard[2:]] == [b""] * 5


def test_a_label_of_the_stand_in_is_parsed_so(connector):
    label = connector.buy_label(request_for("parse-1"), "key")
    assert label == c.Label(
        reference="parse-1", label_id=label.label_id, tracking_number=label.tracking_number, carrier="japan_post",
        service="se-100001:japan_post_yu_pack", cost_minor=940, currency="JPY", status="bought",
        document_url=f"https://api.shipengine.com/v1/downloads/10/{label.label_id}/label.pdf",
    )  # fmt: skip


def test_rates_of_the_stand_in_are_parsed_so(connector):
    assert connector.rates(request_for("parse-2", service="se-100002:royal_mail_tracked_24")) == [
        c.Rate(
            service="se-100002:royal_mail_tracked_24", carrier="royal_mail", amount_minor=535, currency="GBP", days=1
        )
    ]


def test_buying_twice_would_be_two_labels(connector, stand):
    """The vendor has no idempotency key: what keeps us from it is asking first, so the oracle must show it."""
    before = stand.told("shipengine/count")
    connector.buy_label(request_for("twice-1"), "same-key")
    connector.buy_label(request_for("twice-1"), "same-key")
    after = stand.told("shipengine/count")
    assert (after["sold"] - before["sold"], after["doubled"] - before["doubled"]) == (2, 1)
    assert dict(manifest("shipengine").once) == {"label.buy": Once.NATURAL_KEY, "label.void": Once.NATURAL_KEY}


def test_a_used_label_is_not_voided(connector, stand):
    label = connector.buy_label(request_for("used-1"), "key")
    stand.told("shipengine/report", tracking_number=label.tracking_number, code="AC")
    with pytest.raises(errors.Permanent, match="has been used"):
        connector.void_label(c.VoidLabel(reference="used-1", label_id=label.label_id), "key")


def test_refusals_are_parsed_so(connector, stand):
    with pytest.raises(errors.Permanent, match="No service teleport"):
        connector.buy_label(request_for("no-1", service="se-100001:teleport"), "key")
    with pytest.raises(errors.Misconfigured, match="No carrier se-9"):
        connector.buy_label(request_for("no-2", service="se-9:x"), "key")
    with pytest.raises(errors.Permanent, match="knows nothing"):
        connector.void_label(c.VoidLabel(reference="no-3", label_id="se-999999"), "key")


def test_a_private_address_is_misconfigured(connector, settings):
    settings.PRIVATE_PEERS = []
    with pytest.raises(errors.Misconfigured, match="own network"):
        connector.find_label(request_for("in-1"))


def test_nobody_at_home_is_transient_and_sent_nothing(settings):
    settings.PRIVATE_PEERS = ["127.0.0.1:1"]
    away = ShipEngineConnector(
        ShipEngineSettings(base_url="http://127.0.0.1:1", carrier_ids=("se-1",), default_service="x"), uuid4()
    )
    with pytest.raises(errors.Transient) as caught:
        away.buy_label(request_for("away-1"), "key")
    assert not caught.value.sent


def test_its_health_names_the_carriers(connector, stand):
    assert connector.check() == {
        "se-100001": "Japan Post (stand-in)",
        "se-100002": "Royal Mail (stand-in)",
        "se-100003": "USPS (stand-in)",
    }
    with pytest.raises(errors.Misconfigured, match="se-7"):
        ShipEngineConnector(settings_for(stand, carrier_ids=("se-7",)), uuid4()).check()


ODD_ANSWERS = [
    (404, b"<h1>nginx</h1>", errors.Permanent),
    (302, b"", errors.Misconfigured),
    (403, b'{"errors":[{"message":"no"}]}', errors.Misconfigured),
    (400, b"not json", errors.Permanent),
    (400, b'{"errors":[{"error_code":"insufficient_funds","message":"top up"}]}', errors.Misconfigured),
    (400, b'{"errors":[{"error_code":"rate_limit_exceeded","message":"USPS"}]}', errors.RateLimited),
    (409, b'{"errors":[{"error_code":"unknown","message":"there"}]}', errors.Permanent),
    (200, b"[]", errors.Transient),
    (200, b'{"label_id": "se-1"}', errors.Transient),
    (200, b'{"errors": 3}', errors.Transient),
    (502, b"", errors.Transient),
]


@pytest.mark.parametrize(("status", "body", "expected"), ODD_ANSWERS)
def test_odd_answers_are_parsed_so(connector, monkeypatch, status, body, expected):
    def answer(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(status, content=body)

    monkeypatch.setattr(net._local, "client", httpx2.Client(transport=httpx2.MockTransport(answer)), raising=False)
    with pytest.raises(expected):
        connector.buy_label(request_for("odd-1"), "key")


@pytest.mark.parametrize(("retry_after", "seconds"), [("7", 7.0), ("", None), ("Wed, 21 Oct 2026 07:28:00 GMT", None)])
def test_a_limit_s_patience_is_parsed_so(connector, monkeypatch, retry_after, seconds):
    def answer(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(429, headers={"Retry-After": retry_after})

    monkeypatch.setattr(net._local, "client", httpx2.Client(transport=httpx2.MockTransport(answer)), raising=False)
    with pytest.raises(errors.RateLimited) as caught:
        connector.rates(request_for("odd-2"))
    assert caught.value.retry_after == seconds


def test_a_reference_that_is_taken_answers_its_label(connector, monkeypatch):
    """The vendor's pages say that an external_shipment_id is unique; then the label is there, and it is ours."""
    bought = connector.buy_label(request_for("taken-1"), "key")
    real = net._client()

    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.method == "POST":
            refusal = b'{"errors":[{"error_code":"identifier_conflict","message":"must be unique"}]}'
            return httpx2.Response(400, content=refusal)
        found = real.get(str(request.url), headers={"api-key": API_KEY})
        return httpx2.Response(200, content=found.content)

    monkeypatch.setattr(net._local, "client", httpx2.Client(transport=httpx2.MockTransport(answer)), raising=False)
    assert connector.buy_label(request_for("taken-1"), "key") == bought


class TestParcelsWay:
    """Business time moves a parcel; the file of the clock is the stand-in's, too."""

    @pytest.fixture
    def drive(self, tmp_path, settings):
        drive = clock.Drive(tmp_path / "clock", clock.wall())
        settings.CLOCK_FILE = str(tmp_path / "clock")
        return drive

    def test_a_parcel_is_delivered_after_two_days(self, stand, connector, drive):
        label = connector.buy_label(request_for("way-1"), "key")
        start = drive.now()
        seen = []
        for hours in (1, 4, 25, 49):
            drive.set(start + timedelta(hours=hours))
            stand.told("send_due")
            seen.append([step.status for step in connector.track(label)])
        assert seen == [
            [],
            ["accepted"],
            ["accepted", "in_transit"],
            ["accepted", "in_transit", "delivered"],
        ]

    def test_a_voided_label_goes_nowhere(self, stand, connector, drive):
        label = connector.buy_label(request_for("way-2"), "key")
        connector.void_label(c.VoidLabel(reference="way-2", label_id=label.label_id), "key")
        drive.set(drive.now() + timedelta(days=3))
        stand.told("send_due")
        assert list(connector.track(label)) == []
