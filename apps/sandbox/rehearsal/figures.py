"""What came of a rehearsal, counted from the product's rows, and beside it what the recount from outside says."""

import math
from collections import Counter
from dataclasses import dataclass
from typing import Any

from apps.reconciliation import queries as reconciliation
from apps.sandbox.recount import Recount
from apps.sandbox.rehearsal.driver import Played
from apps.sandbox.rehearsal.quiet import Rows
from apps.sandbox.retail import Orders

KEYS = (
    "rows_read", "rows_placed", "rows_cancelled", "rows_fee", "rows_adjusted", "rows_set_aside", "lines_short",
    "orders_placed", "orders_held", "orders_held_expected", "refunds", "units_promised", "units_oversold",
    "payments_minor", "ledger_balanced", "differences", "differences_planted", "unexplained_minor", "seconds",
    "orders_per_second", "peak_memory_mb", "invariants",
)  # fmt: skip
VOLATILE = ("seconds", "orders_per_second", "peak_memory_mb")
_PROMISED = """
SELECT v.sku, sum(d.allocated + d.shipped) - coalesce(sum(r.returned), 0)
FROM inventory_demand d JOIN inventory_stocklevel s ON s.id = d.level_id JOIN catalog_variant v ON v.id = s.variant_id
LEFT JOIN orders_orderline r ON r.id = d.subject GROUP BY v.sku
"""
_SHORT = """
SELECT count(*) FROM inventory_demand d WHERE d.quantity > coalesce((
  SELECT sum(m.reserved) FROM inventory_stockmovement m
  WHERE m.level_id = d.level_id AND m.source_id = d.id AND m.kind = 'allocation' AND m.part = ''), 0)
"""
_HELD = """
SELECT o.external_number FROM orders_order o WHERE o.was_short OR EXISTS (
  SELECT 1 FROM core_statemove m WHERE m.subject = o.id AND m.axis = 'allocation' AND m.old = 'full' AND m.new <> 'full')
"""
_UNBALANCED = """
SELECT count(*) FROM (
  SELECT entry_id FROM ledger_line GROUP BY entry_id HAVING sum(debit_minor) <> sum(credit_minor)) AS unbalanced
"""


@dataclass(frozen=True, slots=True)
class Taken:
    """Lines and rows as the product has them, to be held against what the file says."""

    placed: int
    set_aside: dict[str, int]


def taken(rows: Rows) -> Taken:
    """How many product lines of orders there are, and which rows of files were set aside by the product."""
    placed = rows.query("SELECT count(*) FROM orders_orderline WHERE kind = 'item'")[0][0]
    aside = rows.query("SELECT reason, count(*) FROM hub_setasiderow GROUP BY reason")
    return Taken(placed, {str(reason): int(count) for reason, count in aside})


def promised(rows: Rows) -> dict[str, int]:
    """Units promised or shipped and not come back, by SKU, as the product has them."""
    return {str(sku): int(units) for sku, units in rows.query(_PROMISED)}


def held_orders(rows: Rows) -> set[str]:
    """Numbers of orders that ever waited for stock."""
    return {str(row[0]) for row in rows.query(_HELD)}


