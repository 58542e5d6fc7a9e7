"""Telling of parcels: request built so, called so, answer parsed so, error parsed so."""

from dataclasses import replace

import pytest

from apps.connectors.woocommerce import parcels
from apps.connectors.woocommerce.connector import WooCommerceConnector
from apps.connectors.woocommerce.settings import WooCommerceSettings
from apps.core import clock
from apps.hub import contracts as c
from apps.hub import errors
from tests.connectors.stand import line, parcel_of
from tests.connectors.woocommerce.conftest import CONNECTION

PARCEL = c.Fulfilment(
    reference="S-1", order_external_id="727", order_number="727", tracking_number="400012345678", carrier="ヤマト運輸",
    lines=(
        c.FulfilmentLine(line_external_id="315", sku="TEA", quantity=2),
        c.FulfilmentLine(line_external_id="", sku="CUP", quantity=1),
    ), shipped_at=clock.wall(),
)  # fmt: skip
TEXT = "ヤマト運輸 400012345678\n煎茶 × 2\n湯呑 × 1\n[Kurogo S-1 400012345678: 315x2 316x1]"


def order(status="processing", **units):
    counts = units or {"i315": 2, "i316": 1}
    names = {"i315": ("煎茶", "TEA"), "i316": ("湯呑", "CUP")}
    return {
        "id": 727, "status": status, "refunds": [],
        "line_items": [
            {"id": int(id[1:]), "quantity": count, "name": names[id][0], "sku": names[id][1]} for id, count in counts.items()
        ],
    }  # fmt: skip


def note(text=TEXT, id=281):
    return {"id": id, "note": text, "customer_note": False}


def left(*notes):
    return parcels.told_parcels(list(notes))


def test_the_request_is_built_so():
    assert parcels.note_body(PARCEL, order(), tells_customer=True) == {"note": TEXT, "customer_note": True}
    linked = replace(PARCEL, tracking_url="https://example.jp/400012345678")
    assert parcels.note_text(linked, order()).split("\n")[1] == "https://example.jp/400012345678"


def test_a_parcel_without_a_number_or_with_many_lines_is_told_shortly():
    bare = replace(PARCEL, tracking_number="", carrier="", lines=PARCEL.lines[:1])
    assert parcels.note_text(bare, order()) == "煎茶 × 2\n[Kurogo S-1: 315x2]"
    many = tuple(c.FulfilmentLine(line_external_id=str(id), sku="", quantity=1) for id in range(700))
    text = parcels.note_text(replace(PARCEL, lines=many), order())
    assert (len(text.split("\n")), len(left(note(text))["S-1 400012345678"].units)) == (2, 700)


def test_it_is_called_after_the_order_was_looked_at(connector, place, asked, stand):
    sale, id = place(line("TEA", 3), line("CUP", 1))
    parcel = parcel_of(connector, sale, id)
    stand.forget()
    receipt = connector.create_fulfilment(parcel, "key")
    assert connector.create_fulfilment(parcel, "key") == receipt
    here = f"/orders/{id}"
    assert [(method, path) for method, path, _, _ in asked()] == [
        ("GET", here), ("GET", f"{here}/notes"), ("POST", f"{here}/notes"), ("PUT", here),
        ("GET", here), ("GET", f"{here}/notes"),
    ]  # fmt: skip
    assert [body for _, _, _, body in asked()][3] == {"status": "completed"}


def test_what_left_in_part_leaves_the_order_open_until_all_has(connector, place, ledger, asked, stand):
    sale, id = place(line("TEA", 3), line("CUP", 1))
    whole = parcel_of(connector, sale, id)
    stand.forget()
    part = replace(whole, reference="S-a", lines=(replace(whole.lines[0], quantity=2),))
    connector.create_fulfilment(part, "key")
    assert ledger("SELECT status FROM woocommerce_order WHERE id = ?", int(id)) == [("processing",)]
    assert [method for method, _, _, _ in asked()] == ["GET", "GET", "POST", "GET"]
    rest = replace(whole, reference="S-b", lines=(replace(whole.lines[0], quantity=1), whole.lines[1]))
    connector.create_fulfilment(rest, "key")
    assert ledger("SELECT status FROM woocommerce_order WHERE id = ?", int(id)) == [("completed",)]


def test_what_was_given_back_needs_not_leave(connector, place, ledger, stand):
    sale, id = place(line("TEA", 3), line("CUP", 1))
    stand.told("woocommerce/refund", number=sale.number, units={"CUP": 1})
    whole = parcel_of(connector, sale, id)
    connector.create_fulfilment(replace(whole, lines=whole.lines[:1]), "key")
    assert ledger("SELECT status FROM woocommerce_order WHERE id = ?", int(id)) == [("completed",)]


