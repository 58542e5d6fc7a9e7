"""Where stock lies, how much, and every movement that led there. Stock is changed on the stock page, never here."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from apps.core import audit
from apps.flows import change_place, sell_later
from apps.inventory import later, places
from apps.inventory.models import (
    SHIPS,
    BackorderPolicy,
    Demand,
    Location,
    Lot,
    Receipt,
    ReceiptLine,
    SourcingDecision,
    SourcingRule,
    StockLevel,
    StockMovement,
)  # fmt: skip
from apps.staff.admin.rooms import ReadOnlyRoom, ReadOnlyTable, Room, link_to_list
from apps.staff.parts import sourced


class _LocationForm(forms.ModelForm):
    """A place is closed only when nothing lies there or comes there; the refusal says what does."""

    class Meta:
        model = Location
        fields = ("code", "name", "brand", "ship_from", "is_active", "is_default", "ships_orders", "parcel_minor")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "parcel_minor" in self.fields:
            self.fields["parcel_minor"].required = False

    def clean_parcel_minor(self) -> int:
        """Nothing said is nothing."""
        return self.cleaned_data["parcel_minor"] or 0

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        is_active = cleaned.get("is_active", True)
        if self.instance.pk and not self.instance._state.adding:
            places.lock(self.instance.pk)
            shipped = Location.objects.filter(SHIPS, pk=self.instance.pk).exists()
            ships = is_active and (cleaned.get("is_default") or cleaned.get("ships_orders"))
            if shipped and not ships and is_active and (reason := places.why_not_stop(self.instance)):
                self.add_error("ships_orders", reason)
        if not is_active and cleaned.get("is_default"):
            self.add_error("is_active", _("A place that takes new orders must be active."))
        elif not is_active and self.instance.pk and "is_active" in self.changed_data:
            self.instance.is_default = False
            reason = places.why_not_close(self.instance)
            if reason:
                self.add_error("is_active", reason)
        return cleaned


@admin.register(Location)
class LocationRoom(Room):
    form = _LocationForm
    is_newest_first = False
    list_display = ("name", "code", "brand", "is_default", "ships_orders", "is_active")
    list_select_related = ("brand",)

    def save_model(self, request: HttpRequest, obj: Location, form: Any, change: bool) -> None:
        """Keep it; where it begins or ends to ship orders, who waits is served and the channels are told."""
        super().save_model(request, obj, form, change)
        if {"is_active", "is_default", "ships_orders"} & set(form.changed_data):
            change_place.changed(obj, actor=audit.actor_of(request))


@admin.register(SourcingRule)
class SourcingRuleRoom(Room):
    is_newest_first = False
    list_display = ("kind", "number", "position", "is_active")
    fields = ("kind", "number", "position", "is_active")

    def get_ordering(self, request: HttpRequest) -> list[str]:
        return ["pk"]


@admin.register(SourcingDecision)
class SourcingDecisionRoom(ReadOnlyRoom):
    list_display = ("at", "group", "said")
    fields = ("at", "group", "said")
    readonly_fields = ("at", "group", "said")
    linked_by = ("group",)

    @admin.display(description=_("decision"))
    def said(self, row: SourcingDecision) -> str:
        return " ".join(sourced.sentences(row))


@admin.register(StockLevel)
class LevelRoom(ReadOnlyRoom):
    exclude = ("value_minor",)  # what stock cost is told by the books
    list_display = ("variant", "location", "on_hand", "unavailable", "reserved", "leased", "available", "backordered")
    list_select_related = ("variant", "location")
    linked_by = ("variant",)
    search_fields = ("variant__sku__iexact",)
    search_help_text = _("The whole SKU")
    readonly_fields = ("movements", "demands")

    @admin.display(description=_("available"))
    def available(self, level: StockLevel) -> int:
        return level.available

    @admin.display(description=_("movements"))
    def movements(self, level: StockLevel) -> str:
        return link_to_list(StockMovement, _("Movements of this row"), level__id__exact=level.pk)

    @admin.display(description=_("demands"))
    def demands(self, level: StockLevel) -> str:
        return link_to_list(Demand, _("Who wants units of this row"), level__id__exact=level.pk)


class _LaterForm(forms.ModelForm):
    """What can be promised of an article that is not there; what cannot is refused in a sentence beside its field."""

    class Meta:
        model = BackorderPolicy
        fields = ("variant", "choice", "cap", "until", "promised_on", "promised_days")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if not self.errors:
            fresh = BackorderPolicy(**cleaned)
            fresh.variant = cleaned.get("variant") or self.instance.variant
            for field, reason in later.why_not(fresh).items():
                self.add_error(field if field in self.fields else None, reason)
        return cleaned


@admin.register(BackorderPolicy)
class BackorderPolicyRoom(Room):
    form = _LaterForm
    list_display = ("variant", "choice", "cap", "until", "promised_on", "promised_days", "is_open")
    list_select_related = ("variant",)
    search_fields = ("variant__sku__exact",)
    search_help_text = _("The whole SKU")
    autocomplete_fields = ("variant",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("variant",) if obj else ()

    def save_model(self, request: HttpRequest, obj: BackorderPolicy, form: Any, change: bool) -> None:
        """Keep it and have the channels told what may be sold now."""
        sell_later.keep(obj)


@admin.register(StockMovement)
class MovementRoom(ReadOnlyRoom):
    exclude = ("value_minor",)
    list_display = ("at", "level", "kind", "on_hand", "unavailable", "reserved", "leased", "reason", "actor")
    list_select_related = ("level__variant", "level__location")
    linked_by = ("level",)


@admin.register(Lot)
class LotRoom(ReadOnlyRoom):
    list_display = ("number", "variant", "expires_on", "is_serial")
    list_select_related = ("variant",)
    linked_by = ("variant",)
    search_fields = ("number__exact", "variant__sku__exact")
    search_help_text = _("The whole lot number, serial number or SKU")


@admin.register(Demand)
class DemandRoom(ReadOnlyRoom):
    list_display = ("level", "kind", "quantity", "allocated", "shipped", "cancelled", "arrived_at")
    list_select_related = ("level__variant", "level__location")
    linked_by = ("level", "group")


class ReceiptLines(ReadOnlyTable):
    model = ReceiptLine
    fields = ("variant", "quantity", "unit_cost")
    related = ("variant",)


@admin.register(Receipt)
class ReceiptRoom(ReadOnlyRoom):
    list_display = ("number", "location", "at", "currency")
    list_select_related = ("location",)
    inlines = (ReceiptLines,)
