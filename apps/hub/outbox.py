"""What happened here: facts, numbered per aggregate under the aggregate's lock, written in the transaction of the change."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import connection as database
from django.db.models import Max

from apps.core import clock, rows
from apps.core.ids import uuid7
from apps.hub.models import OutboxFact


@dataclass(frozen=True, slots=True)
class NewFact:
    """One thing that happened: `topic` is `noun.past`, `detail` holds references and numbers, never personal data."""

    topic: str
    kind: str
    subject: UUID
    detail: dict[str, Any] = field(default_factory=dict)


def publish(facts: Iterable[NewFact], *, are_new_subjects: bool = False) -> list[OutboxFact]:
    """Write facts in the caller's transaction. The caller holds the lock of each subject (or has just made it).

    UNIQUE (subject, sequence) refuses a rival who did not.
    """
    wanted = list(facts)
    if not wanted:
        return []
    last: dict[UUID, int] = {}
    if not are_new_subjects:
        known = OutboxFact.objects.filter(subject__in={fact.subject for fact in wanted})
        last = dict(known.values_list("subject").annotate(last=Max("sequence")))
    at = clock.now()
    made = []
    for fact in wanted:
        last[fact.subject] = last.get(fact.subject, 0) + 1
        made.append(
            rows.new(
                OutboxFact, id=uuid7(), kind=fact.kind, subject=fact.subject, sequence=last[fact.subject], topic=fact.topic, at=at,
                detail=fact.detail,
            )
        )  # fmt: skip
    return rows.insert(made)


def unannounced(limit: int) -> list[OutboxFact]:
    """Facts that nobody has turned into deliveries yet, locked for this transaction, oldest first."""
    return list(
        OutboxFact.objects.filter(announced_at=None)
        .order_by("id")
        .select_for_update(no_key=True, skip_locked=True)[:limit]
    )


def has_unannounced() -> bool:
    """Whether any fact waits; one look without a transaction, one plain statement."""
    with database.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT 1 FROM hub_outboxfact WHERE announced_at IS NULL)")
        return bool(cursor.fetchone()[0])


def announced(facts: Sequence[OutboxFact]) -> None:
    """Their deliveries exist now; same transaction."""
    OutboxFact.objects.filter(id__in=[fact.id for fact in facts]).update(announced_at=clock.now())
