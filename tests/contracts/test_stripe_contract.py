"""What we say of Stripe's API, against Stripe's own words, the installed package, the connector and the stand-in.

The shape file is ours and is checked everywhere; Stripe's schemas and examples where KUROGO_CONTRACTS names their folder.
"""

import json
import re
import typing
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import jsonschema
import pytest
import stripe
from django.conf import settings
from stripe.params import WebhookEndpointCreateParams

from apps.connectors.stripe import CONNECTOR, codes, mapping
from apps.connectors.stripe.connector import StripeConnector
from apps.connectors.stripe.settings import API_VERSION, StripeSettings
from apps.core import clock, net
from apps.hub import contracts as c
from apps.hub import errors
from apps.sandbox import stripe_wire as wire
from tests.connectors.stand import Stand
from tests.contracts.openapi import contract

SHAPE: dict[str, Any] = json.loads(Path(__file__).with_name("stripe.json").read_text())
REQUESTS, ANSWERS = SHAPE["requests"], SHAPE["answers"]
CARD_NUMBER = re.compile(r"(?<!\d)\d{13,19}(?!\d)")
API_KEY = "sk_test_contract"


# Stripe's schemas as plain words


def schemas(name: str) -> dict[str, Any]:
    return json.loads(contract(f"stripe/{name}").read_text())["schemas"]


def alternatives(schema: dict[str, Any], root: dict[str, Any]) -> list[dict[str, Any]]:
    """A schema's alternatives with references resolved; the empty word that unsets a field is none of them."""
    if "$ref" in schema:
        name = schema["$ref"]
        return alternatives(root if name == "#" else root["$defs"][name.removeprefix("#/$defs/")], root)
    if "anyOf" in schema:
        return [one for option in schema["anyOf"] for one in alternatives(option, root)]
    return [] if schema.get("enum") == [""] else [schema]


def in_words(root: dict[str, Any], dotted: str) -> str:
    """`integer, required` · `object or string or null`: what Stripe's schema says of a field."""
    schema, is_required = root, False
    for name in dotted.split("."):
        parent = next(one for one in alternatives(schema, root) if name in one.get("properties", {}))
        schema, is_required = parent["properties"][name], name in parent.get("required", ())
    types: set[str] = set()
    for one in alternatives(schema, root):
        said = "string" if "enum" in one else one["type"]
        types |= {said} if isinstance(said, str) else set(said)
    told = [*sorted(types - {"null"}), *(["null"] if "null" in types else [])]
    return " or ".join(told) + (", required" if is_required else "")


@pytest.mark.parametrize("operation", REQUESTS)
def test_requests_are_what_stripe_says_they_are(operation):
    root = schemas("request_schemas_2026-10-28.endive.json")[operation]
    fields = REQUESTS[operation]["fields"]
    assert {name: in_words(root, name) for name in fields} == fields
    assert set(root["required"]) <= set(fields)


@pytest.mark.parametrize("kind", ANSWERS)
def test_answers_are_what_stripe_says_they_are(kind):
    root = schemas("response_schemas_2026-10-28.endive.json")[kind]
    assert {name: in_words(root, name) for name in ANSWERS[kind]} == ANSWERS[kind]


def test_states_are_those_of_stripe():
    root = schemas("response_schemas_2026-10-28.endive.json")["payment_intent"]
    told = [one["enum"] for one in alternatives(root["properties"]["status"], root) if "enum" in one]
    assert told == [SHAPE["states"]["payment_intent"]]
    assert sorted(codes.PAYMENT_STATUS) == SHAPE["states"]["payment_intent"]


def test_what_is_refused_is_unknown_to_stripe_and_to_the_stand_in():
    roots = schemas("request_schemas_2026-10-28.endive.json")
    for operation, names in SHAPE["refused"].items():
        assert [name for name in names if name in roots[operation]["properties"]] == []
        assert roots[operation]["additionalProperties"] is False
        assert [name for name in names if name in wire.PARAMETERS[operation]] == []


def test_the_stand_in_takes_no_name_that_stripe_does_not_know():
    roots = schemas("request_schemas_2026-10-28.endive.json")
    for operation, names in wire.PARAMETERS.items():
        if operation in roots:
            assert set(names) - set(roots[operation]["properties"]) == set(), operation


def topics() -> set[str]:
    return {topic for group in SHAPE["topics"].values() for topic in group}


def test_topics_are_in_the_package_and_in_the_tables():
    assert topics() == codes.PAYMENT_TOPICS | codes.REFUND_TOPICS | codes.PAYOUT_TOPICS | {codes.CHARGE_REFUNDED}
    known = WebhookEndpointCreateParams.__annotations__["enabled_events"]
    assert topics() <= set(literals(known))


def test_topics_are_in_stripes_list():
    told = json.loads(contract("stripe/event_types_2026-10-28.endive.json").read_text())
    assert topics() <= set(told if isinstance(told, list) else next(v for v in told.values() if isinstance(v, list)))


