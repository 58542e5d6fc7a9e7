"""A parcel leaves a Japanese shop: sold by file with cash at the door and wished hours, packed by scan, exported for B2 Cloud,
numbered there, and gone with its number; the channel and the customer hear of it, and every invariant holds.
"""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from apps.core import clock
from apps.flows import announce, export_parcels, ship_order, take_file, take_numbers, take_stock, verify
from apps.hub import delivery
from apps.hub.contracts import StockChange
from apps.inventory.models import Location
from apps.messaging.models import Message
from apps.orders.models import Order
from apps.shipping.models import Parcel, Shipment
from tests import sql
from tests.flows.desk import Desk, drain, open_desk_shop, rows_of
from tests.staff.people import browser_of, make_person

pytestmark = pytest.mark.django_db

SOLD = """注文番号,注文日時,支払方法,商品コード,商品名,数量,単価,送料,手数料,注文者氏名,メールアドレス,電話番号,郵便番号,都道府県,市区町村,番地,建物名,配達希望日,時間帯
R-1001,{placed},代引,CUP,湯のみ,2,1100,770,330,髙橋 直子,naoko@example.jp,090-1234-4471,662-0911,兵庫県,西宮市,池田町4-12,ｼﾞｮｲﾌﾙ西宮 301,{wished},18時～20時
"""  # noqa: E501 - a file as a shop sends it


@pytest.fixture
def opened(settings):
    settings.SANDBOX_ADDRESS = ""
    shop, carrier = open_desk_shop(CUP=0)
    goods = StockChange(
        document="R1", line=1, sku="CUP", kind="receipt", quantity=10, at=clock.now(), unit_cost=Decimal(400), currency="JPY"
    )  # fmt: skip
    assert take_stock.take([goods], source=shop.files) == []
    return shop, carrier


def test_from_a_file_of_orders_to_a_number_that_everybody_hears(opened, tmp_path):
    shop, carrier = opened
    desk, hana = Desk(tmp_path), browser_of(make_person("hana", "warehouse"))
    wished = clock.business_date() + timedelta(days=2)
    placed = f"{clock.now():%Y/%m/%d %H:%M}"

    # Sold: the channel's file says cash at the door, a day and hours.
    file = SOLD.format(placed=placed, wished=f"{wished:%Y/%m/%d}").encode("cp932")
    take_file.upload(shop.files, "orders.csv", "orders", file)
    drain()
    order = Order.objects.get()
    assert (order.payment, order.total_minor, order.wished_on, order.time_slot) == ("on_delivery", 3300, wished, "1820")

    # Planned and packed by scan: it waits for its number, and asks nobody for a label.
    (shipment,) = ship_order.plan(ship_order.ready_orders(10), actor="hana")
    for _ in range(2):
        hana.post(reverse("staff:pack_scan", args=[shipment.id]), {"code": "CUP"})
    hana.post(reverse("staff:pack_confirm", args=[shipment.id]))
    shipment.refresh_from_db()
    assert (shipment.status, shipment.leaves_by_itself) == ("planned", True)

    # Exported: 髙 is not printed by the carrier, so a person is asked, and accepts 高.
    refused = export_parcels.export(carrier, actor="hana")
    assert (refused.sheet, [(one.field, one.character, one.offered) for one in refused.faults]) == (
        None, [("name", "髙", "高")],
    )  # fmt: skip
    accepted = {"accept": "name:髙", "service": "", "time_slot": "1820", "wished_on": wished.isoformat()}
    hana.post(reverse("staff:pack_label", args=[shipment.id]), accepted)
    sheet = export_parcels.export(carrier, actor="hana").sheet
    content = export_parcels.content_of(sheet)
    (row,) = rows_of(content)
    assert [row[at - 1] for at in (1, 2, 6, 7, 12, 13, 16, 34, 35)] == [
        f"{shipment.number}-1", "2", f"{wished:%Y/%m/%d}", "1820", "兵庫県西宮市池田町4-12", "ジョイフル西宮 301", "高橋 直子",
        "3300", "300",
    ]  # fmt: skip

    # Numbered at the desk, handed in, and gone.
    slips, problems, issued = desk.register(content)
    assert (slips, problems) == (1, [])
    take_numbers.hand_in(carrier, "issued.csv", issued, actor="hana")
    drain()
    shipment.refresh_from_db()
    order.refresh_from_db()
    number = desk.slips()[0]["number"]
    assert (shipment.status, order.fulfilment, Parcel.objects.get().tracking_number) == ("shipped", "shipped", number)
    assert desk.slips()[0]["cash"] == order.total_minor

    # The channel is told the number, the customer has a letter with it.
    while announce.announce():
        pass
    told = {item.delivery.operation: delivery.words_of(item.delivery)[0] for item in delivery.claim(50)}
    assert sorted(told) == ["fulfilment.create", "message.send"]
    channel = told["fulfilment.create"]
    assert (channel.order_number, channel.tracking_number, channel.carrier) == ("R-1001", number, "yamato")
    assert channel.tracking_url.endswith(number)
    assert channel.location == Location.objects.get(id=shipment.location_ref).code
    letter = Message.objects.get(template="order_shipped")
    assert (number in letter.text, channel.tracking_url in letter.text) == (True, True)
    assert "髙橋 直子" in letter.text

    # Everything that must always be true is.
    sql.run("SET CONSTRAINTS ALL IMMEDIATE")
    assert {one.id: one.examples for one in verify.verify() if not one.is_ok} == {}
    assert Shipment.objects.count() == 1
