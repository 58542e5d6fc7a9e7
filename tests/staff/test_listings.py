"""Listings on screen: what is linked to what, what nobody has linked, and a person's word about it."""

from datetime import timedelta

import pytest
from django.urls import reverse

from apps.channels.models import Listing, Stop
from apps.core import clock
from apps.core.models import AuditEntry
from apps.flows import push_stock
from apps.hub.models import Delivery
from tests.staff.builders import make_delivery, make_shop

LISTINGS = reverse("staff:listings")


@pytest.fixture
def shop(db):
    shop = make_shop(TEA=10, POT=1)
    Listing.objects.update(link="sku")
    return shop


def _unlinked(shop, sku="THEIRS", **facts) -> Listing:
    wanted = {"sku": sku, "title": f"品 {sku}", "external_id": f"v-{sku}", "fault": "unknown"} | facts
    return Listing.objects.create(connection=shop.channel, **wanted)


def _listed(browser, **query) -> list[str]:
    return [row.of.sku for row in browser.get(LISTINGS, query).context["rows"]]


def test_what_nobody_linked_is_a_red_figure_on_every_page(browser_as, shop):
    _unlinked(shop)
    _unlinked(shop, "GIFT", link="not_ours")

    page = browser_as("warehouse").get(reverse("staff:desk"))

    assert page.context["counts"]["staff:stock"] == {"n": 1, "text": "1", "is": "bad"}


def test_each_filter_shows_its_own(browser_as, shop):
    _unlinked(shop)
    _unlinked(shop, "GIFT", link="not_ours")
    Listing.objects.filter(sku="TEA").update(is_dirty=True)
    Listing.objects.filter(sku="POT").update(refused="archived")
    browser = browser_as("staff")

    found = {only: _listed(browser, only=only) for only in ("", "unlinked", "waiting", "refused", "not_ours", "blind")}

    assert found == {
        "": ["GIFT", "POT", "TEA", "THEIRS"],
        "unlinked": ["THEIRS"],
        "waiting": ["TEA"],
        "refused": ["POT"],
        "not_ours": ["GIFT"],
        "blind": [],
    }
    assert _listed(browser, q="品 TEA") == ["TEA"]


def test_states_in_words(browser_as, shop):
    _unlinked(shop)
    Listing.objects.filter(sku="POT").update(refused="archived")

    rows = browser_as("staff").get(LISTINGS).context["rows"]

    assert [(row.of.sku, row.mark, row.why) for row in rows] == [
        ("POT", "act", "archived"),
        ("TEA", "ok", ""),
        ("THEIRS", "bad", "no article of ours has its SKU or barcode"),
    ]


def test_a_blind_channel_says_since_when_and_what_it_keeps(browser_as, shop):
    row = make_delivery(shop.channel, "stock.set", status="due")
    Delivery.objects.filter(id=row.id).update(created_at=clock.now() - timedelta(hours=2))

    browser = browser_as("staff")
    page = browser.get(LISTINGS, {"only": "blind"})

    assert [row.of.sku for row in page.context["rows"]] == ["POT", "TEA"]
    assert {row.mark for row in page.context["rows"]} == {"stale"}
    kept = push_stock.blind()[shop.channel.id]
    assert (kept.units, kept.articles) == (11, 2)
    assert b"11 units" in page.content
    assert browser.get(reverse("staff:connections")).context["healths"][0].mark == "bad"


def test_a_listing_is_linked_by_hand_from_a_search(browser_as, shop):
    row = _unlinked(shop)
    spare = shop.variants["TEA"]
    Listing.objects.filter(sku="TEA").delete()
    browser = browser_as("staff")
    address = reverse("staff:listing", args=[row.id])
    assert [item["of"].sku for item in browser.get(address, {"find": "te"}).context["found"]] == ["TEA"]

    answer = browser.post(reverse("staff:listing_link", args=[row.id]), {"variant": str(spare.id)})

    row.refresh_from_db()
    assert (answer.status_code, row.variant, row.link, row.is_dirty) == (302, spare, "person", True)
    assert AuditEntry.objects.get(subject=str(row.id)).action == "listing.linked"


def test_what_cannot_be_linked_is_said_on_the_page(browser_as, shop):
    row = _unlinked(shop)

    answer = browser_as("staff").post(reverse("staff:listing_link", args=[row.id]), {"code": "TEA"})

    assert (answer.status_code, Listing.objects.get(id=row.id).variant) == (409, None)
    assert "TEA is linked to" in answer.content.decode()


def test_not_ours_asks_for_a_reason(browser_as, shop):
    row = _unlinked(shop)
    address = reverse("staff:listing_part", args=[row.id])
    browser = browser_as("staff")

    assert browser.post(address, {"not_ours": "1", "note": ""}).status_code == 409
    assert browser.post(address, {"not_ours": "1", "note": "gift card"}).status_code == 302
    assert Listing.objects.get(id=row.id).link == "not_ours"


@pytest.mark.parametrize(("buffer", "price", "status"), [("2", "1,280", 302), ("-1", "", 409), ("", "0", 409)])
def test_a_rule_for_one_listing(browser_as, shop, buffer, price, status):
    row = Listing.objects.get(sku="TEA")

    answer = browser_as("staff").post(
        reverse("staff:listing_rule", args=[row.id]), {"buffer": buffer, "own_price": price}
    )

    row.refresh_from_db()
    kept = (2, 1280) if status == 302 else (0, None)
    assert (answer.status_code, (row.buffer, row.own_price)) == (status, kept)


@pytest.mark.parametrize(("decision", "state"), [("let_pass", "let_pass"), ("keep", "kept")])
def test_a_person_decides_about_what_a_breaker_stopped(browser_as, shop, decision, state):
    stop = Stop.objects.create(connection=shop.channel, fallen=2, shown=2)
    Listing.objects.update(is_held=True, is_dirty=True)
    browser = browser_as("staff")
    page = browser.get(LISTINGS, {"only": "stopped"})
    assert (page.context["stops"], {row.label for row in page.context["rows"]}) == ([stop], {"Stopped"})
    assert page.context["counts"]["staff:connections"]["n"] == 1

    browser.post(reverse("staff:stop_decide", args=[stop.id]), {"decision": decision})

    stop.refresh_from_db()
    assert (stop.state, stop.decided_by, Listing.objects.filter(is_held=True).exists()) == (
        state,
        "staff",
        state == "kept",
    )
