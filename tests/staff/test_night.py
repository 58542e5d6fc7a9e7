"""The night report: the verdict in words, silence that is never a match, each class in both languages, decisions with reasons."""

from datetime import timedelta

import pytest
from django.urls import reverse

from apps.core import clock
from apps.core.ids import uuid7
from apps.core.models import AuditEntry
from apps.hub.models import JobRun
from apps.reconciliation.models import Difference, Payout
from apps.staff.parts import differences
from tests.staff.builders import make_difference, make_order, make_shop, make_statement

DAY = "2026-11-22"


@pytest.fixture
def shop(db):
    return make_shop(TEA=10)


def _page(browser, period: str = DAY, **query):
    return browser.get(reverse("staff:night_of", args=[period]), query)


def _words(page) -> str:
    return " ".join(page.content.decode().split())


def test_a_night_that_was_not_compared_says_so(browser_as, shop):
    text = _words(_page(browser_as("accountant")))

    assert ("This night has not been compared" in text, "Nothing differs" in text) == (True, False)


def test_a_night_without_differences_says_so(browser_as, shop):
    make_statement(shop.channel, "orders", DAY, theirs=9, ours=9, matched=9)

    text = _words(_page(browser_as("accountant")))

    assert "was compared with 1 source." in text
    assert "Nothing differs in what was compared.</b> Unexplained: <b>¥0</b>" in text


def test_the_verdict_counts_what_was_repaired_and_what_waits(browser_as, shop):
    for state in ("open", "repaired", "repaired", "accepted"):
        make_difference(shop.channel, "stock_drift", DAY, state=state, unexplained_minor=300 if state == "open" else 0)
    make_difference(shop.channel, "stock_drift", "2026-11-21")
    make_statement(shop.channel, "stock", DAY, "different")

    page = _page(browser_as("accountant"))

    assert page.context["totals"] == {"open": 1, "repaired": 2, "accepted": 1}
    assert page.context["unexplained"] == ["¥300"]
    assert "1 needs a decision" in _words(page)


def test_a_silent_source_is_stale_and_its_figures_are_not_shown_as_nought(browser_as, shop):
    make_statement(shop.channel, "orders", DAY, "stale", detail={"reason": "no answer within 10 s"})

    page = _page(browser_as("accountant"))

    text = _words(page)
    assert "自社サイト: Orders could not be compared." in text
    assert 'data-is="stale">no answer</span>' in text
    assert 'data-label="Matched">–</td>' in text


def test_what_needs_a_decision_stands_first_and_filters_lead_to_the_rest(browser_as, shop):
    waiting = make_difference(shop.channel, "order_missing_there", DAY, assignee="accountant")
    mended = make_difference(shop.provider, "payment_status", DAY, state="repaired")
    browser = browser_as("accountant")

    def listed(**query) -> set:
        return {item["row"].id for item in _page(browser, **query).context["rows"]}

    assert listed() == {waiting.id}
    assert listed(state="all") == {waiting.id, mended.id}
    assert listed(state="repaired") == {mended.id}
    assert listed(state="all", kind="payment_status") == {mended.id}
    assert listed(state="all", mine="1") == {waiting.id}


def test_the_newest_night_is_shown_and_any_other_by_its_date(browser_as, shop):
    make_statement(shop.channel, "orders", "2026-11-20")
    make_statement(shop.channel, "orders", DAY)
    browser = browser_as("accountant")
    night = reverse("staff:night")

    days = [browser.get(night, query).context["day"].isoformat() for query in ({}, {"day": "2026-11-20"}, {"day": "x"})]

    assert days == [DAY, "2026-11-20", clock.business_date().isoformat()]


def test_fourteen_nights_are_drawn_to_one_scale(browser_as, shop):
    for _ in range(3):
        make_difference(shop.channel, "stock_drift", "2026-11-20", state="repaired")
    make_difference(shop.channel, "stock_drift", DAY)
    make_statement(shop.channel, "stock", DAY, "different")

    bars = _page(browser_as("accountant")).context["bars"]

    assert [(bar.label, bar.total) for bar in bars if bar.total] == [("20", 3), ("22", 1)]
    assert (len(bars), bars[-3].explained_h, bars[-1].open_h) == (14, "120.0", "39.0")


def test_payouts_tie_out_or_say_by_how_much_they_do_not(browser_as, shop):
    make_statement(shop.provider, "payouts", DAY, "different")
    for number, (amount, lines) in enumerate(((5000, 5000), (5000, 4700), (5000, None))):
        Payout.objects.create(
            connection=shop.provider, provider_id=f"po_{number}", amount_minor=amount, lines_minor=lines, currency="JPY",
            arrives_on=DAY, status="paid", at=clock.now(),
        )  # fmt: skip

    text = _words(_page(browser_as("accountant")))

    assert [
        text.count(words) for words in ("ties out</span>", "does not tie out</span>", "lines not read yet</span>")
    ] == [1, 1, 1]
    assert 'data-label="Gap">¥300</td>' in text


