"""The night report: the verdict in words first, then what proves it. A source that was silent is never called a match."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from apps.core import audit, clock, keyset
from apps.core.models import Company
from apps.flows import nights
from apps.hub import doorbell
from apps.hub.models import JobRun
from apps.reconciliation import queries as reconciliation
from apps.reconciliation import services
from apps.reconciliation.models import Difference
from apps.staff import roles
from apps.staff.parts import differences, times
from apps.staff.parts.frame import frame
from apps.staff.roles import needs
from apps.staff.templatetags import shown
from apps.staff.views import desk

NIGHTS_SHOWN = 14
_HEIGHT, _STEP, _WIDTH, _FLOOR = 120, 26, 18, 150


@dataclass(frozen=True, slots=True)
class Bar:
    """One night of the chart, in the coordinates of its drawing."""

    x: int
    explained_y: str
    explained_h: str
    open_y: str
    open_h: str
    label: str
    total: int
    period: str


@needs("night.view")
@require_safe
def night(request: HttpRequest, period: str = "") -> HttpResponse:
    """One night by date, the newest without one; `?kind=`, `?state=`, `?mine=` narrow the differences."""
    context, _counts = frame()
    day = day_of(request.GET.get("day", "") or period or reconciliation.newest_period())
    found = reconciliation.night(day.isoformat())
    kind = request.GET.get("kind", "")
    kind = kind if kind in Difference.Kind.values else ""
    # What needs a decision comes first, while there is any; `all` asks for the rest, too.
    state = request.GET.get("state", "open" if found.count(state=Difference.State.OPEN) else "")
    state = state if state in Difference.State.values else ""
    mine = request.user.get_username() if request.GET.get("mine") else ""
    page = keyset.page(
        reconciliation.differences(found.period, kind=kind, state=state, assignee=mine), ("id",), newest_first=True,
        size=30, after=request.GET.get("after", ""), before=request.GET.get("before", ""),
    )  # fmt: skip
    currency = Company.objects.values_list("currency", flat=True).first() or "JPY"
    context |= {
        "day": day,
        "found": found,
        "totals": {name: found.count(state=name) for name in Difference.State.values},
        "total": found.count(),
        "statements": [
            {"row": row, "is_repaired": row.matched + row.repaired >= row.theirs} for row in found.statements
        ],
        "asked": len({row.connection_id for row in found.statements}),
        "unexplained": [shown.money(minor, cur) for cur, minor in found.unexplained_minor.items()]
        or [shown.money(0, currency)],
        "classes": _classes(found),
        "rows": [_row(row) for row in page.rows],
        "page": page,
        "kind": kind,
        "state": state,
        "mine": mine,
        "bars": _bars(day),
        "payouts": reconciliation.payouts(day, days=7),
        "runs": _runs(),
        "previous": (day - timedelta(days=1)).isoformat(),
        "next": (day + timedelta(days=1)).isoformat() if day < clock.business_date() else "",
        "place": "staff:night",
    }
    return render(request, "staff/night.html", context)


def day_of(text: str) -> date:
    """A day as it is written in an address; today where it is none."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return clock.business_date()


def _classes(found: reconciliation.Night) -> list[dict[str, Any]]:
    """Differences by class, those that wait for a decision first; a class without any is not listed."""
    most = max((found.count(kind=kind) for kind in Difference.Kind.values), default=0)
    rows = []
    for kind in Difference.Kind:
        total = found.count(kind=kind.value)
        if total:
            waiting = found.count(kind=kind.value, state=Difference.State.OPEN)
            rows.append({"kind": kind.value, "label": kind.label, "total": total, "open": waiting,
                         "share": f"{total * 100 / most:.1f}"})  # fmt: skip
    return sorted(rows, key=lambda row: (-row["open"], -row["total"]))


def _row(row: Difference) -> dict[str, Any]:
    return {
        "row": row,
        "headline": differences.headline(row),
        "about": differences.about(row),
        "gap": differences.gap_minor(row),
    }


