"""Small steps of a stocktake: `wako` and `ume` count, `wako` closes, `hana` approves."""

from apps.catalog.models import Variant
from apps.flows import approve_count
from apps.inventory import scans, stocktakes
from apps.inventory.models import Stocktake, StocktakeLine
from apps.inventory.stocktakes import Plan
from apps.inventory.variances import Approved
from tests import builders
from tests.flows import buying


def opened(*articles: Variant, **plan) -> Stocktake:
    """A sheet of `main`: of these articles, or of everything."""
    if articles:
        plan |= {"scope": Stocktake.Scope.LIST, "variants": [article.id for article in articles]}
    return stocktakes.open_sheet(Plan(location=plan.pop("location", None) or builders.location(), **plan), actor="hana")


def row(sheet: Stocktake, article: Variant) -> StocktakeLine:
    """The row of an article as it stands."""
    return sheet.lines.select_related("level").get(level__variant=article)


def put(sheet: Stocktake, article: Variant, units: int, *, actor: str = "wako", adds: bool = False) -> StocktakeLine:
    """A number typed."""
    return stocktakes.put(sheet.id, row(sheet, article).id, units, actor=actor, adds=adds)


def scan(sheet: Stocktake, code: str, *, actor: str = "wako", times: int = 1, anyway: bool = False) -> scans.Scanned:
    """Codes read; the last answer."""
    for _ in range(times):
        scanned = scans.scan(sheet.id, code, actor=actor, anyway=anyway)
    return scanned


def close(sheet: Stocktake, *, actor: str = "wako", rest_is_empty: bool = False) -> Stocktake:
    """Counting is over."""
    return stocktakes.close(sheet.id, actor=actor, rest_is_empty=rest_is_empty)


def approve(sheet: Stocktake, *, actor: str = "hana", seen: int = 0) -> Approved:
    """A second person says yes to what they saw last."""
    return approve_count.approve(sheet.id, actor=actor, seen=seen or Stocktake.objects.get(id=sheet.id).round)


def counted(article: Variant, units: int) -> Stocktake:
    """A sheet of one article, counted and closed."""
    sheet = opened(article)
    put(sheet, article, units)
    return close(sheet)


def live() -> None:
    """Stocktakes of one article: two that are approved the wrong way round, one sent back and open, one thrown away."""
    article = builders.variant("JAR")
    buying.come(buying.ordered((article, 10, "100")), 10)
    first, second = counted(article, 8), counted(article, 9)
    approve(second)
    approve(first)
    under_way = counted(article, 12)
    stocktakes.send_back(under_way.id, [row(under_way, article).id], actor="hana", reason="too many", seen=1)
    scan(under_way, "JAR", times=3)
    stocktakes.undo(under_way.id, actor="wako")
    stocktakes.reject(counted(article, 0).id, actor="hana", reason="the wrong shelf")
    approve(counted(article, 11))
