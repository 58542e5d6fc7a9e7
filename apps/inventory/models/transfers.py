"""Goods that go from one location to another (移動): while in transit (移動中) their units are `incoming` where they go, and
their value is kept on the line.

sent = received + lost + what is on its way. Steps are append-only and sum to what is on its way, in units and in value.
"""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from apps.catalog.models import Variant
from apps.core.models import Record
from apps.inventory.models.levels import Location
from apps.inventory.states import TransferState


class Transfer(Record):
    """One consignment between two of our locations."""

    number = models.CharField(_("number"), max_length=40, unique=True)
    origin = models.ForeignKey(Location, models.PROTECT, related_name="+", verbose_name=_("origin"))
    destination = models.ForeignKey(Location, models.PROTECT, related_name="+", verbose_name=_("destination"))
    state = models.CharField(_("state"), max_length=20, choices=TransferState, default=TransferState.DRAFT)
    made_at = models.DateTimeField(_("made at"))
    made_by = models.CharField(_("made by"), max_length=80)
    sent_at = models.DateTimeField(_("sent at"), null=True)
    note = models.CharField(_("note"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("transfer")
        verbose_name_plural = _("transfers")
        constraints = [
            models.CheckConstraint(condition=~Q(origin=F("destination")), name="inventory_transfer_goes_somewhere")
        ]
        indexes = [models.Index(fields=["state", "-id"], name="inventory_transfer_state")]

    def __str__(self) -> str:
        return self.number

    @property
    def is_open(self) -> bool:
        """Whether goods of it are on their way."""
        return self.state in {TransferState.IN_TRANSIT, TransferState.PARTLY_RECEIVED}


class TransferLine(Record):
    """One article of a transfer. `value_minor`: what the units on their way cost, in minor units of the home currency."""

    transfer = models.ForeignKey(Transfer, models.PROTECT, related_name="lines")
    number = models.PositiveIntegerField()
    variant = models.ForeignKey(Variant, models.PROTECT)
    quantity = models.PositiveIntegerField()
    received = models.IntegerField(default=0)
    lost = models.IntegerField(default=0)
    value_minor = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = _("line of a transfer")
        verbose_name_plural = _("lines of transfers")
        constraints = [
            models.UniqueConstraint(fields=["transfer", "number"], name="inventory_one_transfer_line"),
            models.UniqueConstraint(fields=["transfer", "variant"], name="inventory_one_transfer_variant"),
            models.CheckConstraint(
                name="inventory_transfer_adds_up",
                condition=Q(quantity__gt=0, received__gte=0, lost__gte=0, value_minor__gte=0)
                & Q(quantity__gte=F("received") + F("lost")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.variant} × {self.quantity}"

    @property
    def to_come(self) -> int:
        """Units on their way, once the transfer was sent."""
        return self.quantity - self.received - self.lost


class TransferStep(Record):
    """What happened to the goods of a line while they were nobody's shelf's: units and value that came to be on their way."""

    append_only = True

    class Kind(models.TextChoices):
        SENT = "sent", pgettext_lazy("goods", "sent")
        RECEIVED = "received", pgettext_lazy("goods", "received")
        LOST = "lost", _("lost")
        LANDED = "landed", _("landed cost")

    line = models.ForeignKey(TransferLine, models.PROTECT, related_name="steps")
    kind = models.CharField(max_length=12, choices=Kind)
    units = models.IntegerField()
    value_minor = models.BigIntegerField()
    at = models.DateTimeField()
    source_id = models.UUIDField()
    reason = models.CharField(max_length=200, blank=True)
    actor = models.CharField(max_length=80)

    class Meta:
        verbose_name = _("step of a transfer")
        verbose_name_plural = _("steps of transfers")
        constraints = [models.UniqueConstraint(fields=["line", "kind", "source_id"], name="inventory_one_step_a_cause")]

    def __str__(self) -> str:
        return f"{self.kind} {self.units:+d}"