def _bars(last: date) -> list[Bar]:
    """The chart of the last nights; its numbers are also said in words beside it."""
    trend = reconciliation.trend(last, nights=NIGHTS_SHOWN)
    most = max((explained + waiting for _period, explained, waiting in trend), default=0) or 1
    bars = []
    for index, (period, explained, waiting) in enumerate(trend):
        low = explained * _HEIGHT / most
        high = waiting * _HEIGHT / most
        bars.append(
            Bar(
                3 + index * _STEP, f"{_FLOOR - low:.1f}", f"{low:.1f}", f"{_FLOOR - low - high:.1f}", f"{max(high - 1, 0):.1f}",
                str(date.fromisoformat(period).day), explained + waiting, period,
            )
        )  # fmt: skip
    return bars


@needs("night.view")
@require_safe
def difference(request: HttpRequest, difference_id: UUID) -> HttpResponse:
    """One difference: docked beside the list where there is room (htmx), else a page of its own."""
    return _detail(request, difference_id)


def _detail(request: HttpRequest, difference_id: UUID, *, error: str = "", status: int = 200) -> HttpResponse:
    row = Difference.objects.select_related("connection").filter(id=difference_id).first()
    if row is None:
        raise Http404
    language, other = differences.other_sentence(row)
    context = {
        "row": row,
        "headline": differences.headline(row),
        "sentence": differences.sentence(row),
        "other": other,
        "other_language": language,
        "sides": differences.sides(row),
        "gap": differences.gap_minor(row),
        "people": desk.people() if roles.may(request.user, "night.decide") else [],
        "error": error,
        "note": request.POST.get("note", ""),
        "place": "staff:night",
    }
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "staff/_difference.html", context, status=200 if error else status)
    return render(request, "staff/difference.html", frame()[0] | context, status=status)


@needs("night.decide")
@require_POST
def decide(request: HttpRequest, difference_id: UUID) -> HttpResponse:
    """Accept with a note, or give to somebody."""
    row = Difference.objects.filter(id=difference_id).first()
    if row is None:
        raise Http404
    actor = audit.actor_of(request)
    if request.POST.get("action") == "assign":
        name = request.POST.get("assignee", "")
        if name and name not in desk.people():
            return _detail(request, difference_id, error=_("Choose somebody from the list."), status=409)
        services.assign(row, assignee=name)
        audit.record("difference.assigned", actor=actor, subject=row, detail={"assignee": name})
        messages.success(request, _("Saved."))
    else:
        note = request.POST.get("note", "").strip()
        if not note:
            return _detail(request, difference_id, error=_("The reason is missing. Write one line."), status=409)
        if not services.accept(row, actor=actor, note=note[:1000]):
            return _detail(request, difference_id, error=_("Somebody has decided already. Look again."), status=409)
        audit.record("difference.accepted", actor=actor, subject=row, detail={"note": note[:1000]})
        messages.success(request, _("Accepted. The reason is kept."))
    target = reverse("staff:night_of", args=[row.period])
    if request.htmx:  # type: ignore[attr-defined]
        return HttpResponse(status=204, headers={"HX-Redirect": target})
    return redirect(target)


@needs("night.decide")
@require_POST
def run(request: HttpRequest) -> HttpResponse:
    """Tonight's reconciliation now: a worker does it; this page watches."""
    nights.run_now(actor=audit.actor_of(request))
    doorbell.ring()
    messages.success(request, _("The reconciliation has been started."))
    return redirect("staff:night_of", clock.business_date().isoformat())


@needs("night.view")
@require_safe
def progress(request: HttpRequest) -> HttpResponse:
    """How far running nights are; asked for by the page itself until they are done."""
    return render(request, "staff/_progress.html", {"runs": _runs(), "is_poll": True})


def _runs() -> list[dict[str, Any]]:
    """Nights that are due and not finished, and one that a person asked for in the last minutes, with what it came to."""
    now = clock.now()
    open_runs = list(
        JobRun.objects.filter(finished_at=None, job__startswith="night", due_at__lte=now).order_by("due_at")[:5]
    )
    just_done = list(
        JobRun.objects.filter(job__startswith="night_by_hand", finished_at__gte=now - timedelta(minutes=10))
        .order_by("-finished_at")[:1]
    )  # fmt: skip
    found = []
    for row in (*open_runs, *just_done):
        done, of = nights.progress(row)
        found.append({
            "row": row, "done": done, "of": of, "is_done": row.finished_at is not None,
            "age": times.span(now - (row.started_at or row.due_at)), "day": day_of(row.period),
        })  # fmt: skip
    return found
