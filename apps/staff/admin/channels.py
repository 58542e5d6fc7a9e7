"""Listings: which variant a channel sells under which ids; how articles are offered, and what each channel is shown.

Rules are set here, quantities never; links are made on the page of listings, where they are written down with who and why.
A changed rule is told to the channels it concerns.
"""

from typing import Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from apps.channels import services as channels
from apps.channels.models import ChannelRule, Listing, SellingPolicy
from apps.staff.admin.rooms import Room


@admin.register(Listing)
class ListingRoom(Room):
    list_display = ("sku", "title", "connection", "variant", "link", "shown", "buffer", "set_at")
    list_select_related = ("connection", "variant")
    list_filter = ("connection",)
    search_fields = ("sku__exact", "external_id__exact", "variant__sku__exact")
    search_within = {"sku__exact": "connection", "external_id__exact": "connection"}
    search_help_text = _("The whole SKU or the channel's id")
    fields = (
        "connection", "sku", "title", "barcode", "external_id", "variant", "link", "fault", "note", "buffer", "shown",
        "set_at", "price", "currency", "refused", "missing_since",
    )  # fmt: skip
    readonly_fields = tuple(name for name in fields if name != "buffer")

    def has_add_permission(self, *_args: object) -> bool:
        """Listings are found at the channel."""
        return False

    def save_model(self, request: Any, obj: Listing, form: Any, change: bool) -> None:
        """Keep the buffer and nothing else: what the channel told meanwhile stays."""
        Listing.objects.filter(id=obj.id).update(buffer=obj.buffer)
        if obj.variant_id:
            channels.mark_dirty([obj.variant_id])


@admin.register(SellingPolicy)
class SellingPolicyRoom(Room):
    list_display = ("variant", "choice", "state", "since")
    list_select_related = ("variant",)
    list_filter = ("state",)
    search_fields = ("variant__sku__exact",)
    search_help_text = _("The whole SKU")
    autocomplete_fields = ("variant",)
    fields = ("variant", "choice", "state", "since")
    readonly_fields = ("state", "since")

    def has_delete_permission(self, *_args: object) -> bool:
        """What channels were promised outlives a changed mind: choose another policy instead."""
        return False

    def save_model(self, request: Any, obj: SellingPolicy, form: Any, change: bool) -> None:
        """Keep it and have the channels told."""
        super().save_model(request, obj, form, change)
        channels.mark_dirty([obj.variant_id])


@admin.register(ChannelRule)
class ChannelRuleRoom(Room):
    list_display = ("connection", "buffer", "cap", "minimum", "weight")
    list_select_related = ("connection",)
    fields = (
        "connection", "buffer", "cap", "minimum", "weight", "blind_after_minutes", "order_lag_minutes", "settles_minutes",
        "poll_minutes", "stop_percent",
    )  # fmt: skip

    def save_model(self, request: Any, obj: ChannelRule, form: Any, change: bool) -> None:
        """Keep it and have the channel told by it."""
        super().save_model(request, obj, form, change)
        channels.tell_all(obj.connection_id)
