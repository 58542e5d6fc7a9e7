"""Listings: which variant a channel sells under which ids, how many we believe it shows, and what it may still sell.

Of a leased variant no channel can sell more than its lease: what it shows, what an old number may have sold unheard (`Escrow`)
and what it is being told now (`pushing`) never exceed it (docs/no-oversell.md).
"""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.catalog.models import Variant
from apps.channels.states import SellingState
from apps.core import clock
from apps.core.history import tracked
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
    set_look = models.PositiveBigIntegerField(default=0)  # the look at its orders that may have been under way then
    buffer = models.PositiveIntegerField(_("buffer"), default=0)
    # A number that is on its way; None: nothing is under way for this listing.
    pushing = models.IntegerField(null=True)
    # What the channel may sell beyond its lease: the shelf lost it, or somebody raised the number over there.
    unbacked = models.PositiveIntegerField(default=0)
    # Has to be told: set whenever free stock may have changed, cleared when a push is built.
    is_dirty = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("listing")
        verbose_name_plural = _("listings")
        constraints = [
            models.UniqueConstraint(fields=["connection", "external_id"], name="channels_one_listing"),
            models.UniqueConstraint(fields=["connection", "variant"], name="channels_one_listing_a_variant"),
        ]
        indexes = [
            models.Index(fields=["connection", "sku"], name="channels_listing_sku"),
            models.Index(fields=["connection", "stock_external_id"], name="channels_listing_stock"),
            models.Index(fields=["connection", "id"], name="channels_listing_dirty", condition=models.Q(is_dirty=True)),
        ]

    def __str__(self) -> str:
        return f"{self.sku} @ {self.connection}"


class Escrow(Record):
    """Units that a channel may have sold under a number it no longer shows, as far as we have heard.

    `until`: the order feed has to pass this moment before they are free again; None: only the next acknowledged write tells.
    """

    listing = models.ForeignKey(Listing, models.CASCADE, related_name="escrows")
    units = models.PositiveIntegerField()
    until = models.DateTimeField(null=True)
    after_look = models.PositiveBigIntegerField(default=0)  # by a later look than this one

    class Meta:
        verbose_name = _("escrow")
        verbose_name_plural = _("escrows")
        constraints = [models.CheckConstraint(condition=Q(units__gt=0), name="channels_escrow_holds_something")]

    def __str__(self) -> str:
        return f"{self.units}"


class SellingPolicy(Record):
    """How a variant is offered on several channels at once. A variant without a row is shared, and leased when it runs low.

    `state` is what holds now: shared, leasing (channels are being told lower numbers), leased (no promise can be broken).
    """

    class Choice(models.TextChoices):
        AUTOMATIC = "automatic", _("leased when it runs low")
        SHARED = "shared", _("always shared")
        LEASED = "leased", _("always leased")

    variant = models.OneToOneField(Variant, models.PROTECT, related_name="selling_policy", verbose_name=_("variant"))
    choice = models.CharField(_("policy"), max_length=12, choices=Choice, default=Choice.AUTOMATIC)
    state = models.CharField(
        _("state"), max_length=12, choices=SellingState, default=SellingState.SHARED, editable=False
    )
    since = models.DateTimeField(_("since"), default=clock.now, editable=False)

    class Meta:
        verbose_name = _("selling policy")
        verbose_name_plural = _("selling policies")
        indexes = [models.Index(fields=["state"], name="channels_policy_state")]

    def __str__(self) -> str:
        return f"{self.variant}: {self.get_state_display()}"


@tracked()
class ChannelRule(Record):
    """What one channel is shown of the stock, and how it keeps time. Without a row nothing is held back and the connector's
    own times hold.
    """

    connection = models.OneToOneField(Connection, models.PROTECT, related_name="rule", verbose_name=_("channel"))
    buffer = models.PositiveIntegerField(_("buffer"), default=0, help_text=_("Units held back from this channel."))
    cap = models.PositiveIntegerField(_("at most"), null=True, blank=True)
    minimum = models.PositiveIntegerField(
        _("at least"), default=0, help_text=_("Fewer units than this are shown as none.")
    )
    weight = models.PositiveSmallIntegerField(
        _("share of leases"), null=True, blank=True, help_text=_("Empty: by what the channel has sold lately.")
    )
    blind_after_minutes = models.PositiveSmallIntegerField(_("counts as blind after (minutes)"), default=30)
    order_lag_minutes = models.PositiveSmallIntegerField(
        _("orders may be told late by (minutes)"), null=True, blank=True
    )
    settles_minutes = models.PositiveSmallIntegerField(
        _("a number that was set shows after (minutes)"), null=True, blank=True
    )

    class Meta:
        verbose_name = _("rule of a channel")
        verbose_name_plural = _("rules of channels")
        constraints = [
            models.CheckConstraint(
                condition=Q(cap__isnull=True) | Q(cap__gte=F("minimum")), name="channels_cap_covers_the_minimum"
            )
        ]

    def __str__(self) -> str:
        return str(self.connection)

    def shown(self, free: int) -> int:
        """What this channel shows of so many free units."""
        units = max(0, free - self.buffer)
        units = units if self.cap is None else min(units, self.cap)
        return units if units >= self.minimum else 0
