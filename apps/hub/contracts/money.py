"""What providers tell of money, and what they are asked to do with it."""

from dataclasses import dataclass
from datetime import date, datetime

from apps.hub.contracts.unknown import UNKNOWN


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
class MoneyLine:
    """One movement on a provider's account. `kind`: charge, refund, fee, dispute, adjustment, payout, unknown.

    `payment_id` and `refund_id` are the provider's ids of the payment it belongs to and of the refund that it is, empty
    where not told; `reference` is our refund's id as the provider carries it.
    """

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
    payment_id: str = ""
    refund_id: str = ""
    reference: str = ""


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
