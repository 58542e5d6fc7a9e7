"""Letters: in the customer's language, once a cause, kept as sent."""

from datetime import date

import pytest

from apps.core.ids import uuid7
from apps.messaging import services as messaging
from apps.messaging.models import Message
from tests import builders

pytestmark = pytest.mark.django_db


def _write(locale="ja", source_id=None, template="order_cancelled"):
    order = builders.order(customer=None)
    context = {"order": order, "customer": None, "brand": order.brand, "total": "¥1,100", "lines": []}
    return messaging.write(
        template,
        source_id=source_id or uuid7(),
        to="rina@example.com",
        locale=locale,
        context=context,
        order_ref=order.id,
    )


@pytest.mark.parametrize(
    ("locale", "language"), [("ja", "ja"), ("ja-JP", "ja"), ("en-GB", "en"), ("fr", "en"), ("", "ja")]
)
def test_a_letter_is_written_in_a_language_that_its_reader_may_know(locale, language):
    assert _write(locale).locale == language


def test_the_first_line_is_the_subject():
    letter = _write("en")

    assert letter.subject != ""
    assert letter.subject not in letter.text.splitlines()[0]
    assert letter.text.endswith("\n")
    assert not letter.text.startswith("\n")


def test_a_letter_is_plain_text():
    order = builders.order(customer=None)
    context = {"order": order, "customer": None, "brand": order.brand, "total": "¥1,100"}
    lines = [{"title": "Cup & saucer <blue>, Tom's", "quantity": 2}]
    letter = messaging.write(
        "order_received", source_id=uuid7(), to="rina@example.com", locale="en", context=context | {"lines": lines}
    )

    assert "- Cup & saucer <blue>, Tom's × 2\n" in letter.text


@pytest.mark.parametrize(
    ("locale", "said"),
    [
        ("en", "- Kettle × 1 (promised for 24 December 2026)\n- Cup × 2\n\n"),
        ("ja", "・Kettle × 1（ご用意予定日 2026年12月24日）\n・Cup × 2\n\n"),
    ],
)
def test_only_what_is_sold_for_later_names_its_day(locale, said):
    order = builders.order(customer=None)
    lines = [
        {"title": "Kettle", "quantity": 1, "promised_on": date(2026, 12, 24)},
        {"title": "Cup", "quantity": 2, "promised_on": None},
    ]
    context = {"order": order, "customer": None, "brand": order.brand, "total": "¥1,100", "lines": lines}

    letter = messaging.write("order_received", source_id=uuid7(), to="rina@example.com", locale=locale, context=context)

    assert said in letter.text


def test_nothing_is_kept_until_it_is_told_to():
    letter = _write()
    assert Message.objects.count() == 0

    assert messaging.keep([letter]) == [letter]

    assert list(Message.objects.values_list("id", "status", "to")) == [(letter.id, "ready", "rina@example.com")]


def test_the_same_cause_writes_once():
    cause = uuid7()
    messaging.keep([_write(source_id=cause)])

    assert messaging.keep([_write(source_id=cause), _write(source_id=cause)]) == []

    assert Message.objects.count() == 1


def test_another_letter_of_the_same_cause_is_another():
    cause = uuid7()

    kept = messaging.keep([_write(source_id=cause), _write(source_id=cause, template="order_received")])

    assert len(kept) == 2


def test_what_has_left_says_when():
    letters = messaging.keep([_write(), _write()])

    messaging.sent([letters[0].id])

    first, second = Message.objects.order_by("id")
    assert (first.status, first.sent_at is not None) == ("sent", True)
    assert (second.status, second.sent_at) == ("ready", None)
