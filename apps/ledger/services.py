"""Posting: an event and its figures become balanced entries by versioned rules; the same source twice posts nothing.

Header and lines are written here and nowhere else: one INSERT of headers, one of all lines, whose balance the database checks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import connection as database
from django.db import transaction

from apps.core import clock
from apps.core.ids import uuid7
from apps.ledger.errors import NoRule
from apps.ledger.models import Entry, Line, PostingRule


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """An event to be posted. `figures`: name -> minor units, as the rules name them. UNIQUE (event, source_id, part).

    `party` is the connection or supplier whose sub-account clearing and payable lines are (補助科目).
    """

    event: str
    at: datetime
    currency: str
    source_kind: str
    source_id: UUID
    figures: Mapping[str, int]
    part: str = ""
    order_ref: UUID | None = None
    party: UUID | None = None
    tax_code: str = ""
    memo: str = ""


_INSERT_ENTRIES = """
INSERT INTO ledger_entry (id, at, day, event, rule_version, currency, source_kind, source_id, part, order_ref, memo)
SELECT * FROM unnest(%s::uuid[], %s::timestamptz[], %s::date[], %s::text[], %s::int[], %s::text[], %s::text[], %s::uuid[],
    %s::text[], %s::uuid[], %s::text[])
ON CONFLICT (event, source_id, part) DO NOTHING RETURNING id
"""

_INSERT_LINES = """
INSERT INTO ledger_line (id, entry_id, number, account_id, debit_minor, credit_minor, tax_code, party)
SELECT * FROM unnest(%s::uuid[], %s::uuid[], %s::int[], %s::text[], %s::bigint[], %s::bigint[], %s::text[], %s::uuid[])
"""

_PARTY_ACCOUNTS = frozenset(
    {"clearing", "cod_receivable", "in_transit", "payable_freight", "payable_goods", "payment_fees"}
)


def record(postings: Sequence[Posting]) -> int:
    """Post events in the caller's transaction; returns how many were new. Figures that are all zero post nothing.

    Raises `NoRule`, and the database's IntegrityError where figures do not balance.
    """
    wanted = [(uuid7(), posting, _rule(posting)) for posting in postings if any(posting.figures.values())]
    if not wanted:
        return 0
    with transaction.atomic(), database.cursor() as cursor:
        cursor.execute(
            _INSERT_ENTRIES,
            [
                [id_ for id_, _, _ in wanted],
                [posting.at for _, posting, _ in wanted],
                [clock.business_date(posting.at) for _, posting, _ in wanted],
                [posting.event for _, posting, _ in wanted],
                [rule.version for _, _, rule in wanted],
                [posting.currency for _, posting, _ in wanted],
                [posting.source_kind for _, posting, _ in wanted],
                [posting.source_id for _, posting, _ in wanted],
                [posting.part for _, posting, _ in wanted],
                [posting.order_ref for _, posting, _ in wanted],
                [posting.memo[:200] for _, posting, _ in wanted],
            ],
        )
        fresh = {row[0] for row in cursor.fetchall()}
        lines = [
            (uuid7(), id_, number, *line)
            for id_, posting, rule in wanted
            if id_ in fresh
            for number, line in enumerate(_lines(posting, rule), start=1)
        ]
        if lines:
            cursor.execute(_INSERT_LINES, [list(column) for column in zip(*lines, strict=True)])
    return len(fresh)


def _lines(posting: Posting, rule: PostingRule) -> list[tuple[str, int, int, str, UUID | None]]:
    """(account, debit, credit, tax code, party) of one posting. A negative figure changes sides."""
    made = []
    for line in rule.lines:
        amount = posting.figures.get(line["amount"], 0)
        if not amount:
            continue
        is_debit = (line["side"] == "debit") == (amount > 0)
        party = posting.party if line["account"] in _PARTY_ACCOUNTS else None
        sides = (abs(amount), 0) if is_debit else (0, abs(amount))
        made.append((line["account"], *sides, line.get("tax_code", posting.tax_code), party))
    return made


_rules: dict[str, list[PostingRule]] = {}


def _rule(posting: Posting) -> PostingRule:
    """The newest rule of the event that is in force on the posting's day; held by the process, rules are data that ages well."""
    if posting.event not in _rules:
        rows = list(PostingRule.objects.filter(event=posting.event).order_by("-from_day", "-version"))
        if not rows:
            raise NoRule(posting.event)
        _rules[posting.event] = rows
    day: date = clock.business_date(posting.at)
    for rule in _rules[posting.event]:
        if rule.from_day <= day:
            return rule
    raise NoRule(f"{posting.event} on {day}")


def forget_rules() -> None:
    """Rules were edited: read them again."""
    _rules.clear()


def reverse(entry: Entry, *, at: datetime, memo: str) -> Entry:
    """Correct by reversal: the same lines with sides changed, pointing at what they undo. Once per entry."""
    with transaction.atomic():
        made = Entry.objects.create(
            at=at, day=clock.business_date(at), event=entry.event, rule_version=entry.rule_version,
            currency=entry.currency, source_kind="reversal", source_id=entry.id, order_ref=entry.order_ref,
            reverses=entry, memo=memo,
        )  # fmt: skip
        Line.objects.bulk_create(
            Line(
                id=uuid7(), entry=made, number=line.number, account_id=line.account_id, debit_minor=line.credit_minor,
                credit_minor=line.debit_minor, tax_code=line.tax_code, party=line.party,
            )
            for line in entry.lines.order_by("number")
        )  # fmt: skip
    return made
