"""A push is believed only when it is signed, now, by who holds the secret; the same file is the same notice."""

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest

from apps.connectors.csv import mapping, webhook
from apps.connectors.csv.settings import CsvSettings
from apps.hub.errors import BadSignature, Unreadable
from tests.connectors.csv.builders import AT, HEADER, ROW, sheet, source

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
BODY = sheet(HEADER, ROW, encoding="cp932")
SETTINGS = CsvSettings(push_secret="new-secret", push_secret_old="old-secret")


def headers(secret: str = "new-secret", *, name: str = "a.csv", kind: str = "orders", at: datetime = NOW, body=BODY):
    stamp = str(int(at.timestamp()))
    return {
        "x-kurogo-file": name,
        "x-kurogo-kind": kind,
        "x-kurogo-timestamp": stamp,
        "x-kurogo-signature": webhook.signature(secret, timestamp=stamp, name=name, kind=kind, body=body),
    }


def test_the_signature_is_the_one_that_openssl_makes():
    made = webhook.signature("secret", timestamp="1", name="a.csv", kind="stock", body=b"sku,quantity\n")
    # printf '1.a.csv.stock.sku,quantity\n' | openssl dgst -sha256 -hmac secret
    assert made == "027ad56b622d502ffccd3eaf17fa9753ea7e97baa5f692efa803ade3c1fcba7d"


@pytest.mark.parametrize("secret", ["new-secret", "old-secret"])
def test_either_secret_is_good_while_they_change(secret):
    webhook.verify(headers(secret), BODY, SETTINGS, now=NOW)


@pytest.mark.parametrize("seconds", [-300, 300])
def test_inside_the_window(seconds):
    webhook.verify(headers(at=NOW + timedelta(seconds=seconds)), BODY, SETTINGS, now=NOW)


@pytest.mark.parametrize("seconds", [-301, 301])
def test_outside_the_window(seconds):
    with pytest.raises(BadSignature, match="window"):
        webhook.verify(headers(at=NOW + timedelta(seconds=seconds)), BODY, SETTINGS, now=NOW)


@pytest.mark.parametrize(
    "change",
    [{"x-kurogo-file": "b.csv"}, {"x-kurogo-kind": "stock"}, {"x-kurogo-timestamp": "1795395601"},
     {"x-kurogo-signature": ""}, {"x-kurogo-signature": "ü"}, {"x-kurogo-timestamp": "soon"}, {"x-kurogo-timestamp": "٣"}],
)  # fmt: skip
def test_a_changed_header_is_refused(change):
    with pytest.raises(BadSignature):
        webhook.verify(headers() | change, BODY, SETTINGS, now=NOW)


def test_a_changed_body_is_refused():
    with pytest.raises(BadSignature):
        webhook.verify(headers(), BODY + b"\n", SETTINGS, now=NOW)


def test_another_secret_is_refused():
    with pytest.raises(BadSignature):
        webhook.verify(headers("guessed"), BODY, SETTINGS, now=NOW)


def test_a_connection_without_a_secret_takes_nothing():
    with pytest.raises(BadSignature, match="no push secret"):
        webhook.verify(headers(""), BODY, CsvSettings(), now=NOW)


def test_a_push_is_one_notice_that_reads_back_as_its_file():
    (event,) = webhook.events(headers(), BODY, received_at=AT)
    assert (event.topic, event.subject, event.at, len(event.id)) == ("file/orders", "file:a.csv", AT, 64)
    assert mapping.source_file(event.topic, event.raw) == source(BODY)


def test_a_name_in_japanese_travels_percent_encoded():
    (event,) = webhook.events(headers(name=quote("受注.csv")), BODY, received_at=AT)
    assert event.subject == "file:受注.csv"


def test_the_same_file_is_the_same_notice_whenever_and_however_it_comes():
    (pushed,) = webhook.events(headers(), BODY, received_at=AT)
    (again,) = webhook.events(headers("old-secret", at=NOW + timedelta(seconds=9)), BODY, received_at=NOW)
    assert {pushed.id, again.id, mapping.file_event(source(BODY)).id} == {pushed.id}


@pytest.mark.parametrize(
    "other", [{"name": "b.csv"}, {"kind": "stock"}, {"body": BODY + b"\n"}, {"name": "a.csvo", "kind": "rders"}]
)
def test_another_file_is_another_notice(other):
    said = {"name": "a.csv", "kind": "orders", "body": BODY} | other
    (event,) = webhook.events(headers(**said), said["body"], received_at=AT)
    assert event.id != mapping.file_event(source(BODY)).id


def test_an_unknown_kind_is_kept_and_then_unreadable():
    (event,) = webhook.events(headers(kind="invoices"), BODY, received_at=AT)
    assert event.topic == "file/invoices"
    with pytest.raises(Unreadable, match="invoices"):
        mapping.source_file(event.topic, event.raw)


@pytest.mark.parametrize("name", ["", "../a.csv", "a/b.csv", "a\\b.csv", "x" * 151, "a%00.csv", "a%0A.csv"])
def test_a_name_that_is_none_is_unreadable(name):
    with pytest.raises(Unreadable):
        webhook.events(headers(name=name), BODY, received_at=AT)


@pytest.mark.parametrize("kind", ["", "or ders", "x" * 41, "注文"])
def test_a_kind_that_is_none_is_unreadable(kind):
    with pytest.raises(Unreadable):
        webhook.events(headers(kind=kind), BODY, received_at=AT)


@pytest.mark.parametrize(("topic", "raw"), [("file/orders", b"{}"), ("orders/create", b""), ("file/stock", None)])
def test_a_notice_that_holds_no_file_is_unreadable(topic, raw):
    with pytest.raises(Unreadable):
        mapping.source_file(topic, mapping.file_event(source(BODY)).raw if raw is None else raw)
