"""Why this number, on any screen: a click says in words how it comes about, in both languages; hostile names stay text."""

import re
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse

from apps.channels.models import Listing
from apps.core import clock
from apps.core.ids import uuid7
from apps.flows import set_aside, ship_order
from apps.hub.models import Connection
from apps.inventory.models import Aside, StockLevel, Stocktake
from apps.orders.models import OrderLine
from apps.payments.models import Payment
from tests import builders
from tests.flows import buying
from tests.inventory import sheets
from tests.staff.builders import label, make_order, make_shop, pay, plan

TOKYO = ZoneInfo("Asia/Tokyo")


@pytest.fixture
def shop(db):
    return make_shop(TEA=5)


@pytest.fixture
def told(shop):
    """楽天 shows 3 of 5: one is kept for an order that is not paid yet, one is set aside."""
    Connection.objects.filter(id=shop.channel.id).update(name="楽天")
    order = make_order(shop, ("TEA", 1), method="konbini")
    until = (clock.now() + timedelta(hours=2)).replace(minute=14)
    Payment.objects.filter(order=order).update(expires_at=until)
    level = StockLevel.objects.get()
    set_aside.set_aside(level, Aside.SAFETY, 1, cause=uuid7(), actor="rina", reason="for the fair")
    Listing.objects.update(shown=3, is_dirty=False)
    return order, until


def _words(page) -> str:
    return str(page.context["told"].sentence)


def test_the_number_of_a_channel_is_told_in_one_sentence(browser_as, told):
    order, until = told
    listing = Listing.objects.get()
    browser = browser_as("warehouse")

    page = browser.get(reverse("staff:why", args=["shown", listing.id]))

    when = f"{until.astimezone(TOKYO):%H:%M}"
    link = f'<a href="{reverse("staff:order", args=[order.id])}">{order.external_number}</a>'
    said = _words(page)
    assert said.startswith(f"楽天 shows 3, we have 5: 1 reserved by {link} until ")
    assert said.endswith(f" {when}, 1 safety stock.")
    assert (page.context["told"].is_explained, page.context["told"].residual) == (True, "0")


def test_it_is_told_in_japanese(browser_as, told):
    order, until = told
    browser = browser_as("warehouse")

    page = browser.get(
        reverse("staff:why", args=["shown", Listing.objects.get().id]), headers={"accept-language": "ja"}
    )

    link = f'<a href="{reverse("staff:order", args=[order.id])}">{order.external_number}</a>'
    said = _words(page)
    assert said.startswith(f"楽天の表示は3点、手元の在庫は5点：{link} に引当（")
    assert said.endswith(f"{until.astimezone(TOKYO):%H:%M}まで） 1点、安全在庫 1点。")


@pytest.mark.parametrize(
    "what", ["on_hand", "unavailable", "reserved", "available", "leased", "backordered", "incoming"]
)
def test_each_number_of_a_level_opens_over_the_page_and_as_a_page(browser_as, told, what):
    browser, address = browser_as("warehouse"), reverse("staff:why", args=[what, StockLevel.objects.get().id])

    part, page = browser.get(address, headers={"HX-Request": "true"}), browser.get(address)

    assert [answer.templates[0].name for answer in (part, page)] == [
        "staff/_why.html",
        "staff/why.html",
    ]
    assert part.context["told"].is_explained


def test_where_some_came_and_some_went_each_says_which(browser_as, shop):
    order = make_order(shop, ("TEA", 1))
    pay(order, shop=shop)
    ship_order.confirm(label(plan(order)).shipment, actor="kimura")

    said = _words(browser_as("warehouse").get(reverse("staff:why", args=["on_hand", StockLevel.objects.get().id])))

    figures = re.findall(r"[+−]\d+(?= [a-z ]+ \(1 time, last )", said)
    assert (said[:11], figures) == ("On hand 4: ", ["+5", "−1"])


def test_the_value_is_for_those_who_may_see_it(browser_as, shop):
    address = reverse("staff:why_value", args=[StockLevel.objects.get().id])

    page = browser_as("staff").get(address)

    assert (browser_as("warehouse").get(address).status_code, page.status_code) == (403, 200)
    assert (page.context["told"].number, [line.figure for line in page.context["told"].lines]) == (
        "¥2,000",
        ["+¥2,000"],
    )


