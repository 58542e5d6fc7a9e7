"""Events that lie in the inbox become orders: drained in batches beside one Celery task an event, and out of a large backlog."""

import sys
import tempfile
import time
from pathlib import Path

from apps.flows import dispatch
from apps.hub import inbox
from apps.hub.models import InboxEvent
from tests.benchmarks import celery_twin, measure, notices, programs, shop, truth
from tests.benchmarks.measure import Competitor, Cost
from tests.benchmarks.shop import Shop
from tests.benchmarks.stage import Stage, costs, with_server

EVENTS = 500  # a turn
SLICES, FLAT = 10, 1.2
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
        Competitor("drained in batches", _nothing),
        Competitor("a Celery task each", _nothing),
    )
    done = 0
    with (
        tempfile.TemporaryDirectory() as folder,
        programs.running(_WORKER, database=name, log=Path(folder) / "celery.log", is_ready=_answers) as worker,
    ):
        for number in range(stage.rounds + 1):  # the first is to warm up
            spent = (_by_ourselves(stage, _lay(place, EVENTS)), _by_tasks(stage, _lay(place, EVENTS), worker))
            done += 2 * EVENTS
            if number:
                ours.turns.append(spent[0])
                theirs.turns.append(spent[1])
    done += _count_statements(place, ours, theirs)
    truth.check(done)
    _all_done(done)
    stage.details["inbox"] = costs([ours, theirs])
    stage.compare("inbox drained in batches", ours, theirs, beside="a Celery task each", lines=2, least=3)


def _count_statements(place: Shop, ours: Competitor, theirs: Competitor) -> int:
    """A batch by each way, in this process; how many events."""
    events = _lay(place, dispatch.BATCH)
    with measure.counted_statements() as seen:
        dispatch.drain("bench")
    ours.statements = seen.statements / len(events)
    (event,) = _lay(place, 1)
    with measure.counted_statements() as seen:
        celery_twin.take(event)
    theirs.statements = seen.statements
    return len(events) + 1


def backlog(stage: Stage) -> None:
    """A backlog drained to its end in ten slices. After each slice some events of a shop that has no backlog are drained too,
    so that what the machine does meanwhile is on both sides."""
    size = 100_000 if stage.is_full else 5_000
    stage.say(f"a backlog of {size:,} events")
    few = max(EVENTS, size // 100)
    calm_name, calm_place = stage.fresh_database(), shop.build(stage.seed)
    name, place = stage.fresh_database(), shop.build(stage.seed)
    _lay(place, size)
    shop.settle()
    long, calm = Competitor("backlog", _nothing), Competitor("no backlog", _nothing)
    _calm_slice(stage, calm_name, calm_place, few)  # to warm up
    for number in range(SLICES):
        calm.turns.append(_calm_slice(stage, calm_name, calm_place, few))
        stage.enter(name)
        long.turns.append(_by_ourselves(stage, [""] * (size // SLICES)))
        stage.say(f"slice {number + 1} of {SLICES}: {long.turns[-1].rate:.0f} events/s")
    for scene, count in ((name, size), (calm_name, (SLICES + 1) * few)):
        stage.enter(scene)
        truth.check(count)
        _all_done(count)
    stage.details[f"backlog of {size}"] = {one.name: {"cpu_ms_an_event": [round(ms, 3) for ms in measure.cpu(one)],
                                           "events_a_second": [round(rate, 1) for rate in measure.rates(one)]}
                                           for one in (long, calm)}  # fmt: skip
    words = {"lines": 2, "figure": measure.cpu, "unit": " ms", "is_full": stage.is_full}
    stage.compare(f"CPU an event out of a backlog of {size:,}", long, calm, beside="out of none", most=FLAT, **words)
    # Each slice by what the same moment cost beside it: the first third and the last, paired.
    against = [ours / theirs for ours, theirs in zip(measure.cpu(long), measure.cpu(calm), strict=True)]
    third = SLICES // 3
    drift = measure.ratio(against[-third:], against[:third])
    stage.judge(
        f"  its last third beside its first, {size:,}", f"{measure.middle(against[-third:]):.2f}",
        beside=f"first third {measure.middle(against[:third]):.2f}", lines=2, ratio=str(drift), target=f"≤ {FLAT}",
        is_met=drift.median <= FLAT, is_full=stage.is_full,
    )  # fmt: skip


def _calm_slice(stage: Stage, name: str, place: Shop, count: int) -> Cost:
    stage.enter(name)
    return _by_ourselves(stage, _lay(place, count))


def _nothing(_piece: object) -> int:
    return 0


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
    return with_server(stage.server, cost, wal=wal, cpu=cpu)


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
    return with_server(stage.server, cost, wal=wal, cpu=cpu)


def _answers() -> bool:
    return bool(celery_twin.app.control.inspect(timeout=0.5).ping())


def _all_done(count: int) -> None:
    closed = InboxEvent.objects.filter(status=InboxEvent.Status.DONE).count()
    if closed != count:
        raise truth.Wrong(f"{closed} of {count} events are closed as done")
