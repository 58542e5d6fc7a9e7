"""The way of one sale through the stories, on real PostgreSQL; vendors' words are handed in as the connectors would."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from apps.catalog import services as catalog
from apps.core import clock
from apps.core.models import Brand, Company
from apps.flows import announce, receive_return, settle_payment, ship_order, take_stock, wiring
from apps.flows.place_orders import place_orders
from apps.hub import connections
from apps.hub.contracts import (
    Address,
    CustomerCard,
    Label,
    LineDraft,
    OrderDraft,
    PaymentFact,
    ReturnDraft,
    ReturnLineDraft,
    StockChange,
    VariantCard,
)
from apps.hub.models import Connection, Delivery
from apps.inventory.models import Location, StockLevel
from apps.ledger.models import Line
from apps.orders.models import Order, ReturnLine
from apps.payments.models import Payment, Refund
from apps.shipping.models import Parcel

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


@pytest.fixture
def shop():
    wiring.forget()
    connections.forget()
    Company.objects.create(name="青葉堂", ships_by_itself=True)
    brand = Brand.objects.create(code="aoba", name="和のうつわ 青葉堂", mail_from="shop@example.jp")
    Location.objects.create(code="WH1", name="東京倉庫", is_default=True)
    made = {
        slug: Connection.objects.create(brand=brand, connector=slug, name=slug, created_at=clock.now())
        for slug in ("shopify", "csv", "stripe", "shipengine", "smtp")
    }
    catalog.take_cards(brand, [VariantCard(sku=sku, title=sku) for sku in ("CUP", "TEA")])
    return made


def receipt(shop, sku, units, document="R1", line=1):
    change = StockChange(
        document=document,
        line=line,
        sku=sku,
        kind="receipt",
        quantity=units,
        at=AT,
        unit_cost=Decimal(400),
        currency="JPY",
    )
    assert take_stock.take([change], source=shop["csv"]) == []


def draft(number="#1001", units=3, version=1, method="card", **more):
    return OrderDraft(
        external_id=number,
        number=number,
        version=version,
        placed_at=AT,
        currency="JPY",
        total_minor=1100 * units + 550,
        lines=(
            LineDraft(
                number=1,
                kind="item",
                title="Cup",
                sku="CUP",
                quantity=units,
                unit_price=Decimal(1100),
                total_minor=1100 * units,
                external_id="l1",
            ),
            LineDraft(number=2, kind="shipping", title="送料", quantity=1, unit_price=Decimal(550), total_minor=550),
        ),
        payment_method=method,
        customer=CustomerCard(email="a@example.jp", name="高橋 直子"),
        ship_to=Address(
            name="高橋 直子", country="JP", line1="池田町4-12", city="西宮市", region="兵庫県", postal_code="6620911"
        ),
        **more,
    )


def authorised(number="#1001", minor=3850, **more):
    return PaymentFact(
        provider_id="pi_1",
        status="authorised",
        currency="JPY",
        amount_minor=minor,
        authorised_minor=minor,
        at=AT,
        order_reference=number,
        method="card",
        **more,
    )


def balance():
    sums = {}
    for account, debit, credit in Line.objects.values_list("account_id", "debit_minor", "credit_minor"):
        sums[account] = sums.get(account, 0) + debit - credit
    return {account: minor for account, minor in sums.items() if minor}


def announced():
    while announce.announce():
        pass
    return sorted(Delivery.objects.values_list("operation", flat=True))


def test_a_sale_from_notice_to_books(shop):
    receipt(shop, "CUP", 10)
    (order,) = place_orders([draft()], source=shop["shopify"]).orders
    settle_payment.settle([authorised()], source=shop["stripe"])
    order.refresh_from_db()
    assert (order.payment, order.allocation, order.fulfilment, order.is_held) == (
        "authorised",
        "full",
        "unfulfilled",
        False,
    )

    (shipment,) = ship_order.plan(ship_order.ready_orders(10), actor="test", leaves_by_itself=True)
    assert announced() == ["label.buy", "message.send"]
    parcel = Parcel.objects.get(shipment=shipment)
    label = Label(
        reference="x",
        label_id="se-1",
        tracking_number="T1",
        carrier="yamato",
        service="s",
        cost_minor=600,
        currency="JPY",
    )
    ship_order.take_labels([(parcel.id, label)], actor="test")
    assert announced() == ["fulfilment.create", "label.buy", "message.send", "message.send", "payment.capture"]

    captured = authorised(captured_minor=3850)
    settle_payment.settle([captured], source=shop["stripe"])
    order.refresh_from_db()
    assert (order.payment, order.fulfilment) == ("paid", "shipped")
    level = StockLevel.objects.get(variant__sku="CUP")
    assert (level.on_hand, level.reserved, level.value_minor) == (7, 0, 2800)
    assert balance() == {
        "clearing": 3850, "sales": -3500, "output_tax": -350, "cogs": 1200, "inventory": 2800, "payable_goods": -4000,
        "freight": 600, "payable_freight": -600,
    }  # fmt: skip


def test_the_same_notice_twice_is_one_order(shop):
    receipt(shop, "CUP", 10)
    place_orders([draft(), draft()], source=shop["shopify"])
    again = place_orders([draft()], source=shop["shopify"])
    assert (again.orders, len(again.known), Order.objects.count()) == ([], 1, 1)


def test_a_short_shelf_keeps_what_it_got_and_a_receipt_goes_to_who_waits(shop):
    receipt(shop, "CUP", 4)
    first, second = place_orders([draft(), draft("#1002")], source=shop["shopify"]).orders
    assert [first.allocation, second.allocation] == ["full", "partial"]
    receipt(shop, "CUP", 5, document="R2")
    second.refresh_from_db()
    level = StockLevel.objects.get(variant__sku="CUP")
    assert (second.allocation, level.available, level.backordered) == ("full", 3, 0)


def test_a_wrong_amount_is_a_difference_and_no_payment(shop):
    receipt(shop, "CUP", 10)
    (order,) = place_orders([draft()], source=shop["shopify"]).orders
    done = settle_payment.settle([authorised(minor=1)], source=shop["stripe"])
    order.refresh_from_db()
    assert (done.doubted, order.payment, order.is_held) == (1, "unpaid", True)


def test_a_return_without_order_number_is_linked_and_refunded(shop):
    test_a_sale_from_notice_to_books(shop)
    back = ReturnDraft(
        external_id="C1",
        at=AT,
        currency="JPY",
        customer=CustomerCard(email="A@example.jp"),
        lines=(
            ReturnLineDraft(number=1, sku="CUP", quantity=2, amount_minor=2200),
            ReturnLineDraft(number=2, sku="TEA", quantity=1, amount_minor=500),
        ),
    )
    receive_return.receive(back, source=shop["csv"])
    assert receive_return.receive(back, source=shop["csv"]) is None
    assert list(ReturnLine.objects.order_by("number").values_list("returned", "unmatched", "unmatched_reason")) == [
        (2, 0, ""),
        (0, 1, "no_sale"),
    ]
    level = StockLevel.objects.get(variant__sku="CUP")
    assert (level.on_hand, level.value_minor) == (9, 3600)
    assert list(Refund.objects.values_list("amount_minor", "status")) == [(2200, "requested")]
    assert "payment.refund" in announced()


def test_calling_off_before_shipment_frees_units_and_lets_the_money_go(shop):
    receipt(shop, "CUP", 10)
    (order,) = place_orders([draft()], source=shop["shopify"]).orders
    settle_payment.settle([authorised()], source=shop["stripe"])
    back = ReturnDraft(
        external_id="C2",
        at=AT,
        currency="JPY",
        customer=CustomerCard(email="a@example.jp"),
        lines=(ReturnLineDraft(number=1, sku="CUP", quantity=3, amount_minor=3300),),
    )
    receive_return.receive(back, source=shop["csv"])
    order.refresh_from_db()
    level = StockLevel.objects.get(variant__sku="CUP")
    assert (order.lifecycle, order.payment, level.available) == ("cancelled", "voided", 10)
    assert announced() == ["message.send", "message.send", "payment.void"]
    assert Payment.objects.get().status == "authorised"


def test_what_a_person_plans_waits_for_the_packer_though_the_shop_ships_by_itself(shop):
    receipt(shop, "CUP", 10)
    receipt(shop, "TEA", 10, document="R2")
    place_orders([draft()], source=shop["shopify"])
    settle_payment.settle([authorised()], source=shop["stripe"])
    (shipment,) = ship_order.plan(ship_order.ready_orders(10), actor="hana")
    parcel = Parcel.objects.get(shipment=shipment)
    label = Label(
        reference="x", label_id="se-1", tracking_number="T1", carrier="yamato", service="s", cost_minor=600, currency="JPY"
    )  # fmt: skip

    ship_order.take_labels([(parcel.id, label)], actor="test")
    shipment.refresh_from_db()
    assert shipment.status == "labelled"

    assert ship_order.confirm(shipment, actor="hana")
    shipment.refresh_from_db()
    assert (shipment.status, shipment.confirmed_by) == ("shipped", "hana")
