"""Reading a large shop by a bulk operation: request built so, called so, answer parsed so, error parsed so."""

import json

import msgspec
import pytest

from apps.connectors.shopify import bulk, mapping_bulk
from apps.connectors.shopify.connector import ShopifyConnector
from apps.connectors.shopify.documents import bulk_stock, bulk_variants
from apps.hub import errors
from apps.sandbox.shopify_stock import LOCATION
from tests.connectors.shopify.conftest import CONNECTION

HERE = f"gid://shopify/Location/{LOCATION}"
SHOP = {"currencyCode": "JPY", "taxesIncluded": True}


@pytest.fixture
def settings_in_bulk(settings_of_shop, listing, ledger):
    """A shop of more than one page, which is read in bulk."""
    if not ledger("SELECT 1 FROM shopify_variant WHERE sku = 'bulk-251'"):
        for number in range(252):
            listing(f"bulk-{number}", shown=number)
    return msgspec.structs.replace(settings_of_shop, bulk_from=252, bulk_looks_a_second=0)


@pytest.fixture
def in_bulk(settings_in_bulk, stand):
    stand.told("shopify/bulk_operations")
    stand.forget()
    return ShopifyConnector(settings_in_bulk, CONNECTION)


@pytest.fixture
def ends(stand):
    """How the next bulk operations end."""
    return lambda *fates, others=0: stand.told("shopify/bulk_operations", fates=fates, others=others)


def spoken(stand):
    """Operations, and the paths of what was fetched."""
    return [json.loads(ask.body)["operationName"] if ask.body else ask.path.split("/")[1] for ask in stand.heard]


def whole(pages):
    return [one for page in pages for one in page]


def ways(settings):
    """The same shop page by page and in bulk."""
    paged = ShopifyConnector(msgspec.structs.replace(settings, bulk_from=0), CONNECTION)
    return paged, ShopifyConnector(settings, CONNECTION)


def product(number, *variants):
    lines = [{"id": f"gid://shopify/Product/{number}", "title": f"P{number}"}]
    return lines + [variant(one, product=number) for one in variants]


def variant(number, *, product):
    item = {"id": f"gid://shopify/InventoryItem/{number}", "measurement": {"weight": None}, "inventoryLevel": None}
    return {
        "id": f"gid://shopify/ProductVariant/{number}", "sku": f"V{number}", "title": "T", "barcode": None, "price": "1.0",
        "inventoryItem": item, "__parentId": f"gid://shopify/Product/{product}",
    }  # fmt: skip


def file_of(*lines):
    return b"".join(line if isinstance(line, bytes) else json.dumps(line).encode() + b"\n" for line in lines)


# Both ways say the same


def test_variants_are_the_same_page_by_page_and_in_bulk(settings_in_bulk, stand):
    paged, in_bulk = ways(settings_in_bulk)
    cards = whole(paged.variants())
    stand.forget()
    pages = list(in_bulk.variants())
    assert whole(pages) == cards
    assert [len(page) for page in pages] == [250, len(cards) - 250]
    assert spoken(stand) == ["Variants", "VariantCount", "StartBulk", *["BulkState"] * 3, "bulk"]


def test_shown_stock_is_the_same_page_by_page_and_in_bulk(settings_in_bulk, stand):
    paged, in_bulk = ways(settings_in_bulk)
    levels = whole(paged.shown_stock())
    stand.forget()
    assert sorted(map(repr, whole(in_bulk.shown_stock()))) == sorted(map(repr, levels))
    assert spoken(stand) == ["ShownStock", "VariantCount", "StartBulk", *["BulkState"] * 3, "bulk"]


def test_a_shop_below_the_limit_is_read_page_by_page(settings_in_bulk, stand, ledger):
    many = ledger("SELECT count(*) FROM shopify_variant")[0][0]
    below = ShopifyConnector(msgspec.structs.replace(settings_in_bulk, bulk_from=many + 1), CONNECTION)
    assert len(whole(below.variants())) == many
    assert spoken(stand) == ["Variants", "VariantCount", "Variants"]


# The four


def test_the_request_is_built_so():
    assert " ".join(bulk_stock(HERE).split()) == (
        '{ inventoryItems { edges { node { id sku inventoryLevel(locationId: "gid://shopify/Location/70001")'
        ' { quantities(names: ["available"]) { quantity } } } } } }'
    )
    assert bulk_variants(HERE).count("edges { node {") == 2


def test_it_is_called_so_and_the_file_s_host_sees_no_token(in_bulk, stand):
    list(in_bulk.shown_stock())
    start = json.loads(next(ask.body for ask in stand.heard if b"StartBulk" in ask.body))
    assert start["variables"] == {"query": bulk_stock(HERE)}
    fetched = stand.heard[-1]
    assert (fetched.method, "x-shopify-access-token" in fetched.headers) == ("GET", False)
    assert "shpat" not in str(fetched)


