"""States in words and marks: which of the five meanings each state has, and what codes are called. Nothing else colours."""

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from apps.hub.models import Delivery, InboxEvent
from apps.inventory.states import PurchaseState, StocktakeState, SurplusState, TransferState
from apps.orders import holds
from apps.orders.models import Order
from apps.orders.states import AllocationState, FulfilmentState, Lifecycle, PaymentState
from apps.payments.states import RefundStatus
from apps.payments.states import Status as PaymentStatus
from apps.reconciliation.models import Difference, Statement, StockDrift
from apps.shipping.states import Status as ShipmentStatus

Word = str | Promise

IS: dict[str, dict[str, str]] = {
    "lifecycle": {Lifecycle.OPEN: "wait", Lifecycle.CANCELLED: "idle", Lifecycle.CLOSED: "ok"},
    "payment": {
        PaymentState.UNPAID: "wait", PaymentState.AUTHORISED: "wait", PaymentState.PARTLY_PAID: "wait",
        PaymentState.PAID: "ok", PaymentState.PARTLY_REFUNDED: "ok", PaymentState.REFUNDED: "idle",
        PaymentState.VOIDED: "idle", PaymentState.NOT_REQUIRED: "idle", PaymentState.ON_DELIVERY: "idle",
    },
    "allocation": {AllocationState.NONE: "bad", AllocationState.PARTIAL: "wait", AllocationState.FULL: "ok"},
    "fulfilment": {
        FulfilmentState.UNFULFILLED: "idle", FulfilmentState.PARTIAL: "wait", FulfilmentState.SHIPPED: "ok",
        FulfilmentState.DELIVERED: "ok", FulfilmentState.RETURNED: "act",
    },
    "shipment": {
        ShipmentStatus.PLANNED: "idle", ShipmentStatus.LABELLED: "wait", ShipmentStatus.SHIPPED: "ok",
        ShipmentStatus.DELIVERED: "ok", ShipmentStatus.RETURNED: "act", ShipmentStatus.LOST: "bad",
        ShipmentStatus.CANCELLED: "idle",
    },
    "paid": {
        PaymentStatus.EXPECTED: "wait", PaymentStatus.AUTHORISED: "wait", PaymentStatus.CAPTURED: "ok",
        PaymentStatus.CANCELLED: "idle", PaymentStatus.FAILED: "bad",
    },
    "refund": {RefundStatus.REQUESTED: "wait", RefundStatus.SUCCEEDED: "ok", RefundStatus.FAILED: "bad"},
    "delivery": {
        Delivery.Status.DUE: "wait", Delivery.Status.SENT: "ok", Delivery.Status.UNKNOWN: "act",
        Delivery.Status.WAITING: "act", Delivery.Status.DEAD: "idle", Delivery.Status.LAPSED: "idle",
        Delivery.Status.CANCELLED: "idle", Delivery.Status.SHADOWED: "idle",
    },
    "event": {
        InboxEvent.Status.NEW: "wait", InboxEvent.Status.DONE: "ok", InboxEvent.Status.WAITING: "wait",
        InboxEvent.Status.SET_ASIDE: "act", InboxEvent.Status.IGNORED: "idle",
    },
    "purchase": {
        PurchaseState.DRAFT: "idle", PurchaseState.ORDERED: "wait", PurchaseState.PARTLY_RECEIVED: "wait",
        PurchaseState.RECEIVED: "ok", PurchaseState.CLOSED: "idle", PurchaseState.CANCELLED: "idle",
    },
    "surplus": {SurplusState.WAITING: "act", SurplusState.KEPT: "ok", SurplusState.SENT_BACK: "idle"},
    "transfer": {
        TransferState.DRAFT: "idle", TransferState.IN_TRANSIT: "wait", TransferState.PARTLY_RECEIVED: "wait",
        TransferState.RECEIVED: "ok", TransferState.CANCELLED: "idle",
    },
    "stocktake": {
        StocktakeState.COUNTING: "wait", StocktakeState.COUNTED: "act", StocktakeState.APPROVED: "ok",
        StocktakeState.REJECTED: "idle",
    },
    "difference": {
        Difference.State.OPEN: "act", Difference.State.REPAIRED: "ok", Difference.State.ACCEPTED: "idle",
    },
    "drift": {
        StockDrift.Cause.EDITED: "act", StockDrift.Cause.MISSED: "wait", StockDrift.Cause.WRONG_LINK: "act",
        StockDrift.Cause.LATE: "idle", StockDrift.Cause.OURS: "bad",
    },
    "verdict": {
        Statement.Verdict.MATCHED: "ok", Statement.Verdict.DIFFERENT: "act", Statement.Verdict.STALE: "stale",
        Statement.Verdict.FAILED: "bad",
    },
}  # fmt: skip

