"""What may be offered on a channel, as one SQL sentence that the pushes and the verification share.

A plain article: what is free, and what may still be sold for later. A bundle: as many whole sets as its components make so, at
each place for itself, because a set leaves from one place.
"""

from apps.inventory.models import free_sql, ships_sql

# What may still be sold for later of a variant, by its open policy: what waits already counts, whoever let it wait.
_WAITING = f"""SELECT sum(other.backordered) FROM inventory_stocklevel AS other
        JOIN inventory_location AS there ON there.id = other.location_id AND {ships_sql("there")}
        WHERE other.variant_id = policy.variant_id"""
_OF = f"""
SELECT level.variant_id AS variant_id,
       (sum({free_sql("level")}) + greatest(0, max(policy.cap) - sum(level.backordered)))::int AS units
FROM inventory_stocklevel AS level JOIN inventory_location AS place ON place.id = level.location_id
LEFT JOIN inventory_backorderpolicy AS policy ON policy.variant_id = level.variant_id AND policy.is_open
WHERE {ships_sql("place")} AND level.variant_id {{which}}
  AND NOT EXISTS (SELECT 1 FROM catalog_component AS part WHERE part.bundle_id = level.variant_id)
GROUP BY level.variant_id
UNION ALL
SELECT sets.bundle_id, sum(sets.units)::int FROM (
    SELECT part.bundle_id, place.id, min((coalesce({free_sql("level")}, 0)
        + CASE WHEN place.is_default THEN greatest(0, policy.cap - ({_WAITING})) ELSE 0 END) / part.units) AS units
    FROM catalog_component AS part CROSS JOIN inventory_location AS place
    LEFT JOIN inventory_stocklevel AS level ON level.location_id = place.id AND level.variant_id = part.variant_id
    LEFT JOIN inventory_backorderpolicy AS policy ON policy.variant_id = part.variant_id AND policy.is_open
    WHERE {ships_sql("place")} AND part.bundle_id {{which}} GROUP BY part.bundle_id, place.id
) AS sets GROUP BY sets.bundle_id
"""


def of(which: str) -> str:
    """(variant_id, units) of the variants that `which` picks: what follows a column in a condition, such as `= ANY(%s)`."""
    return _OF.format(which=which)
