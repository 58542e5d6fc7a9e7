"""What staff ask of nights: what each source said, what differs by class and state, which payouts tie out, what is unexplained.

An amount is explained when its line is matched or a fee, when a difference names it with its cause, or when a person said why.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta
from uuid import UUID

from django.db import connection as database
from django.db.models import Count, QuerySet, Sum
from django.db.models.functions import Abs

from apps.reconciliation.models import Difference, Payout, Statement, StockDrift

# Rows (currency, minor, name, period) of what nothing here names: lines that are neither matched, posted nor in a difference,
# and what a payout's lines lack without a difference that says exactly this. Read by `verify`, too: there must be none.
UNNAMED = """
SELECT l.currency, l.net_minor AS minor, 'line ' || l.provider_id AS name, p.period
FROM reconciliation_moneyline l LEFT JOIN reconciliation_payout p ON p.id = l.payout_id
WHERE l.payment_ref IS NULL AND l.difference_id IS NULL AND l.kind <> 'fee' AND l.net_minor <> 0
UNION ALL
SELECT p.currency, p.amount_minor - s.minor - coalesce(d.minor, 0), 'payout ' || p.provider_id, p.period
FROM reconciliation_payout p
CROSS JOIN LATERAL (
  SELECT coalesce(sum(net_minor), 0) AS minor FROM reconciliation_moneyline WHERE payout_id = p.id) s
LEFT JOIN LATERAL (
  SELECT theirs_minor - ours_minor AS minor FROM reconciliation_difference
  WHERE kind = 'payout_sum' AND connection_id = p.connection_id AND thing = p.provider_id ORDER BY id DESC LIMIT 1) d ON true
WHERE p.lines_minor IS NOT NULL AND p.amount_minor <> s.minor + coalesce(d.minor, 0)
"""
# And what a difference names, but nobody knows the cause of: as long as it waits for a person.
UNEXPLAINED = f"""{UNNAMED} UNION ALL
SELECT currency, unexplained_minor, 'difference ' || id, period
FROM reconciliation_difference WHERE state = 'open' AND unexplained_minor <> 0
"""
SUMS = f"SELECT currency, sum(abs(minor))::bigint FROM ({UNEXPLAINED}) rest"


@dataclass(slots=True)
class Night:
    """One night: its statements, differences counted by class and state, and what nothing explains by currency."""

    period: str
    statements: list[Statement] = field(default_factory=list)
    counts: dict[tuple[str, str], int] = field(default_factory=dict)
    unexplained_minor: dict[str, int] = field(default_factory=dict)

    def count(self, *, kind: str = "", state: str = "") -> int:
        """Differences of a class, of a state, of both, or all."""
        return sum(n for (k, s), n in self.counts.items() if kind in ("", k) and state in ("", s))

    @property
    def stale(self) -> list[Statement]:
        """Looks at sources that did not answer: never a match."""
        return [row for row in self.statements if row.verdict in {Statement.Verdict.STALE, Statement.Verdict.FAILED}]


def night(period: str) -> Night:
    """Everything about one night but its rows, in three statements."""
    found = Night(period, unexplained_minor=unexplained(period))
    rows = Statement.objects.filter(period=period).select_related("connection")
    found.statements = sorted(
        rows, key=lambda row: (row.verdict not in {"stale", "failed"}, row.leg, row.connection.name)
    )
    counts = Difference.objects.filter(period=period).order_by().values_list("kind", "state").annotate(n=Count("*"))
    found.counts = {(kind, state): n for kind, state, n in counts}
    return found


def unexplained(period: str | None = None) -> dict[str, int]:
    """Minor units by currency that nothing explains, of one night or of all; empty when all is. Amounts never cancel out."""
    with database.cursor() as cursor:
        if period is None:
            cursor.execute(f"{SUMS} GROUP BY currency")
        else:
            cursor.execute(f"{SUMS} WHERE period = %s GROUP BY currency", [period])
        return dict(cursor.fetchall())


def differences(period: str, *, kind: str = "", state: str = "", assignee: str = "") -> QuerySet[Difference]:
    """A night's differences, or some of them, unordered."""
    wanted = {"kind": kind, "state": state, "assignee": assignee}
    rows = Difference.objects.filter(period=period, **{name: value for name, value in wanted.items() if value})
    return rows.select_related("connection")


def undecided() -> QuerySet[Difference]:
    """Differences of all nights that wait for a person."""
    return Difference.objects.filter(state=Difference.State.OPEN)


def trend(last: date, *, nights: int) -> list[tuple[str, int, int]]:
    """(period, explained, waiting for a decision) of the nights up to `last`, oldest first; nights without any are 0."""
    periods = [(last - timedelta(days=back)).isoformat() for back in reversed(range(nights))]
    rows = (
        Difference.objects.filter(period__in=periods).order_by().values_list("period", "state").annotate(n=Count("*"))
    )
    counts: dict[tuple[str, str], int] = {(period, state): n for period, state, n in rows}
    open_state = Difference.State.OPEN.value
    return [
        (
            period,
            sum(n for (of, state), n in counts.items() if of == period and state != open_state),
            counts.get((period, open_state), 0),
        )
        for period in periods
    ]


@dataclass(frozen=True, slots=True)
class DriftSum:
    """Parts of stock drift of one cause (and channel): how many, units either way, and what they sell for."""

    cause: str
    channel: str
    connection: UUID
    parts: int
    units: int
    value_minor: int
    currency: str


def drift_sums(period: str) -> list[DriftSum]:
    """One night's stock drift by cause and channel, the most units first. Units never cancel out."""
    rows = StockDrift.objects.filter(period=period).order_by().values_list(
        "cause", "connection__name", "connection", "currency"
    ).annotate(n=Count("*"), units=Sum(Abs("units")), minor=Sum(Abs("value_minor")))  # fmt: skip
    sums = [DriftSum(cause, name, id_, n, units, minor or 0, cur) for cause, name, id_, cur, n, units, minor in rows]
    return sorted(sums, key=lambda one: (-one.units, one.cause, one.channel))


def drifts(period: str, *, cause: str = "", channel: str = "") -> QuerySet[StockDrift]:
    """One night's parts of stock drift, or some of them, unordered."""
    rows = StockDrift.objects.filter(period=period).select_related("connection")
    rows = rows.filter(cause=cause) if cause else rows
    return rows.filter(connection=channel) if channel else rows


def newest_period() -> str:
    """The newest night that was looked at; empty before the first."""
    return Statement.objects.order_by("-period").values_list("period", flat=True).first() or ""


def payouts(until: date, *, days: int) -> list[Payout]:
    """Payouts that reach the bank in the days up to `until`, newest first, with the number of their lines."""
    rows = Payout.objects.filter(
        arrives_on__gt=until - timedelta(days=days), arrives_on__lte=until + timedelta(days=days)
    )
    return list(
        rows.select_related("connection").annotate(line_count=Count("lines")).order_by("-arrives_on", "-id")[:50]
    )
