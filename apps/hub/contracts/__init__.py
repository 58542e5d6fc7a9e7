"""The words that all sides speak: frozen, vendor-free, JSON in and out without loss.

Amounts are integer minor units, unit prices `Decimal` in major units, times aware UTC. A word of a vendor that our tables
do not know becomes `UNKNOWN` and its raw form is kept beside it.
"""

from typing import TypeVar

import msgspec

from apps.hub.contracts.goods import (
    Fulfilment,
    FulfilmentLine,
    FulfilmentReceipt,
    Label,
    LabelRequest,
    Parcel,
    PriceOutcome,
    PriceTag,
    Rate,
    StockChange,
    StockOutcome,
    StockQuantity,
    TrackEvent,
    VariantCard,
    VoidLabel,
)
from apps.hub.contracts.money import (
    CaptureRequest,
    MoneyLine,
    PaymentFact,
    PaymentRequest,
    Payout,
    RefundFact,
    RefundRequest,
    VoidRequest,
)
from apps.hub.contracts.papers import (
    FactTaken,
    FileRead,
    Message,
    Notice,
    PublicFact,
    RowSetAside,
    Sent,
    SourceFile,
)
from apps.hub.contracts.sales import (
    Address,
    Confirmation,
    ConfirmationOutcome,
    CustomerCard,
    Hint,
    LineDraft,
    OrderDraft,
    ReturnDraft,
    ReturnLineDraft,
)
from apps.hub.contracts.slips import (
    Issued,
    Service,
    Sheet,
    SlipFault,
)
from apps.hub.contracts.unknown import UNKNOWN

__all__ = [
    "UNKNOWN",
    "WORDS",
    "Address",
    "CaptureRequest",
    "Confirmation",
    "ConfirmationOutcome",
    "CustomerCard",
    "FactTaken",
    "FileRead",
    "Fulfilment",
    "FulfilmentLine",
    "FulfilmentReceipt",
    "Hint",
    "Issued",
    "Label",
    "LabelRequest",
    "LineDraft",
    "Message",
    "MoneyLine",
    "Notice",
    "OrderDraft",
    "Parcel",
    "PriceOutcome",
    "PriceTag",
    "PaymentFact",
    "PaymentRequest",
    "Payout",
    "PublicFact",
    "Rate",
    "RefundFact",
    "RefundRequest",
    "ReturnDraft",
    "ReturnLineDraft",
    "RowSetAside",
    "Sent",
    "Service",
    "Sheet",
    "SlipFault",
    "SourceFile",
    "StockChange",
    "StockOutcome",
    "StockQuantity",
    "TrackEvent",
    "VariantCard",
    "VoidLabel",
    "VoidRequest",
    "decode",
    "encode",
]

W = TypeVar("W")

WORDS: dict[str, type] = {
    cls.__name__: cls
    for cls in (
        OrderDraft, ReturnDraft, PaymentFact, RefundFact, StockOutcome, StockChange, VariantCard, FulfilmentReceipt,
        Label, TrackEvent, MoneyLine, Payout, Sent, PaymentRequest, CaptureRequest, VoidRequest, RefundRequest,
        StockQuantity, Fulfilment, LabelRequest, VoidLabel, Message, Notice, Confirmation, ConfirmationOutcome,
        PublicFact, FactTaken,
    )
}  # fmt: skip


def encode(word: object) -> bytes:
    """One word as JSON."""
    return msgspec.json.encode(word)


def decode(kind: type[W], raw: bytes) -> W:
    """JSON to a word; raises `msgspec.ValidationError` when the JSON is not one."""
    return msgspec.json.decode(raw, type=kind)
