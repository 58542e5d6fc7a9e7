"""Stripe's abilities: client and mapping put together. Every write carries the delivery's key."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID

import msgspec

from apps.connectors.stripe import codes, mapping
from apps.connectors.stripe.client import Client, FailureKept, Refused
from apps.connectors.stripe.settings import StripeSettings
from apps.hub import contracts as c
from apps.hub import errors

INTENTS, REFUNDS, PAYOUTS = "/v1/payment_intents", "/v1/refunds", "/v1/payouts"
# Stripe's words for "this has happened before": then the thing is read back instead of believed or repeated.
_DONE_BEFORE = frozenset({"payment_intent_unexpected_state", "charge_already_refunded", "charge_already_captured"})
_UNREADABLE = (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError, OSError)


class StripeConnector:
    """One account. Reads notices (`read`), moves money, tells what it knows, and what payouts are made of."""

    def __init__(self, settings: StripeSettings, connection_id: UUID) -> None:
        self.settings = settings
        self.connection_id = connection_id

    @property
    def _client(self) -> Client:
        return Client(self.settings)

    # Inbound

    def read(self, topic: str, raw: bytes) -> Sequence[c.PaymentFact | c.RefundFact | c.Payout]:
        """A notice. Raises `errors.Unreadable` for an unknown topic or a body that is not what its topic says."""
        known = topic in codes.PAYMENT_TOPICS | codes.REFUND_TOPICS | codes.PAYOUT_TOPICS
        if not known and topic != codes.CHARGE_REFUNDED:
            if topic.startswith(codes.IGNORED_PREFIX):
                return ()
            raise errors.Unreadable(f"unknown topic {topic}")
        try:
            event = msgspec.json.decode(raw)
            return self._words(topic, event["data"]["object"], mapping.moment(event["created"]))
        except _UNREADABLE as error:
            raise errors.Unreadable(f"{topic}: {type(error).__name__} {error}"[:300]) from error

    def _words(self, topic: str, thing: Any, at: datetime) -> Sequence[c.PaymentFact | c.RefundFact | c.Payout]:
        if topic in codes.PAYMENT_TOPICS:
            return (self._payment(thing, at=at),)
        if topic in codes.REFUND_TOPICS:
            return (mapping.refund_fact(thing, at=at),)
        if topic in codes.PAYOUT_TOPICS:
            return (mapping.payout(thing, at=at),)
        fact = mapping.refunded_charge(thing, reference_key=self.settings.order_reference_key, at=at)
        return (fact,) if fact else ()

    # PaymentGateway

    def request_payment(self, request: c.PaymentRequest, key: str) -> c.PaymentFact:
        """A new PaymentIntent; konbini comes back with its voucher."""
        intent = self._client.post(INTENTS, mapping.request_params(request, self.settings), key=key)
        with _understood():
            return self._payment(intent)

    def capture(self, request: c.CaptureRequest, key: str) -> c.PaymentFact:
        """Take the money. Asked again after it was taken, it answers what is so."""
        try:
            intent = self._client.post(
                f"{_intent(request.provider_id)}/capture", mapping.capture_params(request), key=key
            )
        except Refused as refused:
            intent = self._read_back(
                refused, request.provider_id, lambda found: mapping.has_captured(found, request.amount_minor)
            )
        with _understood():
            return self._payment(intent)

    def void(self, request: c.VoidRequest, key: str) -> c.PaymentFact:
        """Cancel an authorised or unpaid intent."""
        try:
            intent = self._client.post(
                f"{_intent(request.provider_id)}/cancel", {"expand": [mapping.EXPANDED]}, key=key
            )
        except Refused as refused:
            intent = self._read_back(refused, request.provider_id, mapping.has_cancelled)
        with _understood():
            return self._payment(intent)

    def refund(self, request: c.RefundRequest, key: str) -> c.RefundFact:
        """Give captured money back. A refund that carries our reference already is that refund."""
        try:
            refund = self._client.post(REFUNDS, mapping.refund_params(request), key=key)
        except Refused as refused:
            if not _may_be_done(refused):
                raise
            found = self._find_refund(request)
            if found is None:
                raise
            refund = found
        with _understood():
            return mapping.refund_fact(refund)

    def _read_back(
        self, refused: Refused, provider_id: str, is_done: Callable[[dict[str, Any]], bool]
    ) -> dict[str, Any]:
        """The intent as it is, where it shows that the refused write has taken effect; else the refusal stands."""
        if _may_be_done(refused):
            found = self._client.find(_intent(provider_id), expand=[mapping.EXPANDED])
            if found is not None and is_done(found):
                return found
        raise refused

    def _find_refund(self, request: c.RefundRequest) -> dict[str, Any] | None:
        for page in self._client.pages(REFUNDS, payment_intent=request.provider_id):
            for refund in page:
                if (refund.get("metadata") or {}).get(mapping.REFUND_REFERENCE) == request.reference:
                    return refund
        return None

    # PaymentSource

    def payments_between(self, since: datetime, until: datetime) -> Iterator[Sequence[c.PaymentFact]]:
        """Payments made or changed in [since, until), each once: the new ones as they are now, then older ones as their
        last change left them (a konbini slip of last week that was paid today). Stripe keeps changes for 30 days.
        """
        created = mapping.window(since, until)
        seen: set[str] = set()
        for page in self._client.pages(INTENTS, created=created, expand=[f"data.{mapping.EXPANDED}"]):
            with _understood():
                facts = [self._payment(intent) for intent in page if intent["id"] not in seen]
                seen.update(fact.provider_id for fact in facts)
            yield facts
        refunded: Mapping[str, int] | None = None
        for page in self._client.pages("/v1/events", created=created, types=sorted(codes.PAYMENT_TOPICS)):
            with _understood():
                changed = [event for event in page if _is_first(event["data"]["object"]["id"], seen)]
                if changed and refunded is None:
                    refunded = self._refunded_since(created["gte"])
                facts = self._as_changed(changed, refunded or {})
            if facts:
                yield facts

    def _as_changed(self, events: Sequence[dict[str, Any]], refunded: Mapping[str, int]) -> list[c.PaymentFact]:
        """Facts from events, whose objects are as their change left them; refunds of the window are added."""
        return [
            self._payment(
                event["data"]["object"],
                at=mapping.moment(event["created"]),
                refunded=refunded.get(event["data"]["object"]["id"], 0),
            )
            for event in events
        ]

    def _refunded_since(self, seconds: int) -> dict[str, int]:
        pages = self._client.pages(REFUNDS, created={"gte": seconds})
        return mapping.refunded_by_payment([refund for page in pages for refund in page])

    def fetch_payment(self, provider_id: str) -> c.PaymentFact | None:
        """One payment as it stands now; None where Stripe does not know it."""
        intent = self._client.find(_intent(provider_id), expand=[mapping.EXPANDED])
        with _understood():
            return None if intent is None else self._payment(intent)

    # StatementSource

    def payouts_between(self, since: datetime, until: datetime) -> Iterator[Sequence[c.Payout]]:
        """Payouts made in [since, until) or arriving on one of its days, each once."""
        seen: set[str] = set()
        for window in (
            {"created": mapping.window(since, until)},
            {"arrival_date": mapping.arrival_window(since, until)},
        ):
            for page in self._client.pages(PAYOUTS, **window):
                with _understood():
                    fresh = [mapping.payout(raw) for raw in page if _is_first(raw["id"], seen)]
                if fresh:
                    yield fresh

    def money_lines(self, payout_id: str) -> Iterator[Sequence[c.MoneyLine]]:
        """What a payout is made of, the payout's own line (negative) among them: all of them sum to zero net."""
        for page in self._client.pages("/v1/balance_transactions", payout=payout_id, expand=[mapping.EXPANDED_SOURCE]):
            with _understood():
                lines = [mapping.money_line(raw, payout_id) for raw in page]
            yield lines

    # HealthCheck

    def check(self) -> Mapping[str, str]:
        """Reads the balance: does nothing, needs a working key."""
        balance = self._client.get("/v1/balance")
        with _understood():
            currencies = sorted({entry["currency"].upper() for entry in balance["available"]})
            return {"mode": "live" if balance["livemode"] else "test", "currencies": ", ".join(currencies)}

    def _payment(self, intent: Mapping[str, Any], *, at: datetime | None = None, refunded: int = 0) -> c.PaymentFact:
        return mapping.payment_fact(intent, reference_key=self.settings.order_reference_key, at=at, refunded=refunded)


def _intent(provider_id: str) -> str:
    if not provider_id:
        raise errors.Permanent("Stripe's id of this payment is not known")
    return f"{INTENTS}/{quote(provider_id, safe='')}"


def _may_be_done(refused: Refused) -> bool:
    return isinstance(refused, FailureKept) or refused.code in _DONE_BEFORE


def _is_first(id: str, seen: set[str]) -> bool:
    """Whether this id comes for the first time; it is seen from now on."""
    if id in seen:
        return False
    seen.add(id)
    return True


@contextmanager
def _understood() -> Iterator[None]:
    """An answer that cannot be put into our words leaves its outcome unknown."""
    try:
        yield
    except _UNREADABLE as error:
        words = f"Stripe's answer cannot be read: {type(error).__name__} {error}"
        raise errors.Transient(words[:300], sent=True) from error
