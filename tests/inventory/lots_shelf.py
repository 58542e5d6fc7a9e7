"""Lots on a shelf for tests, and the rules that hold between lots, levels and movements."""

from datetime import date, timedelta
from uuid import UUID

from django.db import connection

from apps.catalog.models import Variant
from apps.core import clock
from apps.inventory import naming
from apps.inventory.models import Lot, LotLevel
from apps.inventory.naming import Name
from tests.inventory.shelves import level_of

RULES = {
    "units of lots do not make the level": """
        SELECT l.id FROM inventory_stocklevel l LEFT JOIN inventory_lotlevel t ON t.level_id = l.id GROUP BY l.id
        HAVING (coalesce(sum(t.units), 0), coalesce(sum(t.expired), 0)) <> (l.in_lots, l.expired)""",
    "movements of a lot do not make its units": """
        SELECT t.id FROM inventory_lotlevel t LEFT JOIN inventory_lotmovement m ON m.lot_level_id = t.id GROUP BY t.id
        HAVING coalesce(sum(m.units), 0) <> t.units""",
    "a movement moved more of lots than of units": """
        SELECT s.id FROM inventory_stockmovement s JOIN inventory_lotmovement m ON m.movement_id = s.id
        WHERE s.kind <> 'lot' GROUP BY s.id HAVING abs(sum(m.units)) > abs(s.on_hand)""",
}


def broken() -> list[str]:
    """The rules that do not hold now."""
    found = []
    with connection.cursor() as cursor:
        for rule, statement in RULES.items():
            cursor.execute(statement)
            if cursor.fetchone():
                found.append(rule)
    return found


def day(days: int) -> date:
    """So many days from today."""
    return clock.business_date() + timedelta(days=days)


def named(article: Variant, number: str, units: int = 1, *, days: int | None = None, level: UUID | None = None) -> Lot:
    """Units that lie at `main` get their lot, which expires in so many days."""
    name = Name(number=number, units=units, expires_on=None if days is None else day(days))
    (lot,) = naming.name(level or level_of(article).id, [name], actor="wako")
    return lot


def there(article: Variant) -> dict[tuple[str, str], tuple[int, int]]:
    """(place, lot) -> units there and how many of them are expired."""
    rows = LotLevel.objects.filter(level__variant=article, units__gt=0).select_related("lot", "level__location")
    return {(row.level.location.code, row.lot.number): (row.units, row.expired) for row in rows}


def at_main(article: Variant) -> dict[str, int]:
    """lot -> units at `main`."""
    return {number: units for (place, number), (units, _expired) in there(article).items() if place == "main"}
