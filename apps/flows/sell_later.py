"""Backorders and preorders: a merchant says how many of an article may be sold for later and for which day; channels hear of it."""

from django.db import transaction

from apps.channels import services as channels
from apps.inventory import later
from apps.inventory.models import BackorderPolicy


def keep(policy: BackorderPolicy) -> None:
    """Write a policy that `later.why_not` has nothing against; every channel is told what may be sold now."""
    with transaction.atomic():
        later.keep(policy)
        channels.mark_dirty([policy.variant_id])


def close_due() -> int:
    """Preorders end with their last day; returns how many did."""
    with transaction.atomic():
        ended = later.close_due()
        if ended:
            channels.mark_dirty(ended)
    return len(ended)
