"""How RMS is called, and what its refusals are to us: three functions refuse in three forms."""

import base64
import http.server
import threading
from types import SimpleNamespace

import orjson
import pytest

from apps.connectors.rakuten import client
from apps.connectors.rakuten.client import Client, Refused
from apps.connectors.rakuten.connector import RakutenConnector
from apps.connectors.rakuten.settings import RakutenSettings
from apps.core import net, pace
from apps.hub import errors
from tests.connectors.rakuten.conftest import CONNECTION, KEY, SECRET

MESSAGES = {"MessageModelList": [{"messageType": "ERROR", "messageCode": "X_011", "message": "書式が不正です。"}]}


@pytest.fixture
def vendor(settings):
    """A vendor that answers what it is told to."""
    told = SimpleNamespace(status=200, body=b"{}", headers={})

    class Answers(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers.get("content-length") or 0))
            self.send_response(told.status)
            for name, value in told.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(told.body)))
            self.end_headers()
            self.wfile.write(told.body)

        do_GET = do_POST

        def log_message(self, *_args):
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings.PRIVATE_PEERS = [f"127.0.0.1:{server.server_port}"]
    told.client = Client(
        RakutenSettings(
            service_secret=SECRET, license_key=KEY, base_url=f"http://127.0.0.1:{server.server_port}/", calls_a_second=0
        )
    )
    yield told
    net.close()
    server.shutdown()
    server.server_close()


def answers(vendor, status, body, **headers):
    vendor.status, vendor.headers = status, headers
    vendor.body = body if isinstance(body, bytes) else orjson.dumps(body)


# Called so


def test_every_call_carries_both_keys_and_the_one_content_type_that_all_functions_take(connector, place, stand):
    number = place().number
    connector.fetch_order(number)
    (ask,) = stand.heard
    assert (ask.method, ask.path) == ("POST", "/es/2.0/order/getOrder/")
    assert ask.headers["content-type"] == "application/json;charset=utf-8"
    assert ask.headers["authorization"] == f"ESA {base64.b64encode(f'{SECRET}:{KEY}'.encode()).decode()}"
    assert orjson.loads(ask.body) == {"orderNumberList": [number], "version": 7}


def test_each_function_has_a_pace_of_its_own(connector, settings_of_shop, monkeypatch):
    taken = []
    monkeypatch.setattr(pace, "take", lambda account, rate: taken.append((account, rate)))
    base = settings_of_shop.base_url
    paced = RakutenConnector(
        RakutenSettings(service_secret=SECRET, license_key=KEY, base_url=base, calls_a_second=0.5), CONNECTION
    )
    list(paced.variants())
    paced.fetch_order("1")
    paced.check()
    assert taken == [
        (f"{base}/es/2.0/items/search", 2.5),
        (f"{base}/es/2.0/order/getOrder/", 0.5),
        (f"{base}/es/1.0/license-management/license-key/expiry-date", 0.5),
    ]


def test_numbers_are_asked_for_a_hundred_at_a_time(vendor, monkeypatch):
    asked = []
    monkeypatch.setattr(
        vendor.client, "_call", lambda method, path, body, **_more: asked.append(body["orderNumberList"]) or {}
    )
    vendor.client.orders([str(number) for number in range(250)])
    assert [len(part) for part in asked] == [100, 100, 50]


def test_a_search_goes_through_all_its_pages_and_keeps_each_number_once(vendor, monkeypatch):
    pages = [["1", "2"], ["2", "3"]]

    def answer(_method, _path, body):
        page = body["PaginationRequestModel"]["requestPage"]
        return {"orderNumberList": pages[page - 1], "PaginationResponseModel": {"totalPages": 2, "requestPage": page}}

    monkeypatch.setattr(vendor.client, "_call", answer)
    assert vendor.client.search_orders({"dateType": 1}) == ["1", "2", "3"]


def test_a_search_that_finds_nothing_answers_nulls(vendor):
    answers(
        vendor, 200, {"orderNumberList": None, "MessageModelList": [], "PaginationResponseModel": {"totalPages": None}}
    )
    assert vendor.client.search_orders({"dateType": 1}) == []


