"""The drift report of a night: by cause, by channel, units and yen, each part with its evidence in both languages."""

import pytest
from django.urls import reverse
from django.utils import translation

from apps.core import clock
from apps.reconciliation import queries
from apps.reconciliation.models import StockDrift
from apps.staff.parts import differences
from tests.staff.builders import make_connection, make_difference, make_shop, make_statement

NIGHT = "2026-11-22"
SAID = {"number": 10, "at": "2026-11-22T05:14:00+00:00", "sold": 2}


@pytest.fixture
def shop(db):
    shop = make_shop(TEA=5)
    make_statement(shop.channel, "stock", NIGHT)
    return shop


def drifted(connection, cause, units, *, value=1100, sku="TEA", part=0, **evidence):
    return StockDrift.objects.create(
        connection=connection, period=NIGHT, thing=f"i-{sku}", sku=sku, part=part, cause=cause, units=units,
        value_minor=None if value is None else units * value, currency="JPY", evidence=evidence, found_at=clock.now(),
    )  # fmt: skip


@pytest.fixture
def look(browser_as):
    """The report of a night as the accountant sees it."""
    browser = browser_as("accountant")
    return lambda night=NIGHT, **query: browser.get(reverse("staff:drift_of", args=[night]), query)


def test_parts_are_summed_by_cause_and_channel_and_never_cancel_out(look, shop):
    other = make_connection(shop.brand, "woocommerce", "Woo")
    drifted(shop.channel, "edited", 3, **SAID)
    drifted(shop.channel, "edited", -2, sku="POT", value=None, **SAID)
    drifted(other, "missed", -1, event="order", orders=["#1"], orders_in_all=1)

    page = look()

    sums = {(one.cause, one.channel): (one.parts, one.units, one.value_minor) for one in queries.drift_sums(NIGHT)}
    assert sums == {("edited", "自社サイト"): (2, 5, 3300), ("missed", "Woo"): (1, 1, 1100)}
    assert (page.context["parts"], page.context["units"], page.context["minor"]) == (3, 6, 4400)
    by_cause = {one["cause"]: one["units"] for one in page.context["causes"]}
    assert by_cause == {"edited": 5, "missed": 1, "wrong_link": 0, "late": 0, "ours": 0}


def test_the_list_is_narrowed_by_cause_and_by_channel(look, shop):
    other = make_connection(shop.brand, "woocommerce", "Woo")
    drifted(shop.channel, "edited", 3, **SAID)
    drifted(other, "missed", -1, event="cancel", orders=["#1"], orders_in_all=1)

    def listed(**query):
        return [item["row"].cause for item in look(**query).context["rows"]]

    assert [listed(), listed(cause="missed"), listed(channel=str(shop.channel.id)), listed(cause="nonsense")] == [
        ["edited", "missed"], ["missed"], ["edited"], ["edited", "missed"],
    ]  # fmt: skip


def test_a_calm_night_says_so_and_one_that_was_not_compared_too(look, shop):
    calm, none = look(), look("2026-11-01")

    assert ("A calm night" in calm.content.decode(), "has not been compared" in none.content.decode()) == (True, True)


@pytest.mark.parametrize(
    ("cause", "evidence", "english", "japanese"),
    [
        (
            "edited", SAID,
            "+3: changed there. It had acknowledged 10 (22 Nov 14:14), 2 were sold since, and no order and no push explains the"
            " rest.",
            "+3：チャネル側で変更されました。11月22日 14:14に10点の表示を確認し、その後の販売は2点です。残りを説明する受注も"
            "送信もありません。",
        ),
        (
            "missed", {"event": "order", "orders": ["#1", "#2"], "orders_in_all": 5},
            "+3: sold there with #1, #2 and 3 more, which nobody had told us.",
            "+3：チャネルで売れた #1, #2 ほか3件 の通知が届いていませんでした。",
        ),
        (
            "ours", {"fault": "not_marked", "believed": 8, "right": 5},
            "+3: our own fault, 5 would have been right and 8 was never corrected.",
            "+3：こちらの不具合です。正しくは 5 でしたが、8 のまま訂正していませんでした。",
        ),
        (
            "late", {"late": "answer", "number": 8},
            "+3: our number 8 had arrived there, its acknowledgement had not arrived here.",
            "+3：送った数 8 はチャネルに届いていましたが、確認の返事がまだでした。",
        ),
    ],
)  # fmt: skip
def test_each_cause_says_its_evidence(shop, cause, evidence, english, japanese):
    row = drifted(shop.channel, cause, 3, **evidence)
    said = []
    for language in ("en", "ja"):
        with translation.override(language):
            said.append(differences.cause(row).replace("Yesterday", "22 Nov").replace("昨日", "11月22日"))
    assert said == [english, japanese]


def test_a_difference_says_its_causes_and_an_old_one_what_may_be(shop):
    causes = [{"cause": "missed", "units": -1, "event": "order", "orders": ["#1"], "orders_in_all": 1},
              {"cause": "edited", "units": 4, **SAID}]  # fmt: skip
    new = make_difference(
        shop.channel, "stock_drift", NIGHT, evidence={"sku": "TEA", "ours": 5, "theirs": 8, "causes": causes}
    )
    old = make_difference(shop.channel, "stock_drift", NIGHT, evidence={"sku": "TEA", "ours": 5, "theirs": 8})
    with translation.override("en"):
        sentences = [differences.sentence(row) for row in (new, old)]

    assert "-1" not in sentences[0]
    assert sentences[0].startswith("自社サイト showed 8 of TEA; 5 would be right. −1: sold there with #1, which")
    assert sentences[1] == (
        "自社サイト showed 8 of TEA; 5 would be right. Somebody may have changed it there. The right number was sent."
    )
