"""Sales: an order with its lines, axes, holds and revisions, and the documents by which goods come back.

The axes mirror what payments, inventory and shipping know and are written only by `services.mark`, in the transaction that
changed the truth. Lines add up to the total (a CHECK on what one row can know, `verify` for the rest).
"""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.catalog.models import Variant
from apps.core.models import Brand, Record
from apps.customers.models import Address, Customer
from apps.hub.models import Connection
from apps.orders.states import AllocationState, FulfilmentState, Lifecycle, PaymentState


class Order(Record):
    """One sale. Totals in minor units of its currency; `tax_minor` is the tax the channel charged."""

    brand = models.ForeignKey(Brand, models.PROTECT, verbose_name=_("brand"))
    number = models.CharField(_("order number"), max_length=40, unique=True)
    # No index of its own where one below begins with the column: each is written with every order, and read by nobody.
    channel = models.ForeignKey(Connection, models.PROTECT, db_index=False, verbose_name=_("channel"))
    external_number = models.CharField(_("number at the channel"), max_length=80)
    source_version = models.BigIntegerField(default=0)
    customer = models.ForeignKey(
        Customer, models.PROTECT, null=True, blank=True, db_index=False, verbose_name=_("customer")
    )
    ship_to = models.ForeignKey(Address, models.PROTECT, null=True, blank=True, verbose_name=_("ship-to"))
    placed_at = models.DateTimeField(_("placed"))
    taken_at = models.DateTimeField(_("taken in"))
    ship_by = models.DateTimeField(_("ship by"), null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=3)
    prices_include_tax = models.BooleanField(default=True)
    items_minor = models.BigIntegerField(default=0)
    charges_minor = models.BigIntegerField(default=0)  # shipping and fees
    discount_minor = models.BigIntegerField(default=0)  # negative
    added_tax_minor = models.BigIntegerField(default=0)  # tax on top, where prices exclude it
    tax_minor = models.BigIntegerField(default=0)  # charged tax, also where prices include it
    tax_computed_minor = models.BigIntegerField(default=0)
    total_minor = models.BigIntegerField(default=0)
    payment_method = models.CharField(_("payment method"), max_length=20, default="unknown")
    payment_raw = models.CharField(max_length=80, blank=True)
    lifecycle = models.CharField(_("status"), max_length=12, choices=Lifecycle, default=Lifecycle.OPEN)
    payment = models.CharField(_("payment"), max_length=16, choices=PaymentState, default=PaymentState.UNPAID)
    allocation = models.CharField(_("allocation"), max_length=12, choices=AllocationState, default=AllocationState.NONE)
    fulfilment = models.CharField(
        _("shipment"), max_length=12, choices=FulfilmentState, default=FulfilmentState.UNFULFILLED
    )
    is_held = models.BooleanField(_("on hold"), default=False)
    was_short = models.BooleanField(default=False)  # met a short shelf when it was taken in
    # The customer's wish, as `contracts.OrderDraft` tells it.
    wished_on = models.DateField(_("wished day"), null=True, blank=True)
    time_slot = models.CharField(_("wished hours"), max_length=20, blank=True)
    customer_note = models.TextField(_("customer note"), blank=True)
    staff_note = models.TextField(_("staff note"), blank=True)
    assignee = models.CharField(_("assignee"), max_length=150, blank=True)
    tags = models.JSONField(default=list, blank=True)

    class Meta:
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        constraints = [
            models.CheckConstraint(
                name="orders_total_adds_up",
                condition=Q(
                    total_minor=F("items_minor") + F("charges_minor") + F("discount_minor") + F("added_tax_minor")
                ),
            )
        ]
        indexes = [
            models.Index(fields=["-placed_at", "-id"], name="orders_by_time"),
            models.Index(fields=["external_number"], name="orders_external_number"),
            models.Index(fields=["customer", "-placed_at"], name="orders_by_customer"),
            models.Index(fields=["channel", "placed_at"], name="orders_by_channel"),
            # Work lists: open orders only, so their size is the day's and not the shop's age.
            models.Index(
                fields=["fulfilment", "allocation", "payment", "placed_at", "id"],
                name="orders_open",
                condition=Q(lifecycle="open"),
            ),
            models.Index(fields=["placed_at", "id"], name="orders_held", condition=Q(lifecycle="open", is_held=True)),
            # The desk reads its queues in order of arrival from these two (queries.py).
            models.Index(
                fields=["placed_at", "id"],
                name="orders_to_do",
                condition=Q(lifecycle="open", fulfilment__in=["unfulfilled", "partial"]),
            ),
            models.Index(
                fields=["placed_at", "id"],
                name="orders_on_the_way",
                condition=Q(lifecycle="open", fulfilment="shipped"),
            ),
        ]

    def __str__(self) -> str:
        return self.number


