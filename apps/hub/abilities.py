"""What a connector can do: small protocols. A connector's kind is only a label for a group of them.

An outgoing write declares how it is kept from happening twice (`Once`): by the vendor's idempotency key, by a natural key
(the vendor lets us ask by it, or the write is harmless to repeat, as `label.void` is), or by neither.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

from apps.hub import contracts as c


class Once(StrEnum):
    """How a write is kept from happening twice.

    KEY: the `key` argument itself travels, and the vendor answers a repeat with it as it did the first time. NATURAL_KEY:
    a name of ours travels in the body (`reference`) and the vendor can be asked for it, or a repeat is harmless.
    NEITHER: an unknown outcome waits for a person. LAPSES: a state that the vendor cannot be asked about afterwards (a
    number that an unheard sale may have lowered since): an unknown outcome is never tried again but answered as unknown,
    and the state is told anew by a later call.
    """

    KEY = "key"
    NATURAL_KEY = "natural_key"
    NEITHER = "neither"
    LAPSES = "lapses"


class Writes(StrEnum):
    """How a channel takes a number to show.

    COMPARE_AND_SET: only where it still shows what we believe (`StockQuantity.expected`). ABSOLUTE: whatever it shows, so
    that sales we have not heard of are overwritten.
    """

    COMPARE_AND_SET = "compare_and_set"
    ABSOLUTE = "absolute"


@dataclass(frozen=True, slots=True, kw_only=True)
class StockManners:
    """How a channel that can be told what to show behaves; a merchant may widen the times on the channel's rules.

    `many`: quantities a call. `settles`: a write that was acknowledged has taken effect by then. `order_lag`: an order can
    be read by its source so long after it was placed at the latest. Promises rest on both (docs/no-oversell.md).
    """

    writes: Writes
    many: int = 250
    settles: timedelta = timedelta(0)
    order_lag: timedelta = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Event:
    """One notice: the vendor's id of it, its topic, when it says it happened, and its raw body.

    `subject` names the thing it is about, so that events of one thing can be seen together: `order:<vendor's id>`,
    `payment:<vendor's id>`, `parcel:<tracking number>`.
    """

    id: str
    topic: str
    at: datetime
    raw: bytes
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Operation:
    """One outgoing write: its ability, the method, the word it takes, the word it answers, and whether it takes many."""

    name: str
    method: str
    takes: type
    answers: type
    many: int = 1


OPERATIONS: dict[str, Operation] = {
    op.name: op
    for op in (
        Operation("stock.set", "set_stock", c.StockQuantity, c.StockOutcome, many=250),
        Operation("price.set", "set_prices", c.PriceTag, c.PriceOutcome, many=100),
        Operation("order.confirm", "confirm_orders", c.Confirmation, c.ConfirmationOutcome, many=100),
        Operation("fulfilment.create", "create_fulfilment", c.Fulfilment, c.FulfilmentReceipt),
        Operation("payment.request", "request_payment", c.PaymentRequest, c.PaymentFact),
        Operation("payment.capture", "capture", c.CaptureRequest, c.PaymentFact),
        Operation("payment.void", "void", c.VoidRequest, c.PaymentFact),
        Operation("payment.refund", "refund", c.RefundRequest, c.RefundFact),
        Operation("label.buy", "buy_label", c.LabelRequest, c.Label),
        Operation("label.void", "void_label", c.VoidLabel, c.Label),
        Operation("message.send", "send", c.Message, c.Sent),
        Operation("notice.send", "tell", c.Notice, c.Sent),
        Operation("fact.tell", "tell", c.PublicFact, c.FactTaken),
    )
}


@runtime_checkable
class Inbound(Protocol):
    """Reads notices: raw body of a topic to our words. Pure. Raises `errors.Unreadable`."""

    def read(self, topic: str, raw: bytes) -> Sequence[Any]: ...


@runtime_checkable
class OrderSource(Protocol):
    """A channel that sells. Events come in the form that `read` understands."""

    def changed_orders(self, since: datetime, until: datetime) -> Iterable[Sequence[Event]]:
        """Pages of orders changed in the window, oldest change first."""

    def fetch_order(self, external_id: str) -> Event | None:
        """One order as it stands now; None where the channel does not know it."""


@runtime_checkable
class ProductSource(Protocol):
    """A channel that lists articles."""

    def variants(self) -> Iterable[Sequence[c.VariantCard]]:
        """Pages of everything it lists."""


@runtime_checkable
class StockSource(Protocol):
    """A channel that tells what it shows."""

    def shown_stock(self) -> Iterable[Sequence[c.StockQuantity]]:
        """Pages of what each listing shows now."""


@runtime_checkable
class StockSink(Protocol):
    """A channel that can be told what to show."""

    def set_stock(self, quantities: Sequence[c.StockQuantity], key: str) -> Sequence[c.StockOutcome]:
        """One outcome for each quantity, in their order. A stale `expected` is an outcome, not an error.

        A vendor that takes fewer at a time than it is given is called several times: where a later call fails, what was
        settled is answered, what is in doubt as `is_unknown`, what was not sent as `is_put_off`; only where the first call
        fails is the error raised.
        """


@runtime_checkable
class PriceSink(Protocol):
    """A channel that can be told what its listings cost."""

    def set_prices(self, prices: Sequence[c.PriceTag], key: str) -> Sequence[c.PriceOutcome]:
        """One outcome for each price, in their order; harmless to repeat. A price that the vendor does not take is an
        outcome, not an error.
        """


@runtime_checkable
class OrderConfirmer(Protocol):
    """A channel that wants to be told that the shop takes an order before it lets the order be packed."""

    def confirm_orders(self, orders: Sequence[c.Confirmation], key: str) -> Sequence[c.ConfirmationOutcome]:
        """One outcome for each order, in their order; harmless to repeat. An order that the channel does not let be
        confirmed is an outcome, not an error.
        """


@runtime_checkable
class FulfilmentSink(Protocol):
    """A channel that wants to know of shipments."""

    def create_fulfilment(self, fulfilment: c.Fulfilment, key: str) -> c.FulfilmentReceipt: ...

    def find_fulfilment(self, fulfilment: c.Fulfilment) -> c.FulfilmentReceipt | None:
        """Asked after an unknown outcome, where the vendor has no idempotency key."""


@runtime_checkable
class PaymentGateway(Protocol):
    """A provider that moves money on our word."""

    def request_payment(self, request: c.PaymentRequest, key: str) -> c.PaymentFact: ...

    def capture(self, request: c.CaptureRequest, key: str) -> c.PaymentFact: ...

    def void(self, request: c.VoidRequest, key: str) -> c.PaymentFact: ...

    def refund(self, request: c.RefundRequest, key: str) -> c.RefundFact: ...


@runtime_checkable
class PaymentSource(Protocol):
    """A provider that tells what it knows of payments."""

    def payments_between(self, since: datetime, until: datetime) -> Iterable[Sequence[c.PaymentFact]]: ...

    def fetch_payment(self, provider_id: str) -> c.PaymentFact | None: ...


@runtime_checkable
class StatementSource(Protocol):
    """A provider that says what its payouts are made of."""

    def payouts_between(self, since: datetime, until: datetime) -> Iterable[Sequence[c.Payout]]: ...

    def money_lines(self, payout_id: str) -> Iterable[Sequence[c.MoneyLine]]: ...


@runtime_checkable
class LabelSeller(Protocol):
    """A carrier or broker that sells labels."""

    def rates(self, request: c.LabelRequest) -> Sequence[c.Rate]:
        """Cheapest first; none where the vendor cannot be asked for prices. A `service` in the request may limit the
        answer to it, but need not.
        """

    def buy_label(self, request: c.LabelRequest, key: str) -> c.Label: ...

    def find_label(self, request: c.LabelRequest) -> c.Label | None:
        """Asked after an unknown outcome; None where nothing was bought, and once the label was given back."""

    def void_label(self, request: c.VoidLabel, key: str) -> c.Label:
        """Giving back what was given back already is success."""


@runtime_checkable
class FileCarrier(Protocol):
    """A carrier that works by files: its own program reads a sheet of parcels, prints the slips and numbers them.

    Nothing is called. The numbers come back as a file that a person hands in and that goes the way of every file.
    """

    def services(self) -> Sequence[c.Service]:
        """How it carries; the first is what it does where nobody chose."""

    def slots(self) -> Sequence[str]:
        """The hours in which it delivers, from and to (1416), for who has to choose others."""

    def sheet(self, requests: Sequence[c.LabelRequest], *, ship_on: date) -> c.Sheet:
        """The file for these parcels, handed over on that day. Pure: the same parcels give the same bytes.

        A parcel with a fault is left out and named; nothing is shortened or replaced. A fault without a reference is of
        the settings: then no parcel is in.
        """

    def read_file(self, file: c.SourceFile, *, start_row: int = 0) -> c.FileRead:
        """The `Issued` of a file of numbers, from data row `start_row` on. Raises `errors.Unreadable`."""

    def file_event(self, file: c.SourceFile) -> Event:
        """A file that was handed in, as a notice for the inbox: the same bytes are the same notice."""


@runtime_checkable
class Tracker(Protocol):
    """A carrier that tells where a parcel is."""

    def track(self, label: c.Label) -> Sequence[c.TrackEvent]:
        """Every step so far, oldest first; none where the carrier does not know the parcel or tells by notices only."""


@runtime_checkable
class MessageSender(Protocol):
    """Carries a letter to a customer."""

    def send(self, message: c.Message, key: str) -> c.Sent: ...


@runtime_checkable
class NoticeSender(Protocol):
    """Tells the people of the house: a chat, a messenger. What goes to customers never leaves by it."""

    def tell(self, notice: c.Notice, key: str) -> c.Sent: ...


@runtime_checkable
class FactSink(Protocol):
    """A program of the merchant's own that wants to know what happens here."""

    def tell(self, fact: c.PublicFact, key: str) -> c.FactTaken:
        """Hand one fact over; a program knows a repeat by the fact's `reference`."""


