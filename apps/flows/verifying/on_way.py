"""What I2 and I12 say of goods on their way: what is incoming is ordered or sent, nothing that came is lost, and the book knows
what every day's stock cost, on shelves and between them."""

from apps.core import place
from apps.flows.verifying.checks import Check, append_only

_NAME = "v.sku || ' @ ' || p.code"
_NAMED = """JOIN catalog_variant v ON v.id = s.variant_id JOIN inventory_location p ON p.id = s.location_id"""
_OPEN_ORDER, _OPEN_TRANSFER = "('ordered', 'partly_received')", "('in_transit', 'partly_received')"

INCOMING = (
    Check(
        "what is incoming was ordered or sent, and has not come",
        "SELECT count(*) FROM inventory_stocklevel",
        f"""SELECT {_NAME} FROM (
                SELECT variant_id, location_id, sum(units) AS units FROM (
                    SELECT variant_id, location_id, -incoming AS units FROM inventory_stocklevel
                    UNION ALL
                    SELECT i.variant_id, o.location_id, greatest(0, i.quantity - i.cancelled - i.received)
                    FROM inventory_purchaseorderline i JOIN inventory_purchaseorder o ON o.id = i.order_id
                    WHERE o.state IN {_OPEN_ORDER}
                    UNION ALL
                    SELECT i.variant_id, t.destination_id, i.quantity - i.received - i.lost
                    FROM inventory_transferline i JOIN inventory_transfer t ON t.id = i.transfer_id
                    WHERE t.state IN {_OPEN_TRANSFER}
                ) every GROUP BY 1, 2
            ) s {_NAMED} WHERE s.units <> 0""",
    ),
    Check(
        "a purchase order has received what its receipts say, and stands where that leads",
        "SELECT count(*) FROM inventory_purchaseorderline",
        """SELECT o.number || ' line ' || i.number FROM inventory_purchaseorderline i
           JOIN inventory_purchaseorder o ON o.id = i.order_id LEFT JOIN (
                SELECT purchase_line_id, sum(quantity) AS units FROM inventory_receiptline GROUP BY 1
           ) s ON s.purchase_line_id = i.id WHERE coalesce(s.units, 0) <> i.received
           UNION ALL
           SELECT o.number FROM inventory_purchaseorder o LEFT JOIN (
                SELECT order_id, sum(received) AS came, sum(greatest(0, quantity - cancelled - received)) AS to_come
                FROM inventory_purchaseorderline GROUP BY 1
           ) s ON s.order_id = o.id
           WHERE (o.state = 'ordered' AND s.came > 0) OR (o.state = 'partly_received' AND s.came = 0)
              OR (o.state IN ('ordered', 'partly_received') AND s.to_come = 0)
              OR (o.state IN ('received', 'closed') AND s.to_come > 0)""",
    ),
    Check(
        "surplus that was kept is in its receipt, and no other is",
        "SELECT count(*) FROM inventory_surplus",
        """SELECT r.number FROM inventory_surplus s JOIN inventory_receipt r ON r.id = s.receipt_id LEFT JOIN (
                SELECT receipt_id, purchase_line_id, sum(quantity) AS units FROM inventory_receiptline GROUP BY 1, 2
           ) i ON (i.receipt_id, i.purchase_line_id) = (s.receipt_id, s.purchase_line_id)
           WHERE (s.state = 'kept' AND coalesce(i.units, 0) < s.quantity) OR (s.state = 'waiting') <> (s.decided_at IS NULL)""",
    ),
    Check(
        "a transfer's steps make what is on its way, and say what its movements say",
        "SELECT count(*) FROM inventory_transferline",
        """SELECT t.number || ' line ' || i.number FROM inventory_transferline i
           JOIN inventory_transfer t ON t.id = i.transfer_id LEFT JOIN (
                SELECT line_id, sum(units) AS units, sum(value_minor) AS minor, -sum(units) FILTER (WHERE kind = 'lost') AS lost,
                       sum(units) FILTER (WHERE kind IN ('sent', 'received')) AS carried,
                       sum(value_minor) FILTER (WHERE kind IN ('sent', 'received')) AS carried_minor
                FROM inventory_transferstep GROUP BY 1
           ) s ON s.line_id = i.id LEFT JOIN (
                SELECT source_id, -sum(on_hand) AS units, -sum(value_minor) AS minor FROM inventory_stockmovement
                WHERE source_kind = 'transfer_line' GROUP BY 1
           ) m ON m.source_id = i.id
           WHERE (coalesce(s.units, 0), coalesce(s.minor, 0), coalesce(s.lost, 0))
                 <> (CASE WHEN t.sent_at IS NULL THEN 0 ELSE i.quantity - i.received - i.lost END, i.value_minor, i.lost)
              OR (coalesce(s.carried, 0), coalesce(s.carried_minor, 0)) <> (coalesce(m.units, 0), coalesce(m.minor, 0))
              OR (i.value_minor <> 0 AND i.quantity = i.received + i.lost)""",
    ),
    append_only("inventory_landedcost", "inventory_landedpart", "inventory_transferstep"),
)


