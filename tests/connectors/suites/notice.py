"""What every connector with the ability `notice` does. Subclass it and fill in the fixtures."""

import logging

import pytest

from apps.hub import contracts as c
from apps.hub import errors
from apps.hub.abilities import NoticeSender, Once
from apps.hub.registry import manifest

# What a shop's own words may hold: what a chat reads as a mark, a call to everybody, a link; a line of another alphabet.
AWKWARD = "<!channel> *5* <https://evil.example|here> & @everyone _湯のみ_ 🍵\n\n- a\n- b\n"


class NoticeSuite:
    """Fixtures to give: `connector`, `misconfigured` (the same with wrong credentials), `said` (a callable: the texts that
    the vendor holds, as people there read them, oldest first), `busy` and `cut` (callables: the next notice is put off · is
    taken and never answered), `secret` (a credential that no log may show). Attributes: `slug`, `to` (somebody whom it
    reaches; empty where the connection leads to one place).
    """

    slug = ""
    to = ""

    def notice(self, reference: str, text: str = "本文です。\n", **more: str) -> c.Notice:
        return c.Notice(**{"reference": reference, "to": self.to, "subject": "件名", "text": text} | more)

    def test_it_is_what_its_manifest_says(self, connector):
        told = manifest(self.slug)
        assert isinstance(connector, NoticeSender)
        assert "notice" in told.abilities
        assert "message" not in told.abilities  # letters to customers would leave by it
        assert told.once["notice.send"] in Once
        assert bool(told.reaches) == bool(told.reaches_like) == bool(self.to)

    def test_a_notice_is_said_once_with_its_subject(self, connector, said):
        before = len(said())
        sent = connector.tell(self.notice("suite-1"), "key-1")
        assert sent.reference == "suite-1"
        assert [text.split() for text in said()[before:]] == [["件名", "本文です。"]]

    def test_words_reach_people_as_they_were_written(self, connector, said):
        connector.tell(self.notice("suite-2", AWKWARD), "key-2")
        assert said()[-1].split() == ["件名", *AWKWARD.split()]

    def test_a_long_night_still_fits(self, connector, said):
        connector.tell(self.notice("suite-3", "行\n" * 30_000), "key-3")
        text = said()[-1]
        assert (text.split()[:2], text.endswith("…")) == (["件名", "行"], True)

    def test_a_key_that_the_vendor_knows_says_it_once(self, connector, said):
        if manifest(self.slug).once["notice.send"] is not Once.KEY:
            pytest.skip("the vendor knows no key")
        before = len(said())
        first = connector.tell(self.notice("suite-4"), "key-4")
        again = connector.tell(self.notice("suite-4"), "key-4")
        assert (first.reference, again.reference, len(said()) - before) == ("suite-4", "suite-4", 1)

    def test_a_busy_vendor_is_limited_and_nothing_is_said(self, connector, busy, said):
        before = len(said())
        busy()
        with pytest.raises(errors.RateLimited) as caught:
            connector.tell(self.notice("suite-5"), "key-5")
        assert (caught.value.sent, len(said()) - before) == (False, 0)

    def test_an_answer_that_never_came_leaves_the_outcome_unknown(self, connector, cut, said):
        before = len(said())
        cut()
        with pytest.raises(errors.Transient) as caught:
            connector.tell(self.notice("suite-6"), "key-6")
        assert (caught.value.sent, len(said()) - before) == (True, 1)

    def test_wrong_credentials_are_misconfigured(self, misconfigured):
        with pytest.raises(errors.Misconfigured):
            misconfigured.tell(self.notice("suite-7"), "key-7")

    def test_somebody_who_is_nobody_is_permanent(self, connector, said):
        if not self.to:
            pytest.skip("it leads to one place")
        before = len(said())
        for to in ("", "hanako", "a@b.jp\r\nX: y"):
            with pytest.raises(errors.Permanent):
                connector.tell(self.notice("suite-8", to=to), "key-8")
        assert len(said()) == before

    def test_no_secret_reaches_a_log_or_an_error(self, connector, misconfigured, busy, secret, caplog):
        caplog.set_level(logging.DEBUG)
        connector.tell(self.notice("suite-9"), "key-9")
        busy()
        words = []
        for one in (connector, misconfigured):
            with pytest.raises(errors.VendorError) as caught:
                one.tell(self.notice("suite-10"), "key-10")
            words.append(f"{caught.value!r} {caught.value}")
        assert secret not in caplog.text + "".join(words)
