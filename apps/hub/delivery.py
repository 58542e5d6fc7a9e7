"""What leaves the house: each delivery takes effect once, whatever dies or answers nothing in between.

Claimed with a lease and a fencing token, called outside any transaction with the body and key stored before the first try,
and settled in one transaction: the attempt is written, the delivery moved on, the answer put into the inbox. A call whose
outcome is unknown is resolved by the same key, by asking, or by a person, as its operation declares; never by a second key.
"""

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import structlog
from django.db import connection as database

from apps.core import clock, crypto, locks, rows, scrub
from apps.core.ids import uuid7
from apps.hub import abilities, breaker, connections, doorbell, errors, inbox, registry
from apps.hub.abilities import Event, Once
from apps.hub.models import Attempt, Delivery

log = structlog.get_logger()

LEASE_SECONDS = 60
MAX_ATTEMPTS = 12
_KEY_MARGIN = timedelta(hours=1)  # our clock and theirs, and the time a call takes
_BACK_OFF_SECONDS = (5, 15, 60, 180, 600, 1800, 3600, 7200, 14400, 28800, 57600)

_CLAIM = """
WITH due AS MATERIALIZED (  -- materialized: as a subquery a nested loop runs it anew for each row, and each time it takes others
    SELECT d.id, d.leased_until IS NOT NULL AS is_unsettled FROM hub_delivery d JOIN hub_connection c ON c.id = d.connection_id
    WHERE d.status IN ('due', 'unknown') AND d.due_at <= %(now)s
      AND (d.leased_until IS NULL OR d.leased_until < %(wall)s OR d.leased_by = %(mine)s)
      AND (%(seat)s::text IS NULL OR EXISTS (SELECT 1 FROM core_lease s WHERE s.name = %(seat)s AND s.token = %(seat_token)s))
      AND c.status = 'active' AND (c.held_until IS NULL OR c.held_until <= %(now)s)
      AND NOT c.paused_abilities ? CASE d.operation {ability_of} END
      AND (d.status = 'unknown' OR NOT c.shadowed_abilities ? CASE d.operation {ability_of} END)
    ORDER BY d.due_at, d.id LIMIT %(limit)s FOR NO KEY UPDATE OF d SKIP LOCKED
)
UPDATE hub_delivery AS d SET leased_until = %(until)s, leased_by = %(worker)s, token = d.token + 1, attempts = d.attempts + 1
FROM due WHERE d.id = due.id RETURNING d.id, due.is_unsettled
""".replace("{ability_of}", " ".join(f"WHEN '{op}' THEN '{ability}'" for op, ability in abilities.ABILITY_OF.items()))

