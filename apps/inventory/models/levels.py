"""Stock truth is one row per (variant, location); what is promised never exceeds what is there, by a CHECK.

Movements are append-only and sum to the level in every column. A demand is who wants units: what it holds (`allocated`) is
its part of `reserved`; what it still waits for never coexists with free stock of the same row. A lease is what a channel may
sell: its units are its part of `leased`.
"""

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.catalog.models import Variant
from apps.core.history import tracked
from apps.core.models import Brand, Record


@tracked()
class Location(Record):
    """A place where stock lies."""

    brand = models.ForeignKey(Brand, models.PROTECT, null=True, blank=True, verbose_name=_("brand"))
    code = models.CharField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=120)
    ship_from = models.JSONField(_("sender address"), default=dict, blank=True)
    is_active = models.BooleanField(_("active"), default=True)
    is_default = models.BooleanField(_("takes new orders"), default=False)
    ships_orders = models.BooleanField(
        _("ships orders, too"), default=False,
        help_text=_("Its stock is sold on the channels, and orders leave from here by the sourcing rules."),
    )  # fmt: skip
    parcel_minor = models.PositiveIntegerField(
        _("cost of a parcel"), default=0, help_text=_("In the smallest unit of the company's currency; for the rules.")
    )

    class Meta:
        verbose_name = _("location")
        verbose_name_plural = _("locations")
        constraints = [
            models.UniqueConstraint(fields=["is_default"], name="inventory_one_default", condition=Q(is_default=True))
        ]

    def __str__(self) -> str:
        return self.name


# Where orders leave from: the location that takes new orders, and those that ship, too.
SHIPS = Q(is_active=True) & (Q(is_default=True) | Q(ships_orders=True))


def ships_sql(location: str) -> str:
    """Whether orders leave from a location under this alias, as SQL (`SHIPS`)."""
    return f"{location}.is_active AND ({location}.is_default OR {location}.ships_orders)"


class Aside(models.TextChoices):
    """Why units that lie there are not for sale; each is a column of the level."""

    SAFETY = "safety", _("safety stock")
    DAMAGED = "damaged", _("damaged")
    QUALITY_CONTROL = "quality_control", _("quality control")
    EXPIRED = "expired", _("expired")


# The columns of which free stock is made.
COUNTED = ("on_hand", *Aside.values, "reserved", "leased")
_PROMISED = F("safety") + F("damaged") + F("quality_control") + F("expired") + F("reserved") + F("leased")


def free_sql(level: str) -> str:
    """What may still be promised, as SQL over a level's columns under this alias."""
    return " - ".join(f"{level}.{column}" for column in COUNTED)


class StockLevel(Record):
    """Units of a variant at a location. available = on_hand − unavailable − reserved − leased. Value in minor units."""

    variant = models.ForeignKey(Variant, models.PROTECT, related_name="levels")
    location = models.ForeignKey(Location, models.PROTECT)
    on_hand = models.IntegerField(default=0)
    safety = models.IntegerField(default=0)
    damaged = models.IntegerField(default=0)
    quality_control = models.IntegerField(default=0)
    expired = models.IntegerField(default=0)  # units of lots past their last day for sale
    reserved = models.IntegerField(default=0)
    leased = models.IntegerField(default=0)
    in_lots = models.IntegerField(default=0)  # of the units on hand, those whose lot or serial number is known
    incoming = models.IntegerField(default=0)  # ordered from suppliers or on their way from another location
    backordered = models.IntegerField(default=0)  # wanted beyond the shelf; counted apart
    value_minor = models.BigIntegerField(default=0)  # what the units on hand cost

    class Meta:
        verbose_name = _("stock level")
        verbose_name_plural = _("stock levels")
        constraints = [
            models.UniqueConstraint(fields=["variant", "location"], name="inventory_one_level"),
            models.CheckConstraint(
                name="inventory_never_oversold",
                condition=Q(*((f"{column}__gte", 0) for column in COUNTED)) & Q(on_hand__gte=_PROMISED),
            ),
            models.CheckConstraint(
                condition=Q(in_lots__gte=F("expired"), in_lots__lte=F("on_hand")), name="inventory_lots_lie_there"
            ),
            models.CheckConstraint(
                condition=Q(backordered__gte=0, incoming__gte=0), name="inventory_backordered_counted"
            ),
            models.CheckConstraint(
                condition=Q(value_minor=0) | Q(value_minor__gt=0, on_hand__gt=0), name="inventory_value_has_units"
            ),
        ]
        indexes = [models.Index(fields=["variant"], name="inventory_level_waiting", condition=Q(backordered__gt=0))]

    def __str__(self) -> str:
        return f"{self.variant} @ {self.location}"

    @property
    def unavailable(self) -> int:
        """Units that lie there and are not for sale."""
        return self.safety + self.damaged + self.quality_control + self.expired

    @property
    def available(self) -> int:
        """Units that may still be promised."""
        return self.on_hand - self.unavailable - self.reserved - self.leased


