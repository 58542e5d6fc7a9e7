"""The label seller's numbers check, its parcels go as planned, and its log says what left."""

import json
from collections import Counter
from pathlib import Path

import pytest

from apps.sandbox import shipengine_words as words
from apps.sandbox.shipengine import API_KEY, ShipEngineStandin
from apps.sandbox.world import Answer, Ask, Plan, World

ADDRESS = {
    "name": "A", "phone": "1", "address_line1": "1", "city_locality": "B", "state_province": "C", "postal_code": "1",
    "country_code": "JP",
}  # fmt: skip


def opened(folder: Path, seed: int | None = None) -> ShipEngineStandin:
    world = World(folder, Plan(seed))
    world.settle([ShipEngineStandin])
    return world.standins["shipengine"]


@pytest.fixture
def standin(tmp_path):
    standin = opened(tmp_path)
    yield standin
    standin.db.close()


def buy(standin: ShipEngineStandin, reference: str, **shipment) -> Answer:
    said = {
        "carrier_id": "se-100001", "service_code": "japan_post_yu_pack", "external_shipment_id": reference,
        "external_order_id": "#1", "ship_date": "2026-11-23", "ship_to": ADDRESS, "ship_from": ADDRESS,
        "packages": [{"weight": {"value": 500, "unit": "gram"}}], "items": [{"name": "K", "sku": "K", "quantity": 2}],
    } | shipment  # fmt: skip
    body = json.dumps({"shipment": said}).encode()
    return standin.handle(Ask("POST", "/v1/labels", {}, {"api-key": API_KEY}, body))


def log(standin: ShipEngineStandin, kind: str) -> list[dict]:
    rows = standin.db.execute("SELECT facts FROM dispatch WHERE kind = ? ORDER BY seq", (kind,))
    return [json.loads(row["facts"]) for row in rows]


def s10_is_valid(number: str) -> bool:
    """UPU S10-12, annex: written from the standard, not from the stand-in."""
    total = sum(int(digit) * weight for digit, weight in zip(number[2:10], [8, 6, 4, 2, 3, 5, 9, 7], strict=True))
    check = 11 - total % 11
    return int(number[10]) == (0 if check == 10 else 5 if check == 11 else check)


def usps_is_valid(number: str) -> bool:
    return sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(reversed(number))) % 10 == 0


@pytest.mark.parametrize(("carrier_id", "is_valid"), [("se-100001", s10_is_valid), ("se-100003", usps_is_valid)])
def test_tracking_numbers_carry_their_check_digit_and_never_repeat(carrier_id, is_valid):
    numbers = [words.CARRIERS[carrier_id].tracking_number(seq) for seq in range(20_000)]
    assert all(map(is_valid, numbers))
    assert len(set(numbers)) == len(numbers)


def test_the_check_digits_are_those_of_known_numbers():
    assert s10_is_valid("RB123456785GB")  # the standard's own example


def test_the_log_says_what_left_and_what_came_back(standin):
    buy(standin, "P-1")
    buy(standin, "P-1")
    standin.handle(Ask("PUT", "/v1/labels/se-2/void", {}, {"api-key": API_KEY}, b""))
    assert log(standin, "parcel") == [
        {"reference": "P-1", "order": "#1", "lines": {"K": 2}, "label": "se-1"},
        {"reference": "P-1", "order": "#1", "lines": {"K": 2}, "label": "se-2"},
    ]
    assert log(standin, "voided") == [{"reference": "P-1", "label": "se-2"}]
    assert standin.command("count", {}) == {"sold": 2, "references": 1, "doubled": 1, "voided": 1}


def test_the_earliest_label_of_a_reference_is_shown(standin):
    buy(standin, "P-1")
    buy(standin, "P-1")
    found = standin.handle(Ask("GET", "/v1/labels/external_shipment_id/P-1", {}, {"api-key": API_KEY}, b""))
    assert json.loads(found.body)["label_id"] == "se-1"


def test_a_purchase_has_one_identity_whatever_day_is_written_in_it(standin):
    ask = [
        Ask(
            "POST",
            "/v1/labels",
            {},
            {},
            json.dumps({"shipment": {"external_shipment_id": "P-1", "ship_date": day}}).encode(),
        )
        for day in ("2026-11-23", "2026-11-24")
    ]
    assert standin.thing_of(ask[0]) == standin.thing_of(ask[1]) == "label:P-1"
    assert standin.thing_of(Ask("POST", "/v1/labels", {}, {}, b"[")) != ""


def test_some_parcels_are_attempted_or_delayed_and_all_arrive(tmp_path):
    standin = opened(tmp_path, seed=7)
    for number in range(300):
        buy(standin, f"P-{number}")
    steps = Counter(json.loads(row["args"])["code"] for row in standin.db.execute("SELECT args FROM timer"))
    assert (steps["AC"], steps["IT"], steps["DE"]) == (300, 300, 300)
    assert 0 < steps["AT"] < 30
    assert 0 < steps["EX"] < 30
    standin.db.close()


def test_the_key_is_the_same_when_it_starts_again(tmp_path):
    first = opened(tmp_path)
    jwks = first.command("public_key", {})
    first.db.close()
    second = opened(tmp_path)
    assert second.command("public_key", {}) == jwks
    second.db.close()


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"shipment": 3}', b'{"shipment": {"packages": [{}]}}'])
def test_a_body_that_makes_no_sense_is_refused_as_the_vendor_does(standin, body):
    answer = standin.handle(Ask("POST", "/v1/labels", {}, {"api-key": API_KEY}, body))
    assert (answer.status, answer.body["errors"][0]["error_source"]) == (400, "shipengine")
