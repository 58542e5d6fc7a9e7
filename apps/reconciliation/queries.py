"""What staff ask of nights: what each source said, what differs by class and state, and which payouts tie out."""

from dataclasses import dataclass, field
from datetime import date, timedelta

from django.db.models import Count, QuerySet, Sum

from apps.reconciliation.models import Difference, Payout, Statement


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
    """Everything about one night but its rows, in two statements."""
    found = Night(period)
    rows = Statement.objects.filter(period=period).select_related("connection")
    found.statements = sorted(
        rows, key=lambda row: (row.verdict not in {"stale", "failed"}, row.leg, row.connection.name)
    )
    sums = differences(period).order_by().values("kind", "state", "currency").annotate(
        n=Count("*"), left=Sum("unexplained_minor")
    )  # fmt: skip
    for row in sums:
        key = (row["kind"], row["state"])
        found.counts[key] = found.counts.get(key, 0) + row["n"]
        if row["left"]:
            found.unexplained_minor[row["currency"]] = found.unexplained_minor.get(row["currency"], 0) + row["left"]
    return found


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