# One statement: the delivery moves on if the claim still holds, and only then are the try and the answer written.
_HELD = """
held AS (
    UPDATE hub_delivery SET status = %(status)s, leased_until = NULL, due_at = %(due_at)s, reason = %(reason)s,
        done_at = %(done_at)s
    WHERE id = %(id)s AND token = %(token)s AND status = %(was)s RETURNING id
), tried AS (
    INSERT INTO hub_attempt (id, delivery_id, number, at, wall_at, milliseconds, outcome, reason)
    SELECT %(attempt)s, id, %(number)s, %(at)s::timestamptz, %(wall_at)s::timestamptz, %(milliseconds)s, %(outcome)s,
        %(reason)s
    FROM held
)
"""
_SETTLE = "WITH" + _HELD + "SELECT count(*) FROM held"
_SETTLE_ANSWERED = (
    "WITH" + _HELD + "," + inbox.STORE_ONE.format(guard="EXISTS (SELECT 1 FROM held)") + "SELECT count(*) FROM held"
)


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """A call to be made: `words` is what the operation takes (one, or a batch for an operation that takes many)."""

    connection_id: UUID
    operation: str
    key: str
    words: Sequence[Any]
    kind: str
    subject: UUID
    order_ref: UUID | None = None
    fact_id: UUID | None = None
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery in hand. `is_unsettled`: an earlier try was begun and nobody wrote down how it ended."""

    delivery: Delivery
    is_unsettled: bool

    @property
    def may_have_happened(self) -> bool:
        """Whether an earlier try may have taken effect at the vendor."""
        return self.is_unsettled or self.delivery.status == Delivery.Status.UNKNOWN


@dataclass(slots=True)
class _Outcome:
    """What one try came to."""

    status: str
    outcome: str
    reason: str = ""
    answers: Sequence[Any] | None = None
    due_at: datetime | None = None
    held_until: datetime | None = None
    reconnect: bool = False
    is_trouble: bool = False  # the vendor's, not this call's: the breaker counts it
    milliseconds: int = 0
    at: datetime = field(default_factory=clock.now)


def enqueue(wanted: Sequence[NewDelivery]) -> int:
    """Write deliveries in the caller's transaction; one that exists already (connection, key) is left as it is."""
    now = clock.now()
    made = []
    for new in wanted:
        row = Delivery(
            id=uuid7(), connection_id=new.connection_id, operation=new.operation, key=new.key, kind=new.kind,
            subject=new.subject, order_ref=new.order_ref, fact_id=new.fact_id, size=len(new.words),
            due_at=new.due_at or now, created_at=now,
        )  # fmt: skip
        body = msgspec.json.encode(list(new.words))
        row.sealed = crypto.seal(body, table="hub_delivery", row=row.id, field="sealed")
        made.append(row)
    rows.insert_new(made)
    return len(made)


def words_of(delivery: Delivery) -> list[Any]:
    """The words as stored: what every attempt sends. Empty after retention."""
    if delivery.sealed is None:
        return []
    body = crypto.unseal(delivery.sealed, table="hub_delivery", row=delivery.id, field="sealed")
    takes = abilities.OPERATIONS[delivery.operation].takes
    return [msgspec.convert(word, takes) for word in msgspec.json.decode(body)]


def claim(limit: int = 20, *, worker: str = "", seat: locks.Held | None = None) -> list[Claimed]:
    """Take due deliveries for `LEASE_SECONDS`. One whose holder died is taken again when its lease has run out, and is
    then treated as of unknown outcome, because nobody knows how far the dead one came.

    Who holds the seat of its name (`locks.seize`) and has no call in hand takes what this name holds at once: it is a dead
    predecessor's, or was claimed by a statement whose answer never came. Who has lost the seat to a successor gets nothing.
    """
    with database.cursor() as cursor:
        wall = clock.wall()
        until = wall + timedelta(seconds=LEASE_SECONDS)
        figures: dict[str, Any] = {"until": until, "now": clock.now(), "wall": wall, "limit": limit, "worker": worker}
        names = {"mine": worker if seat else None, "seat": seat and seat.name, "seat_token": seat and seat.token}
        cursor.execute(_CLAIM, figures | names)
        unsettled = dict(cursor.fetchall())
    taken = Delivery.objects.filter(id__in=unsettled).order_by("due_at", "id") if unsettled else ()
    return [Claimed(row, unsettled[row.id]) for row in taken]


def release(worker: str) -> int:
    """A worker of this name starts: its predecessor is dead, so what that one held may be taken again at once."""
    return Delivery.objects.filter(leased_by=worker, leased_until__gt=clock.wall()).update(leased_until=clock.wall())


def make(claimed: Claimed) -> None:
    """One try of one claimed delivery, from call to settlement; nothing where the lease is another's by now."""
    if not _is_still_mine(claimed.delivery):
        return
    if connections.is_broken(claimed.delivery.connection_id) and not breaker.may_ask(claimed.delivery.connection_id):
        breaker.put_back(claimed.delivery, is_unsettled=claimed.is_unsettled)
        return
    started = time.monotonic()
    named = {"delivery": str(claimed.delivery.id), "connection": str(claimed.delivery.connection_id)}
    with structlog.contextvars.bound_contextvars(**named):
        outcome = _try(claimed)
    outcome.milliseconds = int((time.monotonic() - started) * 1000)
    settle(claimed.delivery, outcome)


