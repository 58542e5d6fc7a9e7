"""What an accountant asks of the book: sums by account over a span of days, and the lines behind them, in order.

Every list is read by key, never by offset; a file is read in pieces through the same keys.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet

from apps.ledger.models import Line

PIECE = 2000


@dataclass(frozen=True, slots=True)
class Balance:
    """One account in one currency over a span: what it began with and what moved, in minor units, debit above zero."""

    code: str
    name_ja: str
    name_en: str
    kind: str
    currency: str
    opening: int
    debit: int
    credit: int

    @property
    def closing(self) -> int:
        """What it ended with."""
        return self.opening + self.debit - self.credit


_TRIAL = """
SELECT a.code, a.name_ja, a.name_en, a.kind, e.currency,
    coalesce(sum(l.debit_minor - l.credit_minor) FILTER (WHERE e.day < %(since)s), 0),
    coalesce(sum(l.debit_minor) FILTER (WHERE e.day >= %(since)s), 0),
    coalesce(sum(l.credit_minor) FILTER (WHERE e.day >= %(since)s), 0)
FROM ledger_line l JOIN ledger_entry e ON e.id = l.entry_id JOIN ledger_account a ON a.code = l.account_id
WHERE e.day <= %(until)s
GROUP BY a.code, a.name_ja, a.name_en, a.kind, e.currency
ORDER BY array_position(ARRAY['asset', 'liability', 'income', 'expense']::varchar[], a.kind), a.code, e.currency
"""


def trial_balance(since: date, until: date) -> list[Balance]:
    """Every account that moved up to `until`. The opening balances read the whole book: it has no closing of years yet."""
    with connection.cursor() as cursor:
        cursor.execute(_TRIAL, {"since": since, "until": until})
        return [Balance(*row[:5], *(int(figure) for figure in row[5:])) for row in cursor.fetchall()]


def lines(
    since: date, until: date, *, account: str = "", after: tuple[date, UUID, int] | None = None
) -> QuerySet[Line]:
    """The lines of a span in the order of the book: by day, entry and number; from a key on, exclusively."""
    rows = Line.objects.filter(entry__day__gte=since, entry__day__lte=until).select_related("entry", "account")
    if account:
        rows = rows.filter(account=account)
    if after:
        day, entry, number = after
        later = Q(entry__day=day, entry__gt=entry) | Q(entry__day=day, entry=entry, number__gt=number)
        rows = rows.filter(Q(entry__day__gt=day) | later, entry__day__gte=day)
    return rows.order_by("entry__day", "entry_id", "number")


def key_of(line: Line) -> tuple[date, UUID, int]:
    """Where a line stands in that order."""
    return line.entry.day, line.entry_id, line.number


def every_line(since: date, until: date, *, account: str = "") -> Iterator[Line]:
    """All of them, piece by piece."""
    after = None
    while piece := list(lines(since, until, account=account, after=after)[:PIECE]):
        yield from piece
        after = key_of(piece[-1])