KINDS = {
    "order_missing_here": ({"number": "#7"}, {"ours_minor": 0, "theirs_minor": 800}, ("¥800", "¥0"), 800),
    "order_missing_there": ({"number": "#7", "order": "KG-1"}, {"ours_minor": 800, "theirs_minor": 0}, ("¥0", "¥800"), -800),
    "stock_drift": ({"sku": "TEA", "ours": 3, "theirs": 5}, {}, ("5", "3"), None),
    "payment_amount": (
        {"order": "KG-1", "ours": "JPY", "theirs": "JPY"}, {"ours_minor": 800, "theirs_minor": 500}, ("¥500", "¥800"), -300,
    ),
    "payment_status": ({"ours": "expected", "theirs": "captured"}, {}, ("captured", "expected"), None),
    "payout_sum": ({"lines": 2, "missing": 300}, {"ours_minor": 500, "theirs_minor": 800}, ("¥800", "¥500"), 300),
}  # fmt: skip


def test_every_class_is_drawn():
    assert set(KINDS) == set(Difference.Kind.values)


@pytest.mark.parametrize("kind", KINDS)
def test_each_class_has_a_sentence_in_both_languages_and_evidence_of_both_sides(browser_as, shop, kind: str):
    evidence, sums, said, gap = KINDS[kind]
    row = make_difference(shop.channel, kind, DAY, evidence=evidence, **sums)

    page = browser_as("accountant").get(reverse("staff:night_difference", args=[row.id]))

    assert page.context["sentence"] != page.context["other"]
    assert "%(" not in page.context["sentence"] + page.context["other"]
    assert tuple(side.says for side in page.context["sides"]) == said
    assert page.context["gap"] == gap


@pytest.mark.parametrize("kind", KINDS)
def test_evidence_that_is_missing_does_not_break_the_sentence(shop, kind: str):
    assert differences.sentence(make_difference(shop.channel, kind, DAY))


def test_a_script_gets_the_panel_alone(browser_as, shop):
    row = make_difference(shop.channel, "stock_drift", DAY)

    answer = browser_as("accountant").get(
        reverse("staff:night_difference", args=[row.id]), headers={"hx-request": "true"}
    )

    assert answer.content.decode().startswith("<header>")


def _decide(browser, row, **data):
    return browser.post(reverse("staff:night_decide", args=[row.id]), data)


def test_accepting_needs_a_reason_and_keeps_it(browser_as, shop):
    order = make_order(shop, ("TEA", 1), method="cod")
    row = make_difference(shop.channel, "order_missing_there", DAY, order_ref=order.id)
    browser = browser_as("accountant")

    refused = _decide(browser, row, note=" ")
    accepted = _decide(browser, row, note="deleted by the shop on purpose")

    row.refresh_from_db()
    assert (refused.status_code, accepted.status_code) == (409, 302)
    assert (row.state, row.note, row.closed_by) == ("accepted", "deleted by the shop on purpose", "accountant")
    assert AuditEntry.objects.get(action="difference.accepted").detail == {"note": "deleted by the shop on purpose"}


def test_a_decision_is_made_once(browser_as, shop):
    row = make_difference(shop.channel, "stock_drift", DAY)
    browser = browser_as("accountant")

    answers = [_decide(browser, row, note=note).status_code for note in ("first", "second")]

    row.refresh_from_db()
    assert (answers, row.note) == ([302, 409], "first")


def test_a_difference_is_given_to_somebody_who_exists(browser_as, shop):
    row = make_difference(shop.channel, "stock_drift", DAY)
    browser = browser_as("accountant")

    answers = [
        _decide(browser, row, action="assign", assignee=name).status_code for name in ("nobody I know", "accountant")
    ]

    row.refresh_from_db()
    assert (answers, row.assignee) == ([409, 302], "accountant")


def test_the_night_can_be_run_now_and_is_watched(browser_as, shop):
    browser = browser_as("accountant")

    answer = browser.post(reverse("staff:night_run"))
    watched = browser.get(reverse("staff:night_progress")).content.decode()

    run = JobRun.objects.get()
    assert (answer.status_code, run.job.split(":")[0], run.period) == (
        302,
        "night_by_hand",
        clock.business_date().isoformat(),
    )
    assert ('hx-trigger="every 2s"' in watched, 'value="0"' in watched) == (True, True)


def test_a_run_that_is_done_is_no_longer_asked_about(browser_as, shop):
    JobRun.objects.create(
        id=uuid7(), job="night_by_hand:1", period=DAY, due_at=clock.now() - timedelta(minutes=1), finished_at=clock.now(),
        progress={"legs": ["orders", "stock", "money", "payouts"]},
    )  # fmt: skip

    watched = browser_as("accountant").get(reverse("staff:night_progress")).content.decode()

    assert ("every 2s" in watched, 'value="4"' in watched, "Show it" in watched) == (False, True, True)


def test_the_page_costs_the_same_however_much_differs(browser_as, shop, django_assert_max_num_queries):
    for _ in range(40):
        make_difference(shop.channel, "stock_drift", DAY)
    make_statement(shop.channel, "stock", DAY, "different")
    browser = browser_as("accountant")

    with django_assert_max_num_queries(18):
        assert _page(browser).status_code == 200
