"""The words that all sides speak: frozen, vendor-free, JSON in and out without loss.

Amounts are integer minor units, unit prices `Decimal` in major units, times aware UTC. A word of a vendor that our tables
do not know becomes `UNKNOWN` and its raw form is kept beside it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where something goes, as the customer wrote it. `country` ISO 3166 alpha-2, `region` 都道府県 or state."""

    name: str = ""
    company: str = ""
    postal_code: str = ""
    country: str = ""
    region: str = ""
    city: str = ""
    line1: str = ""
    line2: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerCard:
    """Who bought, as the channel tells it; `external_id` is the channel's."""

    external_id: str = ""
    email: str = ""
    name: str = ""
    kana: str = ""
    phone: str = ""
    locale: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineDraft:
    """One line of a sale. `kind`: item, shipping, fee, discount. `total_minor` as charged (discounts negative).

    `tax_rate_bp` in basis points (1000 = 10 %); `tax_minor` is the tax the channel charged, None where it says nothing.
    """

    number: int
    kind: str
    title: str
    quantity: int
    total_minor: int
    unit_price: Decimal
    external_id: str = ""
    sku: str = ""
    tax_rate_bp: int | None = None
    tax_minor: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderDraft:
    """A sale as its channel tells it now. `version` rises with each change at the channel; an older one is ignored.

    `payment_method`: card, konbini, cod, bank, prepaid (the channel collects), free, unknown. `is_cancelled` is the
    channel's word. `total_minor` is what the customer owes: lines, plus tax where prices exclude it.
    """

    external_id: str
    number: str
    version: int
    placed_at: datetime
    currency: str
    total_minor: int
    lines: tuple[LineDraft, ...]
    prices_include_tax: bool = True
    payment_method: str = UNKNOWN
    payment_raw: str = ""
    is_cancelled: bool = False
    customer: CustomerCard | None = None
    ship_to: Address | None = None
    note: str = ""
    raw_status: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnLineDraft:
    """Units that came back or were called off. `order_number` is empty where the source does not know the sale.

    `order_external_id` is the sale's id at the channel, where that is all that the source tells of it.
    """

    number: int
    sku: str
    quantity: int
    amount_minor: int
    order_number: str = ""
    reason: str = ""
    title: str = ""
    order_external_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnDraft:
    """A cancellation or return as its source tells it: one document, lines of perhaps several sales.

    `is_refunded`: the source has given the money back itself, so that nobody else may.
    """

    external_id: str
    at: datetime
    currency: str
    lines: tuple[ReturnLineDraft, ...]
    customer: CustomerCard | None = None
    is_refunded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentFact:
    """What a payment provider's record of one payment says now (totals so far, never differences).

    `status`: pending, authorised, captured, cancelled, failed, unknown. `order_reference` is our or the channel's order
    number as the provider carries it. `expires_at`: when an unpaid konbini slip or an authorisation ends.
    """

    provider_id: str
    status: str
    currency: str
    amount_minor: int
    at: datetime
    order_reference: str = ""
    method: str = UNKNOWN
    authorised_minor: int = 0
    captured_minor: int = 0
    refunded_minor: int = 0
    expires_at: datetime | None = None
    raw_status: str = ""
    voucher_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundFact:
    """What a provider says of one refund. `status`: pending, succeeded, failed, unknown. `reference` is our refund's id."""

    provider_id: str
    payment_provider_id: str
    status: str
    currency: str
    amount_minor: int
    at: datetime
    reference: str = ""
    raw_status: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentRequest:
    """Ask a provider to collect: used where no checkout of a channel did (an order by file, a konbini slip).

    `reference` is our order number; `channel_number` is the one that the customer knows.
    """

    reference: str
    amount_minor: int
    currency: str
    method: str
    description: str = ""
    expires_in_days: int = 0  # 0: as the connection is set
    channel_number: str = ""
    customer_name: str = ""
    customer_email: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureRequest:
    """Take the money of an authorised payment; `final` gives the rest of the authorisation back."""

    provider_id: str
    amount_minor: int
    currency: str
    final: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class VoidRequest:
    """Let an authorised or unpaid payment go."""

    provider_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundRequest:
    """Give captured money back. `reference` is our refund's id and travels as metadata."""

    provider_id: str
    amount_minor: int
    currency: str
    reference: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StockQuantity:
    """How many of a listing a channel shows or shall show. `expected`: what we believe it shows now (compare-and-set)."""

    external_id: str
    quantity: int
    sku: str = ""
    location_external_id: str = ""
    expected: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StockOutcome:
    """What became of one `StockQuantity`. Stale: the channel showed `shown` instead of what we expected."""

    external_id: str
    is_set: bool
    is_stale: bool = False
    shown: int | None = None
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StockChange:
    """A movement on the shelf as a warehouse tells it. `kind`: receipt, adjustment (signed), count (absolute)."""

    document: str
    line: int
    sku: str
    kind: str
    quantity: int
    at: datetime
    location: str = ""
    unit_cost: Decimal | None = None
    currency: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class VariantCard:
    """A sellable article as a channel or a catalogue file tells it; external ids are empty in a file of our own."""

    sku: str
    title: str
    product_external_id: str = ""
    external_id: str = ""
    stock_external_id: str = ""
    location_external_id: str = ""
    product_title: str = ""
    barcode: str = ""
    price: Decimal | None = None
    currency: str = ""
    price_includes_tax: bool = True
    tax_code: str = ""
    weight_g: int | None = None
    shown: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FulfilmentLine:
    """Units of one order line in a parcel; `line_external_id` is the channel's, `sku` serves channels without line ids."""

    line_external_id: str
    sku: str
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Fulfilment:
    """Tell a channel what has been shipped. `reference` is our shipment's number."""

    reference: str
    order_external_id: str
    order_number: str
    lines: tuple[FulfilmentLine, ...]
    tracking_number: str
    carrier: str
    shipped_at: datetime
    tracking_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FulfilmentReceipt:
    """The channel has it: its id."""

    reference: str
    external_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """What is to be carried: weight in grams, size in millimetres where known."""

    weight_g: int
    length_mm: int | None = None
    width_mm: int | None = None
    height_mm: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelRequest:
    """Buy the label of one parcel. `reference` (our parcel's number, 50 characters at most) is what we can ask by.

    `order_number` and `lines` say what is in it, for carriers that print or declare it.
    """

    reference: str
    ship_from: Address
    ship_to: Address
    parcel: Parcel
    service: str = ""
    cash_on_delivery_minor: int = 0
    currency: str = ""
    order_number: str = ""
    lines: tuple[FulfilmentLine, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """What a carrier would ask for one parcel."""

    service: str
    carrier: str
    amount_minor: int
    currency: str
    days: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A label that was sold. `status`: bought, voided, unknown."""

    reference: str
    label_id: str
    tracking_number: str
    carrier: str
    service: str
    cost_minor: int
    currency: str
    status: str = "bought"
    document_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class VoidLabel:
    """Give an unused label back."""

    reference: str
    label_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackEvent:
    """A carrier's word about a parcel. `status`: accepted, in_transit, attempted, delivered, returned, lost, unknown."""

    tracking_number: str
    status: str
    at: datetime
    raw_status: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyLine:
    """One movement on a provider's account. `kind`: charge, refund, fee, dispute, adjustment, payout, unknown."""

    provider_id: str
    kind: str
    amount_minor: int
    fee_minor: int
    net_minor: int
    currency: str
    at: datetime
    payout_id: str = ""
    source_id: str = ""
    raw_kind: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Payout:
    """Money sent to the bank. `status`: pending, in_transit, paid, failed, cancelled, unknown."""

    provider_id: str
    amount_minor: int
    currency: str
    arrives_on: date
    status: str
    at: datetime
    raw_status: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A letter to a customer, ready to send. `reference` makes its Message-ID."""

    reference: str
    to: str
    subject: str
    text: str
    sender: str
    locale: str = "ja"
    html: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A message left the house under this id."""

    reference: str
    external_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceFile:
    """A file of a first-class file channel. `kind`: orders, returns, stock, catalogue."""

    name: str
    kind: str
    content: bytes
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RowSetAside:
    """A row of a file that could not be taken, with its reason in words and its number in the file (1 = first data row)."""

    row: int
    reason: str
    detail: str
    raw: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRead:
    """What a file says: things in file order, rows set aside, and how many data rows the whole file has.

    `starts` holds the data row (0 = first) on which each thing begins: reading again from one gives that thing and all
    after it, so that a run can stop anywhere and go on.
    """

    things: tuple[Any, ...]
    set_aside: tuple[RowSetAside, ...]
    rows: int
    starts: tuple[int, ...] = ()


W = TypeVar("W")

WORDS: dict[str, type] = {
    cls.__name__: cls
    for cls in (
        OrderDraft, ReturnDraft, PaymentFact, RefundFact, StockOutcome, StockChange, VariantCard, FulfilmentReceipt,
        Label, TrackEvent, MoneyLine, Payout, Sent, PaymentRequest, CaptureRequest, VoidRequest, RefundRequest,
        StockQuantity, Fulfilment, LabelRequest, VoidLabel, Message,
    )
}  # fmt: skip


def encode(word: object) -> bytes:
    """One word as JSON."""
    return msgspec.json.encode(word)


def decode(kind: type[W], raw: bytes) -> W:
    """JSON to a word; raises `msgspec.ValidationError` when the JSON is not one."""
    return msgspec.json.decode(raw, type=kind)
