"""A vendor of the tests' own: a connector that says what it was told to say, and writes down what was asked of it."""

import hashlib
import hmac
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from apps.hub.abilities import Event, Once
from apps.hub.contracts import FulfilmentReceipt, Label, PaymentFact, Sent, StockOutcome
from apps.hub.errors import BadSignature, Unreadable
from apps.hub.registry import Manifest, Settings


class ParrotSettings(Settings):
    """Where it lives, its secrets, and whether a letter of unknown fate is sent again."""

    address: str = ""
    nest: str = ""
    token: str = ""
    hook_secret: str = ""
    resend_when_unknown: bool = False


MANIFEST = Manifest(
    slug="parrot",
    label="Parrot",
    kind="test",
    abilities=("stock.write", "payment", "label", "message", "fulfilment"),
    settings=ParrotSettings,
    load="tests.hub.parrot.Parrot",
    once={
        "payment.capture": Once.KEY,
        "label.buy": Once.NATURAL_KEY,
        "fulfilment.create": Once.NATURAL_KEY,
        "message.send": Once.NEITHER,
        "stock.set": Once.LAPSES,
    },
    keys_live=timedelta(hours=24),
    webhook="tests.hub.parrot",
    secrets=("token", "hook_secret"),
    host_field="address",
    more_hosts=("nest",),
)

# What it will say to the next calls, by method: an error is raised, anything else is answered. Empty: a plain answer.
script: dict[str, list[Any]] = defaultdict(list)
# (method, key or reference, words) of every call, in order: the parrot's own ledger.
heard: list[tuple[str, str, Any]] = []


class Parrot:
    """The connector."""

    def __init__(self, settings: ParrotSettings, connection_id: UUID) -> None:
        self.settings = settings

    def capture(self, request: Any, key: str) -> PaymentFact:
        fact = PaymentFact(
            provider_id=request.provider_id, status="captured", currency="JPY", amount_minor=request.amount_minor,
            at=datetime.fromisoformat("2026-11-23T00:00:00+00:00"), captured_minor=request.amount_minor,
        )  # fmt: skip
        return _say("capture", key, request, fact)

    def buy_label(self, request: Any, key: str) -> Label:
        return _say("buy_label", key, request, _label(request.reference))

    def find_label(self, request: Any) -> Label | None:
        return _say("find_label", request.reference, request, None)

    def create_fulfilment(self, fulfilment: Any, key: str) -> FulfilmentReceipt:
        return _say(
            "create_fulfilment", key, fulfilment, FulfilmentReceipt(reference=fulfilment.reference, external_id="f1")
        )

    def find_fulfilment(self, fulfilment: Any) -> FulfilmentReceipt | None:
        return _say("find_fulfilment", fulfilment.reference, fulfilment, None)

    def send(self, message: Any, key: str) -> Sent:
        return _say("send", key, message, Sent(reference=message.reference, external_id="m1"))

    def set_stock(self, quantities: Sequence[Any], key: str) -> Sequence[StockOutcome]:
        plain = [StockOutcome(external_id=word.external_id, is_set=True) for word in quantities]
        return _say("set_stock", key, quantities, plain)


def _label(reference: str) -> Label:
    return Label(
        reference=reference, label_id=f"L-{reference}", tracking_number="T1", carrier="parrot", service="", cost_minor=500,
        currency="JPY",
    )  # fmt: skip


def _say(method: str, key: str, words: Any, plain: Any) -> Any:
    heard.append((method, key, words))
    said = script[method].pop(0) if script[method] else plain
    if callable(said) and not isinstance(said, type):
        said = said()
    if isinstance(said, BaseException):
        raise said
    return said


# How it calls us: `{"events": [{"id": …, "topic": …}]}`, signed with HMAC-SHA256 in x-parrot-sign.


def sign(body: bytes, secret: str = "the-secret") -> str:
    """The signature that the parrot puts on a body."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def verify(headers: Mapping[str, str], body: bytes, settings: ParrotSettings, *, now: datetime) -> None:
    """Raises `BadSignature`; a header that is not ASCII makes it stumble, as a connector of a stranger might."""
    headers.get("x-parrot-sign", "").encode("ascii")
    if not hmac.compare_digest(sign(body, settings.hook_secret), headers.get("x-parrot-sign", "")):
        raise BadSignature("not the parrot")


def events(headers: Mapping[str, str], body: bytes, *, received_at: datetime) -> list[Event]:
    """Raises `Unreadable` for what is not JSON; stumbles over JSON of another shape."""
    try:
        said = json.loads(body)
    except ValueError as error:
        raise Unreadable("not JSON") from error
    return [
        Event(
            id=row["id"], topic=row.get("topic", "greeting"), at=received_at, raw=json.dumps(row).encode(),
            subject=row.get("subject", ""),
        )
        for row in said["events"]
    ]  # fmt: skip
