"""What may be offered on a channel, as one SQL sentence that the pushes and the verification share.

A plain article: what is free. A bundle: as many whole sets as its components make, at each place for itself, because a set
leaves from one place.
"""

from apps.inventory.models import free_sql

_OF = f"""
SELECT level.variant_id AS variant_id, sum({free_sql("level")})::int AS units
FROM inventory_stocklevel AS level JOIN inventory_location AS place ON place.id = level.location_id
WHERE place.is_active AND level.variant_id {{which}}
  AND NOT EXISTS (SELECT 1 FROM catalog_component AS part WHERE part.bundle_id = level.variant_id)
GROUP BY level.variant_id
UNION ALL
SELECT there.bundle_id, sum(there.sets)::int FROM (
    SELECT part.bundle_id, place.id, min(coalesce({free_sql("level")}, 0) / part.units) AS sets
    FROM catalog_component AS part CROSS JOIN inventory_location AS place
    LEFT JOIN inventory_stocklevel AS level ON level.location_id = place.id AND level.variant_id = part.variant_id
    WHERE place.is_active AND part.bundle_id {{which}} GROUP BY part.bundle_id, place.id
) AS there GROUP BY there.bundle_id
"""


def of(which: str) -> str:
    """(variant_id, units) of the variants that `which` picks: what follows a column in a condition, such as `= ANY(%s)`."""
    return _OF.format(which=which)
