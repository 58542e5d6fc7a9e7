"""The trade of a chaos run: the clock that runs, the papers that come, the blows that fall, and how long it takes to rest."""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from datetime import time as clock_time

from apps.core.runtime import Runtime
from apps.sandbox import days, faults, retail, supply, synthetic
from apps.sandbox.market import Market
from apps.sandbox.rehearsal.quiet import Rows
from apps.sandbox.rehearsal.stage import HONEST, Honesty, Stage
from apps.sandbox.words import plain
from tests.chaos.plan import Kill, Plan

SWEEP_SECONDS = 0.2
WORKERS = 2
LATE = Honesty(lag_minutes=15, poll_minutes=30, lease_below=60)
TRADES_FOR = 0.85  # of a day's share of the run; the rest is its night
TICK_SECONDS = 0.02
AT_ONCE = 2  # faults that wait for one vendor at a time, so that one call does not meet all of them
EMPTY_SECONDS = 60.0
PATIENCE_SECONDS = 120.0
NIGHT_SECONDS = 15.0
LINE_SECONDS = 15.0
SETTLES_AT, MORNING = clock_time(23, 59, 30), clock_time(5, 45)
UP_AGAIN_SECONDS = 60.0

# Everything that is still to be done, whenever it is due. A call that waits for a person is counted apart.
_UNDONE = """
SELECT (SELECT count(*) FROM hub_inboxevent WHERE status = 'new' OR (status = 'waiting' AND starts_with(waits_for, 'fetch:'))),
  (SELECT count(*) FROM hub_outboxfact WHERE announced_at IS NULL),
  (SELECT count(*) FROM hub_delivery WHERE status IN ('due', 'unknown')),
  (SELECT count(*) FROM channels_listing l JOIN hub_connection c ON c.id = l.connection_id
     WHERE l.is_dirty AND l.variant_id IS NOT NULL AND c.status = 'active'),
  (SELECT count(*) FROM hub_jobrun WHERE finished_at IS NULL AND due_at <= %(now)s)
"""
_WHAT = ("events", "facts", "calls", "numbers", "jobs")


