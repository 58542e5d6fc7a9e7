"""What I2 says of stocktakes: a row is what people said of it, a difference is booked once and against the book of its moment,
and whoever counted or closed a stocktake did not approve it."""

from apps.flows.verifying.checks import Check, append_only

LINES = "SELECT count(*) FROM inventory_stocktakeline"
_NAME = "t.number || ' row ' || i.number"
_NAMED = "inventory_stocktakeline i JOIN inventory_stocktake t ON t.id = i.stocktake_id"

COUNTS = (
    Check(
        "a row of a stocktake is what people said of it",
        LINES,
        f"""SELECT {_NAME} FROM {_NAMED} LEFT JOIN (
                SELECT e.line_id, sum(e.units + e.carried) FILTER (WHERE e.kind IN ('added', 'set')) AS units
                FROM inventory_stocktakeentry e LEFT JOIN (
                    SELECT b.line_id, max(b.moment) AS moment FROM inventory_stocktakeentry b
                    WHERE b.kind IN ('set', 'cleared')
                      AND NOT EXISTS (SELECT 1 FROM inventory_stocktakeentry u WHERE u.undoes_id = b.id) GROUP BY 1
                ) began ON began.line_id = e.line_id
                WHERE e.moment >= coalesce(began.moment, 0)
                  AND NOT EXISTS (SELECT 1 FROM inventory_stocktakeentry u WHERE u.undoes_id = e.id) GROUP BY 1
            ) s ON s.line_id = i.id WHERE s.units IS DISTINCT FROM i.counted""",
    ),
    Check(
        "differences of approved stocktakes are booked once, and no others",
        LINES,
        f"""SELECT {_NAME} FROM {_NAMED} LEFT JOIN (
                SELECT source_id, level_id, sum(on_hand) AS units, sum(value_minor) AS minor FROM inventory_stockmovement
                WHERE source_kind = 'stocktake' AND kind = 'count' GROUP BY 1, 2
            ) m ON (m.source_id, m.level_id) = (t.id, i.level_id) LEFT JOIN (
                SELECT source_id, level_id, sum(asked - booked) AS units FROM inventory_shrinkage GROUP BY 1, 2
            ) s ON (s.source_id, s.level_id) = (t.id, i.level_id)
            WHERE m.units IS DISTINCT FROM i.booked OR coalesce(m.minor, 0) <> i.value_minor
               OR i.booked <> i.difference + coalesce(s.units, 0)
               OR (i.booked IS NULL) <> (t.state <> 'approved' OR i.counted IS NULL)""",
    ),
    Check(
        "a difference is held against the book of its moment and what other counts corrected since",
        LINES,
        f"""SELECT {_NAME} FROM {_NAMED} LEFT JOIN LATERAL (
                SELECT sum(o.booked) AS units, coalesce(bool_or(o.moment > i.moment), false) AS is_later
                FROM inventory_stocktakeline o WHERE o.level_id = i.level_id AND o.id <> i.id
                  AND o.booked_moment > i.moment AND o.booked_moment < i.booked_moment
            ) s ON true
            WHERE i.booked_moment IS NOT NULL AND (
                (NOT i.is_superseded AND i.difference <> i.counted - i.book - coalesce(s.units, 0))
                OR (i.is_superseded AND i.difference <> 0) OR (s.is_later AND NOT i.is_superseded))""",
    ),
    Check(
        "a stocktake is approved by somebody who neither counted nor closed it",
        "SELECT count(*) FROM inventory_stocktake",
        """SELECT t.number FROM inventory_stocktake t LEFT JOIN (
                SELECT i.stocktake_id, array_agg(DISTINCT e.actor) AS actors FROM inventory_stocktakeentry e
                JOIN inventory_stocktakeline i ON i.id = e.line_id WHERE e.kind <> 'cleared' GROUP BY 1
           ) s ON s.stocktake_id = t.id
           WHERE NOT (coalesce(s.actors, '{}') <@ t.counters AND coalesce(s.actors, '{}') @> t.counters)
              OR t.state = 'approved' AND (t.decided_by IN ('', t.closed_by) OR t.decided_by = ANY (s.actors))""",
    ),
    append_only("inventory_stocktakeentry"),
)
