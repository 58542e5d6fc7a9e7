"""What must always be true, checked over everything there is: `manage.py verify`. An invariant is code, not a hope.

I1 and I2 stock, I4 intake, I6 outlet, I7 the other side's count, I10 and I11 orders, I12 and I13 money, I14 states, I15 jobs,
I17 the audit trail (numbers as in docs/architecture.md). Read in one snapshot.
"""

from collections.abc import Callable

from django.db import connection as database
from django.db import transaction

from apps.flows.verifying import audit, checks, counts, drifts, hub, jobs, money, on_way, orders, peers, states, stock
from apps.flows.verifying.checks import Check, Finding
from apps.hub import registry
from apps.hub.abilities import Writes

INVARIANTS: dict[str, Callable[[], Finding]] = {
    "I1": lambda: checks.run("I1", (*stock.I1, stock.HELD, *_shown())),
    "I2": lambda: checks.run("I2", (*stock.I2, *on_way.INCOMING, *counts.COUNTS, *drifts.DRIFTS)),
    "I4": lambda: checks.run("I4", hub.I4),
    "I6": lambda: checks.run("I6", hub.going_out()),
    "I7": peers.check,
    "I10": lambda: checks.run("I10", orders.I10),
    "I11": lambda: checks.run("I11", orders.I11),
    "I12": lambda: checks.run("I12", (*money.I12, *on_way.costs())),
    "I13": lambda: checks.run("I13", money.I13),
    "I14": lambda: checks.run("I14", states.I14),
    "I15": lambda: checks.run("I15", jobs.checks()),
    "I17": audit.check,
}


def verify() -> list[Finding]:
    """Every invariant, in their order."""
    with transaction.atomic():
        with database.cursor() as cursor:
            if len(database.savepoint_ids) == 0:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            cursor.execute("SET LOCAL work_mem = '256MB'")
            cursor.execute("SET LOCAL jit = off")  # compiling so many statements once each costs more than it saves
        return [check() for check in INVARIANTS.values()]


def _shown() -> tuple[Check, Check]:
    """What channels show, by the connectors of those that are told what to show."""
    told = {slug: manifest.stock for slug, manifest in registry.manifests().items() if manifest.stock}
    compare_and_set = [slug for slug, manners in told.items() if manners.writes is Writes.COMPARE_AND_SET]
    return stock.shown_within_free(list(told)), stock.covered_by_leases(list(told), compare_and_set)