class Trade:
    """One run: a stage with two workers, the plan, and what came of it so far."""

    def __init__(self, plan: Plan, runtime: Runtime, *, say: Callable[[str], None]) -> None:
        self.plan, self.runtime, self.say = plan, runtime, say
        self.market = Market()
        self.file = runtime.home / "orders.csv"
        self.given = runtime.home / "supply.csv"
        synthetic.write(self.file, count=plan.orders, seed=plan.seed, days=plan.days)
        self.orders = retail.read(self.file, zone=self.market.zone)
        goods = supply.make(self.orders, self.market, seed=plan.seed)
        goods.write(self.given)
        self.papers = days.Plan(self.orders, self.market, goods, channels=HONEST)
        start = datetime.combine(self.papers.days[0].date, clock_time(3), tzinfo=self.market.zone)
        self.stage = Stage(
            runtime, self.market, seed=None, start=start, sweep_seconds=SWEEP_SECONDS, honesty=LATE
        )  # fmt: skip
        assert self.stage.drive is not None
        self.drive = self.stage.drive
        self.kills: Counter[str] = Counter()
        self.empty_after = 0.0
        self.undone: dict[str, int] = {}
        self.seconds = 0.0
        self._rests = threading.Event()
        self._started = 0.0
        self._shown = 0.0

    # Opening

    def open(self) -> None:
        """Services, stand-ins, shop, programs; the channels list everything and the product has read it."""
        runtime, stage = self.runtime, self.stage
        runtime.start_services()
        runtime.migrate()
        stage.start_sandbox()
        stage.make_shop(company="Kurogo chaos", brand="Chaos", locale="en")
        stage.start_programs(workers=WORKERS)
        stage.connect_hooks()
        self.rows = Rows(runtime.env["DATABASE_URL"])
        articles = plain(self.papers.articles())
        stage.control.tell("manners", {"honest": 1, "lag_minutes": LATE.lag_minutes})
        calls = [[channel, "list_variants", {"variants": articles}] for channel in HONEST]
        stage.control.tell("batch", {"calls": [*calls, ["csv", "send_catalogue", {}]]})
        self.run_to(self._at(0, MORNING), seconds=4)
        self._until(self._is_listed, "the channels' articles are read")

    def _is_listed(self) -> bool:
        (linked,) = self.rows.query("SELECT count(*) FROM channels_listing WHERE variant_id IS NOT NULL")[0]
        return bool(linked >= len(HONEST) * len(self.papers.articles())) and not any(self.look().values())

    # The run

    def play(self) -> None:
        """Every day and its night, blows and faults falling meanwhile."""
        self._started = time.monotonic()
        striking = [threading.Thread(target=self._strike), threading.Thread(target=self._spoil)]
        for thread in striking:
            thread.start()
        try:
            self._trade()
        finally:
            self._rests.set()
            for thread in striking:
                thread.join()
            self.seconds = time.monotonic() - self._started

    def _trade(self) -> None:
        share = self.plan.minutes * 60 / len(self.papers.days)
        final = len(self.papers.days) - 1
        for number, day in enumerate(self.papers.days):
            # On the last day orders come to the end; its night is played in calm.
            until = self._started + share * (number + (1 if number == final else TRADES_FOR))
            last = day.slots[-1].ends_at if day.slots else self._at(number, MORNING)
            for slot in day.slots:
                left = (until - time.monotonic()) * (
                    (slot.ends_at - self.drive.now()) / (last - self.drive.now() + _MOMENT)
                )
                self.run_to(slot.ends_at, seconds=left)
                self._tell("batch", {"calls": self.papers.calls(slot)})
                self._show(f"{day.date} {slot.ends_at:%H:%M}")
            if number < final:
                self._night(number, seconds=self._started + share * (number + 1) - time.monotonic())

    def _night(self, number: int, *, seconds: float) -> None:
        """The day is paid out; orders, stock and money are compared; and it is morning."""
        left = max(1.0, seconds)
        self.run_to(self._at(number, SETTLES_AT), seconds=left * 0.3)
        day = self.papers.days[number].date
        self._tell("stripe/settle_day", {"day": day.isoformat()})
        self.run_to(self._at(number + 1, MORNING), seconds=left * 0.7)

    def run_to(self, moment: datetime, *, seconds: float) -> None:
        """Business time runs evenly to a moment, and stands while the stand-ins are told of it."""
        begun, since = time.monotonic(), self.drive.now()
        while (passed := time.monotonic() - begun) < seconds:
            self.drive.set(max(self.drive.now(), since + (moment - since) * (passed / seconds)))
            time.sleep(TICK_SECONDS)
        self.drive.set(max(moment, self.drive.now()))

    def _tell(self, path: str, args: dict[str, object]) -> None:
        self.stage.control.tell(path, args)

    # What goes wrong

    def _strike(self) -> None:
        for number, kill in enumerate(self.plan.kills):
            if self._rests.wait(max(0.0, self._moment(kill.at) - time.monotonic())):
                return
            self._kill(kill, number)

    def _kill(self, kill: Kill, number: int) -> None:
        victim = kill.victim
        if victim == "worker" and number % 2:
            victim = "worker-2"
        supervisor = self.runtime.supervisor
        until = time.monotonic() + UP_AGAIN_SECONDS
        while not supervisor.is_running(victim) and time.monotonic() < until:
            time.sleep(0.1)
        supervisor.kill(victim)
        self.kills[kill.victim] += 1

    def _spoil(self) -> None:
        """Tell the stand-ins what is to go wrong; what waits for a vendor of whom nothing is asked waits here."""
        control = type(self.stage.control)(self.stage.control.port, self.stage.control.token)
        coming = list(self.plan.faults)
        while coming and not self._rests.wait(0.2):
            now = time.monotonic()
            waiting = Counter({slug: len(told) for slug, told in control.tell("waiting").items()})
            for fault in [one for one in coming if self._moment(one.at) <= now]:
                if waiting[fault.slug] < AT_ONCE:
                    control.tell("misbehave", {"slug": fault.slug, "what": fault.what})
                    waiting[fault.slug] += 1
                    coming.remove(fault)

    def _moment(self, part: float) -> float:
        return self._started + part * self.plan.minutes * 60

    # Rest

    def calm_down(self) -> None:
        """Nothing goes wrong any more and nobody buys: how long it takes until nothing is left to do; then the last night."""
        self._tell("misbehave", {"slug": "", "what": ""})
        begun = time.monotonic()
        pace = 8 * 3600 / max(60.0, self.plan.minutes * 60)  # as fast as in the days before
        since = self.drive.now()
        while any((undone := self.look()).values()) and time.monotonic() - begun < PATIENCE_SECONDS:
            if undone != self.undone:
                self.say(f"  still to be done after {time.monotonic() - begun:.0f} s: {_named(undone)}")
            self.undone = undone
            self.drive.set(since + timedelta(seconds=(time.monotonic() - begun) * pace * len(self.papers.days)))
            time.sleep(0.1)
        self.empty_after = time.monotonic() - begun
        self.undone = {what: count for what, count in self.look().items() if count}
        self.say(f"nothing is left to do after {self.empty_after:.1f} s {self.undone or ''}")
        self._night(len(self.papers.days) - 1, seconds=NIGHT_SECONDS)
        # Old numbers run out, a poll finds what no notice told of, a job goes on where it waited.
        for hour in range(1, 5):
            self.run_to(self.drive.now() + timedelta(hours=1), seconds=1.5)
            self._until(lambda: not any(self.look().values()), f"rest, hour {hour}")

    def look(self) -> dict[str, int]:
        """What is left to do: by the product's rows, and notices that the stand-ins have not got rid of."""
        counted = self.rows.query(_UNDONE, now=self.drive.now())[0]
        status = self.stage.control.tell("status")
        return dict(zip(_WHAT, map(int, counted), strict=True)) | {
            "notices": int(status["due"]) + (not status["is_idle"])
        }

    def _until(self, is_done: Callable[[], bool], what: str) -> None:
        until = time.monotonic() + EMPTY_SECONDS
        while not is_done() and time.monotonic() < until:
            self.drive.set(self.drive.now() + timedelta(seconds=5))
            time.sleep(0.1)
        if time.monotonic() > until:
            self.say(f"not done: {what}: {json.dumps(self.look())}")

    def _at(self, day: int, at: clock_time) -> datetime:
        first = self.papers.days[0].date
        return datetime.combine(first + timedelta(days=day), at, tzinfo=self.market.zone)

    def _show(self, where: str) -> None:
        now = time.monotonic()
        if now - self._shown > LINE_SECONDS:
            self._shown = now
            met = self.stage.control.tell("status")["misbehaved"]
            self.say(
                f"{where}  {now - self._started:.0f} s  kills {self.kills.total()}, faults {sum(met.values())}"
                f" of {len(faults.ALL)} kinds {len(met)}"
            )


def _named(undone: dict[str, int]) -> str:
    return ", ".join(f"{count} {what}" for what, count in undone.items() if count)


_MOMENT = timedelta(seconds=1)
