"""What staff ask of listings: the list by channel and by what is the matter, and what nobody has linked yet."""

from collections.abc import Collection
from uuid import UUID

from django.db import connection as database
from django.db.models import Q, QuerySet
from django.db.models.functions import Upper

from apps.catalog.models import Variant
from apps.channels.models import Listing, Stop
from apps.channels.states import StopState

ONLY = ("", "unlinked", "waiting", "refused", "stopped", "blind", "not_ours")
KEYS = ("sku", "id")
MOST = 1000
_UNLINKED = """
SELECT connection_id, count(*) FROM (
    SELECT connection_id FROM channels_listing WHERE variant_id IS NULL AND link <> 'not_ours' LIMIT %s
) AS bounded GROUP BY connection_id
"""


def listings(
    words: str = "", *, only: str = "", channel: UUID | None = None, blind: Collection[UUID] = ()
) -> QuerySet[Listing]:
    """Listings to list: `words` is the SKU at the channel, a barcode of ours, or the beginning of a SKU or title.

    `only` is one of `ONLY`; `blind` are the channels of which nothing is heard.
    """
    rows = Listing.objects.select_related("connection", "connection__rule", "variant")
    if channel:
        rows = rows.filter(connection=channel)
    if words := words.strip():
        start = words.upper()
        ours = Variant.objects.annotate(sku_upper=Upper("sku"), title_upper=Upper("title")).filter(
            Q(barcode=words) | Q(sku_upper__startswith=start) | Q(title_upper__startswith=start)
        )
        theirs = Q(variant__isnull=True) & (Q(sku__istartswith=words) | Q(title__istartswith=words) | Q(barcode=words))
        rows = rows.filter(Q(sku=words) | Q(variant__in=ours.values("id")) | theirs)
    if only == "unlinked":
        return rows.filter(Q(variant__isnull=True) & ~Q(link=Listing.Link.NOT_OURS))
    if only == "blind":
        return rows.filter(connection__in=blind, variant__isnull=False)
    told = {
        "waiting": Q(variant__isnull=False) & (Q(is_dirty=True) | Q(pushing__isnull=False)),
        "refused": ~Q(refused="") | Q(missing_since__isnull=False) | ~Q(price_refused=""),
        "stopped": Q(is_held=True),
        "not_ours": Q(link=Listing.Link.NOT_OURS),
    }
    return rows.filter(told[only]) if only in told else rows


def troubled() -> QuerySet[Listing]:
    """Listings whose number or price a vendor refused, or that it does not know."""
    return Listing.objects.filter(~Q(refused="") | Q(missing_since__isnull=False) | ~Q(price_refused=""))


def unlinked_by_channel() -> dict[UUID, int]:
    """How many listings of each channel are linked to nothing; counting stops at `MOST` + 1 in all."""
    with database.cursor() as cursor:
        cursor.execute(_UNLINKED, [MOST + 1])
        return dict(cursor.fetchall())


def stops() -> QuerySet[Stop]:
    """What breakers have stopped and nobody has let pass, oldest first."""
    waiting = Stop.objects.filter(state__in=[StopState.WAITING, StopState.KEPT])
    return waiting.select_related("connection").order_by("id")
