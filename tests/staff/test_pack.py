"""Scan and pack: what counts, what is refused loudly, and that nothing leaves unpacked; all of it without a script."""

import pytest
from django.urls import reverse

from apps.flows import cancel_order, hold_order
from apps.orders.models import Order
from apps.shipping import packing
from apps.shipping.models import Shipment, ShipmentLine
from apps.shipping.packing import Scan
from tests.staff.builders import label, make_order, make_shop, make_variant, plan


@pytest.fixture
def shop(db):
    shop = make_shop(TEA_40=50)
    make_variant(shop, "TEA-100", 50, title="宇治抹茶 缶 100g", barcode="4901234500020")
    make_variant(shop, "SOBA", 50, title="そば猪口", barcode="4901234500112")
    return shop


@pytest.fixture
def shipment(shop):
    return plan(make_order(shop, ("TEA-40", 2), ("SOBA", 1), method="cod", note="割れ物"))


def _packed(shipment: Shipment) -> list[tuple[str, int]]:
    return list(ShipmentLine.objects.filter(shipment=shipment).order_by("order_line__number")
                .values_list("order_line__sku", "packed"))  # fmt: skip


def _scan(browser, shipment: Shipment, code: str):
    return browser.post(reverse("staff:pack_scan", args=[shipment.id]), {"code": code}, follow=True)


@pytest.mark.parametrize("code", ["TEA-40", " tea-40 ", "Tea-40"])
def test_a_unit_counts_by_its_sku_in_any_case(shipment, code: str):
    scanned = packing.scan(shipment.id, code)

    assert (scanned.outcome, _packed(shipment)) == (Scan.COUNTED, [("TEA-40", 1), ("SOBA", 0)])


def test_a_unit_counts_by_its_barcode(shipment):
    assert packing.scan(shipment.id, "4901234500112").outcome is Scan.COUNTED
    assert _packed(shipment) == [("TEA-40", 0), ("SOBA", 1)]


@pytest.mark.parametrize(
    ("code", "outcome"),
    [("4901234500020", Scan.WRONG), ("TEA-100", Scan.WRONG), ("nothing", Scan.UNKNOWN), ("", Scan.UNKNOWN)],
)
def test_what_does_not_belong_here_is_not_counted(shipment, code: str, outcome: Scan):
    assert packing.scan(shipment.id, code).outcome is outcome
    assert _packed(shipment) == [("TEA-40", 0), ("SOBA", 0)]


def test_no_more_units_than_belong_here(shipment):
    outcomes = [packing.scan(shipment.id, "SOBA").outcome for _ in range(2)]

    assert outcomes == [Scan.COUNTED, Scan.ENOUGH]
    assert _packed(shipment) == [("TEA-40", 0), ("SOBA", 1)]


def test_two_lines_of_one_article_fill_one_after_the_other(shop):
    shipment = plan(make_order(shop, ("SOBA", 1), ("SOBA", 2), method="cod"))

    for _ in range(3):
        packing.scan(shipment.id, "SOBA")

    assert _packed(shipment) == [("SOBA", 1), ("SOBA", 2)]


def test_a_parcel_that_has_left_takes_nothing_more(shipment):
    Shipment.objects.filter(id=shipment.id).update(status="shipped")

    assert packing.scan(shipment.id, "SOBA").outcome is Scan.CLOSED
    assert packing.take_out(shipment.id, shipment.lines.first().id) is False


def test_a_unit_can_be_taken_out_again_but_not_below_nothing(shipment):
    line = shipment.lines.get(order_line__sku="SOBA")
    packing.scan(shipment.id, "SOBA")

    assert [packing.take_out(shipment.id, line.id) for _ in range(2)] == [True, False]
    assert _packed(shipment) == [("TEA-40", 0), ("SOBA", 0)]


# The page


def test_the_list_shows_what_is_to_be_packed_oldest_first(browser_as, shop):
    first, second = (plan(make_order(shop, ("SOBA", 1), method="cod")) for _ in range(2))
    gone = plan(make_order(shop, ("SOBA", 1), method="cod"))
    Shipment.objects.filter(id=gone.id).update(status="shipped")

    page = browser_as("warehouse").get(reverse("staff:pack"))

    assert [row.id for row in page.context["page"].rows] == [first.id, second.id]


@pytest.mark.parametrize("by", ["number", "order", "channel", "tracking"])
def test_a_number_opens_its_parcel(browser_as, shipment, by: str):
    label(shipment)
    words = {
        "number": shipment.number.lower(), "order": shipment.order.number, "channel": shipment.order.external_number,
        "tracking": "301744206610",
    }[by]  # fmt: skip

    answer = browser_as("warehouse").get(reverse("staff:pack"), {"q": words})

    assert answer.headers["Location"] == reverse("staff:pack_one", args=[shipment.id])