@runtime_checkable
class FileSource(Protocol):
    """A channel whose word is files."""

    def read_file(self, file: c.SourceFile, *, start_row: int = 0) -> c.FileRead:
        """What the file says from data row `start_row` on; used for the dry run, too. Raises `errors.Unreadable`."""

    def new_files(self, since: datetime) -> Iterable[c.SourceFile]:
        """Files that lie at the other side and were changed since."""

    def file_event(self, file: c.SourceFile) -> Event:
        """A file that was fetched or uploaded, as a notice for the inbox: the same file is the same notice."""


@runtime_checkable
class HealthCheck(Protocol):
    """Can say whether its credentials work, by a call without effect.

    It is there for the suites and for a person at `./manage.py shell`; a connector whose manifest names credentials that
    end by themselves (`expiring`) is asked daily when they do.
    """

    def check(self) -> Mapping[str, str]:
        """What the vendor calls the account, in words of the connector's choice (`{"account": "…"}`), never empty and
        without secrets; raises `Misconfigured` where the credentials do not work. `expires_at:<credential>` says when a
        credential ends (ISO 8601 with its offset).
        """


@runtime_checkable
class Chooser(Protocol):
    """Can say what a setting may be, so that a person chooses by name instead of looking a number up."""

    def choices(self) -> Mapping[str, Sequence[tuple[str, str]]]:
        """Setting -> (value, name at the vendor), for settings that depend on the account. Raises vendor errors."""


ABILITIES: dict[str, type] = {
    "orders": OrderSource,
    "catalogue": ProductSource,
    "stock.read": StockSource,
    "stock.write": StockSink,
    "price.write": PriceSink,
    "confirmation": OrderConfirmer,
    "fulfilment": FulfilmentSink,
    "payment": PaymentGateway,
    "payment.read": PaymentSource,
    "statement": StatementSource,
    "label": LabelSeller,
    "label.file": FileCarrier,
    "tracking": Tracker,
    "message": MessageSender,
    "notice": NoticeSender,
    "facts": FactSink,
    "files": FileSource,
}

# Which ability must not be paused for an operation to go out (X111: one switch per capability).
ABILITY_OF: dict[str, str] = {
    "stock.set": "stock.write",
    "price.set": "price.write",
    "order.confirm": "confirmation",
    "fulfilment.create": "fulfilment",
    "payment.request": "payment",
    "payment.capture": "payment",
    "payment.void": "payment",
    "payment.refund": "payment",
    "label.buy": "label",
    "label.void": "label",
    "message.send": "message",
    "notice.send": "notice",
    "fact.tell": "facts",
}
