"""A breaker on both sides: stock that would fall to none all at once, with no sale to explain it, stops and asks a person.

On the way in nothing of a file is booked; on the way out a channel keeps what it shows, and is told everything else. How much
is too much stands on the company and on the channel's rule; a small shop is never asked.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction

from apps.catalog import services as catalog
from apps.channels import falls
from apps.channels.models import ChannelRule, Stop
from apps.channels.services import rule_of
from apps.channels.states import STOP_MOVES, StopState
from apps.core import audit, clock
from apps.core.ids import uuid7
from apps.core.models import Company
from apps.core.states import Cause, move
from apps.hub import inbox
from apps.hub.contracts import StockChange
from apps.hub.models import Connection, FileRun, InboxEvent
from apps.inventory.models import Location, StockLevel

ACTOR = "breaker"
OPEN = (StopState.WAITING, StopState.KEPT)
MOST_NAMED = 20


@dataclass(frozen=True, slots=True)
class Limits:
    """Stop where more than `percent` of what is there falls, and at least `least` articles. 0 %: never."""

    percent: int
    least: int

    def is_too_much(self, fallen: int, of: int) -> bool:
        """Whether a person has to look."""
        return self.percent > 0 and fallen >= max(1, self.least) and fallen * 100 > of * self.percent


@dataclass(frozen=True, slots=True)
class Fall:
    """What a file would empty: so many of the articles that have stock at a place, and some of them by name."""

    fallen: int
    stocked: int
    place: str
    skus: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """As it is kept with the file."""
        return {"fallen": self.fallen, "stocked": self.stocked, "place": self.place, "skus": list(self.skus)}


def limits() -> Limits:
    """What the company says."""
    found = Company.objects.values_list("stop_percent", "stop_least").first()
    return Limits(*found) if found else Limits(Company().stop_percent, Company().stop_least)


def limits_of(rule: ChannelRule, usual: Limits) -> Limits:
    """What holds for a channel."""
    return usual if rule.stop_percent is None else Limits(rule.stop_percent, usual.least)


# The way in


def fall_of(things: Iterable[Any]) -> Fall | None:
    """The place that a file would empty too much of, if it would; nothing is written. Receipts empty nothing."""
    changes = [thing for thing in things if isinstance(thing, StockChange)]
    usual = limits()
    if not usual.percent or len({change.sku for change in changes if change.kind != "receipt"}) < usual.least:
        return None
    variants = catalog.find_ids(change.sku for change in changes)
    by_place: dict[str, list[StockChange]] = defaultdict(list)
    for change in changes:
        if change.sku in variants:
            by_place[change.location].append(change)
    for code, told in by_place.items():
        places = Location.objects.filter(is_active=True)
        place = (places.filter(code=code) if code else places.filter(is_default=True)).first()
        if place and (fall := _fall_at(place, told, variants, usual)):
            return fall
    return None


def _fall_at(place: Location, told: Sequence[StockChange], variants: dict[str, UUID], usual: Limits) -> Fall | None:
    levels = StockLevel.objects.filter(location=place, on_hand__gt=0)
    before = dict(levels.filter(variant__in=set(variants.values())).values_list("variant", "on_hand"))
    after = dict(before)
    names: dict[UUID, str] = {}
    for change in told:
        variant = variants[change.sku]
        names[variant] = change.sku
        after[variant] = change.quantity if change.kind == "count" else after.get(variant, 0) + change.quantity
    fallen = sorted(names[variant] for variant in names if before.get(variant, 0) > 0 >= after[variant])
    if len(fallen) < usual.least:
        return None
    stocked = levels.count()
    return (
        Fall(len(fallen), stocked, place.name, tuple(fallen[:MOST_NAMED]))
        if usual.is_too_much(len(fallen), stocked)
        else None
    )


def stop_file(run: FileRun, event: InboxEvent, fall: Fall, *, rows: int) -> None:
    """Nothing of the file has been booked; it waits until a person has decided."""
    with transaction.atomic():
        run.stopped_at, run.stopped, run.rows = clock.now(), fall.as_json(), rows
        run.save(update_fields=["stopped_at", "stopped", "rows"])
        inbox.wait(event, waits_for=f"decision:{run.id}", reason="a person is asked before so much stock falls to none")


def decide_file(run_id: UUID, *, is_approved: bool, actor: str, why: str = "") -> bool:
    """A person lets a stopped file be taken in, or turns it away; False where somebody decided before."""
    decision = FileRun.Decision.APPROVED if is_approved else FileRun.Decision.REJECTED
    with transaction.atomic():
        undecided = FileRun.objects.filter(id=run_id, stopped_at__isnull=False, decision="")
        done = undecided.update(
            decision=decision, decided_at=clock.now(), decided_by=actor[:150], decided_why=why[:200],
            finished_at=None if is_approved else clock.now(),
        )  # fmt: skip
        if not done:
            return False
        run = FileRun.objects.select_related("event").get(id=run_id)
        if is_approved:
            inbox.retry(run.event_id)
        else:
            inbox.close([run.event], InboxEvent.Status.IGNORED, f"turned away by {actor}: {why}")
        audit.record(f"file.{decision.value}", actor=actor, subject=run, detail={"why": why[:200], **run.stopped})
    return True


# The way out


def hold_falls(channel_id: UUID, usual: Limits) -> int:
    """Asked before a push is built, in a transaction of its own: where too much would fall, it is not told. Returns how many
    listings are held.
    """
    with transaction.atomic():
        channel = _locked(channel_id)
        told = limits_of(rule_of(channel), usual)
        found = falls.falling(channel, rule_of(channel)) if told.percent else []
        if len(found) < told.least or not told.is_too_much(len(found), shown := falls.shown(channel)):
            return 0
        falls.hold(found)
        open_one = Stop.objects.filter(connection=channel, state__in=OPEN).first()
        if open_one is None:
            Stop.objects.create(id=uuid7(), connection=channel, fallen=len(found), shown=shown)
        else:
            Stop.objects.filter(id=open_one.id).update(fallen=open_one.fallen + len(found))
    return len(found)


def let_pass(stop: Stop, *, actor: str) -> None:
    """A person says that it is so: the channel is told. Raises `states.Overtaken`, `IllegalMove`."""
    with transaction.atomic():
        _locked(stop.connection_id)
        _decide(stop, StopState.LET_PASS, actor=actor, reason="told by a person's word")
        falls.let_go(stop.connection, may_fall=True)


def keep(stop: Stop, *, actor: str) -> None:
    """A person says that it is wrong: the channel keeps what it shows until the cause is gone. Raises as `let_pass`."""
    with transaction.atomic():
        _locked(stop.connection_id)
        _decide(stop, StopState.KEPT, actor=actor, reason="kept by a person's word")


def _decide(stop: Stop, state: StopState, *, actor: str, reason: str) -> None:
    move(stop, "state", state, moves=STOP_MOVES, cause=Cause(actor, reason))
    Stop.objects.filter(id=stop.id).update(decided_at=clock.now(), decided_by=actor[:150])
    audit.record(f"stop.{state.value}", actor=actor, subject=stop, detail={"channel": stop.connection.name})


def sweep() -> int:
    """What was held and falls no more (the rule was mended, goods came) is told; returns how many listings."""
    found = 0
    for stop in Stop.objects.filter(state__in=OPEN):
        with transaction.atomic():
            channel = _locked(stop.connection_id)
            still = falls.falling(channel, rule_of(channel), is_held=True)
            found += falls.let_go(channel, but=still)
            if not still:
                move(stop, "state", StopState.GONE, moves=STOP_MOVES, cause=Cause(ACTOR, "its cause is gone"))
    return found


def _locked(channel_id: UUID) -> Connection:
    """The channel, whose stops and pushes are nobody else's for now."""
    rows = Connection.objects.select_for_update(no_key=True, of=("self",)).select_related("rule")
    return rows.get(id=channel_id)