def _is_still_mine(delivery: Delivery) -> bool:
    """A claim that waited long behind slow neighbours is renewed before the call, so that no two workers make it."""
    wall = clock.wall()
    if delivery.leased_until and wall < delivery.leased_until - timedelta(seconds=LEASE_SECONDS / 2):
        return True
    until = wall + timedelta(seconds=LEASE_SECONDS)
    return bool(Delivery.objects.filter(id=delivery.id, token=delivery.token).update(leased_until=until))


def _try(claimed: Claimed) -> _Outcome:
    delivery = claimed.delivery
    operation = abilities.OPERATIONS[delivery.operation]
    once = Once.NEITHER
    try:
        live = connections.live(delivery.connection_id)
        if live is None:
            raise errors.Misconfigured("the connection is gone")
        connector = live.connector()
        manifest = registry.manifest(live.connection.connector)
        once = manifest.once.get(operation.name, Once.NEITHER)
        words = words_of(delivery)
        if claimed.may_have_happened and once is Once.LAPSES:
            return _lapsed("whether an earlier try arrived is not known")
        if claimed.may_have_happened and once is Once.KEY and is_key_forgotten(manifest, delivery):
            return _Outcome(
                "waiting",
                "unknown",
                reason="whether it arrived is not known, and the vendor has forgotten our key by now",
            )
        if claimed.may_have_happened and once is Once.NATURAL_KEY:
            found = _find(connector, operation, words)
            if found is not None:
                return _Outcome("sent", "found", answers=[found])
        if (
            claimed.may_have_happened
            and once is Once.NEITHER
            and not getattr(live.settings, "resend_when_unknown", False)
        ):
            return _Outcome(
                "waiting", "unknown", reason="whether it arrived is not known, and the vendor cannot be asked"
            )
        answer = getattr(connector, operation.method)(words if operation.many > 1 else words[0], delivery.key)
        return _Outcome("sent", "sent", answers=answer if operation.many > 1 else [answer])
    except errors.RateLimited as error:
        wait = timedelta(seconds=error.retry_after) if error.retry_after else _back_off(delivery.attempts)
        status = "unknown" if claimed.may_have_happened else "due"
        return _Outcome(status, "limited", str(error), due_at=clock.now() + wait, held_until=clock.now() + wait)
    except errors.Transient as error:
        return _after_transient(claimed, error, once=once)
    except errors.Misconfigured as error:
        return _Outcome("waiting", "misconfigured", str(error), reconnect=True)
    except errors.Permanent as error:
        return _Outcome("waiting", "refused", str(error))
    except Exception as error:
        # A fault of ours in a connector: the outcome is unknown until somebody looks, its neighbours go on.
        log.exception("delivery.fault", delivery=str(delivery.id), operation=operation.name)
        return _Outcome("waiting", "fault", f"{type(error).__name__}: {error}")


def is_key_forgotten(manifest: registry.Manifest, delivery: Delivery) -> bool:
    """Whether the vendor may take the same key for a new call by now: it keeps keys for so long and no longer."""
    if manifest.keys_live is None:
        return False
    first = Attempt.objects.filter(delivery=delivery, number=1).values_list("at", flat=True).first()
    return clock.now() - (first or delivery.created_at) > manifest.keys_live - _KEY_MARGIN


def _find(connector: Any, operation: abilities.Operation, words: list[Any]) -> Any:
    finder = {"fulfilment.create": "find_fulfilment", "label.buy": "find_label"}.get(operation.name)
    return getattr(connector, finder)(words[0]) if finder else None


def _lapsed(reason: str) -> _Outcome:
    """Answered without a word: nobody knows, and the caller's story goes on from there."""
    return _Outcome(Delivery.Status.LAPSED, "unknown", reason, answers=[])


