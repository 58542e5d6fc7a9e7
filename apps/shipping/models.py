"""Shipments: which units of which order lines leave in which parcel, under which label, and what the carrier says since.

A carrier that works by files gets parcels in sheets; the bytes of a sheet are kept, so that it can be had again as it was.
"""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.catalog.models import Variant
from apps.core.models import Record
from apps.customers.models import Address
from apps.hub.models import Connection, FileRun
from apps.orders.models import Order, OrderLine
from apps.shipping.states import Status


class Shipment(Record):
    """Units of one order that leave one location together. `number` is unique and travels as the natural key."""

    order = models.ForeignKey(Order, models.PROTECT, related_name="shipments")
    location_ref = models.UUIDField()
    number = models.CharField(_("shipment number"), max_length=50, unique=True)
    carrier = models.ForeignKey(Connection, models.PROTECT, null=True, verbose_name=_("carrier"))
    service = models.CharField(_("service"), max_length=80, blank=True)
    status = models.CharField(_("status"), max_length=12, choices=Status, default=Status.PLANNED)
    planned_at = models.DateTimeField()
    shipped_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    confirmed_by = models.CharField(max_length=150, blank=True)
    # With its label, in a shop that ships by itself or once it is packed; else somebody packs and confirms it.
    leaves_by_itself = models.BooleanField(_("leaves with its label"), default=False)
    # For the label alone: the address in characters that the carrier can print (none: the order's), and the wish.
    ship_to = models.ForeignKey(Address, models.PROTECT, null=True, blank=True, verbose_name=_("ship-to on the label"))
    wished_on = models.DateField(_("wished day"), null=True, blank=True)
    time_slot = models.CharField(_("wished hours"), max_length=20, blank=True)

    class Meta:
        verbose_name = _("shipment")
        verbose_name_plural = _("shipments")
        indexes = [
            models.Index(
                fields=["planned_at", "id"], name="shipping_to_do", condition=Q(status__in=["planned", "labelled"])
            ),
            models.Index(fields=["shipped_at"], name="shipping_by_day", condition=Q(shipped_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.number


class ShipmentLine(Record):
    """Units of one order line in a shipment; `packed` counts what a packer has scanned."""

    shipment = models.ForeignKey(Shipment, models.PROTECT, related_name="lines")
    order_line = models.ForeignKey(OrderLine, models.PROTECT, related_name="shipment_lines")
    quantity = models.PositiveIntegerField()
    packed = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["shipment", "order_line"], name="shipping_one_line"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="shipping_line_positive"),
            models.CheckConstraint(condition=Q(packed__lte=models.F("quantity")), name="shipping_never_overpacked"),
        ]

    def __str__(self) -> str:
        return f"{self.order_line} × {self.quantity}"


class ShipmentPiece(Record):
    """A component of a bundle in a shipment: `per_unit` of it make one unit of the line; `packed` counts what was scanned of
    it, and the line counts whole units.
    """

    line = models.ForeignKey(ShipmentLine, models.PROTECT, related_name="pieces")
    variant = models.ForeignKey(Variant, models.PROTECT)
    per_unit = models.PositiveSmallIntegerField()
    packed = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["line", "variant"], name="shipping_one_piece"),
            models.CheckConstraint(condition=Q(per_unit__gt=0), name="shipping_piece_has_units"),
        ]

    def __str__(self) -> str:
        return f"{self.variant} × {self.per_unit}"

    @property
    def quantity(self) -> int:
        """Units of it that belong into the box."""
        return self.line.quantity * self.per_unit


class PackedLot(Record):
    """Units of a lot, or a serial number, that a packer scanned into a box (`lot_ref`: the lot in the inventory)."""

    line = models.ForeignKey(ShipmentLine, models.PROTECT, related_name="lots")
    variant = models.ForeignKey(Variant, models.PROTECT)
    lot_ref = models.UUIDField()
    number = models.CharField(max_length=60)
    units = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["line", "variant", "lot_ref"], name="shipping_one_packed_lot")]
        indexes = [models.Index(fields=["lot_ref"], name="shipping_packed_lot")]

    def __str__(self) -> str:
        return f"{self.number} × {self.units}"