def collect(
    rows: Rows, orders: Orders, recount: Recount, played: Played, *, is_calm: bool, seconds: float, memory_mb: int,
    invariants: list[dict[str, Any]],
) -> dict[str, Any]:  # fmt: skip
    """The one JSON object of a rehearsal."""
    by_product = taken(rows)
    units = promised(rows)
    count = int(rows.query("SELECT count(*) FROM orders_order")[0][0])
    set_aside = Counter(orders.set_aside)
    missing = orders.counts["placed"] - by_product.placed
    if missing:
        set_aside["not_taken"] = missing
    figures: dict[str, Any] = {
        "rows_read": orders.rows_read,
        "rows_placed": by_product.placed,
        "rows_cancelled": orders.counts["cancelled"],
        "rows_fee": orders.counts["fee"],
        "rows_adjusted": orders.counts["adjusted"],
        "rows_set_aside": dict(sorted(set_aside.items())),
        "lines_short": int(rows.query(_SHORT)[0][0]),
        "orders_placed": count,
        "orders_held": len(held_orders(rows)),
        "orders_held_expected": len(recount.ever_waited) if is_calm else None,
        "refunds": int(rows.query("SELECT count(*) FROM payments_refund")[0][0]),
        "units_promised": sum(units.values()),
        "units_oversold": recount.oversold(units) + recount.sent_beyond_shelf.total(),
        "payments_minor": _by_name(
            rows, "SELECT currency, sum(captured_minor) FROM payments_payment GROUP BY currency"
        ),
        "ledger_balanced": rows.query(_UNBALANCED)[0][0] == 0,
        "differences": _by_name(rows, "SELECT kind, count(*) FROM reconciliation_difference GROUP BY kind"),
        "differences_planted": dict(sorted((kind, n) for kind, n in played.planted.items() if n)),
        "unexplained_minor": sum(int(minor) for _, minor in rows.query(f"{reconciliation.SUMS} GROUP BY currency")),
        "seconds": round(seconds, 1),
        "orders_per_second": round(count / max(seconds, 0.001), 1),
        "peak_memory_mb": memory_mb,
        "invariants": invariants,
    }
    if not is_calm:
        del figures["orders_held_expected"]
    return figures


def faults(figures: dict[str, Any], recount: Recount, rows: Rows, *, is_calm: bool) -> list[str]:
    """Sentences about everything in a rehearsal that is not as it must be; empty when all is well."""
    wrong = []
    if (
        sum(figures[f"rows_{kind}"] for kind in ("placed", "cancelled", "fee", "adjusted"))
        + sum(figures["rows_set_aside"].values())
        != figures["rows_read"]
    ):
        wrong.append("the rows do not sum to the rows read")
    if sum(figures["rows_set_aside"].values()) > math.ceil(figures["rows_read"] * 0.005):
        wrong.append("more than 0.5 % of the rows were set aside")
    if figures["units_oversold"]:
        wrong.append(f"{figures['units_oversold']} units were promised beyond the shelf")
    if not figures["ledger_balanced"]:
        wrong.append("the ledger does not balance")
    if figures["unexplained_minor"]:
        wrong.append(f"{figures['unexplained_minor']} minor units are unexplained")
    wrong += [f"invariant {one['id']} is violated" for one in figures["invariants"] if not one["ok"]]
    if is_calm:
        wrong += _differs_from(recount, figures, rows)
    if figures["differences"] != figures["differences_planted"]:
        wrong.append(f"found {figures['differences']}, planted {figures['differences_planted']}")
    return wrong


def _differs_from(recount: Recount, figures: dict[str, Any], rows: Rows) -> list[str]:
    """Calm: what the product did is what the recount says, order by order and SKU by SKU."""
    wrong = []
    ours, theirs = held_orders(rows), recount.ever_waited
    if ours != theirs:
        wrong.append(
            f"{figures['orders_held']} orders were held, the recount says {len(theirs)}:"
            f" only here {sorted(ours - theirs)[:5]}, only there {sorted(theirs - ours)[:5]}"
        )
    counted = {sku: units for sku, units in recount.promised().items() if units}
    have = {sku: units for sku, units in promised(rows).items() if units}
    if counted != have:
        differing = sorted(sku for sku in counted.keys() | have.keys() if counted.get(sku) != have.get(sku))
        shown = [f"{sku} {have.get(sku, 0)} ≠ {counted.get(sku, 0)}" for sku in differing[:5]]
        wrong.append(f"units promised differ from the recount for {len(differing)} SKUs: {', '.join(shown)}")
    return wrong


def _by_name(rows: Rows, words: str) -> dict[str, int]:
    return {str(name): int(count) for name, count in sorted(rows.query(words)) if count}
