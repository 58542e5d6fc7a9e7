"""A Japanese merchant's noon, in a browser: choose the carrier, mend, export, hand the numbers in, and see what became of each."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from apps.core import clock
from apps.flows import export_parcels, ship_order, take_numbers
from apps.orders.models import Order
from apps.shipping import packing
from apps.shipping.models import Parcel, Sheet, Shipment
from tests.browser.conftest import PHONE, WIDE
from tests.browser.looking import faults
from tests.flows.desk import Desk, drain, make_carrier, numbers_file, open_desk_shop
from tests.staff.builders import make_order, plan


def sell(shop, name: str, **more):
    return make_order(shop, ("CUP", 1), **({"method": "cod", "name": name} | more))


@pytest.fixture
def noon() -> dict[str, str]:
    """A shop at noon: parcels to be exported, two of them to be mended, one exported, and a file that came back."""
    shop, carrier = open_desk_shop(CUP=100)
    first = [plan(sell(shop, name)) for name in ("高橋 直子", "小林 真由美", "佐藤 健", "鈴木 花子")]
    packing.scan(first[0].id, "CUP")
    ship_order.leave_when_numbered(first[0])
    export_parcels.export(carrier, actor="tanaka")
    rows = [
        (f"{first[0].number}-1", "123456789013"),
        (f"{first[1].number}-1", "123456789014"),
        ("S99999999-1", "401234567893"),
    ]
    event, _ = take_numbers.hand_in(carrier, "issued-20261124.csv", numbers_file(*rows), actor="tanaka")
    drain()
    wished = sell(shop, "中村 さくら", method="free", shipping=0)
    Order.objects.filter(id=wished.id).update(wished_on=clock.business_date() + timedelta(days=3), time_slot="1820")
    plan(wished)
    strange = plan(sell(shop, "𠮷野\u00a0太郎😀"))
    late = sell(shop, "김 하나")
    Order.objects.filter(id=late.id).update(time_slot="12-14")
    plan(late)
    empty = make_carrier(shop, "ヤマト 別契約", customer_code="")
    plan(sell(shop, "山田 一郎"))
    return {
        "pack": reverse("staff:pack"),
        "carrier": reverse("staff:pack_carrier", args=[carrier.id]),
        "made": reverse("staff:pack_carrier", args=[carrier.id]) + f"?sheet={Sheet.objects.get().id}",
        "label": reverse("staff:pack_label", args=[strange.id]),
        "label good": reverse("staff:pack_label", args=[first[3].id]),
        "label late": reverse("staff:pack_label", args=[late.shipments.get().id]),
        "numbers": reverse("staff:pack_numbers", args=[event.id]),
        "box": reverse("staff:pack_one", args=[first[2].id]),
        "order": reverse("staff:order", args=[wished.id]),
        "without settings": reverse("staff:pack_carrier", args=[empty.id]),
    }


@pytest.mark.slow
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
@pytest.mark.parametrize("language", ["ja", "en"])
def test_every_page_is_in_order(screen_of, noon, language: str, size: dict[str, int]):
    screen = screen_of("owner", language=language, size=size)
    found = {}

    for name, path in noon.items():
        page = screen.open(path)
        page.screenshot()
        titles = page.get_by_role("heading", level=1).count()
        found[name] = (page.get_attribute("html", "lang"), titles, screen.overflow(), faults(page))

    assert found == dict.fromkeys(noon, (language, 1, 0, []))
    assert screen.complaints == []


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_from_a_strange_name_to_a_number(screen_of, tmp_path, size: dict[str, int]):
    shop, _carrier = open_desk_shop(CUP=100)
    box = plan(sell(shop, "𠮷野 花子", method="free", shipping=0))
    other = plan(sell(shop, "山田 一郎"))
    packing.scan(box.id, "CUP")
    ship_order.leave_when_numbered(box)
    desk = Desk(tmp_path)
    screen = screen_of("warehouse", language="ja", size=size)
    page = screen.open(reverse("staff:pack"))

    # Another service for one parcel, chosen on the list.
    page.get_by_label(f"{box.number} を選ぶ").check()
    page.get_by_label("配送会社と便種").select_option(label="ヤマト · ネコポス")
    page.get_by_role("button", name="この配送会社で送る").click()
    expect(page.locator("#toast")).to_contain_text("1件をヤマトで送ります")

    # Mended: the character is shown, and the replacement accepted.
    page.get_by_role("link", name="出力と番号の取込").click()
    page.get_by_role("link", name="直す").click()
    page.get_by_label(re.compile("「𠮷」を「吉」に置き換えて印字")).check()
    page.get_by_role("button", name="送り状に使う").click()
    expect(page.locator("#toast")).to_contain_text(f"{box.number} は出力できます")

    # Exported and downloaded; the program numbers it.
    page.get_by_role("button", name="2件を出力").click()
    with page.expect_download() as got:
        page.get_by_role("link", name="ファイルを受け取る").click()
    content = Path(got.value.path()).read_bytes()
    slips, refused, issued = desk.register(content)
    assert (slips, refused, got.value.suggested_filename) == (2, [], Sheet.objects.get().name)

    # Handed in; the page looks again by itself until the worker has taken it.
    page.get_by_label("配送会社のソフトのファイル").set_input_files(
        {"name": "issued.csv", "mimeType": "text/csv", "buffer": issued}
    )
    page.get_by_role("button", name="ファイルを取り込む").click()
    expect(page.get_by_role("status").first).to_contain_text("ファイルを取り込んでいます")
    drain()
    expect(page.get_by_role("status").first).to_contain_text("2行を取り込みました", timeout=10_000)
    expect(page.get_by_role("row").nth(1)).to_contain_text(desk.slips()[0]["number"])

    assert [row.status for row in Shipment.objects.order_by("id")] == ["shipped", "labelled"]
    assert Parcel.objects.get(shipment=other).tracking_number == desk.slips()[1]["number"]
    assert [slip["slip"] for slip in desk.slips()] == ["A", "2"]
    assert screen.complaints == []
