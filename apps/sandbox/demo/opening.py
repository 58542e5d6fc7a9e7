"""How a demo opens: the first time with a prologue, later with what is there. Business time never goes back: the prologue
ends before now, and what follows lives by the wall clock.
"""

import json
import shutil

from apps.core import clock
from apps.core.runtime import Runtime, heartbeat
from apps.sandbox.demo.prologue import Prologue
from apps.sandbox.demo.stage import DemoStage
from apps.sandbox.rehearsal.driver import Driver
from apps.sandbox.rehearsal.quiet import Rows

# By a demo that begins anew: the supervisor is at work in the first two, the others make it the same demo.
KEPT = ("run", "log", "secrets", "secrets.json")
PLAYED = "played.json"


def open_demo(runtime: Runtime, *, port: int, orders: int, is_fresh: bool = False) -> DemoStage:
    """Bring everything up; the address answers when this returns. `orders`: ordinary ones of each day before today."""
    played = runtime.home / PLAYED
    prologue = None
    if is_fresh or not played.exists():
        with heartbeat(runtime.say, "making room"):
            _clear(runtime)
        prologue = Prologue(clock.wall().replace(microsecond=0), size=orders)
    stage = DemoStage(runtime, prologue)
    runtime.choose_port(port)
    stage.start_sandbox()
    runtime.start_services()
    stage.meet_sandbox()
    stage.start_web()  # it loads while the database gets its shape
    stage.migrate()
    stage.make_demo_shop()
    stage.tell_hooks()
    runtime.start_worker()
    if prologue is not None:
        told = _play(stage, prologue)
        stage.go_live()
        stage.start_web()
        stage.tell_hooks()
        runtime.start_worker()
        (stage.home / "trading.json").write_text(json.dumps({"shop": prologue.next_number, "mall": prologue.next_mall}))
        played.write_text(json.dumps(told, ensure_ascii=False, indent=1))
    stage.meet_web()
    stage.start_trading()
    return stage


def _play(stage: DemoStage, prologue: Prologue) -> dict[str, object]:
    """The days before today; answers what was planted in each night, by class."""
    runtime = stage.runtime
    runtime.say("Playing three business days, with their nights")
    stage.meet_web()
    stage.control.tell("plan", {"hits": prologue.mishaps})
    rows = Rows(runtime.env["DATABASE_URL"])

    def stopped(driver: Driver) -> None:
        for slug, what in prologue.faults.get(driver.drive.now().astimezone(prologue.market.zone), ()):
            stage.control.tell("misbehave", {"slug": slug, "what": what})

    driver = Driver(stage, prologue, rows, at_stop=stopped)
    with heartbeat(runtime.say, "three business days"):
        driver.open_shop()
        driver.play()
        driver.reach(max(driver.drive.now(), prologue.until.replace(second=0)))
        driver.reach(prologue.until, slot=prologue.today)
    rows.close()
    assert driver.drive.now() <= clock.wall()
    return {"until": prologue.until.isoformat(), "planted": driver.played.planted_things}


def _clear(runtime: Runtime) -> None:
    """A demo that begins anew, or whose prologue was broken off, owes nothing to what is there."""
    (runtime.home / PLAYED).unlink(missing_ok=True)
    shutil.rmtree((runtime.home / "postgres").resolve(), ignore_errors=True)  # as root it may lie elsewhere
    for path in runtime.home.iterdir():
        if path.name in KEPT:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
