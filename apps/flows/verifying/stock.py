"""I1: no shelf promises more than it holds, and no channel shows more. I2: movements, each with one cause, sum to the shelf."""

from apps.channels import offering
from apps.flows.verifying.checks import Check, append_only
from apps.inventory.models import COUNTED, free_sql, ships_sql

LEVELS = "SELECT count(*) FROM inventory_stocklevel"
DEMANDS = "SELECT count(*) FROM inventory_demand"
_FREE = free_sql("l")
_SUMMED = (*COUNTED, "incoming", "value_minor")
_WAITING = "d.quantity - d.allocated - d.shipped - d.cancelled"
# A level as a person names it: its SKU and its place.
_NAMED = """inventory_stocklevel l JOIN catalog_variant v ON v.id = l.variant_id
            JOIN inventory_location p ON p.id = l.location_id"""
_NAME = "v.sku || ' @ ' || p.code"

I1 = (
    Check(
        "promised within the shelf",
        LEVELS,
        f"""SELECT {_NAME} FROM {_NAMED} WHERE {_FREE} < 0
            OR least(l.safety, l.damaged, l.quality_control, l.expired, l.reserved, l.leased, l.incoming, l.backordered) < 0""",
    ),
    Check(
        "sold for later within the cap",
        "SELECT count(*) FROM inventory_backorderpolicy",
        """SELECT v.sku FROM inventory_backorderpolicy y JOIN catalog_variant v ON v.id = y.variant_id
           WHERE y.choice <> 'none' AND y.cap < (
                SELECT sum(d.later) FROM inventory_demand d JOIN inventory_stocklevel l ON l.id = d.level_id
                WHERE l.variant_id = y.variant_id AND d.later > 0)""",
    ),
    Check(
        "promises make what is reserved, waits what is backordered",
        LEVELS,
        f"""SELECT {_NAME} FROM {_NAMED} LEFT JOIN (
                SELECT d.level_id, sum(d.allocated) AS given, sum({_WAITING}) AS waiting FROM inventory_demand d GROUP BY 1
            ) s ON s.level_id = l.id
            WHERE coalesce(s.given, 0) <> l.reserved OR coalesce(s.waiting, 0) <> l.backordered""",
    ),
    Check(
        "leases make what is leased",
        LEVELS,
        f"""SELECT {_NAME} FROM {_NAMED} LEFT JOIN (
                SELECT level_id, sum(units) AS units FROM inventory_lease GROUP BY 1
            ) s ON s.level_id = l.id WHERE coalesce(s.units, 0) <> l.leased""",
    ),
    Check(
        "lots make what is in lots and what is expired",
        LEVELS,
        f"""SELECT {_NAME} FROM {_NAMED} LEFT JOIN (
                SELECT level_id, sum(units) AS units, sum(expired) AS expired FROM inventory_lotlevel GROUP BY 1
            ) s ON s.level_id = l.id WHERE coalesce(s.units, 0) <> l.in_lots OR coalesce(s.expired, 0) <> l.expired""",
    ),
    Check(
        "movements make the units of a lot",
        "SELECT count(*) FROM inventory_lotlevel",
        """SELECT o.number FROM inventory_lotlevel t JOIN inventory_lot o ON o.id = t.lot_id LEFT JOIN (
                SELECT lot_level_id, sum(units) AS units FROM inventory_lotmovement GROUP BY 1
            ) s ON s.lot_level_id = t.id WHERE coalesce(s.units, 0) <> t.units""",
    ),
    Check(
        "no free unit while somebody waits",
        LEVELS,
        f"""SELECT {_NAME} FROM {_NAMED} WHERE {_FREE} > 0 AND EXISTS (
                SELECT 1 FROM inventory_demand d
                WHERE d.level_id = l.id AND d.quantity > d.allocated + d.shipped + d.cancelled)""",
    ),
    Check(
        "free units of one place serve who waits at another",
        LEVELS,
        # Unless the merchant rather lets an order wait than become more parcels; a bundle's parts stay together.
        f"""SELECT {_NAME} FROM {_NAMED} WHERE {_FREE} > 0 AND {ships_sql("p")} AND EXISTS (
                SELECT 1 FROM inventory_stocklevel w JOIN inventory_demand d ON d.level_id = w.id
                WHERE w.variant_id = l.variant_id AND w.id <> l.id AND w.backordered > 0 AND NOT d.is_part
                  AND d.quantity > d.allocated + d.shipped + d.cancelled)
            AND NOT EXISTS (SELECT 1 FROM inventory_sourcingrule r WHERE r.kind = 'most_parcels' AND r.is_active)""",
    ),
)


HELD = Check(
    "a number is held only while a person is asked",
    "SELECT count(*) FROM channels_listing WHERE is_held",
    """SELECT i.sku || ' @ ' || c.name FROM channels_listing i JOIN hub_connection c ON c.id = i.connection_id
       WHERE i.is_held AND NOT (i.is_dirty AND EXISTS (
            SELECT 1 FROM channels_stop s WHERE s.connection_id = i.connection_id AND s.state IN ('waiting', 'kept')))
       UNION ALL
       SELECT f.name FROM hub_filerun f JOIN hub_inboxevent e ON e.id = f.event_id
       WHERE f.decision = '' AND f.stopped_at IS NOT NULL AND NOT (e.status = 'waiting' AND f.next_row = 0)
          OR f.decision = 'rejected' AND f.next_row > 0""",
)


