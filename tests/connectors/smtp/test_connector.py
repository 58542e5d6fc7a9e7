"""The connector on the real stand-in and on aiosmtpd itself: what leaves, what is said of it, and what is counted."""

from uuid import uuid4

import pytest
from aiosmtpd.controller import Controller

from apps.connectors.smtp.connector import SmtpConnector
from apps.connectors.smtp.settings import SmtpSettings
from apps.core import net_smtp, ports
from apps.core.net_smtp import Security
from apps.hub import contracts as c
from apps.hub import errors
from apps.hub.registry import connect, manifest
from tests.connectors.stand import Stand
from tests.connectors.suites.message import MessageSuite

SECRET = "hush-hush-word"


def settings_for(address: str, **more) -> SmtpSettings:
    host, _, port = address.rpartition(":")
    said = {"security": Security.NONE, "sender": "Shop <shop@example.jp>"} | more
    return SmtpSettings(host=host, port=int(port), **said)


@pytest.fixture
def address(stand):
    yield stand.told("status")["addresses"]["smtp"]
    net_smtp.hang_up()


@pytest.fixture
def connector(address):
    return connect("smtp", settings_for(address), uuid4())


class TestMessageSuite(MessageSuite):
    slug = "smtp"

    @pytest.fixture
    def misconfigured(self, address):
        # The stand-in offers no sign-in, so asking for one is a wrong setting.
        return SmtpConnector(settings_for(address, username="kurogo", password=SECRET), uuid4())

    @pytest.fixture
    def secret(self):
        return SECRET

    @pytest.fixture
    def taken(self, stand):
        return lambda: stand.told("smtp/count")["taken"]

    @pytest.fixture
    def busy(self, stand):
        return lambda: stand.told("smtp/misbehave", what="busy")

    @pytest.fixture
    def cut(self, stand):
        return lambda: stand.told("smtp/misbehave", what="cut")


def letter(reference: str, **more) -> c.Message:
    said = {"to": "hanako@example.jp", "subject": "発送のお知らせ", "text": "発送しました。\n", "sender": ""} | more
    return c.Message(reference=reference, **said)


def test_the_stand_in_keeps_what_the_customer_would_read(connector, stand):
    sent = connector.send(letter("ship-1", to="taro@example.jp"), "key")
    kept = stand.told("smtp/letters", to="taro@example.jp")["letters"]
    assert kept == [
        {
            "message_id": "<ship-1@example.jp>",
            "sender": "shop@example.jp",
            "recipient": "taro@example.jp",
            "subject": "発送のお知らせ",
            "body": "発送しました。\n",
        }
    ]
    assert sent == c.Sent(reference="ship-1", external_id="<ship-1@example.jp>")


def test_a_letter_sent_again_is_counted_apart(connector, stand):
    before = stand.told("smtp/count")["doubled"]
    connector.send(letter("again-1"), "key")
    connector.send(letter("again-1"), "key")
    assert stand.told("smtp/count")["doubled"] - before == 1


def test_a_mailbox_that_does_not_exist_is_permanent(connector):
    with pytest.raises(errors.Permanent, match="550"):
        connector.send(letter("gone-1", to="nobody@example.jp"), "key")
    connector.send(letter("gone-2"), "key")  # its neighbour goes on


def test_a_server_that_is_not_there_is_transient_and_sent_nothing(stand, settings):
    settings.PRIVATE_PEERS = ["127.0.0.1:1"]
    with pytest.raises(errors.Transient) as caught:
        SmtpConnector(settings_for("127.0.0.1:1"), uuid4()).send(letter("off-1"), "key")
    assert not caught.value.sent


def test_a_private_address_is_misconfigured(address, settings):
    settings.PRIVATE_PEERS = []
    with pytest.raises(errors.Misconfigured, match="own network"):
        SmtpConnector(settings_for(address), uuid4()).send(letter("in-1"), "key")


def test_its_health_says_that_the_server_answers(connector):
    assert connector.check() == {"server": "OK"}


def test_many_letters_share_a_connection(connector, stand):
    before = stand.told("smtp/count")["taken"]
    for number in range(250):
        connector.send(letter(f"many-{number}"), "key")
    assert stand.told("smtp/count")["taken"] - before == 250


def test_the_server_keeps_its_port_when_it_starts_again(tmp_path):
    with Stand(tmp_path) as first:
        was = first.told("status")["addresses"]["smtp"]
    with Stand(tmp_path) as second:
        assert second.told("status")["addresses"]["smtp"] == was


class Handler:
    """aiosmtpd's smallest handler."""

    def __init__(self) -> None:
        self.contents: list[bytes] = []

    async def handle_DATA(self, _server, _session, envelope):
        self.contents.append(envelope.content)
        return "250 kept"


def test_a_letter_reaches_aiosmtpd_itself(settings):
    handler = Handler()
    port = ports.any_free_port()
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        settings.PRIVATE_PEERS = [f"127.0.0.1:{port}"]
        SmtpConnector(settings_for(f"127.0.0.1:{port}"), uuid4()).send(letter("direct-1"), "key")
    finally:
        net_smtp.hang_up()
        controller.stop()
    assert [b"Message-ID: <direct-1@example.jp>" in content for content in handler.contents] == [True]


def test_the_manifest_says_that_a_letter_may_come_twice():
    assert dict(manifest("smtp").once) == {"message.send": "neither"}
