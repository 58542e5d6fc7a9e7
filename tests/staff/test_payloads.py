"""What a person may see of a body: the business of it, never who bought or what opens a door."""

import json

import pytest

from apps.staff.payloads import redacted

ORDER = {
    "id": 1001,
    "name": "#1001",
    "email": "rina@example.com",
    "note": "leave it with 加藤",
    "shippingAddress": {"firstName": "Rina", "address1": "1-2-3 Aoba", "zip": "422-8006", "countryCode": "JP"},
    "lineItems": [{"sku": "TEA-100", "quantity": 2, "title": "Tea, ask tea@example.com"}],
    "access_token": "shpat_123",
    "total_price": "1200",
}


def test_json_keeps_the_business_and_hides_the_person():
    shown = json.loads(redacted(json.dumps(ORDER).encode()))

    assert shown == {
        "id": 1001,
        "name": "•••",
        "email": "•••",
        "note": "•••",
        "shippingAddress": {"firstName": "•••", "address1": "•••", "zip": "•••", "countryCode": "JP"},
        "lineItems": [{"sku": "TEA-100", "quantity": 2, "title": "Tea, ask •••"}],
        "access_token": "•••",
        "total_price": "1200",
    }


def test_csv_hides_columns_by_their_header():
    body = "order_number,customer_name,sku,電話,qty\nA-1,加藤里奈,TEA,03-1234-5678,2\n".encode("cp932")

    assert redacted(body) == "order_number,customer_name,sku,電話,qty\nA-1,•••,TEA,•••,2"


@pytest.mark.parametrize("card", ["4242424242424242", "4242 4242 4242 4242", "378282246310005", "5555-5555-5555-4444"])
def test_a_card_number_is_hidden_wherever_it_stands(card):
    assert redacted(f"paid with {card} today".encode()) == "paid with ••• today"


def test_a_long_number_that_is_no_card_stays():
    assert redacted(b"tracking 4242424242424241 left") == "tracking 4242424242424241 left"


def test_bytes_of_no_encoding_are_still_shown():
    assert redacted(b"\xff\xfe\x81") == "ÿþ\x81"


def test_a_huge_body_is_cut():
    assert len(redacted(b"x" * 1_000_000)) == 20_002
