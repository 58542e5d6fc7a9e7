"""Orders of every kind to our words: what is charged adds up, what is no sale yet says nothing, what is unknown survives."""

import copy
import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from apps.connectors.woocommerce import codes
from apps.connectors.woocommerce.connector import WooCommerceConnector
from apps.connectors.woocommerce.settings import WooCommerceSettings
from apps.hub import contracts as c
from apps.hub.errors import Misconfigured, Unreadable

PEOPLE = {
    "first_name": "花子", "last_name": "山田", "company": "", "address_1": "千代田1-1", "address_2": "", "city": "千代田区",
    "state": "JP13", "postcode": "100-0001", "country": "JP", "email": "hanako@example.jp", "phone": "03-1234-5678",
}  # fmt: skip
TAX = {"rate_id": 1, "rate_code": "JP-10", "compound": False, "rate_percent": 10}
ORDER = {
    "id": 727, "number": "727", "status": "processing", "currency": "JPY", "date_created_gmt": "2026-11-23T01:00:00",
    "date_modified_gmt": "2026-11-23T01:00:05", "total": "1200", "prices_include_tax": True, "customer_id": 26,
    "customer_note": "", "billing": PEOPLE, "shipping": PEOPLE, "payment_method": "cod",
    "payment_method_title": "代金引換", "transaction_id": "", "date_paid_gmt": None, "date_completed_gmt": None, "meta_data": [],
    "tax_lines": [TAX], "shipping_lines": [], "fee_lines": [], "coupon_lines": [], "refunds": [],
}  # fmt: skip


def charge(total, tax="0", *, subtotal=None, subtotal_tax=None, rates=(1,), **facts):
    taxes = [{"id": rate, "total": tax, "subtotal": tax} for rate in rates]
    return {
        "id": 315, "total": total, "total_tax": tax, "taxes": taxes, "name": "煎茶", "quantity": 1, "sku": "TEA",
        "subtotal": subtotal or total, "subtotal_tax": subtotal_tax or tax, "meta_data": [],
    } | facts  # fmt: skip


def order(*items, **facts):
    return {**copy.deepcopy(ORDER), "line_items": list(items or (charge("1091", "109"),)), **facts}


@pytest.fixture
def read():
    connector = WooCommerceConnector(WooCommerceSettings(), UUID(int=1))
    return lambda body, topic="order.updated": connector.read(topic, json.dumps(body).encode())


def told(draft):
    return [(one.kind, one.total_minor, one.tax_rate_bp, one.tax_minor) for one in draft.lines]


# Adding up


def test_a_price_with_tax_is_put_together_again(read):
    (draft,) = read(order(charge("2182", "218", quantity=2), total="2400"))
    (line,) = draft.lines
    assert line == c.LineDraft(
        number=1, kind="item", title="煎茶", quantity=2, total_minor=2400, unit_price=Decimal(1200), external_id="315",
        sku="TEA", tax_rate_bp=1000, tax_minor=218,
    )  # fmt: skip


def test_without_tax_in_prices_the_tax_stands_beside_them(read):
    body = order(charge("12.00", "0.90", price=12), currency="USD", prices_include_tax=False, total="12.90")
    (draft,) = read(body)
    assert (draft.prices_include_tax, draft.total_minor, told(draft)) == (False, 1290, [("item", 1200, 1000, 90)])


def test_what_coupons_took_off_is_a_line_for_each_rate(read):
    other = TAX | {"rate_id": 2, "rate_percent": 8}
    items = (
        charge("982", "98", subtotal="1091", subtotal_tax="109"),
        charge("900", "72", subtotal="1000", subtotal_tax="80", rates=(2,), id=316),
        charge("450", "36", subtotal="500", subtotal_tax="40", rates=(2,), id=317),
    )
    coupons = [{"id": 1, "code": "summer"}, {"id": 2, "code": "friend"}]
    (draft,) = read(order(*items, tax_lines=[TAX, other], coupon_lines=coupons, total="2538"))
    assert told(draft)[3:] == [("discount", -162, 800, 0), ("discount", -120, 1000, 0)]
    assert {line.title for line in draft.lines[3:]} == {"summer, friend"}
    assert [line.external_id for line in draft.lines[3:]] == ["discount:800", "discount:1000"]


