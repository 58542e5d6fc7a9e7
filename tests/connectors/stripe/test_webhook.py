"""Only a fresh v1 signature by one of our secrets is believed, and nothing is parsed before that."""

import json
import random
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace
from stripe import WebhookSignature

from apps.connectors.stripe import webhook
from apps.connectors.stripe.settings import StripeSettings
from apps.core import clock
from apps.hub import errors
from apps.hub.abilities import Event
from apps.sandbox.stripe import signature

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
STAMP = int(NOW.timestamp())
SETTINGS = StripeSettings(webhook_secret="whsec_new", webhook_secret_old="whsec_old")
BODY = json.dumps(
    {
        "id": "evt_1", "object": "event", "type": "payment_intent.succeeded", "created": STAMP - 5,
        "data": {"object": {"id": "pi_1", "object": "payment_intent", "amount": 5400, "note": "割れ"}},
    },
    ensure_ascii=False,
).encode()  # fmt: skip


def signed(body=BODY, *, secret="whsec_new", at=STAMP):
    """Headers as Stripe's own library signs."""
    return {"stripe-signature": WebhookSignature.generate_signature_header(body.decode(), secret, at)}


def is_believed(headers, body=BODY, *, settings=SETTINGS, now=NOW):
    try:
        webhook.verify(headers, body, settings, now=now)
    except errors.BadSignature:
        return False
    return True


def test_what_stripe_itself_signs_is_believed():
    assert is_believed(signed())


def test_the_stand_in_signs_as_stripe_does():
    assert signed()["stripe-signature"] == f"t={STAMP},v1={signature('whsec_new', str(STAMP), BODY)}"


def test_both_secrets_count_while_one_is_rolled():
    assert is_believed(signed(secret="whsec_old"))
    assert not is_believed(signed(secret="whsec_old"), settings=replace(SETTINGS, webhook_secret_old=""))


def test_one_good_signature_among_several_is_enough():
    good = signed()["stripe-signature"].partition(",v1=")[2]
    assert is_believed({"stripe-signature": f"t={STAMP},v1={'0' * 64},v1={good},v0=abc"})


@pytest.mark.parametrize(("seconds", "believed"), [(0, True), (300, True), (-300, True), (301, False), (-301, False)])
def test_the_window_is_five_minutes_of_wall_time_either_way(seconds, believed):
    assert is_believed(signed(), now=NOW + timedelta(seconds=seconds)) is believed


def test_a_replay_after_a_day_is_refused():
    assert not is_believed(signed(), now=NOW + timedelta(days=1))


@pytest.mark.parametrize("secret", ["", "   "])
def test_without_a_secret_nothing_is_believed(secret):
    empty = StripeSettings(webhook_secret=secret, webhook_secret_old=secret)
    forged = {"stripe-signature": f"t={STAMP},v1={signature(secret, str(STAMP), BODY)}"}
    assert not is_believed(forged, settings=empty)


def test_v0_is_not_a_signature():
    good = signed()["stripe-signature"].replace("v1=", "v0=")
    assert not is_believed({"stripe-signature": good})


@pytest.mark.parametrize(
    "header",
    [
        "", "t", "t=", "v1=", f"t={STAMP}", f"t={STAMP},v1=", "t=,v1=00", "t=soon,v1=00", f"t=-{STAMP},v1=00",
        f"t={STAMP},t={STAMP},v1=00", "t=" + "9" * 400 + ",v1=00", f"t={STAMP},v1=" + "a" * 5000, "t=١٢٣,v1=00",
        f"t={STAMP},v1=é", "=,=,=", ",,,,",
    ],
)  # fmt: skip
def test_a_header_that_is_none_is_refused_and_never_more_than_refused(header):
    assert not is_believed({"stripe-signature": header})


def test_a_missing_header_is_refused():
    assert not is_believed({})


def test_two_times_are_refused_even_with_a_good_signature():
    good = signed()["stripe-signature"]
    assert not is_believed({"stripe-signature": f"{good},t={STAMP + 1}"})


