"""What came of a chaos run, counted by the stand-ins' own ledgers and held against the product's rows."""

import json
import subprocess
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from apps.core.runtime import manage_py
from apps.sandbox import promises
from apps.sandbox.recount import read_dated_log
from apps.sandbox.rehearsal.honesty import leased_spans
from tests.chaos.plan import VICTIMS
from tests.chaos.trade import EMPTY_SECONDS, Trade

_UNITS = """
SELECT c.connector, o.external_number, l.sku, sum(l.quantity)
FROM orders_order o JOIN hub_connection c ON c.id = o.channel_id JOIN orders_orderline l ON l.order_id = o.id
WHERE l.kind = 'item' GROUP BY 1, 2, 3
"""
_TWICE = """
SELECT c.connector || ' ' || o.external_number, count(*) FROM orders_order o JOIN hub_connection c ON c.id = o.channel_id
GROUP BY 1 HAVING count(*) > 1
"""
# What somebody has to look at. A letter of unknown fate is one: nobody can be asked whether it arrived, so it is not sent twice.
# (A label of a parcel that has left by now cannot be given back: the carrier's good right.)
_FOR_A_PERSON = """
SELECT operation, reason, count(*) FROM hub_delivery
WHERE status IN ('waiting', 'dead') AND operation <> 'label.void' GROUP BY 1, 2 ORDER BY 1, 2
"""
_ASIDE = "SELECT topic, reason, count(*) FROM hub_inboxevent WHERE status IN ('set_aside', 'waiting') GROUP BY 1, 2"
_UNMATCHED = "SELECT sku, sum(unmatched) FROM orders_returnline GROUP BY sku HAVING sum(unmatched) > 0"
_LYING = """
SELECT v.sku FROM inventory_stocklevel l JOIN catalog_variant v ON v.id = l.variant_id
WHERE l.on_hand > l.safety + l.damaged + l.quality_control + l.expired + l.reserved
"""
_OVERSOLD = """
SELECT v.sku, sum(l.reserved + l.leased + l.safety + l.damaged + l.quality_control + l.expired - l.on_hand)
FROM inventory_stocklevel l JOIN catalog_variant v ON v.id = l.variant_id GROUP BY 1
HAVING sum(l.reserved + l.leased + l.safety + l.damaged + l.quality_control + l.expired - l.on_hand) > 0
UNION ALL SELECT v.sku, sum(d.allocated) - l.reserved FROM inventory_demand d
JOIN inventory_stocklevel l ON l.id = d.level_id JOIN catalog_variant v ON v.id = l.variant_id
GROUP BY v.sku, l.id HAVING sum(d.allocated) > l.reserved
"""


@dataclass(slots=True)
class Tally:
    """The figures of a run, and sentences about what is not as it must be."""

    figures: dict[str, Any]
    wrong: list[str] = field(default_factory=list)

    def line(self) -> str:
        """The last line: one JSON object."""
        return json.dumps(self.figures, ensure_ascii=False)


