"""Scheduled jobs: one run per (job, period), resumable, by whoever looks first; a second run changes nothing.

The night compares both sides leg by leg, in an order that keeps one finding from looking like another: what channels show is
read first, then orders are compared (a lost sale also moves stock), then stock is judged, then money. A leg begins when what
the former one repaired has settled.
"""

import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from enum import Enum
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction

from apps.core import audit, audit_seals, clock, locks
from apps.core.ids import uuid7
from apps.core.models import Company
from apps.flows import (
    asking,
    find_gaps,
    poll_orders,
    push_stock,
    reconcile_money,
    reconcile_orders,
    reconcile_stock,
    resync,
    retention,
    ship_order,
    take_listings,
    tell,
)
from apps.hub import connections, errors, hints
from apps.hub.models import Delivery, InboxEvent, JobRun, OutboxFact
from apps.inventory import replenishment
from apps.messaging import alerts
from apps.orders.models import Order

log = structlog.get_logger()

LEASE_SECONDS = 600
CATCH_UP_DAYS = 31
# A job that fails is tried again, so many times; then it is closed with its error, and the next period has its own run.
MAX_TRIES = 5
# One run a minute: what became of them is of interest for as long.
KEPT_POLLS = timedelta(days=2)


class Went(Enum):
    """How far a step brought its run: to the end, further (look again at once), or to a point where it has to wait."""

    DONE = 1
    FURTHER = 2
    WAITS = 3


Step = Callable[[JobRun], Went]


# Due periods


def make_due(job_name: str) -> None:
    """Write the rows of a job's due periods; rows that exist stay as they are."""
    for job in settings.SCHEDULE:
        if job.name == job_name:
            _write_due(job)


def _write_due(job: Any) -> None:
    now = clock.now()
    due_at = _latest(job, now)
    days = [due_at]
    if job.catches_up:
        last = JobRun.objects.filter(job=job.name).order_by("-due_at").values_list("due_at", flat=True).first()
        while last and days[-1] - last > timedelta(hours=36) and len(days) < CATCH_UP_DAYS:
            days.append(_latest(job, days[-1] - timedelta(hours=1)))
    JobRun.objects.bulk_create(
        (JobRun(id=uuid7(), job=job.name, period=_period(job, at), due_at=at) for at in reversed(days)),
        ignore_conflicts=True,
    )


