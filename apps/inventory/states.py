"""The drawings of what is on its way: purchase orders, units beyond what was ordered, and transfers;
and of stocktakes."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class PurchaseState(models.TextChoices):
    DRAFT = "draft", _("draft")
    ORDERED = "ordered", _("ordered")
    PARTLY_RECEIVED = "partly_received", _("partly received")
    RECEIVED = "received", pgettext_lazy("goods", "received")
    CLOSED = "closed", _("closed short")
    CANCELLED = "cancelled", _("cancelled")


class SurplusState(models.TextChoices):
    WAITING = "waiting", _("waits for a word")
    KEPT = "kept", _("kept")
    SENT_BACK = "sent_back", _("sent back")


class TransferState(models.TextChoices):
    DRAFT = "draft", _("draft")
    IN_TRANSIT = "in_transit", _("in transit")
    PARTLY_RECEIVED = "partly_received", _("partly received")
    RECEIVED = "received", pgettext_lazy("goods", "received")
    CANCELLED = "cancelled", _("cancelled")


class StocktakeState(models.TextChoices):
    COUNTING = "counting", _("being counted")
    COUNTED = "counted", _("to be approved")
    APPROVED = "approved", pgettext_lazy("stocktake", "approved")
    REJECTED = "rejected", _("thrown away")


P, S, T, K = PurchaseState, SurplusState, TransferState, StocktakeState

PURCHASE_MOVES = {
    P.DRAFT: frozenset({P.ORDERED, P.CANCELLED}),
    P.ORDERED: frozenset({P.PARTLY_RECEIVED, P.RECEIVED, P.CANCELLED}),
    P.PARTLY_RECEIVED: frozenset({P.RECEIVED, P.CLOSED}),
    P.RECEIVED: frozenset[str](),
    P.CLOSED: frozenset[str](),
    P.CANCELLED: frozenset[str](),
}

SURPLUS_MOVES = {
    S.WAITING: frozenset({S.KEPT, S.SENT_BACK}),
    S.KEPT: frozenset[str](),
    S.SENT_BACK: frozenset[str](),
}

TRANSFER_MOVES = {
    T.DRAFT: frozenset({T.IN_TRANSIT, T.CANCELLED}),
    T.IN_TRANSIT: frozenset({T.PARTLY_RECEIVED, T.RECEIVED}),
    T.PARTLY_RECEIVED: frozenset({T.RECEIVED}),
    T.RECEIVED: frozenset[str](),
    T.CANCELLED: frozenset[str](),
}

STOCKTAKE_MOVES = {
    K.COUNTING: frozenset({K.COUNTED, K.REJECTED}),
    K.COUNTED: frozenset({K.COUNTING, K.APPROVED, K.REJECTED}),
    K.APPROVED: frozenset[str](),
    K.REJECTED: frozenset[str](),
}
