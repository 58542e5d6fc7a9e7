"""I12: the book balances, is never changed, and says what happened. I13: every payout is explained to the minor unit."""

from apps.flows.verifying.checks import Check, append_only
from apps.reconciliation import queries as reconciliation

ENTRIES = "SELECT count(*) FROM ledger_entry"
_POSTED = "SELECT e.source_id, sum(l.debit_minor) AS minor FROM ledger_entry e JOIN ledger_line l ON l.entry_id = e.id"
_CAPTURES = "('payment.captured', 'payment.collected_on_delivery')"

I12 = (
    Check(
        "an entry balances and is whole",
        ENTRIES,
        """SELECT e.event || ' ' || e.id FROM ledger_entry e LEFT JOIN (
                SELECT entry_id, sum(debit_minor) - sum(credit_minor) AS rest, count(*) AS n, min(number) AS low,
                       max(number) AS high, bool_and((debit_minor > 0 AND credit_minor = 0)
                                                     OR (credit_minor > 0 AND debit_minor = 0)) AS is_one_sided
                FROM ledger_line GROUP BY 1
           ) s ON s.entry_id = e.id
           WHERE s.n IS NULL OR s.rest <> 0 OR s.low <> 1 OR s.high <> s.n OR NOT s.is_one_sided""",
    ),
    Check(
        "a source is posted once",
        ENTRIES,
        "SELECT min(event || ' ' || source_id) FROM ledger_entry GROUP BY event, source_id, part HAVING count(*) > 1",
    ),
    Check(
        "a reversal undoes exactly what it reverses",
        "SELECT count(*) FROM ledger_entry WHERE reverses_id IS NOT NULL",
        """SELECT e.event || ' ' || e.id FROM ledger_entry e JOIN ledger_entry was ON was.id = e.reverses_id
           WHERE EXISTS (
                SELECT 1 FROM ledger_line l WHERE l.entry_id IN (e.id, was.id)
                GROUP BY l.account_id HAVING sum(l.debit_minor) <> sum(l.credit_minor)) OR e.currency <> was.currency""",
    ),
    Check(
        "what was captured is posted",
        "SELECT count(*) FROM payments_payment",
        f"""SELECT o.number FROM payments_payment p JOIN orders_order o ON o.id = p.order_id
            LEFT JOIN ({_POSTED} WHERE e.event IN {_CAPTURES} AND e.reverses_id IS NULL GROUP BY 1) s ON s.source_id = p.id
            WHERE coalesce(s.minor, 0) <> p.captured_minor""",
    ),
    Check(
        "what was given back is posted",
        "SELECT count(*) FROM payments_refund",
        f"""SELECT r.id FROM payments_refund r
            LEFT JOIN ({_POSTED} WHERE e.event = 'payment.refunded' AND e.reverses_id IS NULL GROUP BY 1) s
                ON s.source_id = r.id
            WHERE coalesce(s.minor, 0) <> CASE WHEN r.status = 'succeeded' THEN r.amount_minor ELSE 0 END""",
    ),
    Check(
        "what was shipped is sold in the book, and nothing else",
        "SELECT count(*) FROM shipping_shipment",
        """SELECT s.number FROM shipping_shipment s JOIN orders_order o ON o.id = s.order_id
           WHERE (s.shipped_at IS NOT NULL) <> EXISTS (
                SELECT 1 FROM ledger_entry e WHERE e.event = 'shipment.shipped' AND e.source_id = s.id)
             AND NOT (s.shipped_at IS NOT NULL AND o.total_minor = 0)""",
    ),
    Check(
        "a sale that ended without a parcel is sold in the book",
        "SELECT count(*) FROM orders_order WHERE lifecycle = 'closed'",
        """SELECT o.number FROM orders_order o WHERE o.lifecycle = 'closed' AND o.total_minor > 0
              AND NOT EXISTS (SELECT 1 FROM orders_orderline i WHERE i.order_id = o.id AND i.kind = 'item')
              AND NOT EXISTS (SELECT 1 FROM ledger_entry e WHERE e.event = 'shipment.shipped' AND e.source_id = o.id)""",
    ),
    append_only("ledger_entry", "ledger_line"),
)

I13 = (
    Check(
        "a payout is its lines, or its rest has a name",
        "SELECT count(*) FROM reconciliation_payout",
        """SELECT p.provider_id FROM reconciliation_payout p LEFT JOIN (
                SELECT payout_id, sum(net_minor) AS net, min(currency) AS low, max(currency) AS high
                FROM reconciliation_moneyline GROUP BY 1
           ) s ON s.payout_id = p.id
           WHERE p.lines_minor IS NOT NULL AND (
                coalesce(s.net, 0) <> p.lines_minor OR (s.low, s.high) <> (p.currency, p.currency)
                OR (p.lines_minor <> p.amount_minor AND NOT EXISTS (
                    SELECT 1 FROM reconciliation_difference d WHERE d.kind = 'payout_sum'
                      AND d.connection_id = p.connection_id AND d.thing = p.provider_id
                      AND d.theirs_minor - d.ours_minor = p.amount_minor - p.lines_minor)))""",
    ),
    Check(
        "every amount is matched, posted or named",
        "SELECT count(*) FROM reconciliation_moneyline",
        f"SELECT name FROM ({reconciliation.UNNAMED}) rest",
    ),
    Check(
        "the fees of a payout are posted",
        "SELECT count(*) FROM reconciliation_moneyline",
        """SELECT p.provider_id FROM reconciliation_payout p JOIN (
                SELECT payout_id, kind, sum(fee_minor - CASE WHEN kind = 'fee' THEN amount_minor ELSE 0 END) AS minor
                FROM reconciliation_moneyline GROUP BY 1, 2
           ) f ON f.payout_id = p.id LEFT JOIN (
                SELECT e.source_id, e.part, sum(l.debit_minor) AS minor
                FROM ledger_entry e JOIN ledger_line l ON l.entry_id = e.id WHERE e.event = 'fee.charged' GROUP BY 1, 2
           ) s ON s.source_id = p.id AND s.part = f.kind WHERE coalesce(s.minor, 0) <> abs(f.minor)""",
    ),
    Check(
        "a line of a provider adds up",
        "SELECT count(*) FROM reconciliation_moneyline",
        "SELECT provider_id FROM reconciliation_moneyline WHERE net_minor <> amount_minor - fee_minor",
    ),
    Check(
        "a payout that was read is posted once",
        "SELECT count(*) FROM reconciliation_payout WHERE lines_minor IS NOT NULL",
        f"""SELECT p.provider_id FROM reconciliation_payout p
            LEFT JOIN ({_POSTED} WHERE e.event = 'payout.sent' GROUP BY 1) s ON s.source_id = p.id
            WHERE p.lines_minor IS NOT NULL AND coalesce(s.minor, 0) <> abs(p.amount_minor)""",
    ),
    append_only("reconciliation_moneyline"),
)
