"""Whether an order costs the same in a shop that has grown: open reservations of its article, and orders stored.

Small and large take turns in one run, so that only the size differs: articles with few and many reservations stand side by
side in one database, and the two databases are entered in turn.
"""

from collections.abc import Callable
from typing import Any

from apps.flows.place_orders import place_orders
from apps.orders.models import Order
from tests.benchmarks import fill, measure, shop, truth
from tests.benchmarks.measure import Competitor
from tests.benchmarks.shop import Shop
from tests.benchmarks.stage import Stage, costs

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
        truth.check(count)
        stage.details[f"growth by reservations, {_words(batch)}"] = costs(list(runners.values()))
        for size in sizes[1:]:
            stage.compare(
                f"CPU an order, {size:,} open reservations, {_words(batch)}", runners[size], runners[sizes[0]],
                beside=f"{sizes[0]:,} open", lines=2, figure=measure.cpu, unit=" ms", most=MOST if size == sizes[-1] else None,
                is_full=stage.is_full,
            )  # fmt: skip


def stored(stage: Stage) -> None:
    """The same sales in a shop of 10,000 orders and in one of a million (bench: 2,000 and 50,000)."""
    sizes = (10_000, 1_000_000) if stage.is_full else (2_000, 50_000)
    stage.say(f"growth: {sizes[0]:,} to {sizes[1]:,} orders stored")
    places = shops_with_a_past(stage, sizes)
    counts = {name: orders for name, (_, orders) in places.items()}
    for batch in (1, BATCH):
        runners = []
        for size, (name, (place, _)) in zip(sizes, places.items(), strict=True):
            runner = _placing(place, f"{size:,} orders stored", batch, "")
            runner.prepare = _entering(stage, name, runner.prepare)
            runner.work = _adding(counts, name, runner.work)
            runners.append(runner)
        _race(stage, runners)
        for name in places:
            stage.enter(name)
            truth.check(counts[name])
        stage.details[f"growth by orders stored, {_words(batch)}"] = costs(runners)
        stage.compare(
            f"CPU an order, {sizes[1]:,} orders stored, {_words(batch)}", runners[1], runners[0],
            beside=f"{sizes[0]:,} stored", lines=2, figure=measure.cpu, unit=" ms", most=MOST, is_full=stage.is_full,
        )  # fmt: skip


def shops_with_a_past(stage: Stage, sizes: tuple[int, ...]) -> dict[str, tuple[Shop, int]]:
    """A database for each size, filled and settled, by its name: the shop and how many orders it has by now. What an earlier
    part of the same run has made serves again."""
    places = {}
    for size in sizes:
        name = f"past{size}"
        if stage.has_database(name):
            stage.enter(name)
            if place := shop.found(stage.seed):
                places[name] = (place, Order.objects.count())
                continue
        stage.fresh_database(name=name)
        place = shop.build(stage.seed)
        stage.say(f"a shop of {size:,} orders is being made")
        fill.orders(place, size)
        fill.settle()
        shop.mark_whole()
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


def _words(batch: int) -> str:
    return "one by one" if batch == 1 else f"batches of {batch}"
