"""Plays a shop's days: sets the clock, tells the stand-ins what happens, and goes on when nobody has anything left to do.

Business time stands still while anything is due and jumps when nothing is; nothing sleeps through it. A night begins when
no row is due any more before it.
"""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from datetime import time as clock_time
from functools import partial

from django.conf import settings

from apps.sandbox.days import Day, Plan, Slot
from apps.sandbox.rehearsal.quiet import Due, Rows
from apps.sandbox.rehearsal.stage import HONEST, SELLERS, Stage
from apps.sandbox.words import plain

LOOK_SECONDS = 0.012
STALL_SECONDS = 180.0
LUMP = timedelta(hours=3)  # between the hours of a day, things that fall due are done together so often
SETTLES_AT, CONSOLE_AT, NIGHT_AT, MORNING_AT = (
    clock_time(23, 59, 30),
    clock_time(0, 58),
    clock_time(2),
    clock_time(4, 30),
)
MIDNIGHT = clock_time(0)


class Stalled(Exception):
    """Something is due and does not get done; the message says what."""


@dataclass(slots=True)
class Played:
    """What the driver itself saw."""

    planted: Counter[str] = field(default_factory=Counter)
    planted_things: dict[str, list[str]] = field(default_factory=dict)
    nights: int = 0
    stops: int = 0
    seconds: Counter[str] = field(default_factory=Counter)  # what the stops were for -> wall seconds
    night_seconds: list[float] = field(default_factory=list)


