"""Lots (ロット) and serial numbers: which units of a level are which, for variants that ask for it.

A serial number is a lot of one unit. A level counts the units that have a lot (`in_lots`); the others are without one until
somebody says which they are. Every change of a lot belongs to a stock movement, so it has its reason, actor and document.
"""

from datetime import date, timedelta

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.catalog.models import Variant
from apps.core.history import tracked
from apps.core.models import Record
from apps.inventory.models.levels import StockLevel, StockMovement


@tracked()
class Lot(Record):
    """Units of a variant that were made together, or one unit with its serial number. `expires_on`: the last day of use."""

    variant = models.ForeignKey(Variant, models.PROTECT, related_name="lots", verbose_name=_("variant"))
    number = models.CharField(_("lot or serial number"), max_length=60)
    expires_on = models.DateField(_("expiry date"), null=True, blank=True)
    is_serial = models.BooleanField(_("serial number"), default=False)

    class Meta:
        verbose_name = _("lot")
        verbose_name_plural = _("lots")
        constraints = [
            models.UniqueConstraint(fields=["variant", "number"], name="inventory_one_lot_a_number"),
            models.CheckConstraint(condition=~Q(number=""), name="inventory_lot_has_number"),
        ]
        indexes = [
            models.Index(fields=["number"], name="inventory_lot_number"),
            models.Index(fields=["expires_on"], name="inventory_lot_expiry", condition=Q(expires_on__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def last_day(self) -> date | None:
        """The last day on which it is sold or shipped; None where it keeps."""
        return self.expires_on - timedelta(days=self.variant.days_before_expiry) if self.expires_on else None

    def is_past(self, today: date) -> bool:
        """Whether its last day for sale is over."""
        return self.last_day is not None and self.last_day < today


class LotLevel(Record):
    """Units of a lot at a level; `expired` of them are past their last day for sale and set aside for it."""

    level = models.ForeignKey(StockLevel, models.PROTECT, related_name="lots")
    lot = models.ForeignKey(Lot, models.PROTECT, related_name="levels")
    is_serial = models.BooleanField()  # the lot's
    units = models.IntegerField(default=0)
    expired = models.IntegerField(default=0)

    class Meta:
        verbose_name = _("units of a lot")
        verbose_name_plural = _("units of lots")
        constraints = [
            models.UniqueConstraint(fields=["level", "lot"], name="inventory_one_lot_a_level"),
            models.CheckConstraint(
                condition=Q(units__gte=0, expired__gte=0) & Q(expired__lte=F("units")), name="inventory_lot_units"
            ),
            models.CheckConstraint(condition=Q(is_serial=False) | Q(units__lte=1), name="inventory_serial_is_one_unit"),
            models.UniqueConstraint(
                fields=["lot"], name="inventory_serial_in_one_place", condition=Q(is_serial=True, units__gt=0)
            ),
        ]
        indexes = [models.Index(fields=["level"], name="inventory_lots_there", condition=Q(units__gt=0))]

    def __str__(self) -> str:
        return f"{self.lot} × {self.units}"

    @property
    def good(self) -> int:
        """Units that may leave."""
        return self.units - self.expired


class LotMovement(Record):
    """Units of a lot that came or went with a stock movement. Append-only; they sum to the lot's units at the level.

    `is_assumed`: nobody said which lot it was; the first to expire was taken.
    """

    append_only = True

    movement = models.ForeignKey(StockMovement, models.PROTECT, related_name="lots")
    lot_level = models.ForeignKey(LotLevel, models.PROTECT, related_name="movements")
    units = models.IntegerField()
    is_assumed = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("movement of a lot")
        verbose_name_plural = _("movements of lots")
        constraints = [
            models.UniqueConstraint(fields=["movement", "lot_level"], name="inventory_one_lot_movement"),
            models.CheckConstraint(condition=~Q(units=0), name="inventory_lot_movement_is_some"),
        ]

    def __str__(self) -> str:
        return f"{self.units:+d}"