class OrderLine(Record):
    """One line of a sale. Only `item` lines want stock; a line without a variant waits with its reason."""

    class Kind(models.TextChoices):
        ITEM = "item", _("item")
        SHIPPING = "shipping", _("shipping charge")
        FEE = "fee", _("fee")
        DISCOUNT = "discount", _("discount")

    order = models.ForeignKey(Order, models.PROTECT, related_name="lines", db_index=False)  # orders_one_line_a_number
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.ITEM)
    external_id = models.CharField(max_length=120, blank=True)
    variant = models.ForeignKey(Variant, models.PROTECT, null=True, blank=True, db_index=False)  # orders_line_variant
    sku = models.CharField(max_length=64, blank=True)
    title = models.CharField(max_length=255)
    quantity = models.IntegerField()
    cancelled = models.IntegerField(default=0)
    shipped = models.IntegerField(default=0)
    returned = models.IntegerField(default=0)
    unit_price = models.DecimalField(max_digits=18, decimal_places=6)
    total_minor = models.BigIntegerField()
    refunded_minor = models.BigIntegerField(default=0)
    tax_code = models.CharField(max_length=20, blank=True)
    tax_rate_bp = models.PositiveIntegerField(null=True)
    tax_minor = models.BigIntegerField(null=True)
    promised_on = models.DateField(_("promised for"), null=True)  # sold for later, for this day

    class Meta:
        verbose_name = _("order line")
        verbose_name_plural = _("order lines")
        constraints = [
            models.UniqueConstraint(fields=["order", "number"], name="orders_one_line_a_number"),
            models.CheckConstraint(
                name="orders_line_never_over",
                condition=Q(cancelled__gte=0)
                & Q(shipped__gte=0)
                & Q(returned__gte=0)
                & Q(returned__lte=F("shipped"))
                & Q(quantity__gte=F("cancelled") + F("shipped")),
            ),
        ]
        indexes = [models.Index(fields=["variant", "-id"], name="orders_line_variant")]

    def __str__(self) -> str:
        return f"{self.sku} × {self.quantity}"

    @property
    def open_quantity(self) -> int:
        """Units still to be shipped."""
        return self.quantity - self.cancelled - self.shipped


class OrderHold(Record):
    """Why an order must not go on, set by a rule or a person, until it is released. `reason` is a code of `holds.py`."""

    order = models.ForeignKey(Order, models.PROTECT, related_name="holds")
    reason = models.CharField(max_length=40)
    detail = models.CharField(max_length=300, blank=True)
    set_by = models.CharField(max_length=80)
    set_at = models.DateTimeField()
    released_by = models.CharField(max_length=80, blank=True)
    released_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("hold")
        verbose_name_plural = _("holds")
        constraints = [
            models.UniqueConstraint(
                fields=["order", "reason"], name="orders_one_open_hold_a_reason", condition=Q(released_at=None)
            )
        ]

    def __str__(self) -> str:
        return self.reason


class OrderRevision(Record):
    """What a later version from the source changed, before and after. Append-only; holds references and numbers only."""

    append_only = True

    order = models.ForeignKey(Order, models.PROTECT, related_name="revisions")
    source_version = models.BigIntegerField()
    at = models.DateTimeField()
    actor = models.CharField(max_length=80)
    changes = models.JSONField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["order", "source_version"], name="orders_one_revision")]

    def __str__(self) -> str:
        return f"{self.order} v{self.source_version}"


class Return(Record):
    """A document by which units come back or are called off; its lines may belong to several orders."""

    number = models.CharField(_("number"), max_length=80)
    channel = models.ForeignKey(Connection, models.PROTECT, verbose_name=_("channel"))
    customer = models.ForeignKey(Customer, models.PROTECT, null=True)
    at = models.DateTimeField(_("date"))
    currency = models.CharField(max_length=3)

    class Meta:
        verbose_name = _("return")
        verbose_name_plural = _("returns")
        constraints = [models.UniqueConstraint(fields=["channel", "number"], name="orders_one_return")]

    def __str__(self) -> str:
        return self.number


class ReturnLine(Record):
    """Units of one sale line that were called off (`cancelled`) or came back (`returned`), or no sale was found and why."""

    document = models.ForeignKey(Return, models.PROTECT, related_name="lines")
    number = models.PositiveIntegerField()
    part = models.PositiveSmallIntegerField(default=0)
    sku = models.CharField(max_length=64)
    title = models.CharField(max_length=255, blank=True)
    order_line = models.ForeignKey(OrderLine, models.PROTECT, null=True, related_name="return_lines")
    cancelled = models.PositiveIntegerField(default=0)
    returned = models.PositiveIntegerField(default=0)
    unmatched = models.PositiveIntegerField(default=0)
    unmatched_reason = models.CharField(max_length=60, blank=True)
    amount_minor = models.BigIntegerField(default=0)
    reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["document", "number", "part"], name="orders_one_return_line"),
            models.CheckConstraint(
                name="orders_return_line_is_one_thing",
                condition=Q(order_line__isnull=False, unmatched=0)
                | (Q(order_line__isnull=True, cancelled=0, returned=0) & ~Q(unmatched_reason="")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sku} {self.returned or self.cancelled or self.unmatched}"
