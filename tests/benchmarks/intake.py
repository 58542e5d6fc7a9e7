"""Events that lie in the inbox become orders: drained in batches beside one Celery task an event, and out of a large backlog."""

import statistics
import sys
import tempfile
import time
from pathlib import Path

from apps.flows import dispatch
from apps.hub import inbox
from apps.hub.models import InboxEvent
from tests.benchmarks import celery_twin, measure, notices, programs, shop, truth
from tests.benchmarks.measure import Competitor, Cost, Ratio
from tests.benchmarks.shop import Shop
from tests.benchmarks.stage import Stage

EVENTS = 500  # a turn
PROCESSES = 2
PATIENCE_SECONDS = 120.0
_WORKER = (
    sys.executable, "-m", "celery", "-A", "tests.benchmarks.celery_twin", "worker", "-P", "prefork", "-c", str(PROCESSES),
    "-Q", "twin", "--without-gossip", "--without-mingle", "-l", "warning",
)  # fmt: skip


def drained(stage: Stage) -> None:
    """In turn: so many events by the drainer of this process, so many by a worker of as many processes as there are cores."""
    stage.say("inbox drained, beside one Celery task an event")
    name = stage.fresh_database()
    place = shop.build(stage.seed)
    ours, theirs = (
        Competitor("drained in batches", lambda _piece: 0),
        Competitor("a Celery task each", lambda _piece: 0),
    )
    done = 0
    with (
        tempfile.TemporaryDirectory() as folder,
        programs.running(_WORKER, database=name, log=Path(folder) / "celery.log", is_ready=_answers) as worker,
    ):
        for number in range(stage.rounds + 1):  # the first is to warm up
            costs = (_by_ourselves(stage, _lay(place, EVENTS)), _by_tasks(stage, _lay(place, EVENTS), worker))
            done += 2 * EVENTS
            if number:
                ours.turns.append(costs[0])
                theirs.turns.append(costs[1])
    truth.check(done)
    _all_done(done)
    stage.add(
        "inbox in batches of one Celery task an event",
        measure.ratio(measure.rates(ours), measure.rates(theirs)),
        least=3,
    )
    stage.details["inbox"] = _details(ours, theirs)


def backlog(stage: Stage) -> None:
    """A backlog drained to its end: what an event costs, slice by slice."""
    size = 100_000 if stage.is_full else 5_000
    stage.say(f"a backlog of {size:,} events")
    stage.fresh_database()
    place = shop.build(stage.seed)
    _lay(place, size)
    shop.settle()
    slices: list[Cost] = []
    for number in range(10):
        slices.append(_by_ourselves(stage, [""] * (size // 10)))
        stage.say(f"slice {number + 1} of 10: {slices[-1].rate:.0f} events/s")
    truth.check(size)
    _all_done(size)
    each = [((one.python_cpu + (one.postgres_cpu or 0.0)) / one.units) * 1000 for one in slices]
    # The first slices pay for an empty shop's first customers and pages; the last third against the first third.
    first, last = each[:3], each[-3:]
    stage.add(
        f"CPU an event, last third of first third of a backlog of {size:,}",
        Ratio(statistics.median(last) / statistics.median(first), min(last) / max(first), max(last) / min(first)),
        most=1.2, is_full=stage.is_full,
    )  # fmt: skip
    stage.details[f"backlog of {size}"] = {"cpu_ms_an_event": [round(one, 3) for one in each],
                                           "events_a_second": [round(one.rate, 1) for one in slices]}  # fmt: skip


def _lay(place: Shop, count: int) -> list[str]:
    """So many new events in the inbox; their ids, in order of arrival."""
    for start in range(0, count, 1000):
        made = notices.make(place, min(1000, count - start))
        inbox.store_many(((place.channel.id, notice.as_event()) for notice in made), origin="hook")
    events = InboxEvent.objects.filter(status=InboxEvent.Status.NEW).order_by("received_at", "id")
    return [str(id_) for id_ in events.values_list("id", flat=True)]


def _by_ourselves(stage: Stage, events: list[str]) -> Cost:
    drainer = Competitor("drained", lambda _piece: dispatch.drain("bench"))
    wal, cpu = stage.server.wal_position(), stage.server.cpu_seconds()
    cost = Cost()
    wall, used = time.perf_counter(), time.process_time()
    while cost.units < len(events):
        found = drainer.work(None)
        if not found:
            raise truth.Wrong("the inbox is empty before its events are drained")
        cost.units += found
    cost.python_cpu, cost.seconds = time.process_time() - used, time.perf_counter() - wall
    return _with_server(stage, cost, wal, cpu)


def _by_tasks(stage: Stage, events: list[str], worker: int) -> Cost:
    wal, cpu = stage.server.wal_position(), stage.server.cpu_seconds()
    cost = Cost(units=len(events))
    beside = measure.process_cpu([worker])
    wall, used = time.perf_counter(), time.process_time()
    for event in events:
        celery_twin.take.delay(event)
    until = time.monotonic() + PATIENCE_SECONDS
    while inbox.has_due():
        if time.monotonic() > until:
            raise truth.Wrong("the Celery worker did not finish")
        time.sleep(0.02)
    cost.seconds = time.perf_counter() - wall
    cost.python_cpu = time.process_time() - used + measure.process_cpu([worker]) - beside
    return _with_server(stage, cost, wal, cpu)


def _with_server(stage: Stage, cost: Cost, wal: int, cpu: float | None) -> Cost:
    after = stage.server.cpu_seconds()
    cost.postgres_cpu = None if cpu is None or after is None else after - cpu
    cost.wal_bytes = stage.server.wal_position() - wal
    return cost


def _answers() -> bool:
    return bool(celery_twin.app.control.inspect(timeout=0.5).ping())


def _all_done(count: int) -> None:
    closed = InboxEvent.objects.filter(status=InboxEvent.Status.DONE).count()
    if closed != count:
        raise truth.Wrong(f"{closed} of {count} events are closed as done")


def _details(*kinds: Competitor) -> dict[str, dict[str, object]]:
    return {
        kind.name: {
            "a_second": [round(rate, 1) for rate in measure.rates(kind)], "statements": None,
            "python_ms": measure.median(kind, "python_cpu"), "postgres_ms": measure.median(kind, "postgres_cpu"),
            "wal_bytes": measure.median(kind, "wal_bytes"),
        }
        for kind in kinds
    }  # fmt: skip
