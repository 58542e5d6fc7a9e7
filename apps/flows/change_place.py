"""A place begins or ends to ship orders: who waits elsewhere is served from it, and the channels hear what may be sold."""

from django.db import transaction

from apps.channels import services as channels
from apps.core.ids import uuid7
from apps.core.states import Cause
from apps.flows import allocation
from apps.inventory import services as inventory
from apps.inventory.models import Location, StockLevel


def changed(location: Location, *, actor: str) -> None:
    """Its settings were written; nothing happens where they are what they were."""
    variants = set(StockLevel.objects.filter(location=location).values_list("variant", flat=True))
    waiting = set(StockLevel.objects.filter(variant__in=variants, backordered__gt=0).values_list("variant", flat=True))
    with transaction.atomic():
        gained = inventory.look_for_units(waiting, actor=actor, cause=uuid7())
        allocation.look_again(gained, cause=Cause(actor, "a place ships orders"))
        channels.mark_dirty(variants)
