"""A message becomes the same RFC 5322 letter each time, readable by any mail program, with nothing smuggled in."""

from datetime import UTC, datetime
from email.parser import BytesParser
from email.policy import default

import pytest

from apps.connectors.smtp import mapping
from apps.hub import contracts as c
from apps.hub import errors

AT = datetime(2026, 11, 23, 3, 4, 5, tzinfo=UTC)


def message(**more) -> c.Message:
    said = {
        "reference": "0192f0c1-7e4e-7b7a-8a52-3c1f3a6c9b10",
        "to": "山田 花子 <hanako@example.jp>",
        "subject": "【くろこ商店】ご注文ありがとうございます（注文番号 1001）",
        "text": "山田花子 様\n\nご注文を承りました。髙島屋の①番、﨑さん、😀も化けません。\n" + "長い行" * 200 + "\n",
        "sender": "くろこ商店 <orders@kurogo.example>",
    } | more
    return c.Message(**said)


def written(**more):
    letter = mapping.letter(message(**more), default_sender="Shop <default@shop.example>", at=AT)
    return letter, BytesParser(policy=default).parsebytes(letter.content)


def test_a_japanese_letter_is_built_so():
    letter, read = written()
    assert {name: str(read[name]) for name in read.keys()} == {  # noqa: SIM118 - a message is no dict
        "From": "くろこ商店 <orders@kurogo.example>",
        "To": "山田 花子 <hanako@example.jp>",
        "Subject": "【くろこ商店】ご注文ありがとうございます（注文番号 1001）",
        "Date": "Mon, 23 Nov 2026 03:04:05 +0000",
        "Message-ID": "<0192f0c1-7e4e-7b7a-8a52-3c1f3a6c9b10@kurogo.example>",
        "Auto-Submitted": "auto-generated",
        "Content-Language": "ja",
        "Content-Type": 'text/plain; charset="utf-8"',
        "Content-Transfer-Encoding": read["Content-Transfer-Encoding"],
        "MIME-Version": "1.0",
    }
    assert read.get_content().replace("\r\n", "\n") == message().text
    assert (letter.sender, letter.recipient) == ("orders@kurogo.example", "hanako@example.jp")
    assert letter.message_id == read["Message-ID"]


def test_a_letter_is_plain_ascii_in_short_lines():
    letter, _ = written(text="Thank you.\nЗдравствуйте\n" + "x" * 3000)
    assert letter.content.isascii()
    assert max(map(len, letter.content.split(b"\r\n"))) <= 998
    assert b"\n" not in letter.content.replace(b"\r\n", b"")


def test_a_letter_with_html_has_both_forms():
    _, read = written(html="<p>ご注文ありがとうございます</p>", locale="en")
    assert [part.get_content_type() for part in read.iter_parts()] == ["text/plain", "text/html"]
    assert read.get_body(("html",)).get_content().strip() == "<p>ご注文ありがとうございます</p>"
    assert read["Content-Language"] == "en"


def test_the_default_sender_writes_where_none_is_named():
    letter, read = written(sender="")
    assert str(read["From"]) == "Shop <default@shop.example>"
    assert letter.message_id.endswith("@shop.example>")


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("order-1001", "<order-1001@x.jp>"),
        ("注文 1001", "<1001@x.jp>"),
        ("a..b/c\r\nBcc: x", "<a.b-c-Bcc-x@x.jp>"),
        ("", "<letter@x.jp>"),
        ("r" * 300, f"<{'r' * 64}@x.jp>"),
    ],
)
def test_the_message_id_follows_from_the_reference_alone(reference, expected):
    assert mapping.message_id(reference, "shop@x.jp") == expected


def test_a_long_reference_does_not_break_its_header():
    letter, read = written(reference="r" * 64, sender="a@" + "long." * 20 + "example")
    assert str(read["Message-ID"]) == letter.message_id


def test_a_japanese_domain_is_written_in_ascii():
    letter, _ = written(to="hanako@日本語.jp")
    assert letter.recipient == "hanako@xn--wgv71a119e.jp"


@pytest.mark.parametrize(
    "to",
    [
        "",
        " ",
        "hanako",
        "@example.jp",
        "hanako@",
        "a b@example.jp",
        "花子@example.jp",
        "a@b.jp\nBcc: c@d.jp",
        "a@.jp",
        "a@b..jp",
    ],
)
def test_an_address_that_is_none_waits_for_a_person(to):
    with pytest.raises(errors.Permanent):
        written(to=to)


def test_a_subject_with_line_breaks_stays_one_header():
    _, read = written(subject="ご注文\r\nBcc: everybody@example.jp\n確認")
    assert str(read["Subject"]) == "ご注文 Bcc: everybody@example.jp 確認"
    assert read["Bcc"] is None


def test_a_letter_without_any_sender_is_misconfigured():
    with pytest.raises(errors.Misconfigured):
        mapping.letter(message(sender=""), default_sender="", at=AT)
