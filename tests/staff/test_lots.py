"""Lots on screen: found, watched by their dates, named with the shelf in view, and traced to the customers who got them."""

from datetime import timedelta

import pytest
from django.urls import reverse

from apps.catalog.models import Variant
from apps.core import clock
from apps.core.models import AuditEntry
from apps.flows import expire_lots, ship_order
from apps.inventory import naming, services, whereabouts
from apps.inventory.models import Location, Lot, LotLevel, StockLevel
from apps.inventory.naming import Name
from apps.ledger.models import Entry
from apps.staff.parts import traced
from tests.flows.buying import arrive, sent
from tests.inventory.lots_shelf import broken
from tests.staff.builders import make_order, make_shop, make_variant, plan

LIST = reverse("staff:lots")


@pytest.fixture(autouse=True)
def _rules_hold(db):
    yield
    assert broken() == []


@pytest.fixture
def shop():
    """Ten TEA: four of L30, four of L10 (days until they expire), two without a lot. Two PHONE, one of them S1. CUP by units."""
    made = make_shop()
    for sku, units, tracking in (("TEA", 10, "lot"), ("PHONE", 2, "serial"), ("CUP", 3, "none")):
        make_variant(made, sku, units, barcode="4901234500013" if sku == "TEA" else "")
        Variant.objects.filter(sku=sku).update(tracking=tracking)
    _name(made, "TEA", "L30", 4, days=30)
    _name(made, "TEA", "L10", 4, days=10)
    _name(made, "PHONE", "S1", 1)
    return made


@pytest.fixture
def browser(browser_as):
    return browser_as("warehouse")


@pytest.fixture
def late(shop, monkeypatch):
    """Eleven days later: L10 is expired and set aside."""
    day = _day(11)
    monkeypatch.setattr("apps.core.clock.business_date", lambda at=None: day)
    expire_lots.retire([_level(shop, "TEA").id])
    return shop


def _day(days):
    return clock.business_date() + timedelta(days=days)


def _level(shop, sku):
    return StockLevel.objects.get(variant=shop.variants[sku], location=shop.location)


def _name(shop, sku, number, units, *, days=None):
    one = Name(number=number, units=units, expires_on=None if days is None else _day(days))
    naming.name(_level(shop, sku).id, [one], actor="wako")


def _lot(number):
    return Lot.objects.get(number=number)


def _at(name, row):
    return reverse(f"staff:{name}", args=[row.id])


# The list


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, ["S1", "L10", "L30"]),
        ({"q": "L1"}, ["L10"]),
        ({"q": "L"}, ["L10", "L30"]),
        ({"q": "Ｌ１０ "}, ["L10"]),
        ({"q": "tea"}, ["L10", "L30"]),
        ({"q": "(01)04901234500013(10)L10"}, ["L10"]),
        ({"q": "0"}, []),
        ({"only": "soon", "days": "10"}, ["L10"]),
        ({"only": "soon", "days": "9"}, []),
        ({"only": "soon"}, ["L10", "L30"]),
        ({"only": "soon", "q": "L30"}, ["L30"]),
        ({"only": "past"}, []),
    ],
)
def test_lots_are_found_by_number_sku_and_date(browser, shop, query, found):
    assert [row["lot"].number for row in browser.get(LIST, query).context["rows"]] == found


def test_what_is_past_its_last_day_for_sale_is_listed(browser, late):
    Variant.objects.filter(sku="TEA").update(days_before_expiry=20)

    page = browser.get(LIST, {"only": "past"})

    assert [(row["lot"].number, row["expired"]) for row in page.context["rows"]] == [("L10", 4), ("L30", 0)]
    assert (page.context["counted"]["past"], page.context["counted"]["unnamed"]) == (2, 2)


def test_units_without_a_lot_are_a_work_list(browser, shop):
    page = browser.get(LIST, {"only": "unnamed"})

    assert [(row.variant.sku, row.on_hand - row.in_lots) for row in page.context["page"].rows] == [
        ("PHONE", 1), ("TEA", 2),
    ]  # fmt: skip


