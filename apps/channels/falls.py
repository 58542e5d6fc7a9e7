"""Numbers that would fall to none without a sale to explain it: found, held, and let go when their cause is gone.

A listing falls where its channel would be told nothing although it shows something. Orders explain it where it would show
something had they not been placed, or had their parcels not left since the last number; the rest is a rule, a shelf, a place.
"""

from collections.abc import Collection
from uuid import UUID

from django.db import connection as database

from apps.channels.models import ChannelRule, Listing
from apps.channels.services import sellable
from apps.hub.models import Connection

# What orders took of each listing's article, or of a set's components: promised or leased now, waited for, and left since the
# last number.
_TAKEN = """
SELECT listing.id, (coalesce(sum(level.reserved + level.leased + level.backordered), 0) + coalesce(sum((
        SELECT -sum(move.on_hand) FROM inventory_stockmovement AS move
        WHERE move.level_id = level.id AND move.kind = 'shipment' AND move.at >= listing.set_at
    )), 0))::int
FROM channels_listing AS listing
JOIN LATERAL (
    SELECT listing.variant_id AS id
    UNION SELECT component.variant_id FROM catalog_component AS component WHERE component.bundle_id = listing.variant_id
) AS part ON true
JOIN inventory_stocklevel AS level ON level.variant_id = part.id
WHERE listing.id = ANY(%s) GROUP BY listing.id
"""


def falling(channel: Connection, rule: ChannelRule, *, is_held: bool = False) -> list[UUID]:
    """Listings of a channel whose next number is none, and no sale is why; those that are held, or the others."""
    rows = Listing.objects.filter(connection=channel, is_dirty=True, is_held=is_held, may_fall=False, shown__gt=0)
    found = list(rows.filter(variant__isnull=False).order_by("id").values_list("id", "variant", "buffer"))
    free = sellable(variant for _, variant, _ in found if variant)
    left = {id_: free[variant] - buffer for id_, variant, buffer in found if variant}
    none = [id_ for id_, units in left.items() if not rule.shown(units)]
    if not none:
        return []
    with database.cursor() as cursor:
        cursor.execute(_TAKEN, [none])
        taken = dict(cursor.fetchall())
    return [id_ for id_ in none if not rule.shown(left[id_] + taken.get(id_, 0))]


def shown(channel: Connection) -> int:
    """How many articles a channel shows something of."""
    return Listing.objects.filter(connection=channel, variant__isnull=False, shown__gt=0).count()


def hold(listings: Collection[UUID]) -> int:
    """These are not told until somebody lets them."""
    rows = Listing.objects.filter(id__in=listings, is_held=False)
    list(rows.order_by("id").select_for_update(no_key=True).values_list("id", flat=True))
    return rows.update(is_held=True)


def let_go(channel: Connection, *, but: Collection[UUID] = (), may_fall: bool = False) -> int:
    """What a breaker held of a channel is told with the next push, except these. `may_fall`: once, also where it falls."""
    rows = Listing.objects.filter(connection=channel, is_held=True).exclude(id__in=but)
    list(rows.order_by("id").select_for_update(no_key=True).values_list("id", flat=True))
    return rows.update(is_held=False, is_dirty=True, may_fall=may_fall)