def shown_within_free(connectors: list[str]) -> Check:
    """What a channel was told to show is free to sell, wherever nothing about it is due, in flight or unread."""
    return Check(
        "shown within what is free",
        "SELECT count(*) FROM channels_listing WHERE set_at IS NOT NULL AND variant_id IS NOT NULL",
        f"""SELECT i.sku || ' @ ' || c.name FROM channels_listing i JOIN hub_connection c ON c.id = i.connection_id
           LEFT JOIN ({offering.of("IS NOT NULL")}) s ON s.variant_id = i.variant_id
           WHERE i.variant_id IS NOT NULL AND i.set_at IS NOT NULL AND NOT i.is_dirty AND NOT EXISTS (
                SELECT 1 FROM channels_sellingpolicy y WHERE y.variant_id = i.variant_id AND y.state = 'leased')
             AND c.connector = ANY(%s)
             AND c.status = 'active' AND NOT c.paused_abilities ? 'stock.write' AND NOT c.shadowed_abilities ? 'stock.write'
             AND i.shown > greatest(0, coalesce(s.units, 0) - i.buffer)
             AND NOT EXISTS (SELECT 1 FROM hub_outboxfact f WHERE f.announced_at IS NULL AND f.topic = 'stock.changed')
             AND NOT EXISTS (SELECT 1 FROM hub_delivery d WHERE d.connection_id = c.id AND d.operation = 'stock.set'
                             AND d.status IN ('due', 'unknown', 'waiting'))
             AND NOT EXISTS (SELECT 1 FROM hub_inboxevent e WHERE e.connection_id = c.id AND e.topic = 'answer/stock.set'
                             AND e.status IN ('new', 'waiting'))""",
        (connectors,),
    )


def covered_by_leases(connectors: list[str], compare_and_set: list[str]) -> Check:
    """Of a leased variant no channel may sell more than its lease; what it may sell beyond (the shelf lost it, or somebody
    raised the number over there) is counted, and is being told away."""
    return Check(
        "a lease covers what its channel may still sell",
        "SELECT count(*) FROM channels_sellingpolicy WHERE state = 'leased'",
        """SELECT i.sku || ' @ ' || c.name FROM channels_listing i JOIN hub_connection c ON c.id = i.connection_id
           JOIN channels_sellingpolicy y ON y.variant_id = i.variant_id AND y.state = 'leased'
           LEFT JOIN (SELECT listing_id, sum(units) AS units FROM channels_escrow GROUP BY 1) e ON e.listing_id = i.id
           LEFT JOIN (
                SELECT l.variant_id, s.holder, sum(s.units) AS units FROM inventory_lease s
                JOIN inventory_stocklevel l ON l.id = s.level_id GROUP BY 1, 2
           ) s ON s.variant_id = i.variant_id AND s.holder = i.connection_id,
           LATERAL (SELECT greatest(0, coalesce(i.shown, 0)) AS shown, coalesce(i.pushing, 0) AS pushing) n
           WHERE c.connector = ANY(%s) AND (
                coalesce(s.units, 0) + i.unbacked <> coalesce(e.units, 0)
                    + CASE WHEN c.connector = ANY(%s) THEN greatest(n.shown, n.pushing) ELSE n.shown + n.pushing END
                OR i.unbacked > 0 AND n.shown > 0 AND NOT i.is_dirty AND i.pushing IS NULL)
           UNION ALL
           SELECT v.sku || ' has a lease and is not leased' FROM inventory_lease s
           JOIN inventory_stocklevel l ON l.id = s.level_id JOIN catalog_variant v ON v.id = l.variant_id
           WHERE s.units > 0 AND NOT EXISTS (
                SELECT 1 FROM channels_sellingpolicy y WHERE y.variant_id = l.variant_id AND y.state = 'leased')""",
        (connectors, compare_and_set),
    )


I2 = (
    Check(
        "movements sum to the shelf in every column",
        "SELECT count(*) FROM inventory_stockmovement",
        f"""SELECT {_NAME} FROM {_NAMED} LEFT JOIN (
                SELECT m.level_id, {", ".join(f"sum(m.{column}) AS {column}" for column in _SUMMED)}
                FROM inventory_stockmovement m GROUP BY 1
            ) s ON s.level_id = l.id
            WHERE ({", ".join(f"coalesce(s.{column}, 0)" for column in _SUMMED)})
               <> ({", ".join(f"l.{column}" for column in _SUMMED)})""",
    ),
    Check(
        "each movement has its own cause",
        "SELECT count(*) FROM inventory_stockmovement",
        """SELECT min(id::text) FROM inventory_stockmovement GROUP BY level_id, kind, source_id, part HAVING count(*) > 1""",
    ),
    Check(
        "a demand's movements make what it holds and what has left",
        DEMANDS,
        """SELECT d.id FROM inventory_demand d LEFT JOIN (
                SELECT m.source_id, sum(m.reserved) AS given, -sum(m.on_hand) FILTER (WHERE m.kind = 'shipment') AS shipped
                FROM inventory_stockmovement m WHERE m.source_kind = 'demand' GROUP BY 1
           ) s ON s.source_id = d.id
           WHERE coalesce(s.given, 0) <> d.allocated OR coalesce(s.shipped, 0) <> d.shipped""",
    ),
    Check(
        "each line of a receipt was shelved once",
        "SELECT count(*) FROM inventory_receiptline",
        """SELECT r.number || ' ' || i.number FROM inventory_receiptline i JOIN inventory_receipt r ON r.id = i.receipt_id
           LEFT JOIN (
                SELECT source_id, part, sum(on_hand) AS units FROM inventory_stockmovement
                WHERE source_kind = 'receipt' GROUP BY 1, 2
           ) s ON s.source_id = r.id AND s.part = i.number::text
           WHERE coalesce(s.units, 0) <> i.quantity""",
    ),
    append_only("inventory_stockmovement", "inventory_shrinkage"),
)
