"""I4: what came in lies here once, and took effect once. I6: what goes out is numbered, kept going, and has one key."""

from datetime import timedelta

from apps.core import clock
from apps.flows.verifying.checks import Check, append_only

EVENTS = "SELECT count(*) FROM hub_inboxevent"
FACTS = "SELECT count(*) FROM hub_outboxfact"
DELIVERIES = "SELECT count(*) FROM hub_delivery"
# A fact is announced within seconds; a delivery's waits add up to 32 hours, and then a person is asked.
FACT_AT_MOST = timedelta(hours=1)
DELIVERY_AT_MOST = timedelta(days=3)

I4 = (
    Check(
        "each body lies here once, whole, with its events",
        "SELECT count(*) FROM hub_inboxentry",
        """SELECT n.id FROM hub_inboxentry n WHERE octet_length(n.digest) <> 32 OR NOT EXISTS (
                SELECT 1 FROM hub_inboxevent e WHERE e.entry_id = n.id AND e.connection_id = n.connection_id)
           UNION ALL SELECT min(id::text)::uuid FROM hub_inboxentry GROUP BY digest HAVING count(*) > 1""",
    ),
    Check(
        "each event is there once",
        EVENTS,
        """SELECT event_id FROM hub_inboxevent GROUP BY connection_id, event_id HAVING count(*) > 1""",
    ),
    Check(
        "an event is closed exactly where it says when",
        EVENTS,
        """SELECT event_id FROM hub_inboxevent
           WHERE (done_at IS NOT NULL) <> (status IN ('done', 'set_aside', 'ignored'))
              OR (status = 'waiting') <> (waits_for <> '')""",
    ),
    Check(
        "what a source calls one thing is one thing here, and each sale and return was taken once",
        "SELECT count(*) FROM hub_externalid",
        """SELECT kind || ' ' || external_id FROM hub_externalid GROUP BY connection_id, kind, external_id HAVING count(*) > 1
           UNION ALL
           SELECT min(kind || ' ' || external_id) FROM hub_externalid WHERE kind IN ('order', 'return')
           GROUP BY connection_id, kind, subject HAVING count(*) > 1
           UNION ALL
           SELECT x.kind || ' ' || x.external_id FROM hub_externalid x WHERE x.kind = 'order'
              AND NOT EXISTS (SELECT 1 FROM orders_order o WHERE o.id = x.subject AND o.channel_id = x.connection_id)
           UNION ALL
           SELECT x.kind || ' ' || x.external_id FROM hub_externalid x WHERE x.kind = 'return'
              AND NOT EXISTS (SELECT 1 FROM orders_return r WHERE r.id = x.subject AND r.channel_id = x.connection_id)""",
    ),
    Check(
        "an answer belongs to a call that was sent, or that lapsed in doubt",
        "SELECT count(*) FROM hub_inboxevent WHERE starts_with(topic, 'answer/')",
        """SELECT e.event_id FROM hub_inboxevent e LEFT JOIN hub_delivery d
              ON d.id::text = split_part(e.event_id, ':', 2) AND d.connection_id = e.connection_id
           WHERE starts_with(e.topic, 'answer/') AND (d.id IS NULL OR d.status NOT IN ('sent', 'lapsed'))""",
    ),
)


def going_out() -> tuple[Check, ...]:
    """I6, by the business time of now."""
    now = clock.now()
    return (
        Check(
            "an aggregate's facts are numbered without a gap",
            FACTS,
            """SELECT min(kind) || ' ' || subject FROM hub_outboxfact GROUP BY subject
               HAVING min(sequence) <> 1 OR max(sequence) <> count(*)""",
        ),
        Check(
            "a fact is announced in time",
            FACTS,
            "SELECT topic || ' ' || id FROM hub_outboxfact WHERE announced_at IS NULL AND at < %s",
            (now - FACT_AT_MOST,),
        ),
        Check(
            "a call is made in time, or a person was asked",
            DELIVERIES,
            """SELECT d.operation || ' ' || d.key FROM hub_delivery d JOIN hub_connection c ON c.id = d.connection_id
               WHERE d.status IN ('due', 'unknown') AND greatest(d.created_at, c.held_until) < %s
                 AND c.status = 'active' AND c.paused_abilities = '[]'""",
            (now - DELIVERY_AT_MOST,),
        ),
        Check(
            "what a notice hints at is fetched in time, or a person was asked",
            "SELECT count(*) FROM hub_inboxevent WHERE starts_with(waits_for, 'fetch:')",
            """SELECT e.event_id FROM hub_inboxevent e JOIN hub_connection c ON c.id = e.connection_id
               WHERE e.status = 'waiting' AND starts_with(e.waits_for, 'fetch:')
                 AND greatest(e.received_at, c.held_until) < %s AND c.status = 'active' AND c.paused_abilities = '[]'""",
            (now - DELIVERY_AT_MOST,),
        ),
        Check(
            "a call has one key, and each of these effects one call",
            DELIVERIES,
            """SELECT key FROM hub_delivery GROUP BY connection_id, key HAVING count(*) > 1
               UNION ALL SELECT key FROM hub_delivery WHERE split_part(key, ':', 1) <> operation
               UNION ALL SELECT min(key) FROM hub_delivery
               WHERE operation NOT IN ('payment.refund', 'stock.set', 'fact.tell') GROUP BY connection_id, operation, subject
               HAVING count(*) > 1""",
        ),
        Check(
            "a call that was sent was settled once",
            "SELECT count(*) FROM hub_attempt",
            """SELECT d.key FROM hub_delivery d LEFT JOIN (
                    SELECT delivery_id, count(*) FILTER (WHERE outcome IN ('sent', 'found')) AS good, max(number) AS last,
                           count(*) AS tries, count(DISTINCT number) AS numbers
                    FROM hub_attempt GROUP BY 1
               ) a ON a.delivery_id = d.id
               WHERE coalesce(a.good, 0) <> (d.status = 'sent')::int OR (d.status = 'sent' AND d.done_at IS NULL)
                  OR a.last > d.attempts OR a.tries <> a.numbers""",
        ),
        append_only("hub_attempt"),
    )