def test_a_line_of_an_order_says_what_it_has_and_waits_for(browser_as, shop):
    make_order(shop, ("TEA", 4))
    make_order(shop, ("TEA", 3))
    third = make_order(shop, ("TEA", 2))
    line = OrderLine.objects.get(order=third, kind="item")

    page = browser_as("warehouse").get(reverse("staff:why", args=["line", line.id]))

    assert (page.context["told"].number, [str(one) for one in page.context["told"].notes]) == (
        "0", ["It waits for 2 of TEA at 東京倉庫, where 0 are free and 1 waits before it."],
    )  # fmt: skip


@pytest.mark.parametrize("what", ["shown", "line", "available", "value", "bought", "sent", "book", "nonsense"])
def test_what_is_not_there_is_not_found(browser_as, shop, what):
    assert browser_as("owner").get(f"/why/{what}/{uuid7()}/").status_code == 404


def test_hostile_names_stay_text(browser_as, told):
    Connection.objects.update(name="<b>%(n)s {0}</b>")

    page = browser_as("warehouse").get(reverse("staff:why", args=["shown", Listing.objects.get().id]))

    assert "&lt;b&gt;%(n)s {0}&lt;/b&gt;" in _words(page)
    assert b"<b>%(n)s" not in page.content


def test_every_number_of_the_stock_list_and_of_an_order_can_be_asked(browser_as, told):
    order, _until = told
    level, listing = StockLevel.objects.get(), Listing.objects.get()
    line = OrderLine.objects.get(order=order, kind="item")
    browser = browser_as("owner")

    def asked(page) -> set[str]:
        body = page.content.decode()
        known = [("line", line.id), ("shown", listing.id), *((what, level.id) for what in (
            "on_hand", "unavailable", "reserved", "available"))]  # fmt: skip
        return {what for what, thing in known if f'hx-get="{reverse("staff:why", args=[what, thing])}"' in body}

    of_level = {"on_hand", "unavailable", "reserved", "available", "shown"}
    assert asked(browser.get(reverse("staff:stock"))) == of_level
    assert asked(browser.get(reverse("staff:stock_why", args=[level.id]))) == of_level
    assert asked(browser.get(reverse("staff:order", args=[order.id]))) == {"line"}


def test_numbers_of_papers_can_be_asked_and_say_where_they_come_from(browser_as, db):
    cup = builders.variant("CUP")
    builders.stock(cup, 9)
    order, transfer = buying.ordered((cup, 12, "100")), buying.sent(cup, 6)
    buying.come(order, 5)
    owner = browser_as("owner")
    papers = {"purchase": (order, ("bought", "came")), "transfer": (transfer, ("sent",))}
    for name, (paper, whats) in papers.items():
        page = owner.get(reverse(f"staff:{name}", args=[paper.id])).content.decode()
        addresses = [reverse("staff:why", args=[what, paper.lines.get().id]) for what in whats]
        assert [f'hx-get="{address}"' in page for address in addresses] == [True] * len(whats)
        told = [owner.get(address).context["told"] for address in addresses]
        assert [one.is_explained for one in told] == [True] * len(whats)
        assert paper.number in str(told[0].sentence)
    assert str(told[0].sentence).startswith("On their way 6: 6 sent from main with ")


def test_the_book_of_a_blind_count_is_told_to_nobody_who_counts(browser_as, db):
    cup = builders.variant("CUP")
    builders.stock(cup, 9)
    wako, owner = browser_as("warehouse"), browser_as("owner")
    sheet = sheets.opened(cup)
    sheets.put(sheet, cup, 8, actor="warehouse")
    address = reverse("staff:why", args=["book", sheet.lines.get().id])
    counted_by_one = [who.get(address).status_code for who in (wako, owner)]
    sheets.put(sheet, cup, 7, actor="owner")
    counted_by_both = [who.get(address).status_code for who in (wako, owner)]
    Stocktake.objects.update(is_blind=False)

    assert (counted_by_one, counted_by_both) == ([403, 200], [403, 403])
    assert str(wako.get(address).context["told"].sentence).startswith("Book at that moment 9: 9 ")