def test_two_parcels_told_at_one_moment_complete_the_order(connector, place, ledger, monkeypatch):
    """The second is told while the first has looked at the notes and not yet written its own."""
    sale, id = place(line("TEA", 2))
    whole = parcel_of(connector, sale, id)
    one, two = (replace(whole, reference=name, lines=(replace(whole.lines[0], quantity=1),)) for name in ("S-1", "S-2"))
    told, looked = connector._told, []

    def look(order):
        found = told(order)
        if not looked:
            looked.append(1)
            WooCommerceConnector(connector.settings, CONNECTION).create_fulfilment(two, "key")
        return found

    monkeypatch.setattr(connector, "_told", look)
    connector.create_fulfilment(one, "key")
    assert ledger("SELECT status FROM woocommerce_order WHERE id = ?", int(id)) == [("completed",)]


@pytest.mark.parametrize("fault", ["failed", "limited"])
def test_a_note_whose_status_failed_is_not_found_until_the_status_follows(connector, place, stand, ledger, fault):
    parcel = parcel_of(connector, *place())
    for what in ("", "", "", fault):
        stand.told("misbehave", slug="woocommerce", what=what, times=1)
    with pytest.raises(errors.Transient):
        connector.create_fulfilment(parcel, "key")
    assert connector.find_fulfilment(parcel) is None
    receipt = connector.create_fulfilment(parcel, "key")
    assert connector.find_fulfilment(parcel) == receipt
    id = int(parcel.order_external_id)
    assert ledger("SELECT status FROM woocommerce_order WHERE id = ?", id) == [("completed",)]
    assert ledger("SELECT count(*) FROM woocommerce_note WHERE order_id = ?", id) == [(1,)]


@pytest.mark.parametrize("tells", [True, False])
def test_the_customer_is_told_by_the_shop_only_where_the_merchant_wants_it(
    settings_of_shop, connector, place, ledger, tells
):
    facts = {name: getattr(settings_of_shop, name) for name in settings_of_shop.__struct_fields__}
    telling = WooCommerceConnector(WooCommerceSettings(**facts | {"tells_customer": tells}), CONNECTION)
    parcel = parcel_of(connector, *place())
    telling.create_fulfilment(parcel, "key")
    id = int(parcel.order_external_id)
    assert ledger("SELECT is_customers FROM woocommerce_note WHERE order_id = ?", id) == [(tells,)]


def test_an_answer_is_parsed_so():
    told = left(
        note(id=290), note(id=281), note("Order status changed.", id=282), note("[Kurogo S-10 4: 315x1]", id=283)
    )
    assert told == {
        "S-1 400012345678": parcels.Told("281", {"315": 2, "316": 1}),
        "S-10 4": parcels.Told("283", {"315": 1}),
    }
    assert left(note("A &amp; B 4\n[Kurogo S-2 4: 315x1]"), note(None)) == {"S-2 4": parcels.Told("281", {"315": 1})}


def test_a_number_with_brackets_or_spaces_is_found_again():
    odd = replace(PARCEL, reference="S [1]", tracking_number="40: 00")
    assert list(left(note(parcels.note_text(odd, order())))) == [parcels.key_of(odd)] == ["S-1- 40-00"]


def test_an_order_of_the_merchant_s_own_status_keeps_it():
    told = left(note())
    assert [
        status
        for status in ("pending", "on-hold", "processing", "completed", "packed", "cancelled")
        if parcels.wants_completing(order(status), told, [])
    ] == ["pending", "on-hold", "processing"]
    assert not parcels.wants_completing(order(i315=3, i316=1), told, [])


@pytest.mark.parametrize(
    ("known", "notes", "words"),
    [
        (order(i315=1, i316=1), (), "727: more would leave than was bought in WooCommerce: 1 of line 315"),
        (order(), (note("[Kurogo S-9: 315x2]"),), "2 of line 315"),
        (order(i315=2), (), r"1 of line \(no such SKU\)"),
        (order("cancelled"), (), "takes no parcel for it, the order is cancelled there"),
        (order("refunded"), (), "refunded there"),
        (order("failed"), (), "failed there"),
        (order("trash"), (), "trash there"),
    ],
)
def test_an_error_is_parsed_so(known, notes, words):
    with pytest.raises(errors.Permanent, match=words):
        parcels.check(PARCEL, known, left(*notes))


def test_a_refusal_of_the_shop_is_permanent(connector, stand, place):
    sale, id = place(line("TEA", 3))
    parcel = parcel_of(connector, sale, id)
    stand.told("woocommerce/cancel", number=sale.number)
    with pytest.raises(errors.Permanent, match="cancelled there"):
        connector.create_fulfilment(parcel, "key")
    for id in ("1", "no-number"):
        with pytest.raises(errors.Permanent, match="does not know the order"):
            connector.create_fulfilment(replace(parcel, order_external_id=id), "key")