# Errors parsed so


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        (400, MESSAGES, Refused, "Rakuten refuses /es/2.0/order/getOrder/ (400): 書式が不正です。 (X_011)"),
        (
            400, {"errors": [{"code": "IE0002", "message": "quantity has an invalid value : a."}]}, Refused,
            "Rakuten refuses /es/2.0/order/getOrder/ (400): quantity has an invalid value : a. (IE0002)",
        ),
        (400, b"<html>", Refused, "Rakuten refuses /es/2.0/order/getOrder/ (400): without a reason"),
        (415, {"Results": {"errorCode": "ES04-03", "message": "Unsupported Media Type"}}, Refused,
         "Rakuten refuses /es/2.0/order/getOrder/ (415): Unsupported Media Type"),
        (404, b"", Refused, "Rakuten refuses /es/2.0/order/getOrder/ (404): without a reason"),
        (401, {"Results": {"errorCode": "ES04-01", "message": "Un-Authorised"}}, errors.Misconfigured,
         "Rakuten refuses the keys for /es/2.0/order/getOrder/: Un-Authorised"),
        (200, {"Results": {"errorCode": "ES04-01", "message": "Un-Authorised"}}, errors.Misconfigured,
         "Rakuten refuses the keys for /es/2.0/order/getOrder/: Un-Authorised"),
        (401, {"errors": [{"code": "GA0001", "message": "Un-Authorised"}]}, errors.Misconfigured,
         "Rakuten refuses the keys for /es/2.0/order/getOrder/: Un-Authorised (GA0001)"),
        (302, b"", errors.Misconfigured, "Rakuten's address answers 302, a redirect: check the base address"),
        (503, b"maintenance", errors.Transient, "Rakuten answered 503 to /es/2.0/order/getOrder/"),
        (200, b"<html>", errors.Transient,
         "Rakuten answered /es/2.0/order/getOrder/ with something that is not JSON"),
        (200, b"[]", errors.Transient, "Rakuten answered /es/2.0/order/getOrder/ with something that is not JSON"),
        (204, b"", errors.Transient, "Rakuten answered getOrder with nothing"),
    ],
)  # fmt: skip
def test_a_refusal_is_one_of_our_errors_in_the_vendor_s_words(vendor, status, body, kind, words):
    answers(vendor, status, body)
    with pytest.raises(kind) as caught:
        vendor.client.orders(["1"])
    assert (type(caught.value), str(caught.value)) == (kind, words)
    assert caught.value.sent is (kind is errors.Transient)


@pytest.mark.parametrize(
    ("header", "seconds"), [({"retry-after": "7"}, 7.0), ({}, None), ({"retry-after": "soon"}, None)]
)
def test_a_busy_vendor_may_say_how_long(vendor, header, seconds):
    answers(vendor, 429, {"Results": {"errorCode": "ES04-04", "message": "slow down"}}, **header)
    with pytest.raises(errors.RateLimited) as caught:
        vendor.client.orders(["1"])
    assert caught.value.retry_after == seconds


def test_an_error_among_the_messages_of_an_order_that_was_asked_for_is_no_error_of_the_others(vendor):
    answers(vendor, 200, MESSAGES | {"OrderModelList": [{"orderNumber": "2"}]})
    assert vendor.client.orders(["1", "2"]) == [{"orderNumber": "2"}]


def test_an_error_among_the_messages_of_a_search_is_a_refusal(vendor):
    answers(vendor, 200, MESSAGES)
    with pytest.raises(Refused, match="書式が不正です"):
        vendor.client.search_orders({"dateType": 1})


def test_a_confirmation_that_is_refused_as_a_whole_is_an_error_and_one_of_many_is_not(vendor):
    one = MESSAGES["MessageModelList"][0]
    answers(vendor, 400, {"MessageModelList": [one | {"orderNumber": "1"}]})
    assert vendor.client.confirm(["1"]) == [one | {"orderNumber": "1"}]
    answers(vendor, 400, MESSAGES)
    with pytest.raises(Refused):
        vendor.client.confirm(["1"])


def test_an_address_that_may_not_be_called_is_a_setting_to_mend(settings):
    settings.PRIVATE_PEERS = []
    with pytest.raises(errors.Misconfigured, match="KUROGO_PRIVATE_PEERS"):
        Client(RakutenSettings(base_url="http://127.0.0.1:9", calls_a_second=0)).orders(["1"])


# The keys


def test_it_says_until_when_the_license_key_lives(connector, stand):
    stand.told("rakuten/setup", expires_at="2026-11-28T14:59:59+00:00")
    assert connector.check() == {"account": "RMS WEB SERVICE", "expires_at:license_key": "2026-11-28T14:59:59+00:00"}
    assert (stand.heard[-1].path, stand.heard[-1].query) == (client.EXPIRY, {"licenseKey": KEY})


def test_keys_that_have_no_end_are_wrong(vendor, monkeypatch):
    answers(vendor, 200, {"expiryDate": None})
    one = RakutenConnector(RakutenSettings(), CONNECTION)
    monkeypatch.setattr(one, "_client", vendor.client)
    with pytest.raises(errors.Misconfigured, match="no end of the license key"):
        one.check()
