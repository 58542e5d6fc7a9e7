"""I10: an order is whole or not there. I11: its sums add up in minor units, and no money or unit goes out twice."""

from apps.flows.verifying.checks import Check

ORDERS = "SELECT count(*) FROM orders_order"
LINES = "SELECT count(*) FROM orders_orderline"
PAYMENTS = "SELECT count(*) FROM payments_payment"

I10 = (
    Check(
        "an order has lines",
        ORDERS,
        "SELECT o.number FROM orders_order o WHERE NOT EXISTS (SELECT 1 FROM orders_orderline i WHERE i.order_id = o.id)",
    ),
    Check(
        "a line that wants stock has exactly its demand",
        LINES,
        # Of a bundle one for each component; where a line leaves from several places, one at each.
        """SELECT DISTINCT o.number || ' line ' || i.number FROM orders_orderline i JOIN orders_order o ON o.id = i.order_id
           LEFT JOIN (
                SELECT d.subject, l.variant_id, min(d.per_unit) AS per_unit, sum(d.quantity) AS quantity,
                       sum(d.cancelled) AS cancelled, sum(d.shipped) AS shipped, array_agg(DISTINCT d."group") AS orders,
                       bool_and(mod(d.quantity, d.per_unit) = 0) AND min(d.per_unit) = max(d.per_unit) AS is_whole
                FROM inventory_demand d JOIN inventory_stocklevel l ON l.id = d.level_id
                WHERE d.kind = 'order_line' GROUP BY 1, 2
           ) d ON d.subject = i.id
           WHERE (d.subject IS NOT NULL) <> (i.kind = 'item' AND i.variant_id IS NOT NULL AND i.quantity > 0)
              OR (d.quantity, d.cancelled, d.shipped)
                 <> (i.quantity * d.per_unit, i.cancelled * d.per_unit, i.shipped * d.per_unit)
              OR NOT d.is_whole OR d.orders <> ARRAY[i.order_id] OR d.variant_id = i.variant_id AND d.per_unit <> 1
              OR d.variant_id <> i.variant_id
                 AND NOT EXISTS (SELECT 1 FROM catalog_component c WHERE c.bundle_id = i.variant_id)
                 AND NOT EXISTS (SELECT 1 FROM catalog_componentevent c WHERE c.bundle_id = i.variant_id)""",
    ),
    Check(
        "a demand belongs to a line",
        "SELECT count(*) FROM inventory_demand WHERE kind = 'order_line'",
        """SELECT d.id FROM inventory_demand d WHERE d.kind = 'order_line'
           AND NOT EXISTS (SELECT 1 FROM orders_orderline i WHERE i.id = d.subject)""",
    ),
    Check(
        "an order was told of once",
        ORDERS,
        """SELECT o.number FROM orders_order o LEFT JOIN (
                SELECT subject, count(*) AS told FROM hub_outboxfact WHERE topic = 'order.placed' GROUP BY 1
           ) f ON f.subject = o.id WHERE coalesce(f.told, 0) <> 1""",
    ),
    Check(
        "an order has its channel's id",
        ORDERS,
        """SELECT o.number FROM orders_order o WHERE NOT EXISTS (
                SELECT 1 FROM hub_externalid x WHERE x.subject = o.id AND x.kind = 'order' AND x.connection_id = o.channel_id)""",
    ),
    Check(
        "an order with something to pay expects exactly its payment",
        ORDERS,
        """SELECT o.number FROM orders_order o LEFT JOIN (
                SELECT order_id, count(*) AS n, sum(expected_minor) AS expected, min(currency) AS low, max(currency) AS high
                FROM payments_payment GROUP BY 1
           ) p ON p.order_id = o.id
           WHERE coalesce(p.n, 0) <> (o.total_minor > 0)::int OR p.expected <> o.total_minor
              OR (p.low, p.high) <> (o.currency, o.currency)""",
    ),
)

I11 = (
    Check(
        "lines add up to the order's sums, and these to its total",
        ORDERS,
        """SELECT o.number FROM orders_order o JOIN (
                SELECT order_id, coalesce(sum(total_minor) FILTER (WHERE kind = 'item'), 0) AS items,
                       coalesce(sum(total_minor) FILTER (WHERE kind IN ('shipping', 'fee')), 0) AS charges,
                       coalesce(sum(total_minor) FILTER (WHERE kind = 'discount'), 0) AS discount,
                       coalesce(sum(tax_minor), 0) AS tax
                FROM orders_orderline GROUP BY 1
           ) s ON s.order_id = o.id
           WHERE (s.items, s.charges, s.discount, s.tax)
                 <> (o.items_minor, o.charges_minor, o.discount_minor, o.tax_minor)
              OR o.added_tax_minor <> CASE WHEN o.prices_include_tax THEN 0 ELSE o.tax_minor END
              OR o.total_minor <> o.items_minor + o.charges_minor + o.discount_minor + o.added_tax_minor
              OR o.currency !~ '^[A-Z]{3}$'""",
    ),
    Check(
        "no line's units are called off, shipped or returned beyond what was bought",
        LINES,
        """SELECT o.number || ' line ' || i.number FROM orders_orderline i JOIN orders_order o ON o.id = i.order_id
           WHERE least(i.cancelled, i.shipped, i.returned) < 0 OR i.cancelled + i.shipped > i.quantity
              OR i.returned > i.shipped OR i.refunded_minor < 0
              OR i.refunded_minor > greatest(i.total_minor, 0) + coalesce(greatest(i.tax_minor, 0), 0)""",
    ),
    Check(
        "documents of return make what a line says came back, and no more than it says was called off",
        "SELECT count(*) FROM orders_returnline",
        """SELECT o.number || ' line ' || i.number FROM orders_orderline i JOIN orders_order o ON o.id = i.order_id
           LEFT JOIN (
                SELECT order_line_id, sum(returned) AS returned, sum(cancelled) AS cancelled FROM orders_returnline GROUP BY 1
           ) r ON r.order_line_id = i.id
           WHERE coalesce(r.returned, 0) <> i.returned OR coalesce(r.cancelled, 0) > i.cancelled""",
    ),
    Check(
        "no more is captured than was owed or authorised, nor given back than was captured",
        PAYMENTS,
        """SELECT o.number FROM payments_payment p JOIN orders_order o ON o.id = p.order_id
           WHERE p.captured_minor < 0 OR p.captured_minor > p.expected_minor
              OR p.refunded_minor < 0 OR p.refunded_minor > p.captured_minor
              OR (p.authorised_minor > 0 AND p.captured_minor > p.authorised_minor)""",
    ),
    Check(
        "refunds make what a payment says was given back",
        "SELECT count(*) FROM payments_refund",
        """SELECT o.number FROM payments_payment p JOIN orders_order o ON o.id = p.order_id LEFT JOIN (
                SELECT payment_id, sum(amount_minor) AS given FROM payments_refund WHERE status <> 'failed' GROUP BY 1
           ) r ON r.payment_id = p.id WHERE coalesce(r.given, 0) <> p.refunded_minor""",
    ),
)
