"""Shipments: which units of which order lines leave in which parcel, under which label, and what the carrier says since."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.core.models import Record
from apps.hub.models import Connection
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
    # With its label, in a shop that ships by itself; else somebody packs and confirms it.
    leaves_by_itself = models.BooleanField(_("leaves with its label"), default=False)

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