def _after_transient(claimed: Claimed, error: errors.Transient, *, once: Once) -> _Outcome:
    delivery = claimed.delivery
    if error.sent and once is Once.LAPSES:
        return _lapsed(str(error))
    status = "unknown" if error.sent or claimed.may_have_happened else "due"
    if delivery.attempts >= MAX_ATTEMPTS:
        return _Outcome(
            "waiting", "unknown" if error.sent else "transient", f"given up after {delivery.attempts}: {error}",
            is_trouble=True,
        )  # fmt: skip
    outcome = "unknown" if error.sent else "transient"
    due_at = clock.now() + _back_off(delivery.attempts)
    return _Outcome(status, outcome, str(error), due_at=due_at, is_trouble=True)


def _back_off(attempts: int) -> timedelta:
    """Growing waits with jitter, so that many that failed together do not come back together."""
    base = _BACK_OFF_SECONDS[min(attempts, len(_BACK_OFF_SECONDS)) - 1]
    return timedelta(seconds=base * (1.0 if clock.is_driven() else random.uniform(0.7, 1.3)))  # noqa: S311 - no secret


def settle(delivery: Delivery, outcome: _Outcome) -> bool:
    """Write one try down and move the delivery on, if the claim still holds; answers go into the inbox with it.

    False when the lease was lost: the later holder's word counts, this attempt's answer is not believed.
    """
    figures: dict[str, Any] = {
        "id": delivery.id, "token": delivery.token, "was": delivery.status, "status": outcome.status,
        "due_at": outcome.due_at or delivery.due_at, "reason": scrub.clean(outcome.reason)[:400],
        "done_at": clock.now() if outcome.status in {"sent", "lapsed"} else None, "attempt": uuid7(), "number": delivery.attempts,
        "at": outcome.at, "wall_at": clock.wall(), "milliseconds": outcome.milliseconds, "outcome": outcome.outcome,
    }  # fmt: skip
    if outcome.answers is not None:
        answer = _answer_event(delivery, outcome)
        figures |= inbox.store_one_figures(delivery.connection_id, answer, origin="answer")
    with database.cursor() as cursor:
        cursor.execute(_SETTLE if outcome.answers is None else _SETTLE_ANSWERED, figures)
        (held,) = cursor.fetchone()
    if not held:
        return False
    if outcome.status == "sent":
        connections.succeeded(delivery.connection_id)
        doorbell.ring()
    elif outcome.reason:
        connections.failed(
            delivery.connection_id, outcome.reason, held_until=outcome.held_until, reconnect=outcome.reconnect,
            is_trouble=outcome.is_trouble,
        )  # fmt: skip
    return True


class Answer(msgspec.Struct, frozen=True):
    """What a vendor answered to a delivery, as it lies in the inbox: the words, and which delivery they belong to."""

    delivery: UUID
    operation: str
    kind: str
    subject: UUID
    order_ref: UUID | None
    words: list[Any]


def _answer_event(delivery: Delivery, outcome: _Outcome) -> Event:
    body = msgspec.json.encode(
        Answer(
            delivery=delivery.id, operation=delivery.operation, kind=delivery.kind, subject=delivery.subject,
            order_ref=delivery.order_ref, words=list(outcome.answers or ()),
        )
    )  # fmt: skip
    return Event(
        id=f"answer:{delivery.id}",
        topic=f"answer/{delivery.operation}",
        at=outcome.at,
        raw=body,
        subject=f"order:{delivery.order_ref}" if delivery.order_ref else f"{delivery.kind}:{delivery.subject}",
    )


def read_answer(raw: bytes) -> tuple[Answer, list[Any]]:
    """An answer from the inbox with its words typed as the operation's."""
    answer = msgspec.json.decode(raw, type=Answer)
    kind = abilities.OPERATIONS[answer.operation].answers
    return answer, [msgspec.convert(word, kind) for word in answer.words]


def has_due() -> bool:
    """Whether anything could be sent now."""
    return Delivery.objects.filter(status__in=["due", "unknown"], due_at__lte=clock.now()).exists()
