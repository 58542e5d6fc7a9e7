"""Sales through the whole story, one by one and in batches of 50, beside bare SQL and plain ORM; 2 and 22 lines, hot and spread."""

from collections.abc import Callable
from typing import Any

from apps.flows.place_orders import place_orders
from tests.benchmarks import bare, measure, plain, shop, truth
from tests.benchmarks.measure import Competitor
from tests.benchmarks.shop import Shop
from tests.benchmarks.stage import Stage

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
    rates = {name: measure.rates(competitor) for name, competitor in kinds.items()}
    of = f"{lines} lines, {heat}"
    stage.add(f"batch of 50 of bare, {of}", measure.ratio(rates["story, 50"], rates["bare, 50"]), least=0.5)
    if heat == "hot":
        stage.add(f"batch of 50 of our one by one, {of}", measure.ratio(rates["story, 50"], rates["story, 1"]), least=6)
        stage.add(f"  (bare's batch of bare's one by one, {of})", measure.ratio(rates["bare, 50"], rates["bare, 1"]))
    stage.add(f"one by one of bare, {of}", measure.ratio(rates["story, 1"], rates["bare, 1"]), least=0.35)
    stage.add(f"one by one of plain ORM, {of}", measure.ratio(rates["story, 1"], rates["ORM, 1"]), least=1.5)
    statements = kinds["story, 1"].statements or 0
    stage.judge(
        f"statements an order, one by one, {of}", f"{statements:g}", target=f"≤ {MOST_STATEMENTS}",
        is_met=statements <= MOST_STATEMENTS,
    )  # fmt: skip
    stage.details[f"orders, {of}"] = costs(kinds)


def costs(kinds: dict[str, Competitor]) -> dict[str, dict[str, Any]]:
    """What one unit cost each competitor: median over the rounds (WAL: the least), and every round's rate."""
    return {
        name: {
            "a_second": [round(rate, 1) for rate in measure.rates(competitor)],
            "statements": None if competitor.statements is None else round(competitor.statements, 2),
            "python_ms": _rounded(measure.median(competitor, "python_cpu")),
            "postgres_ms": _rounded(measure.median(competitor, "postgres_cpu")),
            "wal_bytes": _rounded(measure.median(competitor, "wal_bytes"), 0),
        }
        for name, competitor in kinds.items()
    }


def _rounded(value: float | None, places: int = 3) -> float | None:
    return None if value is None else round(value, places)