def literals(hint: Any) -> list[str]:
    """Every word that a type allows."""
    return [
        word
        for part in typing.get_args(hint)
        for word in ([part] if isinstance(part, str) else literals(part))
    ]  # fmt: skip


def test_package_version_and_mapping_are_pinned_together():
    assert (f"stripe {stripe.VERSION}", stripe.api_version) == (SHAPE["package"], SHAPE["api_version"])
    assert {API_VERSION, CONNECTOR.api_version, wire.API_VERSION} == {SHAPE["api_version"]}
    pins = (Path(__file__).parents[2] / "requirements.txt").read_text().splitlines()
    assert [line for line in pins if line.startswith("stripe==")] == [f"stripe=={stripe.VERSION}"]


# Stripe's own examples


def examples() -> dict[str, Any]:
    return json.loads(contract("stripe/fixtures3_2026-08-21.json").read_text())["resources"]


@pytest.mark.parametrize("kind", ANSWERS)
def test_stripes_own_examples_have_the_shape(kind):
    assert flaws(kind, examples()[kind]) == []


def test_stripes_own_examples_are_read():
    told = examples()
    intent = mapping.payment_fact(told["payment_intent"], reference_key="order_number")
    assert (intent.status, intent.currency, intent.amount_minor, intent.raw_status) == (
        "failed", "USD", 1099, "requires_payment_method",
    )  # fmt: skip
    refund = mapping.refund_fact(told["refund"])
    assert (refund.status, refund.currency, refund.amount_minor) == ("succeeded", "USD", 100)
    payout = mapping.payout(told["payout"])
    assert (payout.status, payout.currency, payout.amount_minor) == ("in_transit", "USD", 1100)
    line = mapping.money_line(told["balance_transaction"], "po_1")
    assert (line.kind, line.amount_minor, line.fee_minor, line.net_minor) == ("charge", 100, 0, 100)
    assert mapping.refunded_charge(told["charge"], reference_key="x", at=clock.now()) is None


# The connector and the stand-in


def flaws(kind: str, thing: dict[str, Any]) -> list[str]:
    """Fields of our shape that a thing lacks or has in another type."""
    found = []
    for dotted, words in ANSWERS[kind].items():
        *parents, name = dotted.split(".")
        holder: Any = thing
        for parent in parents:
            holder = holder.get(parent) if isinstance(holder, dict) else None
        types = words.removesuffix(", required").split(" or ")
        if not isinstance(holder, dict):
            continue
        if name not in holder:
            found += [dotted] if words.endswith(", required") else []
        elif json_type(holder[name]) not in types:
            found.append(f"{dotted}: {json_type(holder[name])}")
    return found


def json_type(value: Any) -> str:
    names = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    return names.get(type(value), "null")


def typed(value: Any, schema: dict[str, Any], root: dict[str, Any]) -> Any:
    """Text of a form as the types that the schema asks for."""
    options = alternatives(schema, root)
    if isinstance(value, dict):
        properties = next((one["properties"] for one in options if "properties" in one), {})
        return {k: typed(v, properties.get(k, {"type": "string"}), root) for k, v in value.items()}
    if isinstance(value, list):
        items = next(one for one in options if one.get("type") == "array")["items"]
        return [typed(item, items, root) for item in value]
    types = {one.get("type") for one in options}
    if "integer" in types and value.isdigit():
        return int(value)
    return value == "true" if "boolean" in types and value in ("true", "false") else value


def flat(params: dict[str, Any], prefix: str = "") -> set[str]:
    """Dotted names of what a request says; free-form hashes are one name."""
    names = set()
    for name, value in params.items():
        names.add(prefix + name)
        if isinstance(value, dict) and name != "metadata":
            names |= flat(value, f"{prefix}{name}.")
    return names


