"""The places that ship orders and the rules by which they do, as sourcing.py wants them. Asked only where there are several."""

from apps.inventory.models import SHIPS, Location, SourcingRule
from apps.inventory.sourcing import MOST_PARCELS, Place, Rule


def places() -> list[Place]:
    """The places that ship orders."""
    rows = Location.objects.filter(SHIPS).order_by("code")
    return [
        Place(
            id=row.id, name=row.name, is_default=row.is_default, country=str(row.ship_from.get("country", "")),
            region=str(row.ship_from.get("region", "")), parcel_minor=row.parcel_minor,
        )
        for row in rows
    ]  # fmt: skip


def rules() -> list[Rule]:
    """The merchant's rules in their order."""
    rows = SourcingRule.objects.filter(is_active=True).order_by("position", "id")
    return [Rule(row.kind, row.number or 0) for row in rows]


def most_parcels() -> int:
    """The most parcels that one order may become; 0 where no rule says."""
    return min((rule.number for rule in rules() if rule.kind == MOST_PARCELS), default=0)
