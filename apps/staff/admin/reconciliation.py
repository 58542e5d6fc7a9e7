"""What the other side said at night, and where the sides differ. Decisions are made in the night report."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from apps.reconciliation.models import Difference, MoneyLine, Payout, Statement
from apps.staff.admin.rooms import ReadOnlyRoom, amount, link_to_list


@admin.register(Statement)
class StatementRoom(ReadOnlyRoom):
    list_display = ("period", "connection", "leg", "verdict", "theirs", "ours", "matched", "repaired", "read_at")
    list_select_related = ("connection",)
    list_filter = ("connection",)
    search_fields = ("period__exact",)
    search_help_text = _("A day as 2026-11-23")


@admin.register(Difference)
class DifferenceRoom(ReadOnlyRoom):
    list_display = ("period", "kind", "connection", "thing", "state", "assignee", "found_at")
    list_select_related = ("connection",)
    list_filter = ("state",)
    search_fields = ("period__exact",)
    search_help_text = _("A day as 2026-11-23")


@admin.register(Payout)
class PayoutRoom(ReadOnlyRoom):
    list_display = ("provider_id", "connection", "paid", "arrives_on", "status")
    list_select_related = ("connection",)
    readonly_fields = ("money_lines",)

    @admin.display(description=_("amount"))
    def paid(self, payout: Payout) -> str:
        return amount(payout.amount_minor, payout.currency)

    @admin.display(description=_("money lines"))
    def money_lines(self, payout: Payout) -> str:
        return link_to_list(MoneyLine, _("What this payout is made of"), payout__id__exact=payout.pk)


@admin.register(MoneyLine)
class MoneyLineRoom(ReadOnlyRoom):
    list_display = ("provider_id", "connection", "kind", "gross", "fee", "net", "at")
    list_select_related = ("connection", "payout")
    linked_by = ("payout",)

    @admin.display(description=_("amount"))
    def gross(self, line: MoneyLine) -> str:
        return amount(line.amount_minor, line.currency)

    @admin.display(description=_("fee"))
    def fee(self, line: MoneyLine) -> str:
        return amount(line.fee_minor, line.currency)

    @admin.display(description=_("net"))
    def net(self, line: MoneyLine) -> str:
        return amount(line.net_minor, line.currency)
