"""A notice as Slack's text, written out whole."""

import pytest

from apps.connectors.slack import mapping
from apps.hub import contracts as c


def text(said: str, subject: str = "件名") -> str:
    return mapping.text(c.Notice(reference="r", to="", subject=subject, text=said))


def test_a_notice_is_built_so():
    assert text(
        "確認待ちの注文：2 件\n\n・KG-1 が確認待ちです。\n　https://shop.example/orders/1/\n", "【Kurogo】2 件"
    ) == ("*【Kurogo】2 件*\n確認待ちの注文：2 件\n\n・KG-1 が確認待ちです。\n　https://shop.example/orders/1/")


@pytest.mark.parametrize(
    ("said", "written"),
    [("<!channel>", "&lt;!channel&gt;"), ("a & b", "a &amp; b"), ("&lt;", "&amp;lt;"), ("*a* _b_", "*a* _b_")],
)
def test_signs_that_slack_reads_are_escaped(said, written):
    assert text(said) == f"*件名*\n{written}"


def test_a_subject_stays_one_bold_line():
    assert text("t", "a\n*b* <c>") == "*a b &lt;c&gt;*\nt"


def test_a_long_one_ends_at_a_line():
    long = text("行\n" * 9000)
    assert (len(long) <= mapping.MOST, long.endswith("行\n…"), set(long.splitlines()[1:-1])) == (True, True, {"行"})