def test_postage_and_fees_are_lines_and_a_negative_fee_takes_off(read):
    body = order(
        shipping_lines=[charge("545", "55", id=1, method_title="ヤマト &amp; 便")],
        fee_lines=[charge("300", "30", id=2, name="代引手数料"), charge("-500", rates=(), id=3, name="会員割引")],
        total="1630",
    )
    (draft,) = read(body)
    assert [(one.kind, one.title, one.total_minor, one.external_id) for one in draft.lines[1:]] == [
        ("shipping", "ヤマト & 便", 600, "1"),
        ("fee", "代引手数料", 330, "2"),
        ("discount", "会員割引", -500, "3"),
    ]


@pytest.mark.parametrize(("total", "kind", "minor"), [("1199", "discount", -1), ("1201", "fee", 1)])
def test_what_rounding_leaves_is_a_line_of_its_own(read, total, kind, minor):
    (draft,) = read(order(total=total))
    assert told(draft)[1:] == [(kind, minor, None, 0)]
    assert (draft.lines[1].title, draft.total_minor) == ("Rounding", int(total))


def test_more_than_rounding_explains_is_unreadable_with_both_amounts(read):
    with pytest.raises(
        Unreadable, match=r"order 727 says 1300 JPY \(minor units\), its lines and taxes add up to 1200"
    ):
        read(order(total="1300"))


def test_taxes_of_one_line_are_summed_and_a_compound_one_is_on_top(read):
    taxes = [TAX, TAX | {"rate_id": 2, "rate_percent": 5.5}, TAX | {"rate_id": 3, "rate_percent": 10, "compound": True}]
    (plain,) = read(order(charge("1000", "200", rates=(1, 2)), tax_lines=taxes))
    (compound,) = read(order(charge("1000", "200", rates=(1, 3)), tax_lines=taxes))
    assert [told(plain)[0][2], told(compound)[0][2]] == [1550, 2100]


def test_a_rate_that_the_shop_does_not_tell_is_none_and_the_tax_stays(read):
    bare = {name: value for name, value in TAX.items() if name != "rate_percent"}
    for taxes in ([bare], [TAX | {"rate_percent": None}], []):
        (draft,) = read(order(tax_lines=taxes))
        assert told(draft) == [("item", 1200, None, 109)]
    (untaxed,) = read(order(charge("1200", rates=())))
    assert told(untaxed) == [("item", 1200, None, 0)]


