"""Which article a channel's listing is: SKU, then barcode, then a person, whose word no import undoes; each article once."""

from decimal import Decimal

import pytest

from apps.catalog import services as catalog
from apps.channels import linking
from apps.channels.errors import Refused
from apps.channels.models import Listing, SellingPolicy
from apps.core.models import AuditEntry
from apps.flows import lease_stock, link_listings, push_stock, take_listings, wiring
from apps.flows.place_orders import place_orders
from apps.hub.contracts import StockOutcome, VariantCard
from apps.inventory.models import Lease
from tests import builders

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop():
    wiring.forget()
    return builders.connection()


@pytest.fixture
def cup():
    made = builders.variant("CUP", barcode="4901234500013")
    builders.stock(made, 10)
    return made


def _card(name, sku="", **facts):
    return VariantCard(sku=sku, title=name, external_id=name, stock_external_id=f"i-{name}", **facts)


def _take(shop, *cards):
    return take_listings.take(cards, source=shop)


def _links(shop):
    rows = Listing.objects.filter(connection=shop).select_related("variant").order_by("external_id")
    return {row.external_id: (row.variant and row.variant.sku, row.link, row.fault) for row in rows}


def test_by_sku_then_by_barcode_and_what_is_left_says_why(shop, cup):
    builders.variant("POT", barcode="4900000000001")
    builders.variant("PAN", barcode="4900000000001")
    bowl = builders.variant("BOWL")
    _take(
        shop, _card("a", "bowl", barcode="4901234500013"), _card("b", barcode="4901234500013"),
        _card("c", barcode="4900000000001"), _card("d", "NOBODY", barcode="1"), _card("e"),
    )  # fmt: skip

    assert _links(shop) == {
        "a": (bowl.sku, "sku", ""),
        "b": ("CUP", "barcode", ""),
        "c": (None, "", "several"),
        "d": (None, "", "unknown"),
        "e": (None, "", "no_code"),
    }
    assert linking.unlinked().count() == 3


def test_a_second_listing_of_an_article_stays_unlinked_and_says_so(shop, cup):
    _take(shop, _card("a", "CUP"), _card("b", "CUP"))
    _take(shop, _card("b", "CUP"), _card("0", barcode="4901234500013"))  # who has it keeps it

    assert _links(shop) == {"0": (None, "", "taken"), "a": ("CUP", "sku", ""), "b": (None, "", "taken")}


def test_two_listings_change_places(shop, cup):
    builders.variant("BOWL")
    _take(shop, _card("a", "CUP"), _card("b", "BOWL"))
    Listing.objects.update(is_dirty=False)

    _take(shop, _card("a", "BOWL"), _card("b", "CUP"))

    assert _links(shop) == {"a": ("BOWL", "sku", ""), "b": ("CUP", "sku", "")}
    assert Listing.objects.filter(is_dirty=True).count() == 2


def test_a_look_does_not_take_away_the_mark_that_something_must_be_told(shop, cup):
    _take(shop, _card("a", "CUP"))
    assert Listing.objects.get().is_dirty

    _take(shop, _card("a", "CUP", price=Decimal(980), currency="JPY"))

    row = Listing.objects.get()
    assert (row.is_dirty, row.price, row.currency) == (True, 980, "JPY")


def test_a_person_s_link_survives_every_import(shop, cup):
    bowl = builders.variant("BOWL")
    _take(shop, _card("a", "THEIRS", barcode="4901234500013"), _card("b", "X"))
    row = Listing.objects.get(external_id="a")

    link_listings.link(row.id, bowl, actor="hanako", note="by the photo")
    link_listings.set_aside(Listing.objects.get(external_id="b").id, actor="hanako", note="a gift card")
    builders.variant("X")
    _take(shop, _card("a", "THEIRS", barcode="4901234500013"), _card("b", "X"))

    assert _links(shop) == {"a": ("BOWL", "person", ""), "b": (None, "not_ours", "")}
    assert linking.unlinked().count() == 0
    deeds = AuditEntry.objects.order_by("id").values_list("action", "actor", "subject")
    assert deeds[0] == ("listing.linked", "hanako", str(row.id))


