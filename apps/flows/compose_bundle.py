"""What a bundle is made of: articles of their own, never bundles, so that no set contains itself; channels hear of a change.

Orders keep what they were sold with; a new composition holds for the next ones.
"""

from collections.abc import Collection
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _

from apps.catalog.models import Component, Variant
from apps.channels import services as channels
from apps.channels.models import SellingPolicy
from apps.channels.states import SellingState
from apps.inventory.models import StockLevel


def why_not(bundle: Variant, parts: Collection[UUID]) -> str:
    """Why this variant cannot be a bundle of these, in a sentence for a person; empty when it can. Call it inside the
    transaction that writes it: the variants stay locked, so that nobody makes them something else meanwhile.
    """
    if not parts:
        return ""
    names = {"sku": bundle.sku}
    if bundle.id in parts:
        return _("%(sku)s cannot be part of itself.") % names
    list(Variant.objects.filter(id__in={bundle.id, *parts}).order_by("id").select_for_update(no_key=True))
    whole = Component.objects.filter(variant=bundle.id).select_related("bundle").first()
    if whole:
        words = _("%(sku)s is part of the bundle %(whole)s, so it cannot be a bundle itself.")
        return words % (names | {"whole": whole.bundle.sku})
    nested = Component.objects.filter(bundle__in=parts).select_related("bundle").first()
    if nested:
        words = _("%(part)s is a bundle. Put its own articles into %(sku)s instead.")
        return words % (names | {"part": nested.bundle.sku})
    lying = Q(on_hand__gt=0) | Q(incoming__gt=0) | Q(backordered__gt=0)
    if StockLevel.objects.filter(lying, variant=bundle.id).exists():
        return _(
            "Units of %(sku)s lie in stock, are on their way or are waited for. A bundle has no stock of its own:"
            " count them out first."
        ) % names  # fmt: skip
    if SellingPolicy.objects.filter(variant=bundle.id).exclude(state=SellingState.SHARED).exists():
        return _("%(sku)s is leased to channels. Choose “always shared” for it first.") % names
    return ""


def changed(bundle: UUID) -> None:
    """Its composition was written: channels that list it are told what it makes now."""
    channels.mark_dirty([bundle])
