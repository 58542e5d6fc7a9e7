"""What came of a rehearsal whose channels sold only what they showed: promises kept and broken, and what the leases cost."""

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from apps.sandbox import promises
from apps.sandbox.promises import Kept, Span
from apps.sandbox.rehearsal.quiet import Rows
from apps.sandbox.world import micros

_STATES = """
SELECT v.sku, m.new, m.at FROM core_statemove m JOIN channels_sellingpolicy p ON p.id = m.subject
JOIN catalog_variant v ON v.id = p.variant_id WHERE m.kind = 'channels.sellingpolicy' AND m.axis = 'state' ORDER BY m.id
"""
_PLACED = "SELECT count(*) FROM orders_order"
_PUSHES = """
SELECT count(*), coalesce(sum(size), 0), count(*) FILTER (WHERE status = 'lapsed') FROM hub_delivery
WHERE operation = 'stock.set'
"""
_UNBALANCED = """
SELECT count(*) FROM (
  SELECT entry_id FROM ledger_line GROUP BY entry_id HAVING sum(debit_minor) <> sum(credit_minor)) AS unbalanced
"""
SHARE_LEASED, REFUSALS = 0.2, 500  # a rehearsal that leases less proves less


def leased_spans(rows: Rows) -> dict[str, list[Span]]:
    """SKU -> when it was leased, oldest first, out of the product's own history of states."""
    spans: dict[str, list[Span]] = defaultdict(list)
    for sku, new, at in rows.query(_STATES):
        if new == "leased":
            spans[sku].append(Span(micros(at), None))
        elif spans[sku] and spans[sku][-1].until is None:
            spans[sku][-1] = Span(spans[sku][-1].since, micros(at))
    return spans


def collect(
    rows: Rows, file: Path, supply: Path, world: Path, *, invoices: int | None, seconds: float, memory_mb: int,
    invariants: list[dict[str, Any]],
) -> tuple[dict[str, Any], Kept]:  # fmt: skip
    """The one JSON object, and what stands behind it."""
    spans = leased_spans(rows)
    kept = promises.replay(file, supply, world, leased=spans, invoices=invoices)
    pushes, numbers, lapsed = rows.query(_PUSHES)[0]
    repaired = rows.query("SELECT coalesce(sum(repaired_count), 0) FROM hub_connection")[0][0]
    figures: dict[str, Any] = {
        "orders_placed": int(rows.query(_PLACED)[0][0]),
        "units_sold": kept.sold.total(),
        "variants_sold": len(kept.sold),
        "variants_leased": sum(1 for sku in kept.sold if spans.get(sku)),
        "promises_broken_leased": kept.broken["leased"],
        "promises_broken_shared": kept.broken["shared"],
        "promises_broken_by_losses": kept.broken["shelf"],
        "sales_lost_to_leases": kept.refusals["lease"],
        "units_lost_to_leases": kept.refused["lease"],
        "sales_lost_to_lag": kept.refusals["late"],
        "sales_sold_out": kept.refusals["sold_out"],
        "false_sold_out": sum(1 for sku, units in kept.unsold.items() if units and not kept.shown.get(sku)),
        "pushes": int(pushes),
        "numbers_pushed": int(numbers),
        "pushes_lapsed": int(lapsed),
        "repaired_at_night": int(repaired),
        "ledger_balanced": rows.query(_UNBALANCED)[0][0] == 0,
        "seconds": round(seconds, 1),
        "peak_memory_mb": memory_mb,
        "invariants": invariants,
    }
    return figures, kept


def faults(figures: Mapping[str, Any], kept: Kept, *, is_whole: bool) -> list[str]:
    """Sentences about everything that is not as it must be. `is_whole`: the file is large enough to ask for proof."""
    wrong = [f"a promise on a leased variant was broken: {one}" for one in kept.worst[:10]]
    if figures["false_sold_out"]:
        named = [sku for sku, units in kept.unsold.items() if units and not kept.shown.get(sku)]
        wrong.append(f"{figures['false_sold_out']} variants lie there and can be bought nowhere: {named[:5]}")
    if not figures["ledger_balanced"]:
        wrong.append("the ledger does not balance")
    wrong += [f"invariant {one['id']} is violated: {one['examples']}" for one in figures["invariants"] if not one["ok"]]
    if is_whole and figures["variants_leased"] < SHARE_LEASED * figures["variants_sold"]:
        wrong.append(f"only {figures['variants_leased']} of {figures['variants_sold']} variants were ever leased")
    if is_whole and figures["sales_lost_to_leases"] < REFUSALS:
        wrong.append(f"only {figures['sales_lost_to_leases']} sales were refused by a lease")
    return wrong
