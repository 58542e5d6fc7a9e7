"""Forecasts in a merchant's words: how much, how far off such a figure has been, and why so much should be ordered."""

from decimal import ROUND_HALF_UP, Decimal

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.inventory.backtesting import HORIZON
from apps.inventory.models import Forecast
from apps.inventory.suggestions import Suggestion

_TEN = 10


def units(row: Forecast) -> str:
    """Units of the coming 28 days; below ten with a decimal, because 0 and 0.4 are not the same shelf."""
    expected = row.daily * HORIZON
    if expected and expected < _TEN:
        return f"{expected.quantize(Decimal('0.1'), ROUND_HALF_UP):f}"
    return f"{expected.quantize(Decimal(1), ROUND_HALF_UP):,f}"


def error(row: Forecast) -> str:
    """How far off such forecasts were so far, in units and per cent; or why nobody knows."""
    if not row.error_origins:
        return _("not checked yet: too short a history")
    if row.error_percent is None:
        return _("not checked: nothing was sold in the weeks compared")
    off = (row.daily * HORIZON * row.error_percent / 100).quantize(Decimal(1), ROUND_HALF_UP)
    return _("off by about %(units)s so far (%(percent)d%%)") % {"units": f"{off:,f}", "percent": row.error_percent}


def why(one: Suggestion) -> list[str]:
    """Sentences that lead from the figures of the row to the units to order."""
    row, level = one.forecast, one.level
    said = []
    if level.backordered:
        words = ngettext("Orders wait for %(n)d unit.", "Orders wait for %(n)d units.", level.backordered)
        said.append(words % {"n": level.backordered})
    if row.daily:
        said.append(
            _("Reorder point %(point)s: about %(expected)s expected in %(days)d days, and %(safety)s in reserve.")
            % {
                "point": f"{row.reorder_point:,}", "expected": f"{row.expected:,}", "safety": f"{row.safety:,}",
                "days": row.lead_days + row.review_days,
            }
        )  # fmt: skip
    elif not said:
        said.append(_("Nothing was sold on the days that count, so nothing is forecast."))
    if one.drafted:
        said.append(_("%(n)s are on a draft already.") % {"n": f"{one.drafted:,}"})
    if one.units and one.source and one.source.pack_size > 1:
        said.append(
            _("%(packs)s packs of %(size)s at %(supplier)s.")
            % {"packs": f"{one.packs:,}", "size": f"{one.source.pack_size:,}", "supplier": one.source.supplier.name}
        )
    if row.days_out:
        said.append(
            ngettext("%(n)d day without stock was left out.", "%(n)d days without stock were left out.", row.days_out)
            % {"n": row.days_out}
        )
    return said
