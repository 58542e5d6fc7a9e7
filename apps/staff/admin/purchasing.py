"""Suppliers and what they sell are set up here; purchase orders, transfers and landed costs are looked up."""

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminDecimalFieldWidget

from apps.core import money
from apps.inventory.models import (
    LandedCost,
    LandedPart,
    PurchaseOrder,
    PurchaseOrderLine,
    ReorderRule,
    Supplier,
    SupplierItem,
    Transfer,
    TransferLine,
)
from apps.staff.admin.rooms import ReadOnlyRoom, ReadOnlyTable, Room, amount


class _SupplierForm(forms.ModelForm):
    """A supplier whose smallest order is typed in major units of their currency."""

    minimum_order = forms.DecimalField(
        label=_("minimum order"), min_value=0, max_value=10**12, decimal_places=3, required=False,
        help_text=_("In the supplier's currency; 0 where there is none."), widget=UnfoldAdminDecimalFieldWidget,
    )  # fmt: skip

    class Meta:
        model = Supplier
        fields = (
            "code", "name", "currency", "lead_time_days", "review_days", "minimum_order", "over_receipt_percent", "email",
            "phone", "address", "is_active",
        )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk and self.instance.minimum_order_minor:
            least = money.Money(self.instance.minimum_order_minor, self.instance.currency).amount
            self.initial["minimum_order"] = f"{least:f}"

    def clean_currency(self) -> str:
        currency = self.cleaned_data["currency"].strip().upper()
        if len(currency) != 3 or not currency.isascii() or not currency.isalpha():
            raise ValidationError(_("A currency has three letters, such as JPY or USD."))
        if self.instance.pk and currency != self.instance.currency and self.instance.orders.exists():
            raise ValidationError(_("Something was ordered here in another currency already. Add a second supplier."))
        return currency

    def save(self, commit: bool = True) -> Supplier:
        least = self.cleaned_data.get("minimum_order") or Decimal(0)
        self.instance.minimum_order_minor = money.to_minor(least, self.cleaned_data["currency"])
        return super().save(commit)


class _ItemForm(forms.ModelForm):
    """Shows 1200 and not 1200.000000."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.price is not None:
            self.initial["price"] = f"{self.instance.price.normalize():f}"


class Items(ReadOnlyTable):
    model = SupplierItem
    fields = ("variant", "code", "pack_size", "price", "is_preferred")
    related = ("variant", "supplier")
    show_change_link = True


@admin.register(Supplier)
class SupplierRoom(Room):
    form = _SupplierForm
    is_newest_first = False
    list_display = ("name", "code", "currency", "lead_time_days", "review_days", "is_active")
    inlines = (Items,)


@admin.register(SupplierItem)
class ItemRoom(Room):
    form = _ItemForm
    list_display = ("variant", "supplier", "code", "pack_size", "price", "is_preferred")
    list_select_related = ("variant", "supplier")
    linked_by = ("supplier",)
    search_fields = ("variant__sku__exact",)
    search_help_text = _("The whole SKU")
    autocomplete_fields = ("variant",)


@admin.register(ReorderRule)
class RuleRoom(Room):
    is_newest_first = False
    list_display = ("for_what", "lead_days", "review_days", "service_percent", "order_days")
    list_select_related = ("variant", "location")
    search_fields = ("variant__sku__exact",)
    search_help_text = _("The whole SKU")
    autocomplete_fields = ("variant",)

    @admin.display(description=_("for"))
    def for_what(self, rule: ReorderRule) -> str:
        named = [str(place) for place in (rule.variant, rule.location) if place]
        return " @ ".join(named) or str(_("everything"))


class Lines(ReadOnlyTable):
    model = PurchaseOrderLine
    fields = ("number", "variant", "quantity", "received", "cancelled", "price")
    related = ("variant",)


@admin.register(PurchaseOrder)
class PurchaseRoom(ReadOnlyRoom):
    list_display = ("number", "supplier", "location", "state", "expected_on")
    list_select_related = ("supplier", "location")
    linked_by = ("supplier",)
    search_fields = ("number__exact",)
    inlines = (Lines,)


class TransferLines(ReadOnlyTable):
    model = TransferLine
    fields = ("number", "variant", "quantity", "received", "lost")
    related = ("variant",)


@admin.register(Transfer)
class TransferRoom(ReadOnlyRoom):
    list_display = ("number", "origin", "destination", "state", "sent_at")
    list_select_related = ("origin", "destination")
    search_fields = ("number__exact",)
    inlines = (TransferLines,)


class Parts(ReadOnlyTable):
    model = LandedPart
    fields = ("line", "whole", "stock", "sold")
    related = ("line__variant", "cost")

    @admin.display(description=_("amount"))
    def whole(self, part: LandedPart) -> str:
        return amount(part.amount_minor, part.cost.currency)

    @admin.display(description=_("in stock"))
    def stock(self, part: LandedPart) -> str:
        return amount(part.stock_minor, part.cost.currency)

    @admin.display(description=_("cost of sales"))
    def sold(self, part: LandedPart) -> str:
        return amount(part.sold_minor, part.cost.currency)


@admin.register(LandedCost)
class LandedRoom(ReadOnlyRoom):
    list_display = ("at", "kind", "basis", "bill", "reason", "actor")
    inlines = (Parts,)
