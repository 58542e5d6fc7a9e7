"""What I2 says of nights: the causes of a channel's wrong number add up to what it was wrong by."""

from apps.flows.verifying.checks import Check

DRIFTS = (
    Check(
        "the causes of a stock difference make it up",
        "SELECT count(*) FROM reconciliation_difference WHERE kind = 'stock_drift'",
        """SELECT d.thing || ' ' || d.period FROM reconciliation_difference d LEFT JOIN (
                SELECT connection_id, period, thing, sum(units) AS units FROM reconciliation_stockdrift GROUP BY 1, 2, 3
           ) s ON (s.connection_id, s.period, s.thing) = (d.connection_id, d.period, d.thing)
           WHERE d.kind = 'stock_drift' AND jsonb_exists(d.evidence, 'causes')
             AND coalesce(s.units, 0) <> (d.evidence->>'theirs')::int - (d.evidence->>'ours')::int""",
    ),
)