def count(trade: Trade) -> Tally:
    """Count, from outside and inside, and compare."""
    rows, plan = trade.rows, trade.plan
    status = trade.stage.control.tell("status")
    sold = _sold(trade)
    ours = {(slug, number, sku): int(units) for slug, number, sku, units in rows.query(_UNITS)}
    lost = sorted(
        {f"{slug} {number}" for (slug, number, sku), units in sold.items() if ours.get((slug, number, sku)) != units}
    )
    twice = rows.query(_TWICE)
    kept = promises.replay(trade.file, trade.given, trade.stage.world, leased=leased_spans(rows))
    nowhere = _sold_out_falsely(trade, kept)
    effects, effects_twice = _effects(trade.stage.control.tell("effects"))
    invariants = _verify(trade)
    oversold = rows.query(_OVERSOLD)
    letters = sum(n for operation, _, n in rows.query(_FOR_A_PERSON) if operation == "message.send")
    figures = {
        "seed": plan.seed,
        "plan": plan.digest(),
        "minutes": round(trade.seconds / 60, 1),
        "kills": {victim: trade.kills[victim] for victim in VICTIMS},
        "faults": dict(sorted(status["misbehaved"].items())),
        "kills_in_all": trade.kills.total(),
        "faults_in_all": sum(status["misbehaved"].values()),
        "orders": len({(slug, number) for slug, number, _ in sold}),
        "effects": effects,
        "lost": len(lost) + _violations(invariants, "I7"),
        "doubled": sum(n - 1 for _, n in twice) + effects_twice,
        "oversold": sum(int(units) for _, units in oversold),
        "promises_broken_leased": kept.broken["leased"],
        "promises_broken_shared": kept.broken["shared"],
        "false_sold_out": len(nowhere),
        "letters_of_unknown_fate": letters,
        "seconds_until_empty": round(trade.empty_after, 1),
        "verified": sum(one["checked"] for one in invariants),
    }
    wrong = [f"sold and not here as it was sold: {one}" for one in lost[:10]]
    wrong += [f"here {n} times: {name}" for name, n in twice[:10]]
    wrong += [f"oversold: {sku} by {units}" for sku, units in oversold[:10]]
    wrong += [f"a promise on a leased variant was broken: {one}" for one in kept.worst[:10]]
    wrong += [f"lies there and can be bought nowhere: {sku}" for sku in nowhere[:10]]
    wrong += [f"{one['id']}: {one['examples']}" for one in invariants if not one["ok"]]
    wrong += [
        f"{n} calls of {operation} wait for a person: {reason}"
        for operation, reason, n in rows.query(_FOR_A_PERSON)
        if operation != "message.send"
    ]
    wrong += [f"{n} notices {topic} were not taken in: {reason}" for topic, reason, n in rows.query(_ASIDE)]
    wrong += [f"{slug} waits for a person: {error}" for slug, error in rows.query(_STOPPED)]
    if effects_twice:
        wrong.append(f"{effects_twice} effects were caused more than once")
    if trade.undone or trade.empty_after > EMPTY_SECONDS:
        wrong.append(f"not empty after {trade.empty_after:.0f} s: {trade.undone}")
    return Tally(figures, wrong)


_STOPPED = "SELECT connector, last_error FROM hub_connection WHERE status <> 'active'"


def _sold(trade: Trade) -> dict[tuple[str, str, str], int]:
    """(channel, number, SKU) -> units, as the channels' own ledger says."""
    sold: Counter[tuple[str, str, str]] = Counter()
    for _at, kind, facts in read_dated_log(trade.stage.world):
        if kind == "sold":
            for sku, units in facts["units"].items():
                sold[(facts["channel"], facts["number"], sku)] += units
    return dict(sold)


def _sold_out_falsely(trade: Trade, kept: promises.Kept) -> list[str]:
    """SKUs of which something lies there that nobody bought, and that no channel shows.

    A paper that names customer and article may come before the sale that it means: it stays unmatched, a person sees it, and
    the units are that customer's until then. The judge, who reads the papers in their order, has set them free.
    """
    unmatched = dict(trade.rows.query(_UNMATCHED))
    lying = {sku for sku, units in kept.unsold.items() if units > unmatched.get(sku, 0)}
    lying |= {sku for (sku,) in trade.rows.query(_LYING)}
    return sorted(sku for sku in lying if not kept.shown.get(sku))


def _effects(told: dict[str, dict[str, dict[str, int]]]) -> tuple[int, int]:
    """How many effects the stand-ins count, and how many of them are repeats. A letter that may have arrived is no repeat."""
    counts = [
        counts.values() for operations in told.values() for name, counts in operations.items() if name != "message.send"
    ]
    letters = sum(sum(operations.get("message.send", {}).values()) for operations in told.values())
    return sum(map(sum, counts)) + letters, sum(n - 1 for one in counts for n in one if n > 1)


def _verify(trade: Trade) -> list[dict[str, Any]]:
    """The invariants as `manage.py verify --json` says them."""
    words = [*manage_py(), "verify", "--json"]
    done = subprocess.run(words, env=trade.runtime.env, capture_output=True, text=True, check=False)
    try:
        told = json.loads(done.stdout)
    except ValueError:
        return [{"id": "verify", "ok": False, "checked": 0, "violations": 1, "examples": [done.stderr[-300:]]}]
    return list(told["invariants"] if isinstance(told, dict) else told)


def _violations(invariants: list[dict[str, Any]], name: str) -> int:
    return sum(one["violations"] for one in invariants if one["id"] == name)
