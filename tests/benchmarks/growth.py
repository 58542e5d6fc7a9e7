"""Whether an order costs the same in a shop that has grown: open reservations of its article, and orders stored.

Small and large take turns in one run, so that only the size differs: articles with few and many reservations stand side by
side in one database, and the two databases are entered in turn.
"""

from collections.abc import Callable
from typing import Any

from apps.flows.place_orders import place_orders
from tests.benchmarks import fill, measure, shop, truth
from tests.benchmarks.measure import Competitor, Ratio
from tests.benchmarks.orders import costs
from tests.benchmarks.shop import Shop
from tests.benchmarks.stage import Stage

BATCH = 50
MOST = 1.2


def reservations(stage: Stage) -> None:
    """One article has 100 open reservations, another more and more."""
    sizes = (100, 1_000, 10_000, 100_000) if stage.is_full else (100, 1_000, 10_000)
    stage.say(f"growth: {sizes[0]:,} to {sizes[-1]:,} open reservations of one article")
    stage.fresh_database()
    skus = {size: f"OPEN{size}" for size in sizes}
    place = shop.build(stage.seed, extra_skus=tuple(skus.values()))
    count = sum(fill.orders(place, size, lines=1, skus=[skus[size]], is_closed=False) for size in sizes)
    fill.settle()
    for batch in (1, BATCH):
        runners = {size: _placing(place, f"{size:,} reservations", batch, skus[size]) for size in sizes}
        count += _race(stage, list(runners.values()))
        for size in sizes[1:]:
            is_full = size > 10_000
            stage.add(
                f"CPU an order, {sizes[0]:,} to {size:,} reservations, {_words(batch)}",
                _growth(runners[sizes[0]], runners[size]),
                most=MOST if size == sizes[-1] else None, is_full=is_full,
            )  # fmt: skip
        stage.details[f"growth by reservations, {_words(batch)}"] = costs({one.name: one for one in runners.values()})
    truth.check(count)


def stored(stage: Stage) -> None:
    """The same sales in a shop of 10,000 orders and in one of a million (bench: 2,000 and 50,000)."""
    sizes = (10_000, 1_000_000) if stage.is_full else (2_000, 50_000)
    stage.say(f"growth: {sizes[0]:,} to {sizes[1]:,} orders stored")
    places = shops_with_a_past(stage, sizes)
    counts = dict.fromkeys(places, 0)
    for batch in (1, BATCH):
        runners = []
        for name, (place, size) in places.items():
            runner = _placing(place, f"{size:,} orders stored", batch, "")
            runner.prepare = _entering(stage, name, runner.prepare)
            runners.append(runner)
        for runner, name in zip(runners, places, strict=True):
            runner.work = _adding(counts, name, runner.work)
        _race(stage, runners)
        stage.add(
            f"CPU an order, {sizes[0]:,} to {sizes[1]:,} orders stored, {_words(batch)}", _growth(*runners), most=MOST,
            is_full=stage.is_full,
        )  # fmt: skip
        stage.details[f"growth by orders stored, {_words(batch)}"] = costs({one.name: one for one in runners})
    for name, (_, size) in places.items():
        stage.enter(name)
        truth.check(size + counts[name])


def shops_with_a_past(stage: Stage, sizes: tuple[int, ...]) -> dict[str, tuple[Shop, int]]:
    """A database for each size, filled and settled; by its name."""
    places = {}
    for size in sizes:
        name = stage.fresh_database()
        place = shop.build(stage.seed)
        fill.orders(place, size)
        fill.settle()
        places[name] = (place, size)
    return places


def _placing(place: Shop, name: str, batch: int, hot: str) -> Competitor:
    return Competitor(
        name,
        lambda drafts: len(place_orders(drafts, source=place.channel).orders),
        lambda: place.sales(batch, lines=2, hot=hot),
    )


def _race(stage: Stage, runners: list[Competitor]) -> int:
    """The rounds; returns how many orders were placed, those of warming up included."""
    counts = {"all": 0}
    for runner in runners:
        runner.work = _adding(counts, "all", runner.work)
    measure.rounds(
        runners, stage.server, seed=stage.seed, count=stage.rounds, seconds=stage.seconds, warm=stage.seconds
    )
    return counts["all"]


def _adding(counts: dict[str, int], name: str, work: Callable[[Any], int]) -> Callable[[Any], int]:
    def added(piece: Any) -> int:
        done = work(piece)
        counts[name] += done
        return done

    return added


def _entering(stage: Stage, name: str, prepare: Callable[[], Any]) -> Callable[[], Any]:
    def entered() -> Any:
        stage.enter_if_elsewhere(name)
        return prepare()

    return entered


def _growth(small: Competitor, large: Competitor) -> Ratio:
    """CPU of Python and PostgreSQL together, for one order."""
    return measure.ratio(_cpu(large), _cpu(small))


def _cpu(runner: Competitor) -> list[float]:
    return [(cost.each("python_cpu") or 0.0) + (cost.each("postgres_cpu") or 0.0) for cost in runner.turns]


def _words(batch: int) -> str:
    return "one by one" if batch == 1 else f"batches of {batch}"
