"""What lies where, what is listed, and what is carried."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from apps.hub.contracts.sales import Address


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
    """What became of one `StockQuantity`. Stale: the channel showed `shown` instead of what we expected. Unknown: the
    call may or may not have taken effect. Put off: nothing was sent, it is told again. Otherwise, where it is not set,
    `error` says why for a person.
    """

    external_id: str
    is_set: bool
    is_stale: bool = False
    shown: int | None = None
    is_unknown: bool = False
    is_put_off: bool = False
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceTag:
    """What a listing shall cost at a channel, as the channel tells prices (with tax or without). Ids as in `VariantCard`."""

    external_id: str
    amount: Decimal
    currency: str
    product_external_id: str = ""
    sku: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceOutcome:
    """What became of one `PriceTag`; where it is not set, `error` says why for a person."""

    external_id: str
    is_set: bool
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
    """Tell a channel what has been shipped. `reference` is our shipment's number, `location` our code of where it left."""

    reference: str
    order_external_id: str
    order_number: str
    lines: tuple[FulfilmentLine, ...]
    tracking_number: str
    carrier: str
    shipped_at: datetime
    tracking_url: str = ""
    location: str = ""


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

    `order_number` and `lines` say what is in it, for carriers that print or declare it. `service` is a word of the vendor's
    as `Rate.service` tells it; empty: whatever the connector's settings hold as a default, else the vendor's own choice.
    `deliver_on` and `time_slot` are the customer's wish, as `OrderDraft` tells it. `cash_on_delivery_minor` is what the
    carrier collects at the door, `cash_on_delivery_tax_minor` the tax in it.
    """

    reference: str
    ship_from: Address
    ship_to: Address
    parcel: Parcel
    service: str = ""
    cash_on_delivery_minor: int = 0
    cash_on_delivery_tax_minor: int = 0
    currency: str = ""
    order_number: str = ""
    lines: tuple[FulfilmentLine, ...] = ()
    deliver_on: date | None = None
    time_slot: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """What a carrier would ask for one parcel. `service`: the word to buy it by. `carrier`: as in `Label`."""

    service: str
    carrier: str
    amount_minor: int
    currency: str
    days: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A label that was sold. `status`: bought, voided, unknown.

    `carrier` is who carries it: a broker's word for it (60 characters at most), a carrier's own slug where it sells for itself.
    People see it beside the parcel, and the channel is told it. `tracking_url`: where the customer can follow the parcel.
    """

    reference: str
    label_id: str
    tracking_number: str
    carrier: str
    service: str
    cost_minor: int
    currency: str
    status: str = "bought"
    document_url: str = ""
    tracking_url: str = ""


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
