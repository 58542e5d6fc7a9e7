"""Why channels showed other numbers than ours, one night by date: by cause and channel, then each part with its evidence."""

from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.core import clock, keyset
from apps.core.models import Company
from apps.reconciliation import queries as reconciliation
from apps.reconciliation.models import Statement, StockDrift
from apps.staff.parts import differences, words
from apps.staff.parts.frame import frame
from apps.staff.roles import needs
from apps.staff.views.night import day_of


@needs("night.view")
@require_safe
def drift(request: HttpRequest, period: str = "") -> HttpResponse:
    """The newest night without a date; `?cause=` and `?channel=` narrow the list."""
    day = day_of(request.GET.get("day", "") or period or reconciliation.newest_period())
    night = day.isoformat()
    sums = reconciliation.drift_sums(night)
    cause = request.GET.get("cause", "")
    cause = cause if cause in StockDrift.Cause.values else ""
    channel = request.GET.get("channel", "")
    channel = channel if channel in {str(one.connection) for one in sums} else ""
    page = keyset.page(
        reconciliation.drifts(night, cause=cause, channel=channel), ("id",), size=30,
        after=request.GET.get("after", ""), before=request.GET.get("before", ""),
    )  # fmt: skip
    looks = Statement.objects.filter(period=night, leg="stock").select_related("connection")
    context: dict[str, Any] = frame()[0] | {
        "day": day,
        "night": night,
        "causes": _by_cause(sums),
        "units": sum(one.units for one in sums),
        "minor": sum(one.value_minor for one in sums),
        "parts": sum(one.parts for one in sums),
        "currency": sums[0].currency if sums else Company.objects.values_list("currency", flat=True).first() or "JPY",
        "channels": sorted({(one.channel, str(one.connection)) for one in sums}),
        "rows": [{"row": row, "words": differences.cause(row), "mark": words.mark("drift", row.cause)} for row in page.rows],
        "page": page,
        "looked": looks.exclude(verdict__in=["stale", "failed"]).count(),
        "silent": [row.connection for row in looks.filter(verdict__in=["stale", "failed"])],
        "cause": cause,
        "channel": channel,
        "previous": (day - timedelta(days=1)).isoformat(),
        "next": (day + timedelta(days=1)).isoformat() if day < clock.business_date() else "",
        "place": "staff:night",
    }  # fmt: skip
    return render(request, "staff/drift.html", context)


def _by_cause(sums: list[reconciliation.DriftSum]) -> list[dict[str, Any]]:
    """Every cause, also those that the night did not find, with its channels."""
    return [
        {
            "cause": cause.value, "label": cause.label, "what": words.DRIFTS[cause.value], "mark": words.mark("drift", cause.value),
            "parts": sum(one.parts for one in sums if one.cause == cause),
            "units": sum(one.units for one in sums if one.cause == cause),
            "minor": sum(one.value_minor for one in sums if one.cause == cause),
            "channels": [one for one in sums if one.cause == cause],
        }
        for cause in StockDrift.Cause
    ]  # fmt: skip
