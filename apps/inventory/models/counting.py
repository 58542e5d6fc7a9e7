"""Stocktakes (棚卸): what people counted, row by row, and what the book said in that very moment.

Entries are append-only and make the row: a scan adds, a typed number sets, an undone entry is left out. Nobody approves what
they counted or closed, by a CHECK.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from apps.core.models import Record
from apps.inventory.models.levels import Location, StockLevel
from apps.inventory.states import StocktakeState


class Stocktake(Record):
    """One count of a location or of a part of its articles. `counters`: everybody who counted anything of it."""

    class Scope(models.TextChoices):
        ALL = "all", _("everything that should lie there")
        BEGINNING = "beginning", _("SKUs with the same beginning")
        LIST = "list", _("chosen articles")

    number = models.CharField(_("number"), max_length=40, unique=True)
    location = models.ForeignKey(Location, models.PROTECT, related_name="+", verbose_name=_("location"))
    scope = models.CharField(_("what is counted"), max_length=12, choices=Scope)
    beginning = models.CharField(_("beginning of the SKUs"), max_length=64, blank=True)
    is_blind = models.BooleanField(_("blind"), default=True)
    state = models.CharField(_("state"), max_length=12, choices=StocktakeState, default=StocktakeState.COUNTING)
    round = models.PositiveSmallIntegerField(_("round"), default=1)
    note = models.CharField(_("note"), max_length=500, blank=True)
    made_at = models.DateTimeField(_("made at"))
    made_by = models.CharField(_("made by"), max_length=80)
    counters = ArrayField(models.CharField(max_length=80), default=list, verbose_name=_("counted by"))
    closed_at = models.DateTimeField(_("closed at"), null=True)
    closed_by = models.CharField(_("closed by"), max_length=80, blank=True)
    decided_at = models.DateTimeField(_("decided at"), null=True)
    decided_by = models.CharField(_("decided by"), max_length=80, blank=True)
    reason = models.CharField(_("reason"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("stocktake")
        verbose_name_plural = _("stocktakes")
        constraints = [
            models.CheckConstraint(
                name="inventory_stocktake_second_person",
                condition=~Q(state=StocktakeState.APPROVED)
                | (
                    Q(decided_at__isnull=False)
                    & ~Q(decided_by="")
                    & ~Q(closed_by="")
                    & ~Q(decided_by=F("closed_by"))
                    & ~Q(counters__contains=[F("decided_by")])
                ),
            )
        ]
        indexes = [models.Index(fields=["state", "-id"], name="inventory_stocktake_state")]

    def __str__(self) -> str:
        return self.number


class StocktakeLine(Record):
    """One article of a stocktake. `counted` is what lay there when `book` units were on hand by the book.

    `moment`: the place of that instant among all counts and bookings of the level (numbers of a sequence, taken under the
    level's lock). `known_counts`: counts told by files that the book knew then. `first`: the entry with which the number
    began. `is_moved`: goods moved while it was scanned. After the approval: `difference` as judged, `booked` of it, and when.
    """

    stocktake = models.ForeignKey(Stocktake, models.PROTECT, related_name="lines")
    level = models.ForeignKey(StockLevel, models.PROTECT, related_name="+")
    number = models.PositiveIntegerField()
    counted = models.IntegerField(null=True)
    book = models.IntegerField(null=True)
    moment = models.BigIntegerField(null=True)
    known_counts = models.IntegerField(null=True)
    first = models.UUIDField(null=True)
    is_moved = models.BooleanField(default=False)
    counted_at = models.DateTimeField(null=True)
    counted_by = models.CharField(max_length=80, blank=True)
    difference = models.IntegerField(null=True)
    booked = models.IntegerField(null=True)
    booked_moment = models.BigIntegerField(null=True)
    is_superseded = models.BooleanField(default=False)
    value_minor = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = _("row of a stocktake")
        verbose_name_plural = _("rows of stocktakes")
        constraints = [
            models.UniqueConstraint(fields=["stocktake", "level"], name="inventory_one_stocktake_row"),
            models.CheckConstraint(
                name="inventory_stocktake_row_whole",
                condition=Q(
                    counted__isnull=True, book__isnull=True, moment__isnull=True, known_counts__isnull=True,
                    difference__isnull=True, booked__isnull=True, booked_moment__isnull=True,
                )
                | Q(counted__gte=0, book__isnull=False, moment__isnull=False, known_counts__isnull=False)
                & (
                    Q(difference__isnull=True, booked__isnull=True, booked_moment__isnull=True)
                    | Q(difference__isnull=False, booked__isnull=False, booked_moment__isnull=False)
                ),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.level} {self.counted}"


class StocktakeEntry(Record):
    """One thing that a person said of a row: `units` scanned, added, set or taken back, with the book of that moment.

    `said_at` and `carried`: a number from paper, and how many units have come or gone between that time and its typing.
    """

    append_only = True

    class Kind(models.TextChoices):
        ADDED = "added", pgettext_lazy("count", "added")
        SET = "set", pgettext_lazy("count", "set")
        UNDONE = "undone", pgettext_lazy("count", "taken back")
        CLEARED = "cleared", pgettext_lazy("count", "to be counted again")

    line = models.ForeignKey(StocktakeLine, models.PROTECT, related_name="entries")
    kind = models.CharField(max_length=8, choices=Kind)
    units = models.IntegerField()
    carried = models.IntegerField(default=0)
    said_at = models.DateTimeField(null=True)
    undoes = models.OneToOneField("self", models.PROTECT, null=True, related_name="+")
    code = models.CharField(max_length=80, blank=True)
    book = models.IntegerField()
    moment = models.BigIntegerField()
    known_counts = models.IntegerField()
    at = models.DateTimeField()
    actor = models.CharField(max_length=80)

    class Meta:
        verbose_name = _("entry of a stocktake")
        verbose_name_plural = _("entries of stocktakes")

    def __str__(self) -> str:
        return f"{self.kind} {self.units:+d}"


class StrayCode(Record):
    """A code that was scanned and is no article's; once somebody says what it is (`line`), it counts there."""

    stocktake = models.ForeignKey(Stocktake, models.PROTECT, related_name="strays")
    code = models.CharField(_("code"), max_length=80)
    units = models.PositiveIntegerField(default=0)
    last_at = models.DateTimeField()
    last_by = models.CharField(max_length=80)
    line = models.ForeignKey(StocktakeLine, models.PROTECT, null=True, related_name="strays")

    class Meta:
        verbose_name = _("unknown code")
        verbose_name_plural = _("unknown codes")
        constraints = [models.UniqueConstraint(fields=["stocktake", "code"], name="inventory_one_stray_code")]

    def __str__(self) -> str:
        return self.code