OUTCOMES: dict[str, tuple[str, Word]] = {
    "sent": ("ok", gettext_lazy("arrived")),
    "found": ("ok", gettext_lazy("found there")),
    "not_found": ("wait", gettext_lazy("not there yet")),
    "transient": ("bad", gettext_lazy("failed")),
    "limited": ("wait", gettext_lazy("asked to wait")),
    "refused": ("act", gettext_lazy("refused")),
    "misconfigured": ("act", gettext_lazy("settings are wrong")),
    "unknown": ("act", gettext_lazy("outcome unknown")),
    "fault": ("bad", gettext_lazy("our own fault")),
}

OPERATIONS: dict[str, Word] = {
    "stock.set": gettext_lazy("Stock sync"),
    "price.set": gettext_lazy("Price sync"),
    "order.confirm": gettext_lazy("Confirmation of orders"),
    "fulfilment.create": gettext_lazy("Report of the shipment"),
    "payment.request": gettext_lazy("Request for payment"),
    "payment.capture": gettext_lazy("Capture of the payment"),
    "payment.void": gettext_lazy("Release of the payment"),
    "payment.refund": gettext_lazy("Refund"),
    "label.buy": gettext_lazy("Purchase of the label"),
    "label.void": gettext_lazy("Return of the label"),
    "message.send": gettext_lazy("Mail"),
    "notice.send": gettext_lazy("Notice to staff"),
    "fact.tell": gettext_lazy("Event for a program"),
}

ABILITIES: dict[str, Word] = {
    "orders": gettext_lazy("Taking in orders"),
    "catalogue": gettext_lazy("Reading the catalogue"),
    "stock.read": gettext_lazy("Reading shown stock"),
    "stock.write": gettext_lazy("Stock sync"),
    "price.write": gettext_lazy("Price sync"),
    "confirmation": gettext_lazy("Confirming orders"),
    "fulfilment": gettext_lazy("Reporting shipments"),
    "payment": gettext_lazy("Moving money"),
    "payment.read": gettext_lazy("Reading payments"),
    "statement": gettext_lazy("Reading payouts"),
    "label": gettext_lazy("Buying labels"),
    "label.file": gettext_lazy("Slips by files"),
    "tracking": gettext_lazy("Tracking parcels"),
    "message": gettext_lazy("Sending mail"),
    "notice": gettext_lazy("Telling staff"),
    "facts": gettext_lazy("Telling what happens"),
    "files": gettext_lazy("Reading files"),
}

# What a test call told, by the connector's own words.
TOLD: dict[str, Word] = {
    "shop": gettext_lazy("Shop"),
    "account": gettext_lazy("Account"),
    "currency": gettext_lazy("Currency"),
    "location": gettext_lazy("Place"),
    "orders": gettext_lazy("Orders"),
    "readable": gettext_lazy("can be read"),
    "channel": gettext_lazy("Channel"),
    "reachable": gettext_lazy("can be reached"),
}

KINDS: dict[str, Word] = {
    "channel": gettext_lazy("shop"),
    "files": gettext_lazy("files"),
    "payments": gettext_lazy("payments"),
    "payment": gettext_lazy("payments"),
    "carrier": gettext_lazy("carrier"),
    "mail": gettext_lazy("mail"),
    "notice": gettext_lazy("notices to staff"),
    "message": gettext_lazy("mail"),
    "messaging": gettext_lazy("mail"),
    "program": gettext_lazy("own programs"),
}

METHODS: dict[str, Word] = {
    "card": gettext_lazy("Card"),
    "konbini": gettext_lazy("Convenience store"),
    "cod": gettext_lazy("Cash on delivery"),
    "bank": gettext_lazy("Bank transfer"),
    "prepaid": gettext_lazy("Collected by the channel"),
    "free": gettext_lazy("Nothing to pay"),
    "unknown": gettext_lazy("Unknown way of paying"),
}

