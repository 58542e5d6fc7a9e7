"""Shipments, their parcels and what carriers said."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from apps.shipping.models import Parcel, Shipment, ShipmentLine, TrackStep
from apps.staff.admin.rooms import ReadOnlyRoom, ReadOnlyTable, amount


class Lines(ReadOnlyTable):
    model = ShipmentLine
    fields = ("order_line", "quantity", "packed")
    related = ("order_line",)


class Parcels(ReadOnlyTable):
    model = Parcel
    fields = ("number", "tracking_number", "carrier_name", "service", "weight_g", "cost", "label_status")
    show_change_link = True

    @admin.display(description=_("cost"))
    def cost(self, parcel: Parcel) -> str:
        return amount(parcel.cost_minor, parcel.currency) if parcel.currency else "–"


@admin.register(Shipment)
class ShipmentRoom(ReadOnlyRoom):
    list_display = ("number", "order", "carrier", "status", "planned_at", "shipped_at", "delivered_at")
    list_select_related = ("order", "carrier")
    search_fields = ("number__exact", "order__number__exact", "parcels__tracking_number__exact")
    search_help_text = _("The whole number of the shipment, order or parcel")
    inlines = (Lines, Parcels)


class Steps(ReadOnlyTable):
    model = TrackStep
    fields = ("at", "status", "raw_status", "detail")


@admin.register(Parcel)
class ParcelRoom(ReadOnlyRoom):
    list_display = ("tracking_number", "shipment", "carrier_name", "service", "label_status")
    list_select_related = ("shipment",)
    search_fields = ("tracking_number__exact",)
    inlines = (Steps,)
