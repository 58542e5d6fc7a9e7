"""The order page: what it tells within its budget, every deed with what it refuses, and the whole story."""

from datetime import timedelta

import pytest
from django.urls import reverse

from apps.core import audit, clock
from apps.core.models import AuditEntry
from apps.flows import hold_order, receive_return, refund_order, ship_order
from apps.hub import delivery, inbox
from apps.hub.abilities import Event
from apps.hub.contracts import ReturnDraft, ReturnLineDraft, VoidLabel
from apps.hub.models import Delivery, InboxEvent, JobRun
from apps.messaging.models import Message
from apps.orders.models import Order, OrderHold, OrderRevision
from apps.payments.models import Payment, Refund
from apps.shipping.models import Shipment, TrackStep
from tests.staff.builders import label, make_delivery, make_order, make_shop, make_variant, pay, plan


@pytest.fixture
def shop(db):
    shop = make_shop(TEA=100, POT=1)
    make_variant(shop, "MATCHA", 20, title="宇治抹茶 缶 40g", price=1944, reduced=True)
    return shop


def _page(browser, order, **query):
    return browser.get(reverse("staff:order", args=[order.id]), query)


def _post(browser, name: str, order, **data):
    return browser.post(reverse(f"staff:{name}", args=[order.id]), data)


@pytest.fixture
def full(shop):
    """An order to which everything has happened."""
    order = make_order(shop, ("TEA", 3), ("MATCHA", 1), note="のしは内のしで")
    hold_order.hold(order, reason="with a card", actor="tanaka")
    hold_order.release(order, actor="tanaka")
    pay(order, shop=shop)
    parcel = label(plan(order))
    ship_order.confirm(parcel.shipment, actor="kimura")
    pay(order, shop=shop, status="captured")
    TrackStep.objects.create(parcel=parcel, at=clock.now(), status="in_transit")
    make_delivery(shop.channel, "fulfilment.create", order=order, tries=("transient", "unknown", "found"))
    letter = Message.objects.create(
        order_ref=order.id, template="order_shipped", source_id=order.id, locale="ja", to="n@example.com", created_at=clock.now(),
        subject="発送しました", text="…",
    )  # fmt: skip
    make_delivery(shop.mailer, "message.send", order=order, tries=("sent",), kind="message", subject=letter.id)
    event = Event(
        id="evt-1", topic="orders/create", at=clock.now(), subject=f"order:{order.external_number}",
        raw=b'{"name": "#1", "email": "naoko@example.com", "sku": "TEA"}',
    )  # fmt: skip
    inbox.store(shop.channel.id, [event], origin="hook")
    refund_order.refund(Payment.objects.get(order=order), amount_minor=500, reason="chipped", actor="tanaka")
    line = ReturnLineDraft(number=1, sku="TEA", quantity=1, amount_minor=1100, order_number=order.number)
    receive_return.receive(
        ReturnDraft(external_id="C1", at=clock.now(), currency="JPY", lines=(line,)), source=shop.channel
    )
    OrderRevision.objects.create(
        order=order,
        source_version=2,
        at=clock.now(),
        actor="connection:自社サイト",
        changes={"total_minor": [100, 200]},
    )
    audit.record("order.resynced", actor="tanaka", subject=order)
    return Order.objects.get(id=order.id)


def test_the_page_of_an_order_with_a_long_life_stays_within_its_statements(
    browser_as, full, django_assert_max_num_queries
):
    browser = browser_as("staff")

    with django_assert_max_num_queries(27):
        page = _page(browser, full, queue="shipped")

    assert page.status_code == 200


def test_the_story_tells_everything_newest_first_and_nothing_twice(browser_as, full):
    timeline = _page(browser_as("staff"), full).context["timeline"]
    entries = [entry for _day, entries in timeline.days for entry in entries]

    shipment = Shipment.objects.get(order=full)
    assert sorted(entry.text for entry in entries) == sorted(
        [
            "The order was taken in.",
            "All units are promised.",
            "Put on hold: Held by a person",
            "Hold released: Held by a person",
            "¥6,014 was authorised.",
            f"{shipment.number} was planned.",
            f"{shipment.number} left the house.",
            "¥6,014 was received.",
            "301744206610: on its way.",
            "Report of the shipment to 自社サイト: arrived at attempt 3.",
            "Mail “発送しました” to メール: arrived.",
            "Notice “orders/create” arrived.",
            "A refund of ¥500 was asked for.",
            "A refund of ¥1,100 was asked for.",
            "Part of the money is going back.",
            "Return C1: TEA × 1.",
            "The channel changed the order.",
            "Asked the channel for this order again.",
        ]
    )
    assert [entry.at for entry in entries] == sorted((entry.at for entry in entries), reverse=True)
    assert timeline.total == len(entries)


