"""Goods that arrive: a receipt is one document, its lines are booked once each. What nobody ordered waits as surplus."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.catalog.models import Variant
from apps.core.models import Record
from apps.inventory.models.levels import Location
from apps.inventory.models.purchasing import PurchaseOrder, PurchaseOrderLine
from apps.inventory.states import SurplusState


class Receipt(Record):
    """Goods that arrived: one document of one supplier or warehouse."""

    number = models.CharField(_("number"), max_length=80)
    location = models.ForeignKey(Location, models.PROTECT)
    source = models.UUIDField(null=True)  # the connection that told of it
    at = models.DateTimeField(_("received"))
    currency = models.CharField(_("currency"), max_length=3)
    order = models.ForeignKey(
        PurchaseOrder, models.PROTECT, null=True, related_name="receipts", verbose_name=_("purchase order")
    )
    slip = models.CharField(_("number of their slip"), max_length=80, blank=True)

    class Meta:
        verbose_name = _("receipt")
        verbose_name_plural = _("receipts")
        constraints = [
            models.UniqueConstraint(fields=["source", "number"], name="inventory_one_receipt", nulls_distinct=False)
        ]

    def __str__(self) -> str:
        return self.number


class ReceiptLine(Record):
    """Units of one variant in a receipt with what one cost, in major units of the receipt's currency."""

    receipt = models.ForeignKey(Receipt, models.PROTECT, related_name="lines")
    number = models.PositiveIntegerField()
    variant = models.ForeignKey(Variant, models.PROTECT)
    quantity = models.PositiveIntegerField()
    unit_cost = models.DecimalField(max_digits=18, decimal_places=6)
    purchase_line = models.ForeignKey(PurchaseOrderLine, models.PROTECT, null=True, related_name="receipts")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["receipt", "number"], name="inventory_one_receipt_line")]

    def __str__(self) -> str:
        return f"{self.variant} × {self.quantity}"


class Surplus(Record):
    """Units that came beyond what may come: they stand in the house and are no stock until somebody says so."""

    receipt = models.ForeignKey(Receipt, models.PROTECT, related_name="surplus")
    purchase_line = models.ForeignKey(PurchaseOrderLine, models.PROTECT, related_name="surplus")
    quantity = models.PositiveIntegerField()
    state = models.CharField(max_length=20, choices=SurplusState, default=SurplusState.WAITING)
    at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=80, blank=True)
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name = _("surplus")
        verbose_name_plural = _("surplus")
        constraints = [
            models.UniqueConstraint(fields=["receipt", "purchase_line"], name="inventory_one_surplus"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="inventory_surplus_is_some"),
        ]
        indexes = [models.Index(fields=["id"], name="inventory_surplus_waiting", condition=Q(state="waiting"))]

    def __str__(self) -> str:
        return f"+{self.quantity}"
