"""A Stripe connection to the stand-in, and what its own ledger says."""

import json
import sqlite3
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from uuid import UUID

import pytest

from apps.connectors.stripe.connector import StripeConnector
from apps.connectors.stripe.settings import StripeSettings

CONNECTION = UUID(int=7)
API_KEY = "sk_test_canary_0123456789"
_numbers = count(1)


@pytest.fixture
def settings_of_stripe(stand):
    return StripeSettings(api_key=API_KEY, webhook_secret="whsec_canary", api_base=stand.url("stripe"))


@pytest.fixture
def connector(settings_of_stripe):
    return StripeConnector(settings_of_stripe, CONNECTION)


@pytest.fixture
def misconfigured(stand):
    return StripeConnector(StripeSettings(api_key="pk_canary_public", api_base=stand.url("stripe")), CONNECTION)


class Scripted(BaseHTTPRequestHandler):
    """Answers every request with the server's `script`: status, headers, body; nothing at all for status 0."""

    protocol_version = "HTTP/1.1"

    def answer(self):
        self.rfile.read(int(self.headers.get("content-length", 0)))
        status, headers, body = self.server.script
        if not status:
            self.close_connection = True
            return
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), "Connection": "close", **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = answer

    def log_message(self, *_args):
        """Quiet."""


@pytest.fixture
def scripted(settings):
    """A connector to a server that answers as told: `scripted(400, {}, b"…")`."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Scripted) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        host = f"127.0.0.1:{server.server_address[1]}"
        settings.PRIVATE_PEERS = [host]

        def connector(status, headers, body):
            server.script = (status, headers, body)
            return StripeConnector(StripeSettings(api_key=API_KEY, api_base=f"http://{host}/"), CONNECTION)

        yield connector
        server.shutdown()


@pytest.fixture
def secret():
    return API_KEY


@pytest.fixture
def checkout(stand):
    """A shop's checkout at the stand-in; answers what it tells the shop."""

    def check_out(minor=5400, *, method="card", currency="JPY", number="", **more):
        number = number or f"#{next(_numbers)}"
        asked = {"order_number": number, "amount_minor": minor, "currency": currency, "method": method}
        return stand.told("stripe/checkout", **asked, **more)

    return check_out


@pytest.fixture
def authorised(checkout):
    return lambda minor: checkout(minor)["payment"]


@pytest.fixture
def age(stand):
    """Make a payment older than any window of a test; its changes stay where they are."""

    def older(payment):
        with sqlite3.connect(stand.folder / "world.sqlite", timeout=10) as db:
            db.execute("UPDATE stripe_intent SET created = created - 864000 WHERE id = ?", (payment,))

    return older


@pytest.fixture
def moved(ledger):
    def captured_and_refunded(payment):
        charge = "ch_" + payment.removeprefix("pi_")
        captured = ledger("SELECT coalesce(sum(amount), 0) FROM stripe_line WHERE source = ?", charge)[0][0]
        refunded = ledger(
            "SELECT coalesce(sum(-amount), 0) FROM stripe_line WHERE source IN"
            " (SELECT id FROM stripe_refund WHERE intent = ?)", payment,
        )[0][0]  # fmt: skip
        return captured, refunded

    return captured_and_refunded


@pytest.fixture
def asked(ledger):
    return lambda reference: ledger("SELECT count(*) FROM stripe_intent WHERE number = ?", reference)[0][0]


@pytest.fixture
def notice(ledger):
    """The newest event about a thing, as its notice carries it."""

    def newest(about, topic):
        sql = "SELECT body FROM stripe_event WHERE thing = ? AND type = ? ORDER BY seq DESC LIMIT 1"
        return ledger(sql, about, topic)[0][0]

    return newest


@pytest.fixture
def strange(checkout, notice):
    topic = "payment_intent.amount_capturable_updated"
    event = json.loads(notice(f"payment:{checkout()['payment']}", topic))
    event["data"]["object"]["status"] = "on_the_moon"
    return topic, json.dumps(event).encode()
