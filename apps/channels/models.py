"""Listings: which variant a channel sells under which ids, and how many we believe it shows."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from apps.catalog.models import Variant
from apps.core.models import Record
from apps.hub.models import Connection


class Listing(Record):
    """One article at one channel. `shown` is what we believe it shows: last set, less what it sold since.

    An article that the channel lists and we do not know has no variant: it is shown as unlinked, never silently skipped.
    """

    connection = models.ForeignKey(Connection, models.PROTECT, verbose_name=_("channel"))
    variant = models.ForeignKey(Variant, models.PROTECT, null=True, blank=True, related_name="listings")
    sku = models.CharField(_("SKU at the channel"), max_length=64)
    title = models.CharField(_("title"), max_length=255, blank=True)
    product_external_id = models.CharField(max_length=120, blank=True)
    external_id = models.CharField(max_length=120)
    stock_external_id = models.CharField(max_length=120, blank=True)
    location_external_id = models.CharField(max_length=120, blank=True)
    shown = models.IntegerField(null=True)
    set_at = models.DateTimeField(null=True)
    buffer = models.PositiveIntegerField(_("buffer"), default=0)
    # Has to be told: set whenever free stock may have changed, cleared when a push is built.
    is_dirty = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("listing")
        verbose_name_plural = _("listings")
        constraints = [
            models.UniqueConstraint(fields=["connection", "external_id"], name="channels_one_listing"),
        ]
        indexes = [
            models.Index(fields=["connection", "sku"], name="channels_listing_sku"),
            models.Index(fields=["connection", "stock_external_id"], name="channels_listing_stock"),
            models.Index(fields=["connection", "id"], name="channels_listing_dirty", condition=models.Q(is_dirty=True)),
        ]

    def __str__(self) -> str:
        return f"{self.sku} @ {self.connection}"
