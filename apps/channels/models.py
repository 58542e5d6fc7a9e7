"""Listings: which variant a channel sells under which ids, how many we believe it shows, and what it may still sell.

Of a leased variant no channel can sell more than its lease: what it shows, what an old number may have sold unheard (`Escrow`)
and what it is being told now (`pushing`) never exceed it (docs/no-oversell.md).
"""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.catalog.models import Variant
from apps.channels.states import SellingState, StopState
from apps.core import clock
from apps.core.history import tracked
from apps.core.models import Record
from apps.hub.models import Connection


class Listing(Record):
    """One article at one channel. `shown` is what we believe it shows: last set, less what it sold since.

    An article that the channel lists and we do not know has no variant: it is shown as unlinked, never silently skipped.
    """

    class Link(models.TextChoices):
        NONE = "", _("not linked")
        SKU = "sku", _("linked by SKU")
        BARCODE = "barcode", _("linked by barcode")
        PERSON = "person", _("linked by hand")
        PARTED = "parted", _("link taken away by hand")
        NOT_OURS = "not_ours", _("not ours")

    class Fault(models.TextChoices):
        """Why nothing of ours was found for it."""

        UNKNOWN = "unknown", _("no article of ours has its SKU or barcode")
        NO_CODE = "no_code", _("it has neither SKU nor barcode")
        SEVERAL = "several", _("several articles of ours have its barcode")
        TAKEN = "taken", _("another listing of this channel is linked to the article already")

    connection = models.ForeignKey(Connection, models.PROTECT, verbose_name=_("channel"))
    variant = models.ForeignKey(Variant, models.PROTECT, null=True, blank=True, related_name="listings")
    link = models.CharField(_("link"), max_length=10, choices=Link, default=Link.NONE, blank=True)
    fault = models.CharField(_("why it is not linked"), max_length=10, choices=Fault, blank=True)
    note = models.CharField(_("note"), max_length=200, blank=True)  # a person's reason
    sku = models.CharField(_("SKU at the channel"), max_length=64)
    title = models.CharField(_("title"), max_length=255, blank=True)
    barcode = models.CharField(_("barcode"), max_length=32, blank=True)
    # What it costs there, as the channel told it last or was told.
    price = models.DecimalField(_("price there"), max_digits=18, decimal_places=6, null=True)
    currency = models.CharField(_("currency"), max_length=3, blank=True)
    price_includes_tax = models.BooleanField(_("price includes tax"), default=True)
    own_price = models.DecimalField(_("price for this channel"), max_digits=18, decimal_places=6, null=True, blank=True)
    price_refused = models.CharField(max_length=200, blank=True)  # the vendor's words
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
    # A breaker keeps its number from being told until a person has looked (`Stop`), or lets it pass once.
    is_held = models.BooleanField(default=False)
    may_fall = models.BooleanField(default=False)
    refused = models.CharField(_("refused"), max_length=200, blank=True)  # the vendor's words about the last number
    # A complete look at what the channel shows did not name it, although it takes numbers for it.
    missing_since = models.DateTimeField(_("not known there since"), null=True)

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
            models.Index(fields=["sku", "id"], name="channels_listing_by_sku"),
            models.Index(
                fields=["sku", "id"], name="channels_listing_unlinked",
                condition=Q(variant__isnull=True) & ~Q(link="not_ours"),
            ),
            models.Index(
                fields=["sku", "id"], name="channels_listing_trouble",
                condition=~Q(refused="") | Q(missing_since__isnull=False) | ~Q(price_refused="") | Q(is_held=True),
            ),
        ]  # fmt: skip

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


class Ending(models.TextChoices):
    """Prices are rounded up to the next one that ends so: never below what the rule says."""

    EXACT = "", _("as computed")
    ONE = "1", _("whole (1,234)")
    TEN = "10", _("tens (1,240)")
    HUNDRED = "100", _("hundreds (1,300)")
    EIGHTY = "80", _("…80 (1,280)")
    NINETY_EIGHT = "98", _("…98 (1,298)")
    NINETY_NINE_CENTS = ".99", _("….99 (1,234.99)")


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
    poll_minutes = models.PositiveSmallIntegerField(
        _("orders are asked for every (minutes)"), null=True, blank=True,
        help_text=_("Empty: as its connector says, 1 to 15 minutes."),
    )  # fmt: skip
    price_factor = models.DecimalField(
        _("price factor"), max_digits=7, decimal_places=4, null=True, blank=True,
        help_text=_("1.1 makes the price a tenth higher. Empty: this channel is told no prices."),
    )  # fmt: skip
    price_addition = models.DecimalField(_("fixed addition"), max_digits=12, decimal_places=2, default=0)
    price_ending = models.CharField(_("prices end in"), max_length=4, choices=Ending, default=Ending.EXACT, blank=True)
    least_margin = models.PositiveSmallIntegerField(
        _("least margin (%)"), null=True, blank=True,
        help_text=_("Of the price without tax, over what the units on the shelf cost."),
    )  # fmt: skip
    stop_percent = models.PositiveSmallIntegerField(
        _("ask before more than this share of what it shows falls to none (%)"), null=True, blank=True,
        help_text=_("Empty: as for the company. 0: never ask. Sales are not counted."),
    )  # fmt: skip

    class Meta:
        verbose_name = _("rule of a channel")
        verbose_name_plural = _("rules of channels")
        constraints = [
            models.CheckConstraint(
                condition=Q(cap__isnull=True) | Q(cap__gte=F("minimum")), name="channels_cap_covers_the_minimum"
            ),
            models.CheckConstraint(
                condition=Q(price_factor__isnull=True) | Q(price_factor__gt=0), name="channels_factor_is_positive"
            ),
            models.CheckConstraint(
                condition=Q(least_margin__isnull=True) | Q(least_margin__lt=100), name="channels_margin_below_100"
            ),
        ]

    def __str__(self) -> str:
        return str(self.connection)

    def shown(self, free: int) -> int:
        """What this channel shows of so many free units."""
        units = max(0, free - self.buffer)
        units = units if self.cap is None else min(units, self.cap)
        return units if units >= self.minimum else 0


class Stop(Record):
    """A breaker has stopped what a channel would be told: so many of the articles that it shows would fall to none at once,
    and no sale explains it. Nothing of it is sent until a person has decided, or its cause is gone.
    """

    connection = models.ForeignKey(Connection, models.PROTECT, related_name="stops", verbose_name=_("channel"))
    at = models.DateTimeField(_("stopped"), default=clock.now)
    fallen = models.PositiveIntegerField()
    shown = models.PositiveIntegerField()
    state = models.CharField(_("state"), max_length=10, choices=StopState, default=StopState.WAITING)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=150, blank=True)

    class Meta:
        verbose_name = _("stop")
        verbose_name_plural = _("stops")
        constraints = [
            models.UniqueConstraint(
                fields=["connection"], name="channels_one_open_stop", condition=Q(state__in=["waiting", "kept"])
            )
        ]

    def __str__(self) -> str:
        return f"{self.connection}: {self.fallen} / {self.shown}"
