"""By which rules a merchant's places ship orders, and what was decided for each order that could have left from several."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.core.history import tracked
from apps.core.models import Record

MOST = 20


@tracked()
class SourcingRule(Record):
    """One rule. They are asked in the order of their positions, each where the ones before it leave a choice."""

    class Kind(models.TextChoices):
        ONE_PLACE = "one_place", _("all from one place if possible")
        NEAREST = "nearest", _("from the nearest place")
        CHEAPEST = "cheapest", _("from where parcels cost least")
        MOST_PARCELS = "most_parcels", _("at most so many parcels, else wait")

    position = models.PositiveSmallIntegerField(_("position"), default=1)
    kind = models.CharField(_("rule"), max_length=16, choices=Kind, unique=True)
    number = models.PositiveSmallIntegerField(
        _("parcels"), null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(MOST)],
        help_text=_("How many parcels one order may become."),
    )  # fmt: skip
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("sourcing rule")
        verbose_name_plural = _("sourcing rules")
        ordering = ("position", "id")
        constraints = [
            models.CheckConstraint(
                name="inventory_rule_has_its_number",
                condition=Q(kind="most_parcels", number__isnull=False, number__gte=1)
                | (~Q(kind="most_parcels") & Q(number__isnull=True)),
                violation_error_message=_("Say how many parcels one order may become, and only with that rule."),
            )
        ]

    def __str__(self) -> str:
        return str(self.get_kind_display())


class SourcingDecision(Record):
    """Why an order leaves from where it leaves: codes of sourcing.py with what they speak of. Append-only."""

    append_only = True

    group = models.UUIDField()
    at = models.DateTimeField()
    reasons = models.JSONField()

    class Meta:
        verbose_name = _("sourcing decision")
        verbose_name_plural = _("sourcing decisions")
        indexes = [models.Index(fields=["group", "id"], name="inventory_decision_of")]

    def __str__(self) -> str:
        return ", ".join(reason["code"] for reason in self.reasons)
