"""What lies at a location, and why it cannot be closed, or stop shipping orders, while anything does."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import F, Q
from django.utils.translation import gettext as _

from apps.inventory.models import Location, StockLevel, Stocktake
from apps.inventory.states import StocktakeState

_MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class Left:
    """An article that holds a location open: units that lie there, are on their way there, or are waited for there."""

    sku: str
    on_hand: int
    incoming: int
    waited_for: int

    def __str__(self) -> str:
        parts = [
            (self.on_hand, _("%(n)d lie there")),
            (self.incoming, _("%(n)d are on their way")),
            (self.waited_for, _("%(n)d are waited for")),
        ]
        return f"{self.sku} ({', '.join(words % {'n': units} for units, words in parts if units)})"


def left_at(location: UUID) -> list[Left]:
    """Articles that hold a location open, those with most units first."""
    there = StockLevel.objects.filter(location=location).filter(
        Q(on_hand__gt=0) | Q(incoming__gt=0) | Q(backordered__gt=0)
    )
    found = there.order_by(F("on_hand").desc(), "variant__sku").values_list(
        "variant__sku", "on_hand", "incoming", "backordered"
    )
    return [Left(*row) for row in found]


def lock(location: UUID) -> None:
    """Nothing moves at a location until this transaction ends: what is said of it now still holds when it is written."""
    list(StockLevel.objects.filter(location=location).order_by("id").select_for_update(no_key=True).values_list("id"))


def why_not_stop(location: Location) -> str:
    """Why a location cannot stop shipping orders now, in a sentence for a person; empty when it can."""
    bound = StockLevel.objects.filter(location=location).filter(
        Q(reserved__gt=0) | Q(leased__gt=0) | Q(backordered__gt=0)
    )
    skus = list(bound.order_by("variant__sku").values_list("variant__sku", flat=True))
    if not skus:
        return ""
    named = ", ".join(skus[:_MOST_NAMED])
    if len(skus) > _MOST_NAMED:
        named = _("%(named)s and %(n)d more articles") % {"named": named, "n": len(skus) - _MOST_NAMED}
    words = _(
        "Orders still leave from %(name)s, or channels may sell what lies there: %(named)s. Ship them or call them off first."
    )
    return words % {"name": location.name, "named": named}


def why_not_close(location: Location) -> str:
    """Why a location cannot be closed now, in a sentence for a person; empty when it can."""
    if location.is_default:
        return _("New orders are taken from %(name)s. Choose another place for them first.") % {"name": location.name}
    under_way = (StocktakeState.COUNTING, StocktakeState.COUNTED)
    if sheet := Stocktake.objects.filter(location=location, state__in=under_way).order_by("id").first():
        words = _("%(name)s cannot be closed: %(number)s counts it. Approve the stocktake or throw it away first.")
        return words % {"name": location.name, "number": sheet.number}
    left = left_at(location.id)
    if not left:
        return ""
    named = ", ".join(str(one) for one in left[:_MOST_NAMED])
    if len(left) > _MOST_NAMED:
        named = _("%(named)s and %(n)d more articles") % {"named": named, "n": len(left) - _MOST_NAMED}
    words = _("%(name)s cannot be closed: %(named)s. Move it, count it out or call it off first.")
    return words % {"name": location.name, "named": named}
