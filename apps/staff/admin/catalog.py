"""Products, their variants and prices, and what bundles are made of."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline

from apps.catalog.models import Component, Price, Product, Variant
from apps.core import audit
from apps.flows import compose_bundle, expire_lots
from apps.inventory.models import StockLevel
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


class _Composition(forms.BaseInlineFormSet):
    """Refuses what cannot be a bundle, in a sentence."""

    def clean(self) -> None:
        super().clean()
        rows = [form.cleaned_data for form in self.forms if form.is_valid() and not self._should_delete_form(form)]
        reason = compose_bundle.why_not(self.instance, {row["variant"].id for row in rows if row.get("variant")})
        if reason:
            raise ValidationError(reason)


class Components(TabularInline):
    model = Component
    formset = _Composition
    fk_name = "bundle"
    extra = 0
    fields = ("variant", "units")
    autocomplete_fields = ("variant",)
    verbose_name_plural = _("What one unit of it is made of (a bundle)")


@admin.register(Product)
class ProductRoom(Room):
    list_display = ("title", "brand", "is_active")
    list_select_related = ("brand",)
    list_filter = ("brand",)
    search_fields = ("variants__sku__exact",)
    search_help_text = "SKU"
    inlines = (Variants,)


class _VariantForm(forms.ModelForm):
    """How units are told apart is not changed while some of them have lots or serial numbers."""

    def clean_tracking(self) -> str:
        chosen = self.cleaned_data["tracking"]
        named = StockLevel.objects.filter(variant=self.instance.pk, in_lots__gt=0)
        if chosen != self.instance.tracking and self.instance.pk and named.exists():
            raise ValidationError(_("Units that lie in stock have lots or serial numbers. Take these away first."))
        return str(chosen)


@admin.register(Variant)
class VariantRoom(Room):
    form = _VariantForm
    list_display = ("sku", "title", "barcode", "tax_code", "is_active")
    list_select_related = ("tax_code",)
    search_fields = ("sku__iexact", "barcode__exact")
    autocomplete_fields = ("product",)
    inlines = (Prices, Components)

    def save_model(self, request: HttpRequest, obj: Variant, form: Any, change: bool) -> None:
        """Keep it; lots go out of sale by its days before expiry, or come back."""
        super().save_model(request, obj, form, change)
        if "days_before_expiry" in form.changed_data:
            levels = StockLevel.objects.filter(variant=obj.pk, in_lots__gt=0).values_list("id", flat=True)
            expire_lots.retire(list(levels), actor=audit.actor_of(request))

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Keep it; a changed bundle is told to the channels."""
        super().save_formset(request, form, formset, change)
        if formset.model is Component and formset.has_changed():
            compose_bundle.changed(form.instance.id)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        # Orders and listings keep the SKU they were made with; a new code is a new variant.
        return ("sku",) if obj else ()