def test_a_link_that_was_taken_away_comes_back_by_a_person_only(shop, cup):
    _take(shop, _card("a", "CUP"))
    row = Listing.objects.get()

    link_listings.part(row.id, actor="hanako", note="another size")
    _take(shop, _card("a", "CUP"))
    assert (_links(shop), push_stock.build()) == ({"a": (None, "parted", "")}, 0)

    link_listings.match_again(row.id, actor="hanako")
    assert _links(shop) == {"a": ("CUP", "sku", "")}


def test_one_article_has_one_listing_a_channel(shop, cup):
    _take(shop, _card("a", "CUP"), _card("b", "THEIRS"))
    with pytest.raises(Refused, match="CUP"):
        link_listings.link(Listing.objects.get(external_id="b").id, cup, actor="hanako")


def test_what_orders_would_read_otherwise_is_not_linked(shop, cup):
    """The channel's orders say BOWL, and BOWL is another article of ours."""
    builders.variant("BOWL")
    _take(shop, _card("a", "BOWL"))
    with pytest.raises(Refused, match="BOWL"):
        link_listings.link(Listing.objects.get().id, cup, actor="hanako")


def test_a_reason_is_asked_for(shop, cup):
    _take(shop, _card("a", "CUP"))
    with pytest.raises(Refused):
        link_listings.part(Listing.objects.get().id, actor="hanako", note=" ")

    assert _links(shop) == {"a": ("CUP", "sku", "")}


def test_an_order_finds_the_article_by_what_its_channel_calls_it(shop, cup):
    _take(shop, _card("a", "THEIRS"))
    elsewhere = builders.connection()
    _take(elsewhere, _card("a", "OTHERS"))
    link_listings.link(Listing.objects.get(connection=shop).id, cup, actor="hanako")

    (sold,) = place_orders([builders.order_draft(builders.line_draft(sku="THEIRS"))], source=shop).orders
    (lost,) = place_orders([builders.order_draft(builders.line_draft(sku="THEIRS"))], source=elsewhere).orders

    assert (sold.lines.get().variant, lost.lines.get().variant) == (cup, None)


def test_a_lease_goes_with_the_link(shop, cup):
    """Its units are not stuck at a channel that is told nothing any more."""
    other = builders.connection()
    _take(shop, _card("a", "CUP"))
    _take(other, _card("a", "CUP"))
    wiring.forget()
    SellingPolicy.objects.create(variant=cup, choice="leased", state="leased")
    Listing.objects.filter(connection=shop).update(shown=4, set_at=builders.PLACED)
    lease_stock.settle([cup.id], cause=builders.some_id())
    assert Lease.objects.get(holder=shop.id).units == 4

    link_listings.part(Listing.objects.get(connection=shop).id, actor="hanako", note="wrong")

    assert Lease.objects.get(holder=shop.id).units == 0


def test_the_vendor_s_words_of_a_refusal_stay_until_it_takes_a_number(shop, cup):
    _take(shop, _card("a", "CUP"))
    answer = {"i-a": StockOutcome(external_id="i-a", is_set=False, error="item is archived")}
    push_stock.channels.told(shop, answer, {"i-a": 10}, is_answered=True)
    assert Listing.objects.get().refused == "item is archived"

    push_stock.channels.told(shop, {"i-a": StockOutcome(external_id="i-a", is_set=True)}, {"i-a": 10}, is_answered=True)
    assert Listing.objects.get().refused == ""


def test_all_that_have_a_barcode_are_found():
    one, two = builders.variant(barcode="49"), builders.variant(barcode="49")
    assert catalog.find_barcodes(["49", "", "50"]) == {"49": [one.id, two.id]}
