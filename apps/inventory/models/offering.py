"""What a merchant sells of an article beyond the shelf: so many units at most, promised for a day.

`is_open` is what holds now: a preorder ends with its last day, by a sweep that has the channels told in the same transaction.
"""

from datetime import date, timedelta

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.catalog.models import Variant
from apps.core.history import tracked
from apps.core.models import Record

MOST_LATER = 100_000
MOST_DAYS = 730


@tracked(fields=["choice", "cap", "until", "promised_on", "promised_days"])
class BackorderPolicy(Record):
    """Whether a variant is sold for later. A variant without a row is not; what channels sell all the same waits."""

    class Choice(models.TextChoices):
        NONE = "none", _("only what is there")
        BACKORDER = "backorder", _("backorder")
        PREORDER = "preorder", _("preorder")

    variant = models.OneToOneField(Variant, models.PROTECT, related_name="backorder_policy", verbose_name=_("variant"))
    choice = models.CharField(_("sold for later"), max_length=10, choices=Choice, default=Choice.NONE)
    cap = models.PositiveIntegerField(
        _("at most (units)"), default=0, validators=[MaxValueValidator(MOST_LATER)],
        help_text=_("So many units may wait at once beyond what is there."),
    )  # fmt: skip
    until = models.DateField(_("sold until"), null=True, blank=True, help_text=_("The last day of a preorder."))
    promised_on = models.DateField(_("promised for"), null=True, blank=True)
    promised_days = models.PositiveSmallIntegerField(
        _("or within (days)"), null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(MOST_DAYS)]
    )
    is_open = models.BooleanField(_("open"), default=False, editable=False)

    class Meta:
        verbose_name = _("sale for later")
        verbose_name_plural = _("sales for later")
        constraints = [
            models.CheckConstraint(
                name="inventory_later_has_a_cap", condition=Q(is_open=False) | (Q(cap__gt=0) & ~Q(choice="none"))
            ),
            models.CheckConstraint(
                name="inventory_later_has_a_day",
                condition=Q(is_open=False) | Q(promised_on__isnull=False) | Q(promised_days__isnull=False),
            ),
        ]
        indexes = [models.Index(fields=["until"], name="inventory_later_until", condition=Q(is_open=True))]

    def __str__(self) -> str:
        return f"{self.variant}: {self.get_choice_display()}"

    def day(self, sold_on: date) -> date:
        """The day that is promised to who buys on this day."""
        if self.promised_on is not None:
            return max(self.promised_on, sold_on)
        return sold_on + timedelta(days=self.promised_days or 0)