class Driver:
    """One rehearsal's days on a stage. `at_stop` is called at every stop: progress, and a chaos test's mischief."""

    def __init__(
        self, stage: Stage, plan: Plan, rows: Rows, *, at_stop: Callable[["Driver"], None] | None = None
    ) -> None:
        assert stage.drive is not None
        self.stage = stage
        self.plan = plan
        self.rows = rows
        self.drive = stage.drive
        self.zone = stage.market.zone
        self.channels = HONEST if stage.honesty else SELLERS
        self.lump = timedelta(minutes=stage.honesty.step_minutes) if stage.honesty else LUMP
        self.played = Played()
        self.day: Day | None = None
        self._at_stop = at_stop
        self._runs: set[tuple[str, str]] = set()

    # The days

    def open_shop(self) -> None:
        """Before the first day's first sale: the channels list everything, the product has read it."""
        articles = plain(self.plan.articles())
        if self.stage.honesty:
            self.stage.control.tell("manners", {"honest": 1, "lag_minutes": self.stage.honesty.lag_minutes})
        calls = [[channel, "list_variants", {"variants": articles}] for channel in self.channels]
        self.stage.control.tell("batch", {"calls": [*calls, ["csv", "send_catalogue", {}]]})
        self.settle()
        self.reach(self._at(self.plan.days[0].date, MORNING_AT))

    def play(self) -> None:
        """Every day of the plan, each with its night."""
        for day in self.plan.days:
            self.day = day
            self._trade(day)
            self._end(day)

    def again(self) -> None:
        """The same papers once more, all at one moment: nothing of it may have an effect."""
        for day in self.plan.days:
            for slot in day.slots:
                self.stage.control.tell("batch", {"calls": self.plan.calls(slot)})
                self.settle()

    def _trade(self, day: Day) -> None:
        jobs = {self._at(day.date, at) for at in _job_times() if at > MORNING_AT}
        slots = {slot.ends_at: slot for slot in day.slots}
        for moment in sorted({*jobs, *slots}):
            self.reach(moment, slot=slots.get(moment))

    def _end(self, day: Day) -> None:
        next_day = day.date + timedelta(days=1)
        self.reach(self._at(day.date, SETTLES_AT), settles=day.date)
        self.reach(self._at(next_day, CONSOLE_AT))
        self._finish(before=self._at(next_day, NIGHT_AT))
        self._plant(day.date)
        started = time.monotonic()
        self.reach(self._at(next_day, NIGHT_AT))
        self._finish(before=self._at(next_day, MORNING_AT))
        self.played.night_seconds.append(time.monotonic() - started)
        self.reach(self._at(next_day, MORNING_AT))
        self.played.nights += 1

    def _finish(self, *, before: datetime) -> None:
        """Do one by one what falls due before a moment: calls to be tried again, a night that asks a vendor again."""
        while (due := self.rows.next_due(self.drive.now())) and due < before:
            self.drive.set(due)
            self.settle()

    def _plant(self, night: date) -> None:
        """Somebody edits stock in the channels' consoles; then the ledgers say what is wrong now."""
        edit = {"night": night.isoformat()}
        self.stage.control.tell("batch", {"calls": [[channel, "edit_stock", edit] for channel in self.channels]})
        told = self.stage.control.tell("nightfall", edit)["planted"]
        for kind, things in told.items():
            self.played.planted[kind] += len(things)
            self.played.planted_things.setdefault(kind, []).extend(f"{night} {thing}" for thing in things)

    def _at(self, day: date, at: clock_time) -> datetime:
        return datetime.combine(day, at, tzinfo=self.zone)

    # Time

    def reach(self, moment: datetime, *, slot: Slot | None = None, settles: date | None = None) -> None:
        """Go to a moment, doing on the way what falls due before it; there, tell the stand-ins and wait for everybody."""
        while (due := self._next_due()) and due < moment:
            stop = max(due, self.drive.now() + self.lump)
            if stop >= moment:
                break
            self.drive.set(stop)
            self.settle()
        self.drive.set(max(moment, self.drive.now()))
        if slot:
            self.stage.control.tell("batch", {"calls": self.plan.calls(slot)})
        if settles:
            self.stage.control.tell("stripe/settle_day", {"day": settles.isoformat()})
        self.settle("sales" if slot else f"{moment:%H:%M}")

    def _next_due(self) -> datetime | None:
        now = self.drive.now()
        told = self.stage.control.tell("status")["next_at"]
        coming = [
            moment
            for moment in (
                self.rows.next_due(now),
                datetime.fromisoformat(told) if told else None,
                self._next_poll(now),
            )
            if moment
        ]
        return min(coming, default=None)

    def _next_poll(self, now: datetime) -> datetime | None:
        """Where channels are asked by the quarter: the next one; in the usual rehearsal a poll has midnight to itself."""
        if self.stage.honesty is None:
            return None
        minutes = self.stage.honesty.poll_minutes
        return now.replace(minute=now.minute // minutes * minutes, second=0, microsecond=0) + timedelta(minutes=minutes)

    def settle(self, what: str = "what fell due") -> None:
        """Wait until neither the stand-ins nor the product have anything to do at this moment."""
        if self._at_stop:
            self._at_stop(self)
        self.played.stops += 1
        started = time.monotonic()
        for run in self._due_runs():
            if run not in self._runs:
                self._wait(partial(self.rows.is_run, *run, self.drive.now()), f"the job {run[0]} of {run[1]}")
                self._runs.add(run)
        self._wait(self._is_quiet, "everybody")
        while later := self.rows.put_off(self.drive.now()):
            self.drive.set(later)
            self._wait(self._is_quiet, "everybody")
        self.played.seconds[what] += time.monotonic() - started

    def _due_runs(self) -> list[tuple[str, str]]:
        """The newest run of each scheduled job by now, (job, period): until the product has written it down, nobody
        sees that it is due.
        """
        now = self.drive.now().astimezone(self.zone)
        runs = []
        for job in settings.SCHEDULE:
            if job.name == "poll_orders" and self.stage.honesty:
                minutes = self.stage.honesty.poll_minutes
                at = now.replace(minute=now.minute // minutes * minutes, second=0, microsecond=0)
                runs.append((job.name, f"{at:%Y-%m-%dT%H:%M}"))
                continue
            if job.every_minutes and job.name != "poll_orders":
                continue  # of the moment, whenever that is: nothing that the recount judges waits for it
            at = self._at(now.date(), clock_time.fromisoformat(job.at) if job.at else MIDNIGHT)
            at = at if at <= now else self._at(now.date() - timedelta(days=1), at.time())
            day = at.date() - timedelta(days=1) if job.name == "night" else at.date()
            runs.append((job.name, f"{day}" if job.at else f"{day}T00:00"))
        return runs

    def _is_quiet(self) -> bool:
        """Quiet twice, with the stand-ins asked before and between: a call under way is a row that is due until it is
        answered, and what the answer brought is queued before the row is done.
        """
        now = self.drive.now()
        return (
            bool(self.stage.control.tell("send_due", {"seconds": 5})["is_idle"])
            and self.rows.due(now).is_quiet
            and bool(self.stage.control.tell("status")["is_idle"])
            and self.rows.due(now).is_quiet
        )

    def _wait(self, is_done: Callable[[], bool], what: str) -> None:
        last: Due | None = None
        until = time.monotonic() + STALL_SECONDS
        looks = 0
        while not is_done():
            looks += 1
            if looks % 100 == 0 and (due := self.rows.due(self.drive.now())) != last:
                last, until = due, time.monotonic() + STALL_SECONDS
            if time.monotonic() > until:
                due = self.rows.due(self.drive.now())
                stuck = self.rows.stuck(self.drive.now())
                status = self.stage.control.tell("status")
                raise Stalled(
                    f"{what} did not get done at {self.drive.now():%Y-%m-%d %H:%M}: {due}; sandbox due {status['due']},"
                    f" {status['trouble']}; " + "; ".join(stuck)
                )
            time.sleep(LOOK_SECONDS)


def _job_times() -> set[clock_time]:
    """When the product's daily jobs fall due."""
    return {clock_time.fromisoformat(job.at) for job in settings.SCHEDULE if job.at}
