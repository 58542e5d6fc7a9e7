"""Orders in our words: what is known and what is not fixed, who collects, what Rakuten pays, where it goes."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from apps.connectors.rakuten import codes, mapping
from apps.hub import contracts as c
from apps.hub.errors import Unreadable
from tests.connectors.rakuten.orders import PERSON, item, order, package, paid_by


def lines(draft):
    return [(one.kind, one.title, one.total_minor, one.tax_rate_bp) for one in draft.lines]


# Times


def test_a_moment_without_a_colon_in_its_offset_is_read():
    assert mapping.moment("2026-11-23T10:00:00+0900") == datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
    assert mapping.moment("2026-11-28T23:59:59") == datetime(2026, 11, 28, 14, 59, 59, tzinfo=UTC)
    assert mapping.written(datetime(2026, 11, 23, 1, 0, tzinfo=UTC)) == "2026-11-23T10:00:00+0900"


# A whole order


def test_an_order_that_may_be_packed():
    draft = mapping.order_draft(order())
    to = c.Address(
        name="山田 花子", postal_code="100-0001", country="JP", region="東京都", city="千代田区", line1="千代田1-1",
        phone="03-1234-5678",
    )  # fmt: skip
    assert draft == c.OrderDraft(
        external_id="123456-20261123-0000000001", number="123456-20261123-0000000001",
        version=1_795_396_020_301, placed_at=datetime(2026, 11, 23, 1, 0, tzinfo=UTC), currency="JPY", total_minor=3000,
        lines=(
            c.LineDraft(
                number=1, kind="item", title="煎茶 容量:100g", quantity=2, total_minor=2400, unit_price=Decimal(1200),
                external_id="11", sku="TEA-100", tax_rate_bp=800,
            ),
            c.LineDraft(
                number=2, kind="shipping", title="送料", quantity=1, total_minor=600, unit_price=Decimal(600),
                external_id="postagePrice", tax_rate_bp=1000,
            ),
        ),
        payment_method="prepaid", payment_raw="クレジットカード", ship_to=to, raw_status="300 発送待ち",
        customer=c.CustomerCard(
            email="a44c9e37s1@pc.fw.rakuten.ne.jp", name="山田 花子", kana="ヤマダ ハナコ", phone="03-1234-5678", locale="ja"
        ),
    )  # fmt: skip


# Progress


@pytest.mark.parametrize(
    ("progress", "awaits", "is_cancelled"),
    [
        (100, "100 注文確認待ち", False), (200, "200 楽天処理中", False), (300, "", False), (400, "400 変更確定待ち", False),
        (500, "", False), (600, "", False), (700, "", False), (800, "800 キャンセル確定待ち", False), (900, "", True),
        (950, "950", False),
    ],
)  # fmt: skip
def test_what_an_order_awaits_follows_from_its_progress(progress, awaits, is_cancelled):
    draft = mapping.order_draft(order(orderProgress=progress))
    assert (draft.awaits, draft.is_cancelled) == (awaits, is_cancelled)


def test_a_version_rises_with_progress_dates_and_amounts_that_are_fixed():
    placed = {
        "shopOrderCfmDatetime": None,
        "orderFixDatetime": None,
        "shippingInstDatetime": None,
        "orderProgress": 100,
    }
    told = [
        order(**placed, postagePrice=-9999, requestPrice=-9999),
        order(**placed, modifyFlag=1),
        order(**placed | {"orderProgress": 200, "shopOrderCfmDatetime": "2026-11-23T10:00:00+0900"}),
        order(),
        order(orderProgress=500, shippingCmplRptDatetime="2026-11-23T18:00:00+0900"),
        order(orderProgress=900, ChangeReasonModelList=[{"changeFixDatetime": "2026-11-24T09:00:00+0900"}]),
    ]
    versions = [mapping.order_draft(one).version for one in told]
    assert versions == sorted(set(versions))


def test_a_cancellation_says_why():
    changes = [{"changeApplyDatetime": "2026-11-24T09:00:00+0900", "changeReasonDetail": 8}]
    assert mapping.order_draft(order(orderProgress=900, ChangeReasonModelList=changes)).raw_status == (
        "900 キャンセル確定 (8 欠品)"
    )
    changes = [{"changeReasonDetail": 77}]
    assert mapping.order_draft(order(orderProgress=900, ChangeReasonModelList=changes)).raw_status.endswith("(77)")


# Amounts


def test_an_amount_that_is_not_fixed_is_never_an_amount():
    body = order(orderProgress=100, postagePrice=-9999, totalPrice=-9999, requestPrice=-9999)
    draft = mapping.order_draft(body)
    assert draft.awaits == "100 注文確認待ち (未確定: 送料・請求金額)"
    assert lines(draft) == [("item", "煎茶 容量:100g", 2400, 800)]
    assert draft.total_minor == 2400


@pytest.mark.parametrize("field", sorted(codes.AMOUNTS))
def test_whatever_is_not_fixed_keeps_the_order_back_even_at_300(field):
    draft = mapping.order_draft(order(**{field: -9999}))
    assert draft.awaits == f"未確定: {codes.AMOUNTS[field]}"
    assert [one for one in draft.lines if abs(one.total_minor) == 9999] == []


def test_every_charge_is_a_line():
    wrapping = {"title": 1, "name": "包装紙", "price": 100, "includeTaxFlag": 0, "taxRate": 0.1, "taxPrice": 10}
    gone = wrapping | {"deleteWrappingFlag": 1}
    draft = mapping.order_draft(
        order(
            paymentCharge=330, additionalFeeOccurAmountToUser=250, requestPrice=3690, WrappingModel1=wrapping,
            WrappingModel2=gone, SettlementModel=paid_by(2),
        )
    )  # fmt: skip
    assert lines(draft)[1:] == [
        ("fee", "包装紙", 110, 1000), ("shipping", "送料", 600, 1000), ("fee", "決済手数料", 330, 1000),
        ("fee", "注文者負担金", 250, None),
    ]  # fmt: skip
    assert (draft.total_minor, draft.payment_method) == (3690, "cod")


def test_what_rakuten_pays_is_part_of_what_it_collects_and_the_shop_s_coupon_is_not():
    draft = mapping.order_draft(
        order(couponShopPrice=300, couponOtherPrice=200, PointModel={"usedPoint": 500}, requestPrice=2000)
    )
    assert lines(draft)[-1] == ("discount", "店舗クーポン", -300, 800)
    assert (draft.total_minor, draft.payment_method) == (2700, "prepaid")


def test_who_pays_at_the_door_is_not_asked_for_what_rakuten_pays():
    draft = mapping.order_draft(
        order(
            couponShopPrice=300, couponOtherPrice=200, PointModel={"usedPoint": 500}, requestPrice=2000,
            SettlementModel=paid_by(2),
        )
    )  # fmt: skip
    assert [one[1:3] for one in lines(draft)[2:]] == [
        ("店舗クーポン", -300), ("楽天負担クーポン", -200), ("楽天ポイント", -500),
    ]  # fmt: skip
    assert (draft.total_minor, draft.payment_method) == (2000, "cod")


def test_points_that_pay_everything_are_collected_by_rakuten():
    draft = mapping.order_draft(order(PointModel={"usedPoint": 3000}, requestPrice=0, SettlementModel=paid_by(2)))
    assert (draft.total_minor, draft.payment_method) == (3000, "prepaid")


def test_an_order_that_costs_nothing_is_free():
    draft = mapping.order_draft(order(couponShopPrice=3000, requestPrice=0))
    assert (draft.total_minor, draft.payment_method) == (0, "free")


def test_a_coupon_is_shared_over_the_tax_rates_of_the_articles():
    pot = item(itemDetailId=12, itemName="急須", price=5600, priceTaxIncl=5600, units=1, taxRate=0.1)
    draft = mapping.order_draft(order(package(item(), pot), goodsPrice=8000, couponShopPrice=1001, requestPrice=7599))
    assert [one[2:] for one in lines(draft) if one[0] == "discount"] == [(-300, 800), (-701, 1000)]


def test_prices_without_tax_are_told_with_it_and_rounding_is_said():
    bare = item(price=333, priceTaxIncl=359, includeTaxFlag=0, units=3)
    draft = mapping.order_draft(order(package(bare), goodsPrice=999, requestPrice=1678))
    assert lines(draft)[-1] == ("fee", "消費税端数", 1, None)
    assert (draft.total_minor, draft.prices_include_tax) == (1678, True)


@pytest.mark.parametrize("asked", [2999, 3001])
def test_lines_that_do_not_add_up_are_unreadable_with_both_amounts(asked):
    with pytest.raises(Unreadable, match=f"says {asked} JPY .* add up to 3000"):
        mapping.order_draft(order(requestPrice=asked))


def test_what_was_taken_out_of_an_order_is_no_line():
    draft = mapping.order_draft(order(package(item(), item(deleteItemFlag=1)), package(packageDeleteFlag=1)))
    assert len(draft.lines) == 2


# Paying


@pytest.mark.parametrize(
    ("settlement", "method"),
    [
        (paid_by(1, rakuten=1), "prepaid"), (paid_by(13, rakuten=1), "prepaid"), (paid_by(21, rakuten=1), "prepaid"),
        (paid_by(2), "cod"), (paid_by(2, rakuten=1), "cod"), (paid_by(9), "bank"), (paid_by(9, rakuten=1), "prepaid"),
        (paid_by(8), "prepaid"), (paid_by(1), c.UNKNOWN), (paid_by(99, rakuten=1), c.UNKNOWN), ({}, c.UNKNOWN),
    ],
)  # fmt: skip
def test_who_collects_says_how_it_is_paid(settlement, method):
    assert mapping.order_draft(order(SettlementModel=settlement)).payment_method == method


def test_every_way_of_paying_that_rakuten_collects_is_prepaid():
    methods = {code: codes.payment_method(code, is_rakuten=True) for code in codes.SETTLEMENTS}
    assert {code for code, method in methods.items() if method != "prepaid"} == {2}


# Articles


@pytest.mark.parametrize(
    ("facts", "sku"),
    [
        ({}, "TEA-100"),
        ({"SkuModelList": [{"variantId": "T1", "merchantDefinedSkuId": None}]}, "tea/T1"),
        ({"SkuModelList": [{"variantId": "", "merchantDefinedSkuId": ""}]}, "tea-100"),
        ({"SkuModelList": None}, "tea-100"),
        ({"SkuModelList": None, "itemNumber": None}, "tea"),
    ],
)
def test_a_line_s_code_is_the_merchant_s_own_else_what_names_the_listing(facts, sku):
    assert mapping.order_draft(order(package(item(**facts)))).lines[0].sku == sku


@pytest.mark.parametrize(("rate", "points"), [(0, 0), (0.0, 0), (0.08, 800), (0.1, 1000), (None, None)])
def test_a_tax_rate_is_in_basis_points(rate, points):
    assert mapping.order_draft(order(package(item(taxRate=rate)))).lines[0].tax_rate_bp == points


def test_a_tax_rate_is_read_under_either_spelling():
    told = {name: value for name, value in item().items() if name != "taxRate"}
    assert mapping.order_draft(order(package(told | {"TaxRate": 0.1}))).lines[0].tax_rate_bp == 1000


# Places


@pytest.mark.parametrize(
    ("parts", "phone"),
    [(("090", "1234", "5678"), "090-1234-5678"), ((None, "1234", "5678"), "1234-5678"), (("0312345678", None, None), "0312345678"),
     ((None, None, None), ""), (("03", "", None), "03")],
)  # fmt: skip
def test_any_part_of_a_telephone_number_may_be_missing(parts, phone):
    said = PERSON | {f"phoneNumber{number}": part for number, part in enumerate(parts, start=1)}
    assert mapping.order_draft(order(package(SenderModel=said))).ship_to.phone == phone


def test_several_destinations_are_a_person_s_to_look_at():
    other = PERSON | {"familyName": "佐藤", "firstName": None, "prefecture": "大阪府"}
    draft = mapping.order_draft(
        order(
            package(item(units=1)), package(item(itemDetailId=12, units=1), basketId=502, SenderModel=other),
            severalSenderFlag=1,
        )
    )  # fmt: skip
    assert draft.ship_to is None
    assert draft.note == (
        "送付先 2件\n山田 花子 〒100-0001 東京都千代田区千代田1-1 03-1234-5678: 煎茶 × 1\n"
        "佐藤 〒100-0001 大阪府千代田区千代田1-1 03-1234-5678: 煎茶 × 1"
    )


def test_a_parcel_that_is_fetched_at_a_counter_is_too():
    counter = {"cvsCode": 50, "storeName": "ローソン本町店", "storeZip": "100-0002", "storePrefecture": "東京都"}
    draft = mapping.order_draft(order(package(DeliveryCvsModel=counter)))
    assert (draft.ship_to, draft.note) == (None, "受取場所: ローソン本町店 100-0002 東京都")


def test_what_whoever_packs_must_know_is_in_the_note():
    draft = mapping.order_draft(
        order(package(noshi="御祝"), remarks=" 門の前に\n", giftCheckFlag=1, isolatedIslandFlag=1)
    )
    assert draft.note == "門の前に\nギフト配送希望\n離島\nのし: 御祝"


def test_the_wished_day_and_hours_are_words_of_their_own():
    draft = mapping.order_draft(order(deliveryDate="2026-11-26", shippingTerm=1416))
    assert (draft.wished_on, draft.time_slot) == (date(2026, 11, 26), "1416")
    assert mapping.order_draft(order()).wished_on is None


@pytest.mark.parametrize(
    ("term", "slot"),
    [
        (None, ""), (0, ""), (1, "0812"), (2, "午後"), (9, "その他"), (1416, "1416"), (724, "0724"), (2324, "2324"),
        (708, "0708"), (1614, "1614"), (2525, "2525"), (42, "42"),
    ],
)  # fmt: skip
def test_a_wish_without_hours_stays_in_words(term, slot):
    assert codes.time_slot(term) == slot


@pytest.mark.parametrize(
    ("carrier", "code"),
    [
        ("ヤマト運輸", "1001"), ("yamato", "1001"), ("クロネコヤマト", "1001"), ("佐川急便", "1002"), ("SAGAWA Express", "1002"),
        ("japan_post_yu_pack", "1003"), ("ゆうパック", "1003"), ("西濃運輸", "1004"), ("Rakuten EXPRESS", "1028"),
        ("EMS", "1017"), ("DHL Express", "1018"), ("UPS", "1020"), ("usps", "1024"), ("stamps_com", "1024"),
        ("1016", "1016"), ("くろこ便", "1000"), ("", "1000"),
    ],
)  # fmt: skip
def test_a_carrier_has_its_company_s_code(carrier, code):
    assert codes.company(carrier) == code
