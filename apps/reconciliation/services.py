"""Writing differences down: each once per thing and night, found again it stays as it is, repaired it says so."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from apps.core import clock
from apps.core.ids import uuid7
from apps.hub.models import Connection
from apps.reconciliation.models import Difference, Statement, StockDrift


def note(
    kind: Difference.Kind, connection: Connection, thing: str, *, order_ref: UUID | None = None, currency: str = "",
    ours_minor: int | None = None, theirs_minor: int | None = None, unexplained_minor: int = 0,
    evidence: dict[str, Any] | None = None, is_repaired: bool = False, period: str = "",
) -> bool:  # fmt: skip
    """A difference of one class about one thing. An open one about the same thing is not written twice, whatever the night."""
    if Difference.objects.filter(kind=kind, connection=connection, thing=thing, state=Difference.State.OPEN).exists():
        return False
    state = Difference.State.REPAIRED if is_repaired else Difference.State.OPEN
    made = Difference.objects.bulk_create(
        [
            Difference(
                id=uuid7(), kind=kind, connection=connection, thing=thing[:160], period=period or night(),
                state=state, order_ref=order_ref, currency=currency, ours_minor=ours_minor, theirs_minor=theirs_minor,
                unexplained_minor=unexplained_minor, evidence=evidence or {}, found_at=clock.now(),
                closed_at=clock.now() if is_repaired else None, closed_by="night" if is_repaired else "",
            )
        ],
        ignore_conflicts=True,
    )  # fmt: skip
    return bool(made)


def night() -> str:
    """The day whose books the present night closes, as the period of its rows (2026-11-23)."""
    return clock.business_date().isoformat()


def keep_statement(
    connection: Connection, leg: str, period: str, *, verdict: Statement.Verdict, theirs: int = 0, ours: int = 0,
    matched: int = 0, repaired: int = 0, detail: dict[str, Any] | None = None,
) -> Statement:  # fmt: skip
    """One night's look at one source; a second run of the same night replaces the look, never the differences."""
    row, _ = Statement.objects.update_or_create(
        connection=connection, leg=leg, period=period,
        defaults={
            "verdict": verdict, "read_at": clock.now(), "theirs": theirs, "ours": ours, "matched": matched,
            "repaired": repaired, "detail": detail or {}, "source_until": connection.last_heard_at,
        },
    )  # fmt: skip
    return row


def keep_drifts(parts: Iterable[StockDrift]) -> None:
    """The parts of one listing's difference; a second run of the same night adds nothing."""
    StockDrift.objects.bulk_create(parts, ignore_conflicts=True)


def repair(ids: Iterable[UUID]) -> int:
    """What differed agrees by now: closed by the night. Returns how many were open."""
    return Difference.objects.filter(id__in=list(ids), state=Difference.State.OPEN).update(
        state=Difference.State.REPAIRED, closed_at=clock.now(), closed_by="night"
    )


def accept(difference: Difference, *, actor: str, note: str) -> bool:
    """A person has looked and lets it stand."""
    return bool(
        Difference.objects.filter(id=difference.id, state=Difference.State.OPEN).update(
            state=Difference.State.ACCEPTED, closed_at=clock.now(), closed_by=actor, note=note
        )
    )


def assign(difference: Difference, *, assignee: str) -> None:
    """Somebody looks after it."""
    Difference.objects.filter(id=difference.id).update(assignee=assignee[:150])
