"""Orders and returns as records; work is done at the order desk."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from apps.hub.models import Delivery
from apps.ledger.models import Entry
from apps.orders.models import Order, OrderHold, OrderLine, OrderRevision, Return, ReturnLine
from apps.staff.admin.rooms import ReadOnlyRoom, ReadOnlyTable, amount, link_to_list


class Lines(ReadOnlyTable):
    model = OrderLine
    fields = ("number", "kind", "sku", "title", "quantity", "cancelled", "shipped", "returned", "total")
    related = ("order",)

    @admin.display(description=_("total"))
    def total(self, line: OrderLine) -> str:
        return amount(line.total_minor, line.order.currency)


class Holds(ReadOnlyTable):
    model = OrderHold
    fields = ("reason", "detail", "set_by", "set_at", "released_by", "released_at")


class Revisions(ReadOnlyTable):
    model = OrderRevision
    fields = ("source_version", "at", "actor", "changes")


@admin.register(Order)
class OrderRoom(ReadOnlyRoom):
    list_display = (
        "number",
        "channel",
        "placed_at",
        "customer",
        "total",
        "payment",
        "allocation",
        "fulfilment",
        "lifecycle",
    )
    list_select_related = ("channel", "customer")
    linked_by = ("customer",)
    search_fields = ("number__exact", "external_number__exact")
    search_help_text = _("The whole order number, ours or the channel's")
    readonly_fields = ("calls", "postings")
    fields = (
        "number", "channel", "external_number", "brand", "customer", "ship_to", "placed_at", "taken_at", "ship_by",
        "lifecycle", "payment", "allocation", "fulfilment", "is_held", "payment_method", "prices_include_tax",
        "items_minor", "charges_minor", "discount_minor", "added_tax_minor", "total_minor", "tax_minor",
        "tax_computed_minor", "customer_note", "staff_note", "assignee", "calls", "postings",
    )  # fmt: skip
    inlines = (Lines, Holds, Revisions)

    @admin.display(description=_("total"))
    def total(self, order: Order) -> str:
        return amount(order.total_minor, order.currency)

    @admin.display(description=_("calls"))
    def calls(self, order: Order) -> str:
        return link_to_list(Delivery, _("Calls made for this order"), order_ref__exact=order.pk)

    @admin.display(description=_("postings"))
    def postings(self, order: Order) -> str:
        return link_to_list(Entry, _("Postings of this order"), order_ref__exact=order.pk)


class ReturnLines(ReadOnlyTable):
    model = ReturnLine
    fields = ("number", "sku", "title", "order_line", "cancelled", "returned", "unmatched", "unmatched_reason")
    related = ("order_line",)


@admin.register(Return)
class ReturnRoom(ReadOnlyRoom):
    list_display = ("number", "channel", "customer", "at")
    list_select_related = ("channel", "customer")
    inlines = (ReturnLines,)