def test_every_mutation_of_body_time_or_signature_is_refused():
    header = signed()["stripe-signature"]
    dice = random.Random(20261123)
    believed = 0
    for _ in range(10_000):
        body, changed = bytearray(BODY), header
        if dice.random() < 0.5:
            body[dice.randrange(len(body))] ^= 1 << dice.randrange(8)
        else:
            place = dice.randrange(2, len(header))
            letter = dice.choice([one for one in "0123456789abcdef" if one != header[place].lower()])
            changed = header[:place] + letter + header[place + 1 :]
        believed += is_believed({"stripe-signature": changed}, bytes(body))
    assert believed == 0
    assert is_believed({"stripe-signature": header})  # the control: without a mutation it is believed


def test_bytes_that_are_no_text_are_verified_as_bytes():
    raw = b"\xff\xfe\x00"
    headers = {"stripe-signature": f"t={STAMP},v1={signature('whsec_new', str(STAMP), raw)}"}
    assert is_believed(headers, raw)
    assert not is_believed(headers, raw + b"\x00")


# Events


def test_an_event_is_one_event_with_its_payment():
    assert webhook.events({}, BODY, received_at=NOW) == [
        Event("evt_1", "payment_intent.succeeded", NOW - timedelta(seconds=5), BODY, "payment:pi_1")
    ]


@pytest.mark.parametrize(
    ("thing", "subject"),
    [
        ({"id": "pi_1", "object": "payment_intent"}, "payment:pi_1"),
        ({"id": "re_1", "object": "refund", "payment_intent": "pi_1"}, "payment:pi_1"),
        ({"id": "ch_1", "object": "charge", "payment_intent": {"id": "pi_1"}}, "payment:pi_1"),
        ({"id": "re_1", "object": "refund", "payment_intent": None}, "refund:re_1"),
        ({"id": "po_1", "object": "payout"}, "payout:po_1"),
        ({}, ":"),
    ],
)
def test_events_of_one_payment_are_seen_together(thing, subject):
    body = json.dumps({"id": "evt_2", "type": "x.y", "created": STAMP, "data": {"object": thing}}).encode()
    assert webhook.events({}, body, received_at=NOW)[0].subject == subject


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"null", b"7", b'"evt"', b"\xff", b"{}", b'{"id": 1, "type": "x", "created": 1}',
        b'{"id": "e", "type": "x", "created": "now", "data": {"object": {}}}',
        b'{"id": "e", "type": "x", "created": 1e300, "data": {"object": {}}}',
        b'{"id": "e", "type": "x", "created": 99999999999999, "data": {"object": {}}}',
        b'{"id": "e", "type": "x", "created": 1, "data": {"object": 7}}',
        b'{"id": "", "type": "x", "created": 1, "data": {"object": {}}}',
        b'{"id": "' + b"e" * 201 + b'", "type": "x", "created": 1, "data": {"object": {}}}',
        b'{"id": "e", "type": "' + b"t" * 81 + b'", "created": 1, "data": {"object": {}}}',
        b'{"id":"e","type":"x","created":1,"data":' * 500,
    ],
)  # fmt: skip
def test_signed_rubbish_is_unreadable_and_never_more_than_that(body):
    with pytest.raises(errors.Unreadable):
        webhook.events({}, body, received_at=NOW)


def test_a_notice_of_the_stand_in_goes_the_whole_way(stand, connector, checkout, notice):
    """Signed by wall time, verified, cut into its event, read as the payment's record."""
    payment = checkout(4200)["payment"]
    body = notice(f"payment:{payment}", "payment_intent.amount_capturable_updated")
    stamp = str(int(clock.wall().timestamp()))
    headers = {"stripe-signature": f"t={stamp},v1={signature('whsec_canary', stamp, body)}"}
    webhook.verify(headers, body, connector.settings, now=clock.wall())
    (event,) = webhook.events(headers, body, received_at=clock.now())
    (fact,) = connector.read(event.topic, event.raw)
    assert (event.subject, fact.provider_id, fact.status, fact.authorised_minor) == (
        f"payment:{payment}", payment, "authorised", 4200,
    )  # fmt: skip