def test_the_list_costs_the_same_however_much_there_is(browser, shop, django_assert_num_queries):
    def cost(**query):
        with django_assert_num_queries(10) as asked:
            assert browser.get(LIST, query).status_code == 200
        return [row["sql"] for row in asked.captured_queries]

    cost(only="soon")
    for number in range(3):
        make_variant(shop, f"MORE{number}", 3)
        Variant.objects.filter(sku=f"MORE{number}").update(tracking="lot")
        _name(shop, f"MORE{number}", f"M{number}", 2, days=5)

    asked = cost(only="soon")
    assert [sql for sql in asked if "OFFSET" in sql.upper()] == []


# Naming


def _post_name(browser, level, **form):
    return browser.post(_at("stock_name", level), {"seen": str(level.on_hand - level.in_lots)} | form)


def test_units_get_their_lot_with_the_shelf_in_view(browser, shop):
    level = _level(shop, "TEA")

    answer = _post_name(browser, level, lot_number=" Ｌ５ ", lot_units="２", lot_expires=_day(5).isoformat())

    assert (answer.status_code, answer.url) == (302, f"{_at('stock_why', level)}#lots-t")
    section = browser.get(_at("stock_why", level)).context["naming"]
    assert [(one.lot.number, one.units) for one in section.lots] == [("L5", 2), ("L10", 4), ("L30", 4)]
    assert (section.unnamed, _lot("L5").expires_on) == (0, _day(5))
    assert AuditEntry.objects.get(action="lot.named").detail == {"units": 2, "lots": ["L5"]}


