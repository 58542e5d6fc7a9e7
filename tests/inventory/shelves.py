"""What must be true of every shelf after every story, and the small steps that tests take on one."""

from datetime import timedelta
from itertools import count
from uuid import UUID

from django.db import connection

from apps.catalog.models import Variant
from apps.core.ids import uuid7
from apps.inventory import services as inventory
from apps.inventory.models import Demand, StockLevel
from apps.inventory.services import Wanted
from tests import builders

_arrivals = count(1)

EARLIER_WAITS = "somebody holds units while somebody earlier waits"
RULES = {
    "free units while somebody waits": """
        SELECT l.id FROM inventory_stocklevel l
        WHERE l.on_hand > l.safety + l.damaged + l.quality_control + l.expired + l.reserved + l.leased AND EXISTS (
            SELECT 1 FROM inventory_demand d
            WHERE d.level_id = l.id AND d.quantity > d.allocated + d.shipped + d.cancelled)""",
    "movements do not make the level": """
        SELECT l.id FROM inventory_stocklevel l LEFT JOIN inventory_stockmovement m ON m.level_id = l.id GROUP BY l.id
        HAVING (coalesce(sum(m.on_hand), 0), coalesce(sum(m.safety), 0), coalesce(sum(m.damaged), 0),
                coalesce(sum(m.quality_control), 0), coalesce(sum(m.expired), 0), coalesce(sum(m.reserved), 0),
                coalesce(sum(m.leased), 0), coalesce(sum(m.incoming), 0), coalesce(sum(m.value_minor), 0))
            <> (l.on_hand, l.safety, l.damaged, l.quality_control, l.expired, l.reserved, l.leased, l.incoming,
                l.value_minor)""",
    "promises do not make what is reserved, or waits what is backordered": """
        SELECT l.id FROM inventory_stocklevel l LEFT JOIN inventory_demand d ON d.level_id = l.id GROUP BY l.id
        HAVING (coalesce(sum(d.allocated), 0), coalesce(sum(d.quantity - d.allocated - d.shipped - d.cancelled), 0))
            <> (l.reserved, l.backordered)""",
    EARLIER_WAITS: """
        SELECT late.id FROM inventory_demand early JOIN inventory_demand late
            ON late.level_id = early.level_id AND (late.arrived_at, late.id) > (early.arrived_at, early.id)
        WHERE early.quantity > early.allocated + early.shipped + early.cancelled AND late.allocated > 0""",
}


def broken(*, in_order: bool = True) -> list[str]:
    """The rules that do not hold now. `in_order`: demands came one by one, as the one drainer of the intake takes them."""
    found = []
    with connection.cursor() as cursor:
        for rule, statement in RULES.items():
            if rule == EARLIER_WAITS and not in_order:
                continue
            cursor.execute(statement)
            if cursor.fetchone():
                found.append(rule)
    return found


def want(article: Variant, units: int, *, subject: UUID | None = None) -> Wanted:
    """A demand that came after every other."""
    arrived_at = builders.PLACED + timedelta(seconds=next(_arrivals))
    return Wanted(
        kind="order_line", subject=subject or uuid7(), group=uuid7(), holder=None, variant=article.id, quantity=units,
        arrived_at=arrived_at,
    )  # fmt: skip


def demand(article: Variant, units: int) -> Demand:
    """Somebody wants units, and gets what is free."""
    (made,) = inventory.allocate([want(article, units)], actor="test")
    return made


def level_of(article: Variant) -> StockLevel:
    """The shelf as it stands."""
    return StockLevel.objects.get(variant=article)


def held(*demands: Demand) -> list[int]:
    """What each demand is promised now."""
    return [Demand.objects.get(id=row.id).allocated for row in demands]


def ship(row: Demand, units: int) -> int:
    """Units of one demand leave; what they cost."""
    parts = {row.subject: uuid7().hex}
    return inventory.ship({row.subject: units}, actor="hana", parts=parts)[row.subject]
