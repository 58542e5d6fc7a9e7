"""Notices that were lost, in words and as a small chart: a healthy connection has none."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.core import clock
from apps.flows import repairs
from apps.hub.models import Connection, Repair
from apps.staff.parts import times

DAYS = 30
_HEIGHT, _STEP, _WIDTH, _FLOOR = 84, 12, 8, 104


@dataclass(frozen=True, slots=True)
class Warned:
    """A connection whose notices are being lost today."""

    connection: UUID
    words: str
    by: str


@dataclass(frozen=True, slots=True)
class Bar:
    """One day of the chart, in the coordinates of its drawing."""

    x: int
    look_y: str
    look_h: str
    night_y: str
    night_h: str
    total: int
    label: str


def today(rows: Iterable[Connection]) -> list[Warned]:
    """Connections that did not tell of something today, with how it was found."""
    found = repairs.of_today()
    return [_warned(row, found[row.id]) for row in rows if row.id in found]


def _warned(row: Connection, counts: dict[str, int]) -> Warned:
    total = sum(counts.values())
    words = ngettext(
        "Notices of %(name)s are being lost: %(n)d thing was found today only by asking.",
        "Notices of %(name)s are being lost: %(n)d things were found today only by asking.", total,
    ) % {"name": row.name, "n": total}  # fmt: skip
    named = {
        Repair.By.POLL: _("%(n)d by the regular look"), Repair.By.GAP: _("%(n)d by a missing number"),
        Repair.By.NIGHT: _("%(n)d by the night"),
    }  # fmt: skip
    said = [text % {"n": counts[by]} for by, text in named.items() if counts.get(by)]
    return Warned(row.id, words, " · ".join(said))


def bars(connection: UUID) -> list[Bar]:
    """The last days, oldest first; nothing where no notice was lost in all of them."""
    days = repairs.by_day(connection, last=clock.business_date(), days=DAYS)
    most = max((look + night for _day, look, night in days), default=0)
    if not most:
        return []
    found = []
    for index, (day, look, night) in enumerate(days):
        low, high = look * _HEIGHT / most, night * _HEIGHT / most
        found.append(
            Bar(3 + index * _STEP, f"{_FLOOR - low:.1f}", f"{low:.1f}", f"{_FLOOR - low - high:.1f}", f"{high:.1f}",
                look + night, times.day(day))
        )  # fmt: skip
    return found