DIRECTIONS: dict[str, Word] = {
    "hook": gettext_lazy("notice"),
    "poll": gettext_lazy("asked for"),
    "answer": gettext_lazy("answer"),
    "file": gettext_lazy("file"),
}

LEGS: dict[str, Word] = {
    "orders": gettext_lazy("Orders"),
    "stock": gettext_lazy("Stock"),
    "money": gettext_lazy("Payments"),
    "payouts": gettext_lazy("Payouts"),
}

DRIFTS: dict[str, Word] = {
    "edited": gettext_lazy("Somebody changed the number there"),
    "missed": gettext_lazy("A sale or a cancel there of which nobody told us"),
    "wrong_link": gettext_lazy("Sales of the listing are booked on another article"),
    "late": gettext_lazy("Our number was on its way, or not in effect yet"),
    "ours": gettext_lazy("Nothing else explains it, or our own books show it"),
}

FILE_KINDS: dict[str, Word] = {
    "orders": gettext_lazy("Orders"),
    "returns": gettext_lazy("Returns"),
    "stock": gettext_lazy("Stock movements"),
    "catalogue": gettext_lazy("Products"),
    "issued": gettext_lazy("Issued numbers"),
}

TRACKING: dict[str, Word] = {
    "accepted": gettext_lazy("handed to the carrier"),
    "in_transit": gettext_lazy("on its way"),
    "attempted": gettext_lazy("nobody was at home"),
    "delivered": gettext_lazy("delivered"),
    "returned": gettext_lazy("came back"),
    "lost": gettext_lazy("lost"),
}

ACTORS: dict[str, Word] = {
    "intake": gettext_lazy("intake"),
    "delivery": gettext_lazy("vendor"),
    "night": gettext_lazy("night"),
    "returns": gettext_lazy("returns"),
    "settle_payment": gettext_lazy("payment"),
    "ship_ready": gettext_lazy("automatic shipping"),
    "confirm_order": gettext_lazy("confirmation"),
    "expiry": gettext_lazy("expiry check"),
}

# Reasons that our own stories write into history, so that they are translated where they are shown.
REASONS = (
    gettext_noop("collected by the channel"),
    gettext_noop("refund at the provider"),
    gettext_noop("the payment was cancelled or ran out"),
    gettext_noop("cancelled at the channel"),
    gettext_noop("cancelled after shipment"),
    gettext_noop("left the house"),
    gettext_noop("tracking"),
    gettext_noop("whether it arrived is not known, and the vendor cannot be asked"),
    gettext_noop("stopped the worker again and again"),
)


def mark(kind: str, state: str) -> str:
    """Which of the meanings a state has; an unknown one is idle, never good."""
    return IS[kind].get(state, "idle")


def hold_reason(reason: str) -> str:
    """A hold's code in words."""
    return str(holds.WORDS.get(reason, reason))


def reason(text: str) -> str:
    """A reason as a person reads it: our own are translated, a vendor's stay as they came."""
    return _(text) if text in REASONS else text


def actor(name: str) -> str:
    """Who did it: a connection by its name, a part of Kurogo in words, a person as they sign in."""
    _kind, colon, rest = name.partition(":")
    return rest if colon and _kind == "connection" else str(ACTORS.get(name, name))


def topic(name: str) -> str:
    """What a notice is about: answers to calls of ours in words, anything else as the vendor calls it."""
    ours = name.removeprefix("answer/")
    return name if ours == name else _("Answer: %(operation)s") % {"operation": OPERATIONS.get(ours, ours)}


def allocation_label(order: Order) -> str:
    """引当 in words: an open order with no unit at all is short."""
    if order.allocation == AllocationState.NONE and order.lifecycle == Lifecycle.OPEN:
        return _("out of stock")
    return str(AllocationState(order.allocation).label)


def allocation_mark(order: Order) -> str:
    """An order that wants nothing any more is not out of stock."""
    return (
        mark("allocation", order.allocation)
        if order.lifecycle == Lifecycle.OPEN
        else ("ok" if order.allocation == AllocationState.FULL else "idle")
    )
