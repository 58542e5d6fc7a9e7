"""What will be asked for and when to buy: a forecast is a night's opinion of one level, a rule is what the merchant wishes.

A forecast is written by the nightly job alone and never read by anything that promises stock. Of several rules that fit a level
the most particular one holds: variant and location, variant, location, everything; without any, the rule's own defaults. How
long goods take and how often is ordered is said by a rule for the variant, else by its supplier, else by the rule for all.
"""

from decimal import Decimal

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.catalog.models import Variant
from apps.core.history import tracked
from apps.core.models import Record
from apps.inventory import forecasting
from apps.inventory.models.levels import Location, StockLevel

NEVER = 9999  # days: the stock outlasts every plan


@tracked()
class ReorderRule(Record):
    """How long goods are on their way, how often is ordered, how sure the shelf must be, and how long an order should last."""

    variant = models.ForeignKey(
        Variant, models.PROTECT, null=True, blank=True, verbose_name=_("variant"), help_text=_("Empty: every variant.")
    )
    location = models.ForeignKey(
        Location,
        models.PROTECT,
        null=True,
        blank=True,
        verbose_name=_("location"),
        help_text=_("Empty: every location."),
    )
    lead_days = models.PositiveSmallIntegerField(
        _("lead time (days)"), null=True, blank=True, help_text=_("Empty: what the supplier says.")
    )
    review_days = models.PositiveSmallIntegerField(
        _("days between orders"), null=True, blank=True, help_text=_("Empty: what the supplier says.")
    )
    service_percent = models.DecimalField(
        _("wished service level (%)"), max_digits=4, decimal_places=1, default=Decimal(95),
        validators=[MinValueValidator(50), MaxValueValidator(Decimal("99.9"))],
        help_text=_("Of 100 deliveries, before how many the shelf should not run empty."),
    )  # fmt: skip
    order_days = models.PositiveSmallIntegerField(
        _("an order should last (days)"), default=28, validators=[MinValueValidator(1)]
    )

    class Meta:
        verbose_name = _("reorder rule")
        verbose_name_plural = _("reorder rules")
        constraints = [
            models.UniqueConstraint(
                fields=["variant", "location"], name="inventory_one_reorder_rule", nulls_distinct=False
            ),
            models.CheckConstraint(
                condition=Q(service_percent__gte=50, service_percent__lte=Decimal("99.9"), order_days__gte=1),
                name="inventory_reorder_rule_in_bounds",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.variant or '*'} @ {self.location or '*'}"


class Forecast(Record):
    """What one level will be asked for from `as_of` on, how far off such forecasts were, and when to order.

    `daily` and `noise` in units a day; `error_percent`: WAPE of the sum of 28 days over `error_origins` past days, as of
    `error_as_of`; empty where there was too little to compare. `days_counted` and `days_out`: days of the history on which it
    could be bought, and could not. reorder_point = units expected over `lead_days` + `review_days`, and `safety`.
    """

    level = models.OneToOneField(StockLevel, models.PROTECT, related_name="forecast")
    as_of = models.DateField()
    computed_at = models.DateTimeField()
    sales = models.IntegerField()
    units = models.IntegerField()
    days_counted = models.PositiveSmallIntegerField()
    days_out = models.PositiveSmallIntegerField()
    daily = models.DecimalField(max_digits=14, decimal_places=4)
    noise = models.DecimalField(max_digits=14, decimal_places=4)
    error_percent = models.PositiveIntegerField(null=True)
    error_origins = models.PositiveSmallIntegerField(default=0)
    error_as_of = models.DateField(null=True)
    lead_days = models.PositiveSmallIntegerField()
    review_days = models.PositiveSmallIntegerField()
    service_percent = models.DecimalField(max_digits=4, decimal_places=1)
    order_days = models.PositiveSmallIntegerField()
    safety = models.IntegerField()
    reorder_point = models.IntegerField()
    up_to = models.IntegerField()
    lasts_days = models.PositiveSmallIntegerField()  # how long what is free and incoming lasts, as of that night

    class Meta:
        verbose_name = _("forecast")
        verbose_name_plural = _("forecasts")
        indexes = [models.Index(fields=["lasts_days", "id"], name="inventory_forecast_urgency")]

    def __str__(self) -> str:
        return f"{self.level} {self.daily:f}"

    def told(self) -> forecasting.Forecast:
        """The forecast as the pure functions know it."""
        return forecasting.Forecast.of(self.daily, self.noise)

    @property
    def expected(self) -> int:
        """Units expected until the delivery after the next order: the reorder point without the reserve."""
        return self.reorder_point - self.safety