class StockMovement(Record):
    """One change of one level, with its cause. Append-only; the columns sum to the level's."""

    append_only = True

    class Kind(models.TextChoices):
        OPENING = "opening", _("opening stock")
        RECEIPT = "receipt", _("receipt")
        ADJUSTMENT = "adjustment", _("adjustment")
        COUNT = "count", _("stocktake")
        ALLOCATION = "allocation", _("allocation")
        RELEASE = "release", _("release")
        SHIPMENT = "shipment", _("shipment")
        RETURN = "return", _("return")
        STATUS = "status", _("set aside")
        LEASE = "lease", _("lease")
        INCOMING = "incoming", _("announced")
        TRANSFER = "transfer", _("transfer")
        LANDED = "landed", _("landed cost")
        LOT = "lot", _("lot named")

    level = models.ForeignKey(
        StockLevel, models.PROTECT, related_name="movements", db_index=False
    )  # inventory_movement_level
    at = models.DateTimeField()
    kind = models.CharField(max_length=12, choices=Kind)
    on_hand = models.IntegerField(default=0)
    safety = models.IntegerField(default=0)
    damaged = models.IntegerField(default=0)
    quality_control = models.IntegerField(default=0)
    expired = models.IntegerField(default=0)
    reserved = models.IntegerField(default=0)
    leased = models.IntegerField(default=0)
    incoming = models.IntegerField(default=0)
    value_minor = models.BigIntegerField(default=0)
    source_kind = models.CharField(max_length=40)
    source_id = models.UUIDField()
    part = models.CharField(max_length=40, default="")
    reason = models.CharField(max_length=200, blank=True)
    actor = models.CharField(max_length=80)

    class Meta:
        verbose_name = _("movement")
        verbose_name_plural = _("movements")
        constraints = [
            models.UniqueConstraint(
                fields=["level", "kind", "source_id", "part"], name="inventory_one_movement_a_cause"
            )
        ]
        indexes = [
            models.Index(fields=["level", "-id"], name="inventory_movement_level"),
            # Rows are only added and their times rise: a few pages say where a day begins, for next to nothing a row.
            BrinIndex(fields=["at"], name="inventory_movement_at", pages_per_range=16),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.on_hand:+d}"

    @property
    def unavailable(self) -> int:
        """Units that were set aside or brought back for sale."""
        return self.safety + self.damaged + self.quality_control + self.expired


class Demand(Record):
    """Who wants units of one level: kind and id of the thing (an order line), its group (the order) and its holder (the
    connection whose lease it may use).

    quantity = allocated + shipped + cancelled + what it waits for. Arrival order is (arrived_at, id). `per_unit` of these
    make one unit of the thing; a thing may want several variants (a bundle), from several locations: then each location's
    part is whole units of it.
    """

    level = models.ForeignKey(StockLevel, models.PROTECT, related_name="demands")
    kind = models.CharField(max_length=20)
    subject = models.UUIDField()
    group = models.UUIDField()
    holder = models.UUIDField(null=True)
    quantity = models.IntegerField()
    per_unit = models.PositiveSmallIntegerField(default=1)
    is_part = models.BooleanField(default=False)  # a component of a bundle: it leaves together with the others
    allocated = models.IntegerField(default=0)
    shipped = models.IntegerField(default=0)
    cancelled = models.IntegerField(default=0)
    # Of what it waits for: sold for later within the merchant's cap, and beyond it (later.py).
    later = models.PositiveIntegerField(default=0)
    beyond = models.PositiveIntegerField(default=0)
    arrived_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)  # an unpaid order gives its units back then

    class Meta:
        verbose_name = _("demand")
        verbose_name_plural = _("demands")
        constraints = [
            models.UniqueConstraint(fields=["kind", "subject", "level"], name="inventory_one_demand_a_level"),
            models.CheckConstraint(condition=Q(per_unit__gt=0), name="inventory_demand_per_unit"),
            models.CheckConstraint(
                name="inventory_demand_adds_up",
                condition=Q(allocated__gte=0)
                & Q(shipped__gte=0)
                & Q(cancelled__gte=0)
                & Q(quantity__gte=F("allocated") + F("shipped") + F("cancelled") + F("later") + F("beyond")),
            ),
        ]
        indexes = [
            models.Index(
                fields=["level", "arrived_at", "id"],
                name="inventory_demand_waiting",
                condition=Q(quantity__gt=F("allocated") + F("shipped") + F("cancelled")),
            ),
            models.Index(
                fields=["level", "arrived_at", "id"], name="inventory_demand_holding", condition=Q(allocated__gt=0)
            ),
            models.Index(fields=["group"], name="inventory_demand_group"),
            models.Index(fields=["expires_at"], name="inventory_demand_expiry", condition=Q(expires_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.allocated + self.shipped} / {self.quantity}"

    @property
    def waiting(self) -> int:
        """Units it still waits for."""
        return self.quantity - self.allocated - self.shipped - self.cancelled


class Lease(Record):
    """Units of a level that one holder (the connection of a channel) alone may sell. A holder's units are a part of `leased`."""

    level = models.ForeignKey(StockLevel, models.PROTECT, related_name="leases")
    holder = models.UUIDField()
    units = models.IntegerField(default=0)

    class Meta:
        verbose_name = _("lease")
        verbose_name_plural = _("leases")
        constraints = [
            models.UniqueConstraint(fields=["level", "holder"], name="inventory_one_lease"),
            models.CheckConstraint(condition=Q(units__gte=0), name="inventory_lease_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.units}"


class Shrinkage(Record):
    """A write-off that asked for more units than lay there: what could not be booked, kept for a person. Append-only."""

    append_only = True

    level = models.ForeignKey(StockLevel, models.PROTECT)
    at = models.DateTimeField()
    asked = models.IntegerField()
    booked = models.IntegerField()
    source_id = models.UUIDField()
    reason = models.CharField(max_length=200, blank=True)

    def __str__(self) -> str:
        return f"{self.asked} → {self.booked}"
