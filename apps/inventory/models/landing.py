"""Landed cost (諸掛): what it took to get goods here, spread over the lines of receipts to the last minor unit.

amount = the parts of its lines; each part = what raised the value of stock + what went to cost of sales, because its units
had left. Append-only: a mistake is set right by a cost below zero.
"""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.core.models import Record
from apps.inventory.models.receiving import ReceiptLine


class LandedCost(Record):
    """One bill for freight, duty and the like, in minor units of the home currency."""

    append_only = True

    class Kind(models.TextChoices):
        FREIGHT = "freight", _("freight")
        DUTY = "duty", _("customs duty")
        INSURANCE = "insurance", _("insurance")
        HANDLING = "handling", _("handling")
        OTHER = "other", _("other cost")

    class Basis(models.TextChoices):
        VALUE = "value", _("by value")
        WEIGHT = "weight", _("by weight")
        QUANTITY = "quantity", _("by units")

    kind = models.CharField(_("kind"), max_length=20, choices=Kind)
    basis = models.CharField(_("spread"), max_length=20, choices=Basis)
    amount_minor = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    bill = models.CharField(_("number of the bill"), max_length=80, blank=True)
    reason = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField()
    actor = models.CharField(max_length=80)

    class Meta:
        verbose_name = _("landed cost")
        verbose_name_plural = _("landed costs")
        constraints = [models.CheckConstraint(condition=~Q(amount_minor=0), name="inventory_landed_is_some")]

    def __str__(self) -> str:
        return f"{self.kind} {self.amount_minor} {self.currency}"


class LandedPart(Record):
    """The part of a landed cost that one receipt line bears."""

    append_only = True

    cost = models.ForeignKey(LandedCost, models.PROTECT, related_name="parts")
    line = models.ForeignKey(ReceiptLine, models.PROTECT, related_name="landed")
    amount_minor = models.BigIntegerField()
    stock_minor = models.BigIntegerField()  # raised the value of what still lies here
    sold_minor = models.BigIntegerField()  # went to cost of sales

    class Meta:
        verbose_name = _("part of a landed cost")
        verbose_name_plural = _("parts of landed costs")
        constraints = [
            models.UniqueConstraint(fields=["cost", "line"], name="inventory_one_landed_part"),
            models.CheckConstraint(
                condition=Q(amount_minor=F("stock_minor") + F("sold_minor")), name="inventory_landed_adds_up"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount_minor}"
