"""Requests are built so, answers are read so: pure, and money is never a float."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from apps.connectors.shipengine import codes, mapping
from apps.connectors.shipengine.settings import ShipEngineSettings
from apps.hub import contracts as c
from apps.hub import errors
from tests.connectors.suites.label import SHIP_FROM, request_for

DAY = date(2026, 11, 23)
SETTINGS = ShipEngineSettings(carrier_ids=("se-1", "se-2"), default_service="yu_pack")
SHIP_TO_WRITTEN = {
    "name": "山田 花子",
    "phone": "06-1234-5678",
    "address_line1": "梅田3-1-3",
    "address_line2": "くろこビル 5F",
    "city_locality": "大阪市北区",
    "state_province": "大阪府",
    "postal_code": "530-0001",
    "country_code": "JP",
}
SHIP_FROM_WRITTEN = {
    "name": "くろこ商店",
    "phone": "03-1234-5678",
    "address_line1": "渋谷2-1-1",
    "city_locality": "渋谷区",
    "state_province": "東京都",
    "postal_code": "150-0002",
    "country_code": "JP",
}


def test_a_purchase_is_built_so():
    request = request_for(
        "P-1001-1",
        parcel=c.Parcel(weight_g=1200, length_mm=305, width_mm=200, height_mm=100),
        order_number="#1001",
        lines=(c.FulfilmentLine(line_external_id="L1", sku="KUR-01", quantity=2),),
    )
    assert mapping.label_request(request, SETTINGS, ship_date=DAY) == {
        "shipment": {
            "carrier_id": "se-1",
            "service_code": "yu_pack",
            "external_shipment_id": "P-1001-1",
            "external_order_id": "#1001",
            "ship_date": "2026-11-23T00:00:00Z",
            "ship_to": SHIP_TO_WRITTEN,
            "ship_from": SHIP_FROM_WRITTEN,
            "packages": [
                {
                    "weight": {"value": 1200, "unit": "gram"},
                    "dimensions": {
                        "unit": "centimeter",
                        "length": Decimal("30.5"),
                        "width": Decimal(20),
                        "height": Decimal(10),
                    },
                }
            ],
            "items": [{"name": "KUR-01", "sku": "KUR-01", "quantity": 2, "external_order_item_id": "L1"}],
        },
        "label_format": "pdf",
        "label_layout": "4x6",
        "label_download_type": "url",
        "validate_address": "no_validation",
    }


def test_a_question_for_rates_is_built_so():
    assert mapping.rates_request(request_for("P-1"), SETTINGS, ship_date=DAY) == {
        "rate_options": {"carrier_ids": ["se-1", "se-2"]},
        "shipment": {
            "ship_date": "2026-11-23T00:00:00Z",
            "ship_to": SHIP_TO_WRITTEN,
            "ship_from": SHIP_FROM_WRITTEN,
            "packages": [{"weight": {"value": 1200, "unit": "gram"}}],
        },
    }
    asked = mapping.rates_request(request_for("P-1", service="se-7:letter"), SETTINGS, ship_date=DAY)
    assert asked["rate_options"] == {"carrier_ids": ["se-7"], "service_codes": ["letter"]}


@pytest.mark.parametrize(
    ("minor", "currency", "amount"), [(3300, "JPY", Decimal(3300)), (1999, "USD", Decimal("19.99"))]
)
def test_cash_on_delivery_is_written_in_major_units(minor, currency, amount):
    request = request_for("P-1", cash_on_delivery_minor=minor, currency=currency)
    shipment = mapping.label_request(request, SETTINGS, ship_date=DAY)["shipment"]
    assert shipment["advanced_options"] == {
        "collect_on_delivery": {
            "payment_type": "any",
            "payment_amount": {"currency": currency.lower(), "amount": amount},
        }
    }


@pytest.mark.parametrize(
    ("service", "expected"),
    [("se-9:express", ("se-9", "express")), ("express", ("se-1", "express")), ("", ("se-1", "yu_pack"))],
)
def test_a_service_names_its_carrier_or_takes_the_first(service, expected):
    shipment = mapping.label_request(request_for("P-1", service=service), SETTINGS, ship_date=DAY)["shipment"]
    assert (shipment["carrier_id"], shipment["service_code"]) == expected


@pytest.mark.parametrize("settings", [ShipEngineSettings(), ShipEngineSettings(carrier_ids=("se-1",))])
def test_without_carrier_or_service_the_connection_is_misconfigured(settings):
    with pytest.raises(errors.Misconfigured):
        mapping.label_request(request_for("P-1"), settings, ship_date=DAY)


@pytest.mark.parametrize("reference", ["", "P" * 51])
def test_a_reference_that_the_vendor_would_cut_is_refused(reference):
    with pytest.raises(errors.Permanent):
        mapping.label_request(request_for(reference), SETTINGS, ship_date=DAY)


def test_a_sender_without_a_street_is_the_one_of_the_settings():
    settings = ShipEngineSettings(carrier_ids=("se-1",), default_service="x", ship_from=SHIP_FROM)
    shipment = mapping.label_request(request_for("P-1", ship_from=c.Address()), settings, ship_date=DAY)["shipment"]
    assert shipment["ship_from"] == SHIP_FROM_WRITTEN


def test_a_sender_without_a_phone_borrows_that_alone():
    settings = ShipEngineSettings(carrier_ids=("se-1",), default_service="x", ship_from=SHIP_FROM)
    bare = c.Address(name="倉庫", postal_code="1", country="jp", region="千葉県", city="市川市", line1="1-1")
    shipment = mapping.label_request(request_for("P-1", ship_from=bare), settings, ship_date=DAY)["shipment"]
    assert shipment["ship_from"] == {
        "name": "倉庫",
        "phone": "03-1234-5678",
        "address_line1": "1-1",
        "city_locality": "市川市",
        "state_province": "千葉県",
        "postal_code": "1",
        "country_code": "JP",
    }


def test_a_country_without_regions_repeats_the_city():
    abroad = c.Address(name="A", postal_code="SW1A 1AA", country="GB", city="London", line1="1 Mall")
    shipment = mapping.label_request(request_for("P-1", ship_to=abroad), SETTINGS, ship_date=DAY)["shipment"]
    assert shipment["ship_to"]["state_province"] == "London"


def test_what_an_address_lacks_is_named():
    with pytest.raises(
        errors.Permanent, match=r"the customer's address lacks address_line1, postal_code, country_code"
    ):
        mapping.label_request(request_for("P-1", ship_to=c.Address(name="A", city="B")), SETTINGS, ship_date=DAY)
    with pytest.raises(errors.Permanent, match=r"the sender's address lacks phone"):
        mapping.label_request(
            request_for("P-1", ship_from=c.Address(name="A", city="B", line1="C", postal_code="D", country="JP")),
            SETTINGS,
            ship_date=DAY,
        )


ANSWER = {
    "label_id": "se-123", "status": "completed", "external_shipment_id": "P-1", "carrier_id": "se-1",
    "carrier_code": "stamps_com", "service_code": "usps_priority_mail", "tracking_number": "9405511899223197428490",
    "shipment_cost": {"currency": "usd", "amount": Decimal("7.33")}, "insurance_cost": {"currency": "usd", "amount": 0},
    "voided": False, "label_download": {"pdf": "https://x/label.pdf", "href": "https://x/label"},
}  # fmt: skip


def test_a_label_is_read_so():
    assert mapping.label(ANSWER) == c.Label(
        reference="P-1", label_id="se-123", tracking_number="9405511899223197428490", carrier="stamps_com",
        service="se-1:usps_priority_mail", cost_minor=733, currency="USD", status="bought",
        document_url="https://x/label.pdf",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ({"voided": True}, "voided"),
        ({"status": "voided"}, "voided"),
        ({"status": "processing"}, "bought"),
        ({"status": "error"}, c.UNKNOWN),
        ({"status": "from_mars"}, c.UNKNOWN),
    ],
)
def test_a_label_s_status_is_read_so(answer, status):
    assert mapping.label(ANSWER | answer).status == status


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [(Decimal("7.335"), "usd", 734), (820, "jpy", 820), (Decimal("1.234"), "bhd", 1234), (Decimal("0.10"), "eur", 10)],
)
def test_costs_are_minor_units_of_their_currency(amount, currency, minor):
    cost = {"currency": currency, "amount": amount}
    label = mapping.label(ANSWER | {"shipment_cost": cost, "insurance_cost": {"currency": currency, "amount": 0}})
    assert (label.cost_minor, label.currency) == (minor, currency.upper())


def test_carriage_and_insurance_are_one_cost():
    cost = {"currency": "usd", "amount": Decimal("1.25")}
    assert mapping.label(ANSWER | {"insurance_cost": cost}).cost_minor == 733 + 125


def rate(amount: str, **more):
    zero = {"currency": "usd", "amount": 0}
    return {
        "carrier_id": "se-1", "service_code": "s", "carrier_code": "usps", "delivery_days": 3,
        "shipping_amount": {"currency": "usd", "amount": Decimal(amount)}, "insurance_amount": zero,
        "confirmation_amount": {"currency": "usd", "amount": Decimal("0.05")}, "other_amount": zero,
        "validation_status": "valid", "error_messages": [],
    } | more  # fmt: skip


def test_rates_are_read_so():
    answer = {
        "rate_response": {
            "rates": [
                rate("9.10"),
                rate("3.00", service_code="cheap"),
                rate("1.00", validation_status="invalid"),
                rate("2.00", error_messages=["too heavy"]),
            ]
        }
    }
    assert mapping.rates(answer) == [
        c.Rate(service="se-1:cheap", carrier="usps", amount_minor=305, currency="USD", days=3),
        c.Rate(service="se-1:s", carrier="usps", amount_minor=915, currency="USD", days=3),
    ]


def test_a_void_is_read_so():
    request = c.VoidLabel(reference="P-1", label_id="se-123")
    expected = c.Label(
        reference="P-1", label_id="se-123", tracking_number="", carrier="", service="", cost_minor=0, currency="",
        status="voided",
    )  # fmt: skip
    assert mapping.voided(request, {"approved": True, "message": "ok"}) == expected
    again = {"approved": False, "message": "was voided", "reason_code": "label_already_voided"}
    assert mapping.voided(request, again) == expected
    for reason in ("label_already_used", "contact_carrier", "from_mars"):
        with pytest.raises(errors.Permanent, match="not this one"):
            mapping.voided(request, {"approved": False, "message": "not this one", "reason_code": reason})


@pytest.mark.parametrize(
    ("code", "detail", "word"),
    [
        ("AC", "", "accepted"), ("IT", "HUB_SCAN_IN", "in_transit"), ("DE", "DELIVERED", "delivered"),
        ("AT", "", "attempted"), ("SP", "DELIVERED_TO_PICKUP_POINT", "in_transit"), ("EX", "", c.UNKNOWN),
        ("EX", "PARCEL_LOST", "lost"), ("EX", "RETURN_TO_SENDER", "returned"), ("EX", "CARRIER_DELAYS", c.UNKNOWN),
        ("NY", "", c.UNKNOWN), ("UN", "", c.UNKNOWN), ("ZZ", "", c.UNKNOWN), ("", "", c.UNKNOWN),
    ],
)  # fmt: skip
def test_words_of_a_step(code, detail, word):
    assert codes.track_status(code, detail) == word


def test_steps_are_read_oldest_first_with_their_raw_words():
    answer = {
        "tracking_number": "EN1",
        "events": [
            {"occurred_at": "2026-11-25T09:00:00Z", "status_code": "EX", "status_detail_code": "PARCEL_LOST"},
            {
                "occurred_at": "2026-11-23T09:00:00",
                "status_code": "AC",
                "description": "Accepted",
                "city_locality": "渋谷区",
            },
            {"occurred_at": "2026-11-24T09:00:00+09:00", "status_code": "QQ"},
            {"status_code": "IT"},
        ],
    }
    assert mapping.track_events(answer) == [
        c.TrackEvent(
            tracking_number="EN1", status="accepted", at=datetime(2026, 11, 23, 9, tzinfo=UTC), raw_status="AC",
            detail="Accepted, 渋谷区",
        ),
        c.TrackEvent(
            tracking_number="EN1", status=c.UNKNOWN, at=datetime(2026, 11, 24, 0, tzinfo=UTC), raw_status="QQ"
        ),
        c.TrackEvent(
            tracking_number="EN1", status="lost", at=datetime(2026, 11, 25, 9, tzinfo=UTC), raw_status="EX PARCEL_LOST"
        ),
    ]  # fmt: skip


def test_a_delivery_told_without_steps_is_one_step():
    answer = {
        "tracking_number": "EN1", "status_code": "DE", "actual_delivery_date": "2026-11-25T09:00:00Z", "events": []
    }  # fmt: skip
    assert [(step.status, step.at) for step in mapping.track_events(answer)] == [
        ("delivered", datetime(2026, 11, 25, 9, tzinfo=UTC))
    ]
    assert mapping.track_events(answer | {"status_code": "NY"}) == []