def test_a_unit_price_is_kept_as_fine_as_we_keep_it(read):
    (draft,) = read(order(charge("91", "9", quantity=3), total="100"))
    assert (draft.lines[0].unit_price, draft.lines[0].total_minor) == (Decimal("33.333333"), 100)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (order(total="ten"), "not an amount: 'ten'"), (order(total=""), "not an amount"),
        (order(total="NaN"), "not an amount"), (order(total=None), "not an amount"),
        (order(charge("1091", "109", quantity=0.5)), "煎茶: 0.5 is no whole number of units"),
        (order(charge("1091", "109", quantity=0)), "line 315 has 0 units"),
        ({"code": "woocommerce_rest_cannot_view", "message": "Sorry", "data": {"status": 401}}, "could not tell of it: Sorry"),
        (order(date_created_gmt=None), "order.updated: TypeError"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_says_why(read, body, words):
    with pytest.raises(Unreadable, match=words):
        read(body)


# Statuses and ways of paying


@pytest.mark.parametrize("status", sorted(codes.NOT_YET))
def test_a_checkout_that_is_not_finished_is_no_sale_yet(read, status):
    assert read(order(status=status)) == ()


@pytest.mark.parametrize("status", ["on-hold", "processing", "completed", "refunded", "wc-packed", "shipped"])
def test_a_sale_is_a_sale_and_its_status_is_kept(read, status):
    (draft,) = read(order(status=status))
    assert (draft.is_cancelled, draft.raw_status) == (False, status)


@pytest.mark.parametrize(
    ("status", "facts", "is_told"),
    [
        ("cancelled", {"payment_method": "cod"}, True),
        ("cancelled", {"payment_method": "bacs"}, True),
        ("cancelled", {"payment_method": "stripe", "transaction_id": "pi_1"}, True),
        ("cancelled", {"payment_method": "moon dust", "date_paid_gmt": "2026-11-23T01:00:00"}, True),
        ("cancelled", {"payment_method": "stripe"}, False),
        ("cancelled", {"payment_method": ""}, False),
        ("trash", {"payment_method": "cod"}, True),
        ("trash", {"payment_method": "ppcp-gateway"}, False),
        ("failed", {"payment_method": "bacs"}, True),
        ("failed", {"payment_method": "stripe", "transaction_id": "pi_1"}, False),
        ("failed", {"payment_method": "stripe_konbini", "transaction_id": "pi_1"}, False),
    ],
)
def test_an_order_is_called_off_only_where_it_may_have_been_one(read, status, facts, is_told):
    """An abandoned checkout ends as cancelled, too; nobody may get a letter about it."""
    words = read(order(status=status, **facts))
    assert [word.is_cancelled for word in words] == [True] * is_told


def test_of_two_states_within_a_second_the_later_counts(read):
    on_the_way = ("on-hold", "processing", "packed", "completed", "refunded", "cancelled", "trash")
    versions = [read(order(status=status))[0].version for status in on_the_way]
    assert versions == sorted(set(versions))
    (later,) = read(order(date_modified_gmt="2026-11-23T01:00:06"))
    assert later.version > versions[-1]


@pytest.mark.parametrize(
    ("gateway", "method", "raw"),
    [
        ("stripe", "card", "stripe"), ("bacs", "bank", "bacs"), ("cheque", "bank", "cheque"), ("cod", "cod", "cod"),
        ("stripe_konbini", "konbini", "stripe_konbini"), ("paypal", "prepaid", "paypal"),
        ("komoju_konbini", "prepaid", "komoju_konbini"), ("moon dust", c.UNKNOWN, "moon dust"), ("", c.UNKNOWN, "代金引換"),
    ],
)  # fmt: skip
def test_ways_of_paying(read, gateway, method, raw):
    for paid in (None, "2026-11-23T01:00:00"):
        (draft,) = read(order(payment_method=gateway, date_paid_gmt=paid))
        assert (draft.payment_method, draft.payment_raw) == (method, raw)
        assert draft.awaits == ("payment (processing)" if method == "prepaid" and not paid else "")


def test_what_costs_nothing_is_free(read):
    (draft,) = read(order(charge("0", rates=()), total="0", payment_method=""))
    assert (draft.payment_method, draft.total_minor) == ("free", 0)


# People


def test_who_bought_and_where_it_goes(read):
    kana = [
        {"key": "_billing_yomigana_last_name", "value": "ヤマダ"},
        {"key": "_billing_yomigana_first_name", "value": "ハナコ"},
    ]
    gift = PEOPLE | {"first_name": "太郎", "city": "大阪市北区", "state": "JP27", "phone": ""}
    (draft,) = read(order(meta_data=kana, shipping=gift, customer_note="静かに"))
    assert draft.customer == c.CustomerCard(
        external_id="26", email="hanako@example.jp", name="山田 花子", kana="ヤマダ ハナコ", phone="03-1234-5678"
    )
    assert draft.ship_to == c.Address(
        name="山田 太郎", postal_code="100-0001", country="JP", region="大阪府", city="大阪市北区", line1="千代田1-1",
        phone="03-1234-5678",
    )  # fmt: skip
    assert (draft.note, draft.placed_at) == ("静かに", datetime(2026, 11, 23, 1, 0, tzinfo=UTC))


def test_without_another_address_it_goes_to_who_pays_and_without_any_nowhere(read):
    nowhere = PEOPLE | {"address_1": "", "city": ""}
    (billed,) = read(order(shipping=nowhere))
    (lost,) = read(order(shipping=nowhere, billing=nowhere))
    assert (billed.ship_to.line1, lost.ship_to) == ("千代田1-1", None)


def test_a_stranger_has_no_card_and_a_western_name_its_order(read):
    bare = PEOPLE | {"email": "", "phone": "", "country": "US", "state": "CA"}
    (draft,) = read(order(customer_id=0, billing=bare, shipping=bare))
    assert (draft.customer, draft.ship_to.name, draft.ship_to.region) == (None, "花子 山田", "CA")


def test_every_prefecture_has_its_number():
    assert (len(codes.PREFECTURES), codes.PREFECTURES["JP01"], codes.PREFECTURES["JP47"]) == (47, "北海道", "沖縄県")
    assert [codes.PREFECTURES[code] for code in ("JP13", "JP23", "JP27", "JP40")] == [
        "東京都",
        "愛知県",
        "大阪府",
        "福岡県",
    ]


# What went back


def refund(*lines, id=901, **facts):
    return {
        "id": id, "date_created_gmt": "2026-11-24T01:00:00", "amount": "600", "reason": "割れ", "refunded_payment": True,
        "line_items": list(lines),
    } | facts  # fmt: skip


def back(units, total="-545", tax="-55", of=315, **facts):
    meta = [{"id": 1, "key": "_refunded_item_id", "value": str(of)}]
    return charge(total, tax, quantity=-units, meta_data=meta, id=990 + of) | facts


def returns(read, *refunds, items=None, **facts):
    items = items or (charge("2182", "218", quantity=2),)
    return read(order(*items, total="2400", refunds=list(refunds), **facts))[1:]


def test_units_that_went_back(read):
    (draft,) = returns(read, refund(back(1), refunded_payment=False))
    assert draft == c.ReturnDraft(
        external_id="901", at=datetime(2026, 11, 24, 1, 0, tzinfo=UTC), currency="JPY", is_refunded=False,
        lines=(
            c.ReturnLineDraft(
                number=1, sku="TEA", quantity=1, amount_minor=600, order_number="727", reason="割れ", title="煎茶",
                order_external_id="727",
            ),
        ),
    )  # fmt: skip
    assert returns(read, refund(back(1))) == (replace(draft, is_refunded=True),)


def test_money_alone_is_the_provider_s_to_tell(read):
    assert returns(read, refund()) == ()
    assert returns(read, refund(back(0))) == ()


def test_a_notice_does_not_tell_what_was_refunded_and_asks_for_the_order(read):
    bare = {"id": 901, "reason": "", "total": "-600"}
    assert read(order(refunds=[bare])) == (c.Hint(kind="order", external_id="727"),)
    assert read(order(refunds=[bare], status="pending")) == ()


def test_an_order_of_before_the_first_day_is_not_taken_in():
    body = json.dumps(order()).encode()
    for first, count in (("2026-11-23", 1), ("2026-11-24", 0), ("", 1), (" 2026-11-22 ", 1)):
        shop = WooCommerceConnector(WooCommerceSettings(orders_from=first), UUID(int=1))
        assert len(shop.read("order.updated", body)) == count
    wrong = WooCommerceConnector(WooCommerceSettings(orders_from="23.11.2026"), UUID(int=1))
    for call in (lambda: wrong.read("order.updated", body), wrong.check):
        with pytest.raises(Misconfigured, match=r"orders_from is no date: 23\.11\.2026"):
            call()


def test_an_order_refunded_as_a_whole_before_it_was_sent_is_called_off(read):
    """WooCommerce writes no lines where somebody chooses the status "refunded"."""
    part, rest = refund(back(1)), refund(id=902, amount="1800", refunded_payment=False)
    items = (charge("2182", "218", quantity=2), charge("0", rates=(), id=316, sku="GIFT"))
    first, last = returns(read, rest, part, items=items, status="refunded")[::-1]
    assert ([one.quantity for one in first.lines], first.external_id) == ([1], "901")
    assert [(one.sku, one.quantity, one.amount_minor) for one in last.lines] == [("TEA", 1, 1200), ("GIFT", 1, 0)]
    sent = returns(read, rest, status="refunded", date_completed_gmt="2026-11-23T05:00:00")
    assert (sent, returns(read, rest, status="processing")) == ((), ())
    one, other = refund(id=903), refund(id=904)
    assert [draft.external_id for draft in returns(read, other, one, status="refunded")] == ["904"]
