"""What is bought: suppliers, what they sell, and purchase orders, whose lines say what was ordered, came and was called off.

quantity = received + cancelled + what is still to come, unless more came than was ordered. What is to come of an order that
was placed is part of its level's `incoming`.
"""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.catalog.models import Variant
from apps.core.history import tracked
from apps.core.models import Record
from apps.inventory.models.levels import Location
from apps.inventory.states import PurchaseState


@tracked()
class Supplier(Record):
    """Somebody who sells to us (仕入先)."""

    code = models.CharField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=120)
    currency = models.CharField(_("currency"), max_length=3, default="JPY")
    lead_time_days = models.PositiveSmallIntegerField(
        _("lead time (days)"), default=7, help_text=_("From the order to the goods.")
    )
    review_days = models.PositiveSmallIntegerField(
        _("days between orders"), default=7, help_text=_("How often something is ordered there.")
    )
    # In minor units of the supplier's currency.
    minimum_order_minor = models.BigIntegerField(_("minimum order"), default=0)
    over_receipt_percent = models.PositiveSmallIntegerField(
        _("may deliver more by (%)"),
        default=5,
        help_text=_("Units beyond this wait for somebody's word before they are stock."),
    )
    email = models.EmailField(_("e-mail"), blank=True)
    phone = models.CharField(_("phone"), max_length=30, blank=True)
    address = models.TextField(_("address"), blank=True)
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("supplier")
        verbose_name_plural = _("suppliers")
        constraints = [
            models.CheckConstraint(condition=Q(minimum_order_minor__gte=0), name="inventory_supplier_minimum")
        ]

    def __str__(self) -> str:
        return self.name


@tracked()
class SupplierItem(Record):
    """What a supplier sells: an article of ours by their code, in packs, at a unit price in the supplier's currency."""

    supplier = models.ForeignKey(Supplier, models.PROTECT, related_name="items", verbose_name=_("supplier"))
    variant = models.ForeignKey(Variant, models.PROTECT, related_name="supplied", verbose_name=_("variant"))
    code = models.CharField(_("their code"), max_length=64, blank=True)
    pack_size = models.PositiveIntegerField(_("units in a pack"), default=1)
    price = models.DecimalField(_("price of a unit"), max_digits=18, decimal_places=6)
    is_preferred = models.BooleanField(_("bought here first"), default=True)

    class Meta:
        verbose_name = _("article of a supplier")
        verbose_name_plural = _("articles of suppliers")
        constraints = [
            models.UniqueConstraint(fields=["supplier", "variant"], name="inventory_one_item_a_supplier"),
            models.UniqueConstraint(
                fields=["supplier", "code"], name="inventory_one_code_a_supplier", condition=~Q(code="")
            ),
            models.CheckConstraint(condition=Q(pack_size__gt=0, price__gte=0), name="inventory_item_makes_sense"),
        ]

    def __str__(self) -> str:
        return f"{self.variant} · {self.supplier}"


class PurchaseOrder(Record):
    """What was ordered of one supplier for one location (発注). `rate`: what one of `currency` is in the home currency."""

    number = models.CharField(_("number"), max_length=40, unique=True)
    supplier = models.ForeignKey(Supplier, models.PROTECT, related_name="orders", verbose_name=_("supplier"))
    location = models.ForeignKey(Location, models.PROTECT, verbose_name=_("location"))
    state = models.CharField(_("state"), max_length=20, choices=PurchaseState, default=PurchaseState.DRAFT)
    currency = models.CharField(_("currency"), max_length=3)
    rate = models.DecimalField(_("exchange rate"), max_digits=18, decimal_places=8, null=True)
    made_at = models.DateTimeField(_("made at"))
    made_by = models.CharField(_("made by"), max_length=80)
    ordered_at = models.DateTimeField(_("ordered at"), null=True)
    expected_on = models.DateField(_("expected on"), null=True)
    note = models.CharField(_("note"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("purchase order")
        verbose_name_plural = _("purchase orders")
        constraints = [models.CheckConstraint(condition=Q(rate__gt=0), name="inventory_purchase_rate")]
        indexes = [
            models.Index(fields=["state", "-id"], name="inventory_purchase_state"),
            models.Index(fields=["supplier", "-id"], name="inventory_purchase_supplier"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def is_open(self) -> bool:
        """Whether goods of it are on their way."""
        return self.state in {PurchaseState.ORDERED, PurchaseState.PARTLY_RECEIVED}


class PurchaseOrderLine(Record):
    """One article of a purchase order. `price` of a unit in major units; `counted`: scanned at the door and not booked yet."""

    order = models.ForeignKey(PurchaseOrder, models.PROTECT, related_name="lines")
    number = models.PositiveIntegerField()
    variant = models.ForeignKey(Variant, models.PROTECT)
    quantity = models.IntegerField()
    received = models.IntegerField(default=0)
    cancelled = models.IntegerField(default=0)
    counted = models.IntegerField(default=0)
    price = models.DecimalField(max_digits=18, decimal_places=6)

    class Meta:
        verbose_name = _("line of a purchase order")
        verbose_name_plural = _("lines of purchase orders")
        constraints = [
            models.UniqueConstraint(fields=["order", "number"], name="inventory_one_purchase_line"),
            models.UniqueConstraint(fields=["order", "variant"], name="inventory_one_purchase_variant"),
            models.CheckConstraint(
                name="inventory_purchase_adds_up",
                condition=Q(quantity__gte=0, received__gte=0, cancelled__gte=0, counted__gte=0, price__gte=0)
                & Q(quantity__gte=models.F("cancelled")),
            ),
        ]
        indexes = [models.Index(fields=["variant"], name="inventory_purchase_variant")]

    def __str__(self) -> str:
        return f"{self.variant} × {self.quantity}"

    @property
    def to_come(self) -> int:
        """Units that are still on their way, once the order is placed."""
        return max(0, self.quantity - self.cancelled - self.received)
