"""The drawings of an order's axes. An order is never one status: payment, allocation and fulfilment move by themselves."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Lifecycle(models.TextChoices):
    OPEN = "open", _("in progress")
    CANCELLED = "cancelled", _("cancelled")
    CLOSED = "closed", _("completed")


class PaymentState(models.TextChoices):
    UNPAID = "unpaid", _("unpaid")
    AUTHORISED = "authorised", _("authorised")
    PARTLY_PAID = "partly_paid", _("partly paid")
    PAID = "paid", _("paid")
    PARTLY_REFUNDED = "partly_refunded", _("partly refunded")
    REFUNDED = "refunded", _("refunded")
    VOIDED = "voided", _("voided")
    NOT_REQUIRED = "not_required", _("not required")
    ON_DELIVERY = "on_delivery", _("cash on delivery")


class AllocationState(models.TextChoices):
    NONE = "none", _("not allocated")
    PARTIAL = "partial", _("partly allocated")
    FULL = "full", _("allocated")


class FulfilmentState(models.TextChoices):
    UNFULFILLED = "unfulfilled", _("not shipped")
    PARTIAL = "partial", _("partly shipped")
    SHIPPED = "shipped", _("shipped")
    DELIVERED = "delivered", _("delivered")
    RETURNED = "returned", _("returned")


L, P, A, F = Lifecycle, PaymentState, AllocationState, FulfilmentState

LIFECYCLE_MOVES = {
    L.OPEN: frozenset({L.CANCELLED, L.CLOSED}),
    L.CLOSED: frozenset({L.OPEN}),
    L.CANCELLED: frozenset[str](),
}

PAYMENT_MOVES = {
    P.UNPAID: frozenset({P.AUTHORISED, P.PARTLY_PAID, P.PAID, P.VOIDED, P.NOT_REQUIRED}),
    P.AUTHORISED: frozenset({P.PARTLY_PAID, P.PAID, P.VOIDED}),
    P.PARTLY_PAID: frozenset({P.PAID, P.PARTLY_REFUNDED, P.REFUNDED}),
    P.PAID: frozenset({P.PARTLY_REFUNDED, P.REFUNDED}),
    # Back again where the provider could not carry a refund out.
    P.PARTLY_REFUNDED: frozenset({P.REFUNDED, P.PAID}),
    P.ON_DELIVERY: frozenset({P.PAID, P.VOIDED}),
    # Where a channel tells the price later than the sale.
    P.NOT_REQUIRED: frozenset({P.UNPAID, P.ON_DELIVERY}),
    P.VOIDED: frozenset[str](),
    P.REFUNDED: frozenset({P.PARTLY_REFUNDED, P.PAID}),
}

ALLOCATION_MOVES = {
    A.NONE: frozenset({A.PARTIAL, A.FULL}),
    A.PARTIAL: frozenset({A.NONE, A.FULL}),
    A.FULL: frozenset({A.NONE, A.PARTIAL}),
}

FULFILMENT_MOVES = {
    F.UNFULFILLED: frozenset({F.PARTIAL, F.SHIPPED, F.DELIVERED}),
    F.PARTIAL: frozenset({F.SHIPPED, F.DELIVERED, F.RETURNED}),
    F.SHIPPED: frozenset({F.DELIVERED, F.RETURNED}),
    F.DELIVERED: frozenset({F.RETURNED}),
    F.RETURNED: frozenset[str](),
}
