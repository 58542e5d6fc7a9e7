"""Whether what was fast was also right: sold = reserved = recorded, to the unit. A benchmark that breaks this fails."""

from django.db import connection as database

from apps.inventory.models import free_sql

# Each is a sentence and a query that finds nothing where all is well. `%(orders)s` is how many orders were accepted.
_LAWS = (
    (
        "every order that was accepted is there once, with its id at the channel, its fact and its expected payment",
        """SELECT orders, ids, facts, payments FROM
             (SELECT count(*) FROM orders_order) AS a(orders),
             (SELECT count(*) FROM hub_externalid WHERE kind = 'order') AS b(ids),
             (SELECT count(*) FROM hub_outboxfact WHERE topic = 'order.placed') AS c(facts),
             (SELECT count(*) FROM payments_payment) AS d(payments)
           WHERE (orders, ids, facts, payments) <> (%(orders)s, %(orders)s, %(orders)s, %(orders)s)""",
    ),
    (
        "every unit that was sold is wanted by its line",
        """SELECT i.id FROM orders_orderline i LEFT JOIN inventory_demand d ON d.subject = i.id
           WHERE i.variant_id IS NOT NULL AND (d.id IS NULL OR d.quantity <> i.quantity)""",
    ),
    (
        "what a shelf reserves is what its demands were promised, and who waits is counted",
        """SELECT l.id FROM inventory_stocklevel l LEFT JOIN (
             SELECT level_id, sum(allocated) AS given, sum(quantity - allocated - shipped - cancelled) AS waiting
             FROM inventory_demand GROUP BY level_id) d ON d.level_id = l.id
           WHERE (l.reserved, l.backordered) <> (coalesce(d.given, 0), coalesce(d.waiting, 0))""",
    ),
    (
        "every change of a shelf is recorded",
        """SELECT l.id FROM inventory_stocklevel l JOIN (
             SELECT level_id, sum(on_hand) AS on_hand, sum(reserved) AS reserved FROM inventory_stockmovement
             GROUP BY level_id) m ON m.level_id = l.id WHERE (m.on_hand, m.reserved) <> (l.on_hand, l.reserved)""",
    ),
    (
        "nothing is sold beyond the shelf, and nobody waits beside free units",
        f"""SELECT id FROM (SELECT id, backordered, {free_sql("l")} AS free FROM inventory_stocklevel l) s
            WHERE free < 0 OR (backordered > 0 AND free > 0)""",
    ),
    (
        "an order's axis says what its lines were given",
        """SELECT o.number FROM orders_order o JOIN (
             SELECT "group", sum(quantity) AS wanted, sum(allocated + shipped) AS given FROM inventory_demand GROUP BY "group") d
             ON d."group" = o.id
           WHERE o.allocation <> CASE WHEN given >= wanted THEN 'full' WHEN given > 0 THEN 'partial' ELSE 'none' END""",
    ),
    (
        "an order adds up to its lines",
        """SELECT o.number FROM orders_order o JOIN (
             SELECT order_id, sum(total_minor) AS minor FROM orders_orderline GROUP BY order_id) i ON i.order_id = o.id
           WHERE o.total_minor <> i.minor""",
    ),
)


class Wrong(Exception):
    """A fast wrong answer; the run fails."""


def check(orders: int) -> None:
    """Raises `Wrong`. `orders` is how many the competitors say were accepted, over the life of this database."""
    with database.cursor() as cursor:
        for sentence, query in _LAWS:
            cursor.execute(query, {"orders": orders})
            if found := cursor.fetchmany(3):
                raise Wrong(f"not so: {sentence}; for one {found[0]}")
