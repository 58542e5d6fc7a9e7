"""What every connector with the ability `message` does. Subclass it and fill in the fixtures."""

import logging

import pytest

from apps.hub import contracts as c
from apps.hub import errors
from apps.hub.abilities import MessageSender, Once
from apps.hub.registry import manifest


class MessageSuite:
    """Fixtures to give: `connector`, `misconfigured` (the same with wrong credentials), `taken` (a callable: how many
    letters the vendor holds), `busy` and `cut` (callables: the next letter is put off · is taken and never answered),
    `secret` (a credential that no log may show). Attribute: `slug`.
    """

    slug = ""

    def letter(self, reference: str, **more: str) -> c.Message:
        said = {
            "to": "hanako@example.jp",
            "subject": "ご注文ありがとうございます",
            "text": "山田花子 様\n\nご注文を承りました。\n",
            "sender": "くろこ商店 <shop@example.jp>",
        } | more
        return c.Message(reference=reference, **said)

    def test_it_is_what_its_manifest_says(self, connector):
        assert isinstance(connector, MessageSender)
        assert "message" in manifest(self.slug).abilities
        assert manifest(self.slug).once["message.send"] in Once

    def test_a_letter_leaves_once(self, connector, taken):
        before = taken()
        sent = connector.send(self.letter("suite-1"), "key-1")
        assert (sent.reference, bool(sent.external_id), taken() - before) == ("suite-1", True, 1)

    def test_the_same_reference_has_the_same_identity(self, connector):
        first = connector.send(self.letter("suite-2"), "key-2")
        again = connector.send(self.letter("suite-2"), "key-2")
        assert again == first

    def test_a_busy_vendor_is_transient_and_nothing_left(self, connector, busy, taken):
        before = taken()
        busy()
        with pytest.raises(errors.Transient) as caught:
            connector.send(self.letter("suite-3"), "key-3")
        assert (caught.value.sent, taken() - before) == (False, 0)

    def test_an_answer_that_never_came_leaves_the_outcome_unknown(self, connector, cut, taken):
        before = taken()
        cut()
        with pytest.raises(errors.Transient) as caught:
            connector.send(self.letter("suite-4"), "key-4")
        assert (caught.value.sent, taken() - before) == (True, 1)

    def test_wrong_credentials_are_misconfigured(self, misconfigured):
        with pytest.raises(errors.Misconfigured):
            misconfigured.send(self.letter("suite-5"), "key-5")

    def test_an_address_that_is_none_is_permanent(self, connector, taken):
        before = taken()
        for to in ("", "hanako", "hanako@", "a@b.jp\r\nBcc: all@example.jp"):
            with pytest.raises(errors.Permanent):
                connector.send(self.letter("suite-6", to=to), "key-6")
        assert taken() == before

    def test_no_secret_reaches_a_log_or_an_error(self, connector, misconfigured, busy, secret, caplog):
        caplog.set_level(logging.DEBUG)
        connector.send(self.letter("suite-7"), "key-7")
        busy()
        said = []
        for one in (connector, misconfigured):
            with pytest.raises(errors.VendorError) as caught:
                one.send(self.letter("suite-8"), "key-8")
            said.append(f"{caught.value!r} {caught.value}")
        assert secret not in caplog.text + "".join(said)