def test_a_call_shows_each_attempt_with_its_outcome(browser_as, full):
    timeline = _page(browser_as("staff"), full).context["timeline"]

    (call,) = [entry for _day, rows in timeline.days for entry in rows if entry.text.startswith("Report of")]

    assert [(try_.label, try_.mark) for try_ in call.tries] == [
        ("failed", "bad"), ("outcome unknown", "act"), ("found there", "ok"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("show", "kinds"), [("call", {"call"}), ("person", {"person"}), ("nonsense", {"call", "person", "event"})]
)
def test_the_story_can_be_narrowed(browser_as, full, show: str, kinds: set):
    timeline = _page(browser_as("staff"), full, show=show).context["timeline"]

    assert {entry.kind for _day, rows in timeline.days for entry in rows} == kinds


def test_money_is_told_with_its_tax_by_rate(browser_as, full):
    text = _page(browser_as("staff"), full).content.decode()

    assert ("of which 8% on ¥1,944" in text, "tax ¥144" in text) == (True, True)
    assert ("of which 10% on ¥4,070" in text, "tax ¥370" in text) == (True, True)


def test_a_short_line_says_why(browser_as, shop):
    first = make_order(shop, ("POT", 1), method="cod")
    order = make_order(shop, ("POT", 2), method="cod")

    page = _page(browser_as("staff"), order)

    (stock,) = page.context["stock"]
    assert (stock["level"].on_hand, stock["others"], stock["free"], stock["demand"].waiting) == (1, 1, 0, 2)
    assert "Waits for stock: 品 POT × 2" in page.content.decode()
    assert first.number != order.number


def test_the_delivery_slip_lists_the_parcel_with_company_number_and_rates(browser_as, full):
    slip = _page(browser_as("staff"), full).context["slip"]

    assert [(row.line.sku, row.units, row.amount_minor) for row in slip.rows] == [
        ("TEA", 3, 3300), ("MATCHA", 1, 1944), ("", 1, 770),
    ]  # fmt: skip
    assert slip.total_minor == 6014
    assert [(rate.percent, rate.base_minor, rate.tax_minor) for rate in slip.rates] == [
        ("8", 1944, 144),
        ("10", 4070, 370),
    ]


def test_the_way_through_a_queue_leads_to_the_neighbours(browser_as, shop):
    now = clock.now()
    first, middle, last = (
        make_order(shop, ("TEA", 1), method="cod", placed_at=now - timedelta(hours=3 - at)) for at in range(3)
    )

    page = _page(browser_as("staff"), middle, queue="ready")

    assert {way: order.number for way, order in page.context["neighbours"].items()} == {
        "previous": first.number, "next": last.number,
    }  # fmt: skip


def test_an_order_that_is_not_there_is_not_found(browser_as, shop):
    missing = Order(id=shop.brand.id)

    browser = browser_as("staff")
    assert (_page(browser, missing).status_code, _post(browser, "order_release", missing).status_code) == (404, 404)


# Deeds


def test_hold_and_release(browser_as, shop):
    order, browser = make_order(shop, ("TEA", 1), method="cod"), browser_as("staff")

    held = _post(browser, "order_hold", order, reason="with a card")
    is_held = Order.objects.get(id=order.id).is_held
    released = _post(browser, "order_release", order)

    hold = OrderHold.objects.get(order=order)
    assert (held.status_code, is_held, released.status_code) == (302, True, 302)
    assert (hold.detail, hold.set_by, hold.released_by) == ("with a card", "staff", "staff")


def test_a_hold_needs_a_reason(browser_as, shop):
    order = make_order(shop, ("TEA", 1), method="cod")

    answer = _post(browser_as("staff"), "order_hold", order, reason="  ")

    assert (answer.status_code, "The reason is missing" in answer.content.decode()) == (409, True)
    assert not Order.objects.get(id=order.id).is_held


def test_shipping_plans_one_parcel_once(browser_as, shop):
    order, browser = make_order(shop, ("TEA", 2), method="cod"), browser_as("staff")

    said = [leaving.words for leaving in _page(browser, order).context["leaving"]["ship"]]
    answers = [_post(browser, "order_ship", order).status_code for _ in range(2)]

    assert said == [
        "ShipEngine sells 1 label", "自社サイト hears of the shipment", "The customer gets a mail with the tracking number",
    ]  # fmt: skip
    assert answers == [302, 409]
    assert Shipment.objects.filter(order=order).count() == 1


@pytest.mark.parametrize("what", ["unpaid", "short", "held"])
def test_an_order_that_something_keeps_is_not_shipped(browser_as, shop, what: str):
    lines = ("POT", 5) if what == "short" else ("TEA", 1)
    order = make_order(shop, lines, method="card" if what == "unpaid" else "cod")
    if what == "held":
        hold_order.hold(order, reason="x", actor="tanaka")

    answer = _post(browser_as("staff"), "order_ship", order)

    assert (answer.status_code, Shipment.objects.count()) == (409, 0)


def test_cancelling_says_what_leaves_and_frees_the_units(browser_as, shop):
    order = make_order(shop, ("TEA", 2))
    pay(order, shop=shop)
    browser = browser_as("staff")

    said = [leaving.words for leaving in _page(browser, order).context["leaving"]["cancel"]]
    answer = _post(browser, "order_cancel", order, reason="asked by phone")

    assert said == [
        "Stripe lets the payment of ¥2,970 go", "The customer gets a mail about the cancellation", "自社サイト is not told",
    ]  # fmt: skip
    assert answer.status_code == 302
    row = Order.objects.get(id=order.id)
    assert (row.lifecycle, shop.variants["TEA"].levels.get().reserved) == ("cancelled", 0)


def test_what_has_left_cannot_be_cancelled(browser_as, full):
    answer = _post(browser_as("staff"), "order_cancel", full, reason="too late")

    assert (answer.status_code, "comes back as a return" in answer.content.decode()) == (409, True)


@pytest.fixture
def paid(shop):
    order = make_order(shop, ("TEA", 2))
    pay(order, shop=shop)
    pay(order, shop=shop, status="captured")
    return order


def _refund(browser, order, amount: str, left: int, reason: str = "chipped"):
    payment = Payment.objects.get(order=order)
    return _post(browser, "order_refund", order, payment=payment.id, amount=amount, left=left, reason=reason)


def test_a_refund_is_made_once_even_when_the_page_is_sent_twice(browser_as, paid):
    browser = browser_as("accountant")

    answers = [_refund(browser, paid, "1,000", 2970).status_code for _ in range(2)]

    assert answers == [302, 409]
    assert list(Refund.objects.values_list("amount_minor", "reason")) == [(1000, "chipped")]


@pytest.mark.parametrize("amount", ["2971", "0", "-5", "", "all", "1.5e9", "NaN"])
def test_an_amount_that_cannot_go_back_is_refused(browser_as, paid, amount: str):
    answer = _refund(browser_as("staff"), paid, amount, 2970)

    assert (answer.status_code, Refund.objects.count()) == (409, 0)


def test_a_refund_needs_a_reason_and_a_payment_of_this_order(browser_as, shop, paid):
    browser = browser_as("staff")
    other = make_order(shop, ("TEA", 1), method="cod")

    no_reason = _refund(browser, paid, "100", 2970, reason="")
    wrong_order = _post(
        browser, "order_refund", other, payment=Payment.objects.get(order=paid).id, amount="100", left=2970, reason="x"
    )

    assert (no_reason.status_code, wrong_order.status_code, Refund.objects.count()) == (409, 409, 0)


def test_asking_again_leaves_work_for_a_worker_and_calls_nobody(browser_as, shop):
    order = make_order(shop, ("TEA", 1), method="cod")

    answer = _post(browser_as("staff"), "order_ask", order)

    assert (answer.status_code, JobRun.objects.get().period) == (302, str(order.id))


def test_notes_and_tags_are_kept_with_a_trace(browser_as, shop):
    order = make_order(shop, ("TEA", 1), method="cod")

    _post(browser_as("staff"), "order_note", order, note="12/3 必着", tags="ギフト、分納, ギフト,")

    row = Order.objects.get(id=order.id)
    assert (row.staff_note, row.tags) == ("12/3 必着", ["ギフト", "分納"])
    assert AuditEntry.objects.get(action="order.noted").subject == str(order.id)


def test_a_reader_sees_no_button_that_they_may_not_press(browser_as, paid):
    text = _page(browser_as("read-only"), paid).content.decode()

    assert [name for name in ("order_hold", "order_cancel", "order_refund", "order_ask", "order_note")
            if reverse(f"staff:{name}", args=[paid.id]) in text] == []  # fmt: skip


# Payloads


def test_a_body_is_shown_without_people_and_the_look_is_written_down(browser_as, full):
    event = InboxEvent.objects.get(event_id="evt-1")

    answer = browser_as("staff").get(reverse("staff:payload_event", args=[event.id]), headers={"hx-request": "true"})

    text = answer.content.decode()
    assert ("naoko@example.com" in text, "&quot;sku&quot;: &quot;TEA&quot;" in text) == (False, True)
    assert AuditEntry.objects.get(action="payload.viewed").subject == str(event.id)


def test_a_call_shows_its_body_and_an_emptied_one_says_so(browser_as, full, shop):
    words = [VoidLabel(reference="S-1", label_id="se-77")]
    new = delivery.NewDelivery(
        connection_id=shop.carrier.id, operation="label.void", key="void:1", words=words, kind="parcel", subject=full.id
    )
    delivery.enqueue([new])
    sealed, empty = Delivery.objects.get(key="void:1"), Delivery.objects.filter(sealed=None).first()
    browser = browser_as("staff")

    pages = [browser.get(reverse("staff:payload_delivery", args=[row.id])).content.decode() for row in (sealed, empty)]

    assert ("se-77" in pages[0], "past its retention" in pages[1]) == (True, True)


def test_links_to_bodies_are_for_those_who_may_see_them(browser_as, full):
    assert ["/payloads/" in _page(browser_as(role), full).content.decode() for role in ("staff", "warehouse")] == [
        True,
        False,
    ]