def test_an_answer_is_put_together_so():
    first, second = product(1, 12, 11), product(2, 100)
    orphan = variant(13, product=9)
    gathered = mapping_bulk.put_together(file_of(*second, *first, orphan, b'{"id": "gid:\n', b"\n", b"[1]\n"))
    assert (gathered.lines, gathered.faults) == (
        8,
        [
            "line 7 is no object with an id",
            "line 9 is no object with an id",
            "line 6: its parent gid://shopify/Product/9 is not in the file",
        ],
    )
    del second[1]["price"]
    cards, faults = mapping_bulk.variant_cards(gathered.roots, shop=SHOP, location=HERE)
    assert [(card.external_id, card.product_external_id, card.product_title) for card in cards] == [
        ("11", "1", "P1"), ("12", "1", "P1"), ("100", "2", "P2"),
    ]  # fmt: skip
    assert faults == []


def test_children_before_their_parents_are_put_together_too():
    lines = product(1, 11)
    assert mapping_bulk.put_together(file_of(*lines[::-1])) == mapping_bulk.put_together(file_of(*lines))


def test_an_object_that_cannot_be_read_is_named_alone():
    lines = product(1, 11, 12)
    del lines[1]["price"]
    gathered = mapping_bulk.put_together(file_of(*lines))
    cards, faults = mapping_bulk.variant_cards(gathered.roots, shop=SHOP, location=HERE)
    assert ([card.external_id for card in cards], faults) == (["12"], ["11 cannot be read (KeyError)"])


@pytest.mark.parametrize(
    ("fate", "error", "words", "comes"),
    [
        ("failed", errors.Transient, r"ended as failed \(INTERNAL_SERVER_ERROR\)", True),
        ("timeout", errors.Transient, r"ended as failed \(TIMEOUT\)", False),
        ("denied", errors.Misconfigured, r"ended as failed \(ACCESS_DENIED\)", False),
        ("canceled", errors.Transient, "ended as canceled", False),
        ("expired", errors.Transient, "ended as expired", False),
        ("gone", errors.Transient, "its host answered 403", False),
        ("short", errors.Transient, "the bulk file ends after", False),
        ("elsewhere", errors.Misconfigured, "an address inside your own network", False),
        ("broken_line", errors.Transient, "line 1 is no object with an id; everything else was read", True),
    ],
)
def test_an_error_is_parsed_so_after_what_came(in_bulk, ends, ledger, fate, error, words, comes):
    """What a failed operation left behind, and everything beside a broken line, is handed on first."""
    ends(fate)
    came = []
    with pytest.raises(error, match=words):
        came.extend(one for page in in_bulk.shown_stock() for one in page)
    many = ledger("SELECT count(*) FROM shopify_variant")[0][0]
    assert bool(came) is comes
    assert fate != "broken_line" or len(came) == many - 1


@pytest.mark.parametrize("fate", ["", "short_once"])
def test_a_file_that_was_cut_off_is_fetched_again(in_bulk, ends, stand, ledger, misbehave, fate):
    ends(fate)
    if not fate:
        for what in (*[""] * 6, "truncated"):  # page, count, start, three looks, file
            misbehave(what)
    assert len(whole(in_bulk.shown_stock())) == ledger("SELECT count(*) FROM shopify_variant")[0][0]
    assert spoken(stand)[-2:] == ["bulk", "bulk"]


def test_a_look_that_fails_is_taken_again(in_bulk, misbehave, ledger):
    for what in ("", "", "", "failed", "html"):
        misbehave(what)
    assert len(whole(in_bulk.shown_stock())) == ledger("SELECT count(*) FROM shopify_variant")[0][0]


def test_where_others_run_it_waits_its_turn(in_bulk, ends, stand):
    ends(others=5)
    with pytest.raises(errors.RateLimited, match="as many bulk operations as it allows") as caught:
        list(in_bulk.shown_stock())
    assert caught.value.retry_after == bulk.BUSY_SECONDS
    assert spoken(stand)[-1] == "StartBulk"


def test_one_without_an_end_is_called_off(settings_in_bulk, ends, ledger, stand):
    ends("endless")
    short = ShopifyConnector(msgspec.structs.replace(settings_in_bulk, bulk_minutes=0), CONNECTION)
    with pytest.raises(errors.Transient, match="took over 0 minutes"):
        list(short.shown_stock())
    assert spoken(stand)[-1] == "CancelBulk"
    assert ledger("SELECT count(*) FROM shopify_bulk WHERE NOT is_over") == [(0,)]


def test_a_location_that_is_no_number_is_put_into_no_query(settings_in_bulk):
    odd = msgspec.structs.replace(settings_in_bulk, location_id='1") { id } }')
    with pytest.raises(errors.Misconfigured, match="it is a number"):
        list(ShopifyConnector(odd, CONNECTION).shown_stock())
