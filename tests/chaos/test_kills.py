"""Whatever is killed in the middle of its work, the rehearsal ends with the figures of one in which nothing was killed."""

import signal
import time
from collections import Counter
from typing import Any

import pytest

from apps.sandbox.management.commands.rehearse import Wish, rehearse
from apps.sandbox.rehearsal.driver import Driver
from apps.sandbox.rehearsal.figures import VOLATILE

pytestmark = pytest.mark.chaos
ORDERS, SEED, KILLS = 48, 4, 2
VICTIMS = ("worker", "web", "postgres", "valkey", "beat")
WAIT_SECONDS = 2.0
# Their `checked` counts steps on the way, not what came of them: a call that a kill cut off is tried once more, a channel is
# told its stock in as many pushes as the moment allows, and an order called off is authorised first, or not, as its channel's
# notice comes before its provider's or after it.
COUNTS_STEPS = ("I4", "I6", "I14")


class Killer:
    """Kills one program after another, each time while events or calls lie in the database undone.

    The worker is stopped (SIGSTOP) while the stand-ins send, so that what is asserted cannot be gone when the blow falls;
    where nothing comes in at a stop of the clock, it goes on and the blow falls at a later one.
    """

    def __init__(self, *, kills: int = KILLS) -> None:
        self.todo = [victim for _round in range(kills) for victim in VICTIMS]
        self.killed: Counter[str] = Counter()
        self.undone: list[int] = []

    def __call__(self, driver: Driver) -> None:
        if not self.todo or not driver.stage.control.tell("status")["due"]:
            return
        supervisor = driver.stage.runtime.supervisor
        supervisor.kill("worker", signal.SIGSTOP)
        driver.stage.control.tell("send_due")
        due = driver.rows.due(driver.drive.now())
        until = time.monotonic() + WAIT_SECONDS
        while not (due.events or due.deliveries) and time.monotonic() < until:
            due = driver.rows.due(driver.drive.now())
        if not (due.events or due.deliveries):
            supervisor.kill("worker", signal.SIGCONT)
            return
        self.undone.append(due.events + due.deliveries)
        victim = self.todo.pop(0)
        supervisor.kill(victim)
        self.killed[victim] += 1
        if victim != "worker":
            supervisor.kill("worker", signal.SIGCONT)
        supervisor.wait(victim, lambda: supervisor.is_running(victim), seconds=60, crashes=100)


def figures_of(wish: Wish, killer: Any = None) -> dict[str, Any]:
    outcome = rehearse(wish, say=print, at_stop=killer)
    assert outcome.faults == []
    figures = {name: value for name, value in outcome.figures.items() if name not in VOLATILE}
    for invariant in figures.pop("invariants"):
        if invariant["id"] in COUNTS_STEPS:
            del invariant["checked"]
        figures[invariant["id"]] = invariant
    return figures


def test_kills_change_no_figure() -> None:
    wish = Wish(None, count=ORDERS, seed=SEED, is_calm=True)
    undisturbed = figures_of(wish)
    killer = Killer()
    killed = figures_of(wish, killer)
    assert killer.killed == dict.fromkeys(VICTIMS, KILLS)
    assert all(count > 0 for count in killer.undone)
    assert killed == undisturbed
