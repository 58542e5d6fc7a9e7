"""Sales through the whole story, one by one and in batches of 50, beside bare SQL and plain ORM; 2 and 22 lines, hot and spread."""

from collections.abc import Callable
from typing import Any

from apps.flows.place_orders import place_orders
from tests.benchmarks import bare, measure, plain, shop, truth
from tests.benchmarks.measure import Competitor
from tests.benchmarks.shop import Shop
from tests.benchmarks.stage import Stage, costs

BATCH = 50
MOST_STATEMENTS = 12
SCENES = tuple((lines, hot) for lines in (2, 22) for hot in (shop.HOT, ""))


def run(stage: Stage) -> None:
    """The four scenes, each in a database of its own."""
    for lines, hot in SCENES:
        heat = "hot" if hot else "spread"
        stage.say(f"orders of {lines} lines, {heat}")
        bare.install(stage.fresh_database())
        place = shop.build(stage.seed)
        kinds = competitors(place, lines=lines, hot=hot)
        counted = count_accepted(kinds)
        measure.rounds(list(kinds.values()), stage.server, seed=stage.seed, count=stage.rounds, seconds=stage.seconds)
        truth.check(counted["orders"])
        _report(stage, kinds, lines=lines, heat=heat)


def competitors(place: Shop, *, lines: int, hot: str) -> dict[str, Competitor]:
    """Everybody who places orders, by name."""

    def sales(count: int) -> Callable[[], Any]:
        return lambda: place.sales(count, lines=lines, hot=hot)

    def story(drafts: Any) -> int:
        return len(place_orders(drafts, source=place.channel).orders)

    return {
        "story, 1": Competitor("story, 1", story, sales(1)),
        "bare, 1": Competitor("bare, 1", lambda drafts: bare.place(place, drafts), sales(1)),
        "ORM, 1": Competitor("ORM, 1", lambda drafts: plain.place(place, drafts[0]), sales(1)),
        "story, 50": Competitor("story, 50", story, sales(BATCH)),
        "bare, 50": Competitor("bare, 50", lambda drafts: bare.place(place, drafts), sales(BATCH)),
    }


def count_accepted(kinds: dict[str, Competitor]) -> dict[str, int]:
    """What the competitors say they have placed, turns that are not measured included."""
    counted = {"orders": 0}

    def counting(work: Callable[[Any], int]) -> Callable[[Any], int]:
        def counted_work(piece: Any) -> int:
            done = work(piece)
            counted["orders"] += done
            return done

        return counted_work

    for competitor in kinds.values():
        competitor.work = counting(competitor.work)
    return counted


def _report(stage: Stage, kinds: dict[str, Competitor], *, lines: int, heat: str) -> None:
    ours, one, bare_one = kinds["story, 50"], kinds["story, 1"], kinds["bare, 1"]
    stage.details[f"orders, {lines} lines, {heat}"] = costs(list(kinds.values()))
    stage.compare(f"batch of {BATCH}, {heat}", ours, kinds["bare, 50"], beside="bare", lines=lines, least=0.5)
    if heat == "hot":
        stage.compare(f"batch of {BATCH}, {heat}", ours, one, beside="our one by one", lines=lines, least=6)
        stage.compare(
            f"  bare's batch of {BATCH}, {heat}", kinds["bare, 50"], bare_one, beside="bare one by one", lines=lines
        )
    stage.compare(f"one by one, {heat}", one, bare_one, beside="bare", lines=lines, least=0.35)
    stage.compare(f"one by one, {heat}", one, kinds["ORM, 1"], beside="plain ORM", lines=lines, least=1.5)
    statements = one.statements or 0
    stage.judge(
        f"statements an order, one by one, {heat}", f"{statements:g}", lines=lines, target=f"≤ {MOST_STATEMENTS}",
        is_met=statements <= MOST_STATEMENTS,
    )  # fmt: skip