class Played:
    """Every operation once on the stand-in: the requests by operation, and every answer and event as JSON."""

    def __init__(self, stand: Stand) -> None:
        self.stand = stand
        self.connector = StripeConnector(StripeSettings(api_key=API_KEY, api_base=stand.url("stripe")), UUID(int=1))
        self._play()
        self.requests = [self._request(ask) for ask in stand.heard]
        self.things = list(self._things())

    def _play(self) -> None:
        told, connector = self.stand.told, self.connector
        for number, (name, mail, days) in enumerate((("山田花子", "h@example.jp", 3), ("A", "a@example.jp", 60))):
            slip = connector.request_payment(
                c.PaymentRequest(
                    reference=f"K{number}", amount_minor=5400, currency="JPY", method="konbini", expires_in_days=days,
                    description="ご注文の品 とても長い名前の商品です", customer_name=name, customer_email=mail,
                ),
                f"k{number}",
            )  # fmt: skip
            told("stripe/pay_voucher" if number else "stripe/expire_voucher", payment=slip.provider_id)
        connector.request_payment(c.PaymentRequest(reference="C", amount_minor=1, currency="USD", method="card"), "c")
        cards = [
            told("stripe/checkout", order_number=str(n), amount_minor=999, currency="JPY", method="card")["payment"]
            for n in range(4)
        ]
        connector.capture(c.CaptureRequest(provider_id=cards[0], amount_minor=999, currency="JPY"), "p0")
        connector.capture(c.CaptureRequest(provider_id=cards[1], amount_minor=500, currency="JPY"), "p1")
        connector.void(c.VoidRequest(provider_id=cards[2]), "v")
        for number, reason in enumerate(("", "duplicate", "broken")):
            request = c.RefundRequest(
                provider_id=cards[0], amount_minor=100, currency="JPY", reference=f"r{number}", reason=reason
            )
            connector.refund(request, f"r{number}")
        told("stripe/fail_next", times=1, has_effect=True)
        with pytest.raises(errors.Transient):
            connector.refund(request, "kept")
        connector.refund(request, "kept")  # found by its reference among the refunds of the payment
        connector.fetch_payment(cards[3])
        told("stripe/settle_day", day="2026-11-23")
        now = clock.now()
        window = (now - timedelta(hours=1), now + timedelta(hours=1))
        assert sum(len(page) for page in connector.payments_between(*window)) == 7
        (payout,) = [one for page in connector.payouts_between(*window) for one in page]
        assert sum(line.net_minor for page in connector.money_lines(payout.provider_id) for line in page) == 0
        connector.check()

    def _request(self, ask: Any) -> tuple[str, dict[str, Any]]:
        params = wire.form(ask.body) if ask.method == "POST" else wire.nested(ask.query.items())
        path = re.sub(r"/(pi|re|po)_[0-9a-f]+", "/{id}", ask.path)
        named = {shape["call"]: operation for operation, shape in REQUESTS.items()}
        return named.get(f"{ask.method} {path}", path), params

    def _get(self, path: str) -> Any:
        url = self.stand.url("stripe") + path
        return json.loads(net.request("GET", url, headers={"Authorization": f"Bearer {API_KEY}"}).body)

    def _things(self) -> Any:
        for path, kind in (
            ("/v1/payment_intents?limit=100&expand[]=data.latest_charge.balance_transaction", "payment_intent"),
            ("/v1/refunds?limit=100", "refund"), ("/v1/payouts?limit=100", "payout"),
            ("/v1/balance_transactions?limit=100", "balance_transaction"),
            ("/v1/balance_transactions?limit=100&expand[]=data.source", "balance_transaction"),
            ("/v1/events?limit=100", "event"),
        ):  # fmt: skip
            for thing in self._get(path)["data"]:
                yield kind, thing
                if kind == "event":
                    yield thing["data"]["object"]["object"], thing["data"]["object"]
                charge = thing.get("latest_charge")
                if isinstance(charge, dict):
                    yield "charge", charge
                source = thing.get("source")
                if isinstance(source, dict):
                    yield source["object"], source
        yield "balance", self._get("/v1/balance")


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    with Stand(tmp_path_factory.mktemp("contract")) as stand, pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings, "PRIVATE_PEERS", stand.peers())
        yield Played(stand)


def test_the_connector_says_nothing_that_is_not_in_the_shape(played):
    asked = {operation: set() for operation in REQUESTS}
    for operation, params in played.requests:
        if operation != "/v1/balance":
            asked[operation] |= flat(params)
    strange = {operation: names - set(REQUESTS[operation]["fields"]) for operation, names in asked.items()}
    assert {operation: names for operation, names in strange.items() if names} == {}
    assert [operation for operation, names in asked.items() if not names] == []


def test_every_request_passes_stripes_own_schema(played):
    roots = schemas("request_schemas_2026-10-28.endive.json")
    checked = 0
    for operation, params in played.requests:
        if operation in roots:
            root = roots[operation]
            jsonschema.Draft202012Validator(root).validate(typed(params, root, root))
            checked += 1
    assert checked == len([one for one in played.requests if one[0] != "/v1/balance"]) > 15


def test_everything_the_stand_in_answers_and_tells_has_the_shape(played):
    assert {kind for kind, _ in played.things} == set(ANSWERS)
    assert [(kind, flaws(kind, thing)) for kind, thing in played.things if flaws(kind, thing)] == []


def test_everything_the_stand_in_answers_and_tells_passes_stripes_own_schema(played):
    roots = schemas("response_schemas_2026-10-28.endive.json")
    for kind, thing in played.things:
        jsonschema.Draft202012Validator(roots[kind]).validate(thing)


def test_every_topic_that_the_stand_in_tells_is_one_that_we_read(played):
    told = {thing["type"] for kind, thing in played.things if kind == "event"}
    assert told <= codes.PAYMENT_TOPICS | codes.REFUND_TOPICS | codes.PAYOUT_TOPICS
    assert len(told) == 7


def test_no_card_number_is_anywhere(played):
    said = json.dumps([played.requests, played.things])
    assert [number for number in CARD_NUMBER.findall(said) if is_card_number(number)] == []
    assert is_card_number("4242424242424242")  # the control: it would have been found
    assert not is_card_number("4242424242424241")


def is_card_number(digits: str) -> bool:
    """Luhn."""
    doubled = [int(d) * (2 if place % 2 else 1) for place, d in enumerate(reversed(digits))]
    return sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0
