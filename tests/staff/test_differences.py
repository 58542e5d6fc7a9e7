"""What a person reads of a difference that the lines of a payout brought to light, in both languages."""

import pytest
from django.utils import translation

from apps.hub.models import Connection
from apps.reconciliation.models import Difference
from apps.staff.parts import differences

SAID = {"line": "charge", "net": 4820, "number": "pi_9"}


def noted(kind, **facts):
    facts = {"thing": "txn_1", "currency": "JPY", "ours_minor": 0, "theirs_minor": 5000} | facts
    return Difference(kind=kind, connection=Connection(name="Stripe"), **facts)


STRAY = noted("payment_status", unexplained_minor=4820, evidence=SAID | {"ours": "unknown", "theirs": "charge"})
AMOUNT = noted(
    "payment_amount", thing="pi_9", ours_minor=1100, theirs_minor=1000,
    evidence=SAID | {"ours": "JPY", "theirs": "JPY", "order": "KG-000001"},
)  # fmt: skip
BACK = noted(
    "payment_status", thing="re_1", ours_minor=-300, theirs_minor=0,
    evidence=SAID | {"line": "refund", "ours": "succeeded", "theirs": "failed"},
)  # fmt: skip


@pytest.mark.parametrize(
    ("row", "language", "words"),
    [
        (
            STRAY, "en",
            "Stripe lists a movement (charge) of ¥5,000 that belongs to nothing known here. ¥4,820 stay unexplained until"
            " somebody writes down what it is.",
        ),
        (
            AMOUNT, "en",
            "Stripe paid out ¥1,000 for pi_9; here they are ¥1,100. Compare it at Stripe with what the order says.",
        ),
        (
            BACK, "en",
            "The refund re_1 is “refunded” here and, by the lines of its payouts, “failed” at Stripe. Find out which is right.",
        ),
        (
            STRAY, "ja",
            "Stripeの明細に¥5,000の動き（charge）がありますが、こちらのどの記録とも結び付きません。"
            "何であるかを記入するまで、¥4,820 は説明のつかない金額として残ります。",
        ),
    ],
)  # fmt: skip
def test_the_sentence_says_what_the_lines_say(row, language, words):
    with translation.override(language):
        assert differences.sentence(row) == words


def test_the_gap_is_what_is_unexplained_or_what_the_sides_differ_by():
    assert [differences.gap_minor(row) for row in (STRAY, AMOUNT, BACK)] == [4820, -100, None]
