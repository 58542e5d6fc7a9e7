"""Payments and refunds, as the providers told them."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from apps.payments.models import Payment, Refund
from apps.staff.admin.rooms import ReadOnlyRoom, ReadOnlyTable, amount


class Refunds(ReadOnlyTable):
    model = Refund
    fields = ("given_back", "reason", "status", "requested_at", "settled_at")
    related = ("payment",)
    show_change_link = True

    @admin.display(description=_("amount"))
    def given_back(self, refund: Refund) -> str:
        return amount(refund.amount_minor, refund.payment.currency)


@admin.register(Payment)
class PaymentRoom(ReadOnlyRoom):
    list_display = ("order", "connection", "method", "expected", "captured", "refunded", "status", "created_at")
    list_select_related = ("order", "connection")
    search_fields = ("order__number__exact", "provider_id__exact")
    search_within = {"provider_id__exact": "connection"}
    search_help_text = _("The whole order number or the provider's id")
    inlines = (Refunds,)

    @admin.display(description=_("expected"))
    def expected(self, payment: Payment) -> str:
        return amount(payment.expected_minor, payment.currency)

    @admin.display(description=_("captured"))
    def captured(self, payment: Payment) -> str:
        return amount(payment.captured_minor, payment.currency)

    @admin.display(description=_("given back"))
    def refunded(self, payment: Payment) -> str:
        return amount(payment.refunded_minor, payment.currency)


@admin.register(Refund)
class RefundRoom(ReadOnlyRoom):
    currency_at = "payment.currency"
    list_display = ("payment", "given_back", "status", "requested_at", "settled_at")
    list_select_related = ("payment",)

    @admin.display(description=_("amount"))
    def given_back(self, refund: Refund) -> str:
        return amount(refund.amount_minor, refund.payment.currency)