def test_a_number_that_is_nowhere_is_said(browser_as, shipment):
    page = browser_as("warehouse").get(reverse("staff:pack"), {"q": "S999"})

    assert "No parcel to be packed has the number S999." in page.content.decode()


def test_a_wrong_article_is_answered_with_an_alert(browser_as, shipment):
    page = _scan(browser_as("warehouse"), shipment, "TEA-100")

    text = page.content.decode()
    assert 'role="alert"><b>Wrong item. Do not pack it.</b>Read: 宇治抹茶 缶 100g.' in text
    assert "What belongs in next: 品 TEA-40." in text


def test_a_right_scan_ends_the_alert_and_the_last_scans_stay(browser_as, shipment):
    browser = browser_as("warehouse")
    _scan(browser, shipment, "TEA-100")

    page = _scan(browser, shipment, "TEA-40")

    assert page.context["answer"] is None
    assert [scan["said"] for scan in page.context["scans"]] == ["1 / 2", "Wrong item. Do not pack it."]


def test_a_script_gets_the_box_alone(browser_as, shipment):
    answer = browser_as("warehouse").post(
        reverse("staff:pack_scan", args=[shipment.id]), {"code": "SOBA"}, headers={"hx-request": "true"}
    )

    text = answer.content.decode()
    assert (answer.status_code, text.startswith('<div id="answer">')) == (200, True)
    assert [part in text for part in ('id="todo" hx-swap-oob="true"', 'id="side" hx-swap-oob="true"')] == [True, True]


def test_nothing_leaves_before_everything_is_packed(browser_as, shipment):
    answer = browser_as("warehouse").post(reverse("staff:pack_confirm", args=[shipment.id]))

    assert (answer.status_code, Shipment.objects.get().status) == (409, "planned")
    assert "Scan 3 more units first." in answer.content.decode()


def test_a_packed_parcel_leaves_and_the_next_one_comes_up(browser_as, shop, shipment):
    following = plan(make_order(shop, ("SOBA", 1), method="cod"))
    browser = browser_as("warehouse")
    for code in ("TEA-40", "4901234500112", "tea-40"):
        _scan(browser, shipment, code)

    answer = browser.post(reverse("staff:pack_confirm", args=[shipment.id]))

    row = Shipment.objects.get(id=shipment.id)
    assert (row.status, row.confirmed_by) == ("shipped", "warehouse")
    assert Order.objects.get(id=row.order_id).fulfilment == "shipped"
    assert answer.headers["Location"] == reverse("staff:pack_one", args=[following.id])


def test_the_last_parcel_leads_back_to_the_list_and_leaves_only_once(browser_as, shop):
    shipment, browser = plan(make_order(shop, ("SOBA", 1), method="cod")), browser_as("warehouse")
    _scan(browser, shipment, "SOBA")

    answers = [browser.post(reverse("staff:pack_confirm", args=[shipment.id])) for _ in range(2)]

    assert answers[0].headers["Location"] == reverse("staff:pack")
    assert answers[1].status_code == 409


@pytest.mark.parametrize("what", ["held", "cancelled"])
def test_a_parcel_of_an_order_that_was_stopped_stays(browser_as, shipment, what: str):
    for code in ("TEA-40", "TEA-40", "SOBA"):
        packing.scan(shipment.id, code)
    if what == "held":
        hold_order.hold(shipment.order, reason="wait", actor="tanaka")
    else:
        cancel_order.cancel(shipment.order, actor="tanaka", reason="called")

    answer = browser_as("warehouse").post(reverse("staff:pack_confirm", args=[shipment.id]))

    assert (answer.status_code, "Do not hand this parcel over" in answer.content.decode()) == (409, True)
    assert Shipment.objects.get().status in ("planned", "cancelled")


def test_a_box_tells_the_note_and_the_cash_to_be_collected(browser_as, shipment):
    text = browser_as("warehouse").get(reverse("staff:pack_one", args=[shipment.id])).content.decode()

    assert ("<mark>割れ物</mark>" in text, "<mark>¥4,070</mark>" in text) == (True, True)


def test_a_line_of_another_parcel_is_not_taken_out_here(browser_as, shop, shipment):
    other = plan(make_order(shop, ("SOBA", 1), method="cod"))
    packing.scan(other.id, "SOBA")

    browser_as("warehouse").post(
        reverse("staff:pack_out", args=[shipment.id]), {"line": other.lines.get().id, "what": "x"}
    )

    assert _packed(other) == [("SOBA", 1)]


def test_the_page_stays_within_its_statements(browser_as, shipment, django_assert_max_num_queries):
    browser = browser_as("warehouse")

    with django_assert_max_num_queries(16):
        assert browser.get(reverse("staff:pack_one", args=[shipment.id])).status_code == 200
    with django_assert_max_num_queries(12):
        assert browser.get(reverse("staff:pack")).status_code == 200
