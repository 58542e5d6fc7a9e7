"""Goods that arrive: a receipt is one document, its lines are booked once each."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.catalog.models import Variant
from apps.core.models import Record
from apps.inventory.models.levels import Location


class Receipt(Record):
    """Goods that arrived: one document of one supplier or warehouse."""

    number = models.CharField(_("number"), max_length=80)
    location = models.ForeignKey(Location, models.PROTECT)
    source = models.UUIDField(null=True)  # the connection that told of it
    at = models.DateTimeField(_("received"))
    currency = models.CharField(_("currency"), max_length=3)

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

    class Meta:
        constraints = [models.UniqueConstraint(fields=["receipt", "number"], name="inventory_one_receipt_line")]

    def __str__(self) -> str:
        return f"{self.variant} × {self.quantity}"