def test_the_same_page_sent_twice_names_once(browser, shop):
    level = _level(shop, "TEA")

    answers = [_post_name(browser, level, lot_number="L5", lot_units="1") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [302, 409]
    assert LotLevel.objects.get(lot__number="L5").units == 1


@pytest.mark.parametrize(
    ("form", "field", "said"),
    [
        ({"lot_units": "3"}, "lot_number", "2 units are without a lot here; 3 cannot be named"),
        ({"lot_units": "some"}, "lot_units", "is not a number of units"),
        ({"lot_number": "(01)04900000000016(10)L5"}, "lot_number", "is on another article than TEA"),
        ({"lot_expires": "tomorrow"}, "lot_expires", "is not a day"),
        ({"lot_number": "L10", "lot_expires": "2030-01-01"}, "lot_number", "is known with the expiry date"),
    ],
)
def test_a_refusal_stands_beside_its_field_and_what_was_typed_stays(browser, shop, form, field, said):
    typed = {"lot_number": "L5", "lot_units": "1", "lot_expires": "2027-01-01"} | form

    answer = _post_name(browser, _level(shop, "TEA"), **typed)

    section = answer.context["naming"]
    assert (answer.status_code, [*section.errors]) == (409, [field])
    assert said in section.errors[field]
    assert section.typed == typed | {"lot_numbers": ""}


def test_serial_numbers_are_kept_all_or_none(browser, shop):
    make_variant(shop, "CAMERA", 3)
    Variant.objects.filter(sku="CAMERA").update(tracking="serial")
    level = _level(shop, "CAMERA")

    refused = _post_name(browser, level, lot_numbers="C1\r\nC2\r\nC2")
    before = Lot.objects.filter(variant=level.variant_id).count()
    kept = _post_name(browser, level, lot_numbers="C1\r\n\r\nＣ2\r\n")

    section = refused.context["naming"]
    assert (refused.status_code, before, kept.status_code) == (409, 0, 302)
    assert (section.errors, section.typed["lot_numbers"]) == (
        {"lot_numbers": "C2 is there twice. A serial number belongs to one unit."}, "C1\r\nC2\r\nC2",
    )  # fmt: skip
    assert sorted(LotLevel.objects.filter(level=level).values_list("lot__number", "units")) == [("C1", 1), ("C2", 1)]


def test_a_scanned_code_says_number_and_date_itself(browser, shop):
    level, day = _level(shop, "TEA"), _day(7)
    code = f"(01)04901234500013(17){day:%y%m%d}(10)L7"

    _post_name(browser, level, lot_number=code, lot_units="1")

    assert _lot("L7").expires_on == day


def test_what_is_named_and_past_its_day_is_set_aside_at_once(browser, shop):
    level = _level(shop, "TEA")

    _post_name(browser, level, lot_number="OLD", lot_units="2", lot_expires=_day(-1).isoformat())

    level.refresh_from_db()
    assert (level.expired, level.available) == (2, 8)


def test_an_article_that_is_not_tracked_has_no_such_section(browser, shop):
    assert browser.get(_at("stock_why", _level(shop, "CUP"))).context["naming"] is None


# A lot's page


def _form(number, **form):
    (there,) = LotLevel.objects.filter(lot__number=number)
    return {"there": str(there.id), f"seen-{there.id}": str(there.units)} | form


def test_a_corrected_date_brings_units_back(browser, late):
    lot = _lot("L10")

    answer = browser.post(_at("lot_expiry", lot), {"expires_on": _day(40).isoformat()})

    assert (answer.status_code, _level(late, "TEA").expired) == (302, 0)
    detail = AuditEntry.objects.get(action="lot.date_corrected").detail
    assert detail == {"before": lot.expires_on.isoformat(), "now": _day(40).isoformat()}


def test_expired_units_are_thrown_away_and_written_off(browser, late):
    form = _form("L10", waste_units="3", waste_reason="mould")

    answers = [browser.post(_at("lot_throw_away", _lot("L10")), form) for _ in range(2)]

    level = _level(late, "TEA")
    assert [answer.status_code for answer in answers] == [302, 409]
    assert (level.on_hand, level.expired, level.value_minor) == (7, 1, 2800)
    entry = Entry.objects.get(event="stock.adjusted")
    assert sorted(entry.lines.values_list("account__name_en", "debit_minor", "credit_minor")) == [
        ("Inventory", 0, 1200), ("Shrinkage", 1200, 0),
    ]  # fmt: skip


def test_a_wrong_name_is_taken_away(browser, shop):
    lot = _lot("L10")
    refused = browser.post(_at("lot_take_away", lot), _form("L10", away_units="5", away_reason="misread"))
    browser.post(_at("lot_take_away", lot), _form("L10", away_units="3", away_reason="misread"))

    assert (refused.status_code, "5 cannot lose their lot" in refused.context["error"]) == (409, True)
    assert (LotLevel.objects.get(lot=lot).units, _level(shop, "TEA").in_lots) == (1, 5)
    steps = browser.get(_at("lot", lot)).context["steps"]
    assert [(step.what, step.of.units) for step in steps] == [("name taken away", -3), ("named", 4)]


# The trace


@pytest.fixture
def recalled(shop):
    """L10 left with two orders, once scanned in part, one unit came back; another went to the shop."""
    first, second = (make_order(shop, ("TEA", units), method="cod", name=name, email=mail) for units, name, mail in (
        (1, "高橋 直子", "naoko@example.com"), (2, "=cmd()", "eve@example.com")))  # fmt: skip
    for order in (first, second):
        ship_order.confirm(plan(order), actor="kimura")
    (line,) = second.lines.filter(kind="item")
    services.put_back({line.id: 1}, actor="hana", cause=line.id)
    Location.objects.create(code="shop", name="渋谷店")
    arrive(sent(shop.variants["TEA"], 1), 1)
    return first, second


def test_the_story_of_a_lot_is_the_trace_of_a_recall(browser, shop, recalled):
    first, second = recalled

    page = browser.get(_at("lot", _lot("L10")))

    told = [
        (step.what, step.order and step.order.number, step.of.units, step.of.is_assumed)
        for step in page.context["steps"]
    ]
    assert told == [
        ("came from another place", None, 1, False),
        ("left for another place", None, -1, True),
        ("came back from", second.number, 1, False),
        ("left with", second.number, -2, True),
        ("left with", first.number, -1, True),
        ("named", None, 4, False),
    ]
    assert {name: page.context[name] for name in ("units", "orders", "left", "assumed", "back")} == {
        "units": 2, "orders": 2, "left": 3, "assumed": 3, "back": 1,
    }  # fmt: skip
    assert [(one.level.location.name, one.units) for one in page.context["there"]] == [("東京倉庫", 1), ("渋谷店", 1)]


def test_the_orders_that_got_it_as_a_file(browser_as, shop, recalled):
    """E-mail addresses are for those who may see the customers' records; a name that is a formula is none."""
    first, second = recalled
    address, day = _at("lot_orders", _lot("L10")), clock.business_date().isoformat()

    def file(role):
        answer = browser_as(role).get(address)
        return answer["Content-Disposition"], b"".join(answer.streaming_content).decode()

    assert file("warehouse") == (
        'attachment; filename="lot-TEA-L10.csv"',
        "\ufeffOrder,Number at the channel,Ordered on,Customer,Units,Came back,Known by\r\n"
        f"{first.number},{first.external_number},{day},高橋 直子,1,0,assumed\r\n"
        f"{second.number},{second.external_number},{day},'=cmd(),2,1,assumed\r\n",
    )
    assert file("staff")[1].splitlines()[1:] == [
        f"{first.number},{first.external_number},{day},高橋 直子,naoko@example.com,1,0,assumed",
        f"{second.number},{second.external_number},{day},'=cmd(),eve@example.com,2,1,assumed",
    ]
    assert AuditEntry.objects.filter(action="lot.orders_taken").count() == 2


@pytest.mark.parametrize(("assumed", "word"), [(0, "読み取り"), (1, "読み取りと推定"), (2, "推定")])
def test_how_it_is_known_is_said(shop, assumed, word):
    order = make_order(shop, ("TEA", 2))

    (row,) = traced.table([whereabouts.Got(order.id, 2, assumed, 0)], has_mail=False)

    assert row[-1] == word


def test_an_order_says_which_lots_left(browser_as, shop, recalled):
    page = browser_as("staff").get(_at("order", recalled[1]))

    (line, _shipping) = page.context["lines"]
    assert [(went.lot.number, went.units, went.is_assumed) for went in line["lots"]] == [("L10", 2, True)]


# The record room


def _edit(browser_as, variant, **form):
    wanted = {
        "product": str(variant.product_id), "barcode": "", "title": variant.title, "tax_code": "standard", "is_active": "on",
        "weight_g": "", "origin_country": "", "hs_code": "", "tracking": "lot", "days_before_expiry": "0",
        "prices-TOTAL_FORMS": "0", "prices-INITIAL_FORMS": "0", "components-TOTAL_FORMS": "0", "components-INITIAL_FORMS": "0",
    } | form  # fmt: skip
    return browser_as("staff").post(reverse("admin:catalog_variant_change", args=[variant.pk]), wanted)


def test_days_before_expiry_take_lots_out_of_sale_at_once(browser_as, shop):
    answer = _edit(browser_as, shop.variants["TEA"], days_before_expiry="11")

    assert (answer.status_code, _level(shop, "TEA").expired) == (302, 4)


@pytest.mark.parametrize(("sku", "status"), [("TEA", 200), ("CUP", 302)])
def test_tracking_is_not_changed_while_units_have_lots(browser_as, shop, sku, status):
    answer = _edit(browser_as, shop.variants[sku], tracking="serial")

    kept = Variant.objects.get(sku=sku).tracking
    assert (answer.status_code, kept) == (status, "serial" if status == 302 else "lot")
