"""Products, their variants and prices."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import TabularInline

from apps.catalog.models import Price, Product, Variant
from apps.staff.admin.rooms import ReadOnlyTable, Room


class Variants(ReadOnlyTable):
    model = Variant
    fields = ("sku", "title", "tax_code", "is_active")
    related = ("tax_code",)
    show_change_link = True


class _PriceForm(forms.ModelForm):
    """Shows 1200 and not 1200.000000."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.amount is not None:
            self.initial["amount"] = f"{self.instance.amount.normalize():f}"


class Prices(TabularInline):
    model = Price
    form = _PriceForm
    extra = 0
    hide_title = True
    fields = ("currency", "amount", "includes_tax")


@admin.register(Product)
class ProductRoom(Room):
    list_display = ("title", "brand", "is_active")
    list_select_related = ("brand",)
    list_filter = ("brand",)
    search_fields = ("variants__sku__exact",)
    search_help_text = "SKU"
    inlines = (Variants,)


@admin.register(Variant)
class VariantRoom(Room):
    list_display = ("sku", "title", "barcode", "tax_code", "is_active")
    list_select_related = ("tax_code",)
    search_fields = ("sku__iexact", "barcode__exact")
    autocomplete_fields = ("product",)
    inlines = (Prices,)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        # Orders and listings keep the SKU they were made with; a new code is a new variant.
        return ("sku",) if obj else ()
