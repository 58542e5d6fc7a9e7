"""Listings: which variant a channel sells under which ids. Links and buffers are set here, quantities never."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from apps.channels.models import Listing
from apps.staff.admin.rooms import Room


@admin.register(Listing)
class ListingRoom(Room):
    list_display = ("sku", "title", "connection", "variant", "shown", "buffer", "set_at")
    list_select_related = ("connection", "variant")
    list_filter = ("connection",)
    search_fields = ("sku__exact", "external_id__exact", "variant__sku__exact")
    search_within = {"sku__exact": "connection", "external_id__exact": "connection"}
    search_help_text = _("The whole SKU or the channel's id")
    autocomplete_fields = ("variant",)
    fields = ("connection", "sku", "title", "external_id", "variant", "buffer", "shown", "set_at")
    readonly_fields = ("connection", "sku", "title", "external_id", "shown", "set_at")

    def has_add_permission(self, *_args: object) -> bool:
        """Listings are found at the channel."""
        return False
