"""Requests are built so, answers are read so, written out whole."""

import pytest

from apps.connectors.line import codes, mapping
from apps.hub import contracts as c
from apps.hub import errors
from apps.sandbox.line import HANAKO


def notice(text: str, subject: str = "【Kurogo】2 件", to: str = HANAKO) -> c.Notice:
    return c.Notice(reference="r", to=to, subject=subject, text=text)


def test_a_notice_is_built_so():
    assert mapping.push(notice("確認待ちの注文：2 件\n\n・KG-1 が確認待ちです。\n")) == {
        "to": HANAKO,
        "messages": [{"type": "text", "text": "【Kurogo】2 件\n確認待ちの注文：2 件\n\n・KG-1 が確認待ちです。"}],
    }


@pytest.mark.parametrize("to", ["", "hanako", "U123", HANAKO + "0", HANAKO.replace("U", "X"), HANAKO + "\n"])
def test_a_receiver_that_is_none(to):
    with pytest.raises(errors.Permanent):
        mapping.push(notice("t", to=to))


@pytest.mark.parametrize("line", ["行", "🍵", "a" * 4998])
def test_a_long_one_ends_at_a_line_and_fits_as_line_counts(line):
    text = mapping.text(notice(f"{line}\n" * 6000))
    assert len(text.encode("utf-16-le")) // 2 <= codes.MOST
    assert text.endswith("\n…")
    assert set(text.split("\n")[1:-1]) <= {line}


def test_an_answer_is_read_so():
    answer = {"sentMessages": [{"id": "461230966842064897", "quoteToken": "IStG5h1Tz7b"}]}
    assert mapping.sent(notice("t"), answer) == c.Sent(reference="r", external_id="461230966842064897")
    assert mapping.sent(notice("t"), {}) == c.Sent(reference="r", external_id="")