class Parcel(Record):
    """One box with one label."""

    shipment = models.ForeignKey(Shipment, models.PROTECT, related_name="parcels")
    number = models.PositiveSmallIntegerField(default=1)
    weight_g = models.PositiveIntegerField()
    label_id = models.CharField(_("label at the carrier"), max_length=120, blank=True)
    tracking_number = models.CharField(_("tracking number"), max_length=60, blank=True)
    carrier_name = models.CharField(max_length=60, blank=True)
    service = models.CharField(max_length=80, blank=True)
    cost_minor = models.BigIntegerField(default=0)
    currency = models.CharField(max_length=3, blank=True)
    document_url = models.CharField(max_length=500, blank=True)
    tracking_url = models.CharField(_("tracking address"), max_length=300, blank=True)
    label_status = models.CharField(max_length=10, default="none")  # none, bought, voided

    class Meta:
        verbose_name = _("parcel")
        verbose_name_plural = _("parcels")
        constraints = [models.UniqueConstraint(fields=["shipment", "number"], name="shipping_one_parcel_a_number")]
        indexes = [
            models.Index(fields=["tracking_number"], name="shipping_tracking", condition=~Q(tracking_number="")),
        ]

    def __str__(self) -> str:
        return self.tracking_number or f"{self.shipment} {self.number}"


class Sheet(Record):
    """A file of parcels for a carrier's own program, as it was made; the same parcels again are the same file."""

    carrier = models.ForeignKey(Connection, models.PROTECT, verbose_name=_("carrier"))
    name = models.CharField(_("file name"), max_length=120)
    ship_on = models.DateField(_("day of shipment"))
    made_at = models.DateTimeField(_("exported"))
    made_by = models.CharField(_("exported by"), max_length=150)
    sealed = models.BinaryField(null=True)  # emptied by retention

    class Meta:
        verbose_name = _("file for a carrier")
        verbose_name_plural = _("files for carriers")
        indexes = [models.Index(fields=["carrier", "-id"], name="shipping_sheets")]

    def __str__(self) -> str:
        return self.name


class SheetRow(Record):
    """A parcel in a sheet. `is_void`: its slip is not to be used any more, because the label was changed since."""

    sheet = models.ForeignKey(Sheet, models.PROTECT, related_name="rows")
    parcel = models.ForeignKey(Parcel, models.PROTECT, related_name="sheet_rows")
    number = models.PositiveIntegerField()
    is_void = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["sheet", "parcel"], name="shipping_once_a_sheet"),
            models.UniqueConstraint(fields=["sheet", "number"], name="shipping_one_row_a_number"),
        ]

    def __str__(self) -> str:
        return f"{self.sheet} {self.number}"


class IssuedRow(Record):
    """What became of one row of a file of numbers. `doubt` is a code of `hub.slip_reasons`, `before` the number it replaced."""

    class Outcome(models.TextChoices):
        LANDED = "landed", _("number taken")
        SAME = "same", _("known already")
        REPLACED = "replaced", _("number replaced")

    run = models.ForeignKey(FileRun, models.PROTECT)
    row = models.PositiveIntegerField()
    parcel = models.ForeignKey(Parcel, models.PROTECT, related_name="issued_rows")
    tracking_number = models.CharField(max_length=60)
    outcome = models.CharField(max_length=10, choices=Outcome)
    before = models.CharField(max_length=60, blank=True)
    doubt = models.CharField(max_length=20, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "row"], name="shipping_one_outcome_a_row")]

    def __str__(self) -> str:
        return f"{self.row}: {self.outcome}"


class TrackStep(Record):
    """A carrier's word about a parcel. Append-only; the raw word is kept."""

    append_only = True

    parcel = models.ForeignKey(Parcel, models.PROTECT, related_name="steps")
    at = models.DateTimeField()
    status = models.CharField(max_length=16)
    raw_status = models.CharField(max_length=80, blank=True)
    detail = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["parcel", "at", "raw_status"], name="shipping_one_step")]

    def __str__(self) -> str:
        return self.status
