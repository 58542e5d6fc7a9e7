"""What channels tell of sales and of what comes back."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from apps.hub.contracts.unknown import UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where something goes, as the customer wrote it. `country` ISO 3166 alpha-2, `region` 都道府県 or state.

    A vendor without a field for the region gets it before the city, in the same field (東京都渋谷区).
    """

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
    channel's word. `total_minor` is what the customer owes: lines, plus tax where prices exclude it. `awaits`: what the
    channel has yet to do before the order may be packed, in a few words for a person; empty: nothing.
    Until then its units are promised, none of its money counts as collected, its amounts may still change, and what it does
    not tell yet (prices, the address) may follow. A sale without `item` lines has nothing to leave this house (the channel
    ships it from its own warehouse): it is sold once it is paid.

    `wished_on` is the day on which the customer wants it (配達希望日), `time_slot` the hours of that day from and to (1416);
    hours that the source's table does not know stay in the customer's words.
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
    awaits: str = ""
    wished_on: date | None = None
    time_slot: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """Tell a channel that the shop takes an order, where it wants to hear that before it lets the order be packed."""

    order_external_id: str
    order_number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmationOutcome:
    """What became of one `Confirmation`: an order that was confirmed before is confirmed. Else `error` says why not."""

    order_external_id: str
    is_confirmed: bool
    error: str = ""


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
class Hint:
    """All that an unsigned notice is believed for: which thing has changed. It is fetched by its id. `kind`: order."""

    kind: str
    external_id: str
