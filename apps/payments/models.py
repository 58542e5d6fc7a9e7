"""Money expected, authorised, captured and given back for an order; what the provider did, never what we hoped.

captured ≤ authorised-or-expected and refunded ≤ captured are CHECKs: an over-refund cannot be written.
"""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.core.models import Record
from apps.hub.models import Connection
from apps.orders.models import Order
from apps.payments.states import RefundStatus, Status


class Payment(Record):
    """One payment of one order with one provider (or none: cash on delivery, collected by the channel)."""

    order = models.ForeignKey(Order, models.PROTECT, related_name="payments")
    connection = models.ForeignKey(Connection, models.PROTECT, null=True)
    method = models.CharField(_("method"), max_length=20)
    provider_id = models.CharField(_("id at the provider"), max_length=120, blank=True)
    currency = models.CharField(max_length=3)
    expected_minor = models.BigIntegerField()
    authorised_minor = models.BigIntegerField(default=0)
    captured_minor = models.BigIntegerField(default=0)
    refunded_minor = models.BigIntegerField(default=0)
    fee_minor = models.BigIntegerField(default=0)
    status = models.CharField(_("status"), max_length=12, choices=Status, default=Status.EXPECTED)
    voucher_url = models.CharField(max_length=300, blank=True)
    expires_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    captured_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("payment")
        verbose_name_plural = _("payments")
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "provider_id"], name="payments_one_provider_id", condition=~Q(provider_id="")
            ),
            models.CheckConstraint(
                name="payments_never_over",
                condition=Q(captured_minor__gte=0)
                & Q(refunded_minor__gte=0)
                & Q(refunded_minor__lte=F("captured_minor"))
                & Q(captured_minor__lte=F("expected_minor")),
            ),
        ]
        indexes = [
            models.Index(fields=["connection", "created_at"], name="payments_by_connection"),
            models.Index(fields=["expires_at"], name="payments_expiring", condition=Q(status="expected")),
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.expected_minor} {self.currency}"


class Refund(Record):
    """Money to be given back. Its id is the idempotency key and travels to the provider as our reference."""

    payment = models.ForeignKey(Payment, models.PROTECT, related_name="refunds")
    amount_minor = models.BigIntegerField()
    reason = models.CharField(max_length=200, blank=True)
    source_id = models.UUIDField()  # the return or the person's request that asked for it
    status = models.CharField(max_length=12, choices=RefundStatus, default=RefundStatus.REQUESTED)
    provider_id = models.CharField(max_length=120, blank=True)
    requested_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("refund")
        verbose_name_plural = _("refunds")
        constraints = [
            models.UniqueConstraint(fields=["payment", "source_id"], name="payments_one_refund_a_cause"),
            models.CheckConstraint(condition=Q(amount_minor__gt=0), name="payments_refund_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.amount_minor}"