def _latest(job: Any, now: datetime) -> datetime:
    """The newest moment, not later than `now`, at which the job was due."""
    local = now.astimezone(clock.shop_zone())
    if job.every_minutes:
        minutes = (job.name == "poll_orders" and settings.POLL_MINUTES) or job.every_minutes
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
        return midnight + timedelta(minutes=(local - midnight) // timedelta(minutes=minutes) * minutes)
    hour, minute = (int(part) for part in job.at.split(":"))
    at = local.replace(hour=hour, minute=minute, second=0, microsecond=0)
    return at if at <= local else at - timedelta(days=1)


def _period(job: Any, due_at: datetime) -> str:
    """A night is named after the day it closes, others after the moment they are due."""
    local = due_at.astimezone(clock.shop_zone())
    if job.name == "night":
        return (local.date() - timedelta(days=1)).isoformat()
    return local.strftime("%Y-%m-%d" if job.at else "%Y-%m-%dT%H:%M")


_looked_until: dict[str, datetime] = {}
# The table of runs is asked when one that is known falls due, when a period begins, and each second for what others wrote.
_next_at: list[datetime] = []
_asked_at = [0.0]
ASK_SECONDS = 1.0


def run_due(worker: str) -> int:
    """One look of the jobs lane: write what is due, take one step of each open run; returns how many made a step."""
    for job in settings.SCHEDULE:
        due_at = _latest(job, clock.now())
        if _looked_until.get(job.name) != due_at:
            _write_due(job)
            _looked_until[job.name] = due_at
            _next_at[:] = [due_at]
    is_known = bool(_next_at) and _next_at[0] <= clock.now()
    if not is_known and time.monotonic() - _asked_at[0] < ASK_SECONDS:
        return 0
    _asked_at[0] = time.monotonic()
    made = 0
    for run in JobRun.objects.filter(finished_at=None, due_at__lte=clock.now()).order_by("due_at", "id")[:20]:
        held = locks.take(f"job:{_family(run)}", holder=worker, seconds=LEASE_SECONDS)
        if held is None:
            continue
        run.refresh_from_db()
        if run.finished_at is None:
            made += _step(run)
        locks.give_back(held)
    _next_at[:] = JobRun.objects.filter(finished_at=None).order_by("due_at").values_list("due_at", flat=True)[:1]
    return made


def _family(run: JobRun) -> str:
    """The job of a run; what a person asks for carries the moment behind a colon, so that it can be asked again."""
    return run.job.split(":")[0]


def _step(run: JobRun) -> bool:
    """One step of an open run in hand; whether it made any way."""
    if run.started_at is None:
        run.started_at = clock.now()
        run.save(update_fields=["started_at"])
    try:
        went = _JOBS[_family(run)](run)
    except Exception as error:
        log.exception("job.failed", job=run.job, period=run.period)
        tries = run.progress.get("tries", 0) + 1
        run.progress["tries"] = tries
        run.error = f"{type(error).__name__}: {error}"[:400]
        run.finished_at = clock.now() if tries >= MAX_TRIES else None
        run.save(update_fields=["progress", "error", "finished_at"])
        return False
    if went is Went.DONE:
        JobRun.objects.filter(id=run.id).update(finished_at=clock.now(), error="")
    return went is not Went.WAITS


# The jobs


def _night(run: JobRun) -> Went:
    """One leg a step; it waits while what the former leg repaired has not settled, or a vendor is to be asked again."""
    if not is_settled():
        return Went.WAITS
    done: list[str] = run.progress.setdefault("legs", [])
    for leg, compare in _LEGS:
        if leg not in done:
            try:
                compare(run)
            except asking.Again as again:
                run.due_at = again.at
            else:
                done.append(leg)
            run.save(update_fields=["progress", "due_at"])
            break
    return Went.DONE if len(done) == len(_LEGS) else Went.FURTHER


_LEGS: tuple[tuple[str, Callable[[JobRun], None]], ...] = (
    ("look", reconcile_stock.look),
    ("orders", reconcile_orders.compare),
    ("stock", reconcile_stock.judge),
    ("money", reconcile_money.compare_payments),
    ("payouts", reconcile_money.compare_payouts),
)


def is_settled() -> bool:
    """Nothing that could still change either side is due now: no event, no fact, no call, nothing to tell a channel."""
    now = clock.now()
    return not (
        InboxEvent.objects.filter(status=InboxEvent.Status.NEW, due_at__lte=now).exists()
        or OutboxFact.objects.filter(announced_at=None).exists()
        or Delivery.objects.filter(status__in=["due", "unknown"], due_at__lte=now)
        .filter(connection__status="active")
        .exclude(connection__held_until__gt=now)
        .exists()
        or push_stock.has_unbuilt()
        or hints.has_due()
    )


def _poll(run: JobRun) -> Went:
    poll_orders.poll_due()
    if not settings.POLL_MINUTES:
        find_gaps.look_all()
    return Went.DONE


def _tell(run: JobRun) -> Went:
    tell.run(run.due_at)
    return Went.DONE


def _seal_audit(_run: JobRun) -> Went:
    return Went.FURTHER if audit_seals.seal_new() == audit_seals.MOST else Went.DONE


def _ship_ready(run: JobRun) -> Went:
    """Plan a batch of ready orders a step, until none is left."""
    if not Company.objects.filter(ships_by_itself=True).exists():
        return Went.DONE
    made = ship_order.plan(ship_order.ready_orders(100), actor="ship_ready", leaves_by_itself=True)
    return Went.FURTHER if made else Went.DONE


def _retention(run: JobRun) -> Went:
    old = clock.now() - KEPT_POLLS
    each_minute = [job.name for job in settings.SCHEDULE if job.every_minutes]
    JobRun.objects.filter(job__in=each_minute, due_at__lt=old).exclude(finished_at=None).delete()
    is_empty = retention.empty_old()
    return Went.DONE if alerts.forget_old() and is_empty else Went.FURTHER


def _refresh(run: JobRun) -> Went:
    for connection in connections.with_ability("catalogue"):
        try:
            take_listings.refresh(connection)
        except errors.VendorError as error:
            connections.failed(connection.id, str(error))
    return Went.DONE


def _check_keys(run: JobRun) -> Went:
    for connection in connections.expiring():
        try:
            live = connections.live(connection.id)
            if live is not None:
                connections.keep_expiries(connection, live.connector().check())
        except errors.VendorError as error:
            connections.failed(connection.id, str(error), reconnect=isinstance(error, errors.Misconfigured))
    return Went.DONE


def _forget_keys(_run: JobRun) -> Went:
    retention.forget_keys()
    return Went.DONE


def _forecast(run: JobRun) -> Went:
    """A batch of levels a step."""
    after = run.progress.get("after")
    step = replenishment.forecast_levels(after=UUID(after) if after else None, size=replenishment.BATCH)
    run.progress |= {"after": str(step.last or ""), "levels": run.progress.get("levels", 0) + step.levels}
    run.save(update_fields=["progress"])
    return Went.FURTHER if step.last else Went.DONE


def _resync(run: JobRun) -> Went:
    resync.order(Order.objects.get(id=run.period))
    return Went.DONE


_JOBS: dict[str, Step] = {
    "night": _night,
    "poll_orders": _poll,
    "tell": _tell,
    "seal_audit": _seal_audit,
    "ship_ready_morning": _ship_ready,
    "ship_ready": _ship_ready,
    "retention": _retention,
    "refresh_listings": _refresh,
    "check_keys": _check_keys,
    "forget_keys": _forget_keys,
    "forecast": _forecast,
    "night_by_hand": _night,
    "resync": _resync,
}


# By hand


def run_now(*, actor: str) -> JobRun:
    """A person wants the night now: the same legs for today so far, as a run of its own."""
    today: date = clock.business_date()
    with transaction.atomic():
        run = JobRun.objects.create(
            id=uuid7(), job=f"night_by_hand:{clock.now():%H%M%S%f}", period=today.isoformat(), due_at=clock.now()
        )
        audit.record("night.run", actor=actor, subject=run)
    return run


def progress(run: JobRun) -> tuple[int, int]:
    """Legs done, legs in all."""
    return len(run.progress.get("legs", ())), len(_LEGS)