def costs() -> tuple[Check, ...]:
    """Of I12; asked for when it runs, because the shop's days are counted in its own zone."""
    return (
        Check(
            "a landed cost is its parts, booked where they lie",
            "SELECT count(*) FROM inventory_landedcost",
            """SELECT coalesce(nullif(c.bill, ''), c.id::text) FROM inventory_landedcost c LEFT JOIN (
                    SELECT cost_id, sum(amount_minor) AS amount, sum(stock_minor) AS stock FROM inventory_landedpart GROUP BY 1
               ) s ON s.cost_id = c.id LEFT JOIN (
                    SELECT p.cost_id, sum(v.minor) AS minor FROM inventory_landedpart p JOIN (
                        SELECT source_id, value_minor AS minor FROM inventory_stockmovement WHERE source_kind = 'landed_part'
                        UNION ALL SELECT source_id, value_minor FROM inventory_transferstep WHERE kind = 'landed'
                    ) v ON v.source_id = p.id GROUP BY 1
               ) m ON m.cost_id = c.id LEFT JOIN (
                    SELECT e.source_id, sum(l.debit_minor) - sum(l.credit_minor) AS minor
                    FROM ledger_entry e JOIN ledger_line l ON l.entry_id = e.id
                    WHERE e.event = 'cost.landed' AND l.account_id = 'payable_landed' GROUP BY 1
               ) b ON b.source_id = c.id
               WHERE s.amount IS DISTINCT FROM c.amount_minor OR coalesce(m.minor, 0) <> s.stock
                  OR coalesce(b.minor, 0) <> -c.amount_minor""",
        ),
        Check(
            "stock in the book is what the shelves cost, and what is on its way",
            "SELECT count(*) FROM inventory_stocklevel",
            """SELECT 'book ' || book.minor || ', shelves ' || shelves.minor || ', on the way ' || way.minor FROM
                 (SELECT coalesce(sum(debit_minor) - sum(credit_minor), 0) AS minor FROM ledger_line
                  WHERE account_id = 'inventory') book,
                 (SELECT coalesce(sum(value_minor), 0) AS minor FROM inventory_stocklevel) shelves,
                 (SELECT coalesce(sum(value_minor), 0) AS minor FROM inventory_transferline) way
               WHERE book.minor <> shelves.minor + way.minor""",
        ),
        Check(
            "on every day the book says what the stock of that day cost",
            "SELECT count(DISTINCT day) FROM ledger_entry",
            """SELECT day || ': book ' || sum(book) || ', stock ' || sum(stock) FROM (
                    SELECT e.day, l.debit_minor - l.credit_minor AS book, 0 AS stock
                    FROM ledger_line l JOIN ledger_entry e ON e.id = l.entry_id WHERE l.account_id = 'inventory'
                    UNION ALL
                    SELECT (at AT TIME ZONE %s)::date, 0, value_minor FROM inventory_stockmovement WHERE value_minor <> 0
                    UNION ALL
                    SELECT (at AT TIME ZONE %s)::date, 0, value_minor FROM inventory_transferstep
               ) every GROUP BY day HAVING sum(book) <> sum(stock)""",
            (place.time_zone(), place.time_zone()),
        ),
    )
