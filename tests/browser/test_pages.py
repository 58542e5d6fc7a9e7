"""Every page of the staff UI in both languages, at a desk and on a phone: nothing overflows, nothing complains, axe is content."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from apps.core import clock
from apps.flows import buy_goods, hold_order, move_goods, ship_order
from apps.hub import inbox
from apps.hub.abilities import Event
from apps.hub.models import FileRun, InboxEvent, SetAsideRow
from apps.inventory import purchasing, transfers
from apps.inventory.landing import Bill
from apps.inventory.models import Location, PurchaseOrder, Supplier, Transfer
from apps.inventory.purchasing import Wish
from apps.reconciliation.models import Payout
from tests.browser.conftest import PHONE, WIDE
from tests.browser.looking import faults
from tests.staff.builders import (
    label,
    make_delivery,
    make_difference,
    make_order,
    make_shop,
    make_statement,
    make_variant,
    pay,
    plan,
)

DAY = "2026-11-22"
LISTS = (
    "desk", "pack", "stock", "lots", "suggestions", "connections", "stock_value", "transfers", "transfer_new", "purchases",
    "purchase_new",
)  # fmt: skip


@pytest.fixture
def pages() -> dict[str, str]:
    """A shop in which something of everything has happened, and the address of each page."""
    shop = make_shop(TEA=40, VASE=0)
    matcha = make_variant(
        shop, "MATCHA", 20, title="宇治抹茶 缶 40g", price=1944, reduced=True, barcode="4901234500013"
    )
    late = clock.now() - timedelta(days=9)
    held = make_order(shop, ("TEA", 2), ("MATCHA", 1), note="のしは内のしで、名字だけ")
    hold_order.hold(held, reason="名入れは高橋家一同で", actor="tanaka")
    short = make_order(shop, ("VASE", 2), ("TEA", 1), method="cod", placed_at=late)
    make_order(shop, ("TEA", 1), method="konbini")
    packed = plan(make_order(shop, ("TEA", 2), ("MATCHA", 1), method="cod"))
    sold = make_order(shop, ("TEA", 1))
    pay(sold, shop=shop)
    ship_order.confirm(label(plan(sold)).shipment, actor="kimura")
    make_delivery(shop.channel, "fulfilment.create", order=sold, tries=("transient", "unknown", "found"))
    call = make_delivery(
        shop.channel, "fulfilment.create", order=sold, status="waiting", tries=("refused",), reason="12 digits"
    )
    event = Event(
        id="e1", topic="orders/create", at=clock.now(), raw=b'{"id": 1}', subject=f"order:{sold.external_number}"
    )
    inbox.store(shop.channel.id, [event], origin="hook")
    notice = InboxEvent.objects.get()
    InboxEvent.objects.update(status="set_aside", reason="no total")
    run = FileRun.objects.create(
        event=notice, connection=shop.files, name="orders.csv", kind="orders", rows=9, taken=8, started_at=clock.now()
    )
    SetAsideRow.objects.create(run=run, row=3, reason="bad_number", detail="many")
    make_statement(shop.channel, "orders", DAY, "different", theirs=9, ours=9, matched=8, repaired=1)
    make_statement(shop.files, "orders", DAY, "stale", detail={"reason": "no answer within 10 s"})
    difference = make_difference(
        shop.channel, "order_missing_there", DAY, order_ref=sold.id, ours_minor=1870, theirs_minor=0,
        evidence={"number": sold.external_number, "order": sold.number},
    )  # fmt: skip
    make_difference(
        shop.provider, "payment_status", DAY, state="repaired", evidence={"ours": "expected", "theirs": "captured"}
    )
    Payout.objects.create(
        connection=shop.provider, provider_id="po_1", amount_minor=5000, lines_minor=4700, currency="JPY", arrives_on=DAY,
        status="paid", at=clock.now(),
    )  # fmt: skip
    bought, moved = _on_their_way(shop)
    at = {
        "purchase": ("purchase", bought["placed"].id), "purchase draft": ("purchase", bought["draft"].id),
        "receive": ("purchase_receive", bought["placed"].id), "transfer": ("transfer", moved["sent"].id),
        "transfer draft": ("transfer", moved["draft"].id),
        "order held": ("order", held.id), "order short": ("order", short.id), "order sold": ("order", sold.id),
        "box": ("pack_one", packed.id), "stock why": ("stock_why", matcha.levels.get().id), "night": ("night_of", DAY),
        "difference": ("night_difference", difference.id), "connection": ("connection", shop.channel.id),
        "call": ("call", call.id), "notice": ("notice", notice.id), "files": ("files", shop.files.id), "file": ("file", run.id),
        "body": ("payload_event", notice.id),
    }  # fmt: skip
    found = {name: reverse(f"staff:{view}", args=[argument]) for name, (view, argument) in at.items()}
    found |= {name: reverse(f"staff:{name}") for name in LISTS}
    found["drift"] = reverse("staff:drift_of", args=[DAY])
    found["why"] = reverse("staff:why", args=["shown", matcha.listings.get().id])
    desk = reverse("staff:desk")
    return found | {
        "held": f"{desk}?queue=held",
        "all": f"{desk}?queue=all",
        "search": f"{desk}?q=高橋",
        "none": f"{desk}?q=zzz",
    }


def _on_their_way(shop) -> tuple[dict[str, PurchaseOrder], dict[str, Transfer]]:
    """Goods that were ordered, came in part and beyond, with their freight, and goods between two places."""
    supplier = Supplier.objects.create(code="kiln", name="株式会社窯元", minimum_order_minor=90_000)
    wish = [Wish(variant=shop.variants["TEA"].id, quantity=24, price=Decimal("432.5"))]
    placed, draft = (purchasing.draft(supplier, wish, location=shop.location, actor="tanaka") for _ in range(2))
    purchasing.place(placed.id, actor="tanaka")
    buy_goods.receive(placed.id, {placed.lines.get().id: 30}, slip="N-1", actor="kimura")
    bill = Bill(kind="freight", basis="quantity", amount_minor=900)
    buy_goods.land(bill, [placed.receipts.get().id], actor="keiri")
    other = Location.objects.create(code="shibuya", name="渋谷店")
    going = [transfers.Wish(shop.variants["TEA"].id, 4)]
    sent, next_one = (transfers.draft(shop.location, other, going, actor="tanaka") for _ in range(2))
    move_goods.send(sent.id, actor="tanaka")
    return {"placed": placed, "draft": draft}, {"sent": sent, "draft": next_one}


@pytest.mark.slow
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
@pytest.mark.parametrize("language", ["ja", "en"])
def test_every_page_is_in_order(screen_of, pages, language: str, size: dict[str, int]):
    screen = screen_of("owner", language=language, size=size)
    found = {}

    for name, path in pages.items():
        page = screen.open(path)
        titles = page.get_by_role("heading", level=1).count()
        found[name] = (page.get_attribute("html", "lang"), titles, screen.overflow(), faults(page))

    assert found == dict.fromkeys(pages, (language, 1, 0, []))
    assert screen.complaints == []


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_every_dialog_of_an_order_is_in_order(screen_of, pages, size: dict[str, int]):
    screen = screen_of("owner", language="ja", size=size)
    page = screen.open(pages["order held"])
    found = {}

    for name in ("hold", "release", "cancel"):
        page.locator(f"[commandfor={name}][command=show-modal]").first.click()
        dialog = page.locator(f"dialog#{name}")
        found[name] = (dialog.is_visible(), faults(page))
        page.keyboard.press("Escape")

    assert found == dict.fromkeys(found, (True, []))
    assert screen.complaints == []
