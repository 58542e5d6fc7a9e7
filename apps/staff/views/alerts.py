"""Alerts on the screen: what a person should know of, newest first, with where each is mended; seen, put off, shown again."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from apps.core import clock, keyset
from apps.flows import alert_kinds, tell
from apps.messaging import alerts as messaging
from apps.messaging.models import Alert
from apps.staff.parts import bell, typed
from apps.staff.parts.frame import frame

MARKS = {Alert.Severity.NOTE: "wait", Alert.Severity.ACT: "act", Alert.Severity.URGENT: "bad"}
ONLY = ("", "seen", "gone")


@dataclass(frozen=True, slots=True)
class Row:
    """One alert in words."""

    of: Alert
    mark: str
    label: str
    sentence: str
    address: str


@require_safe
def alerts(request: HttpRequest) -> HttpResponse:
    """Open alerts of what this person may look at; `?only=` seen (or put off) or gone, `?kind=` one kind."""
    kinds = bell.kinds_of(request.user)
    only, kind = request.GET.get("only", ""), request.GET.get("kind", "")
    only = only if only in ONLY else ""
    kind = kind if kind in {one.name for one in kinds} else ""
    names = [one.name for one in kinds]
    if only == "gone":
        rows, keys = messaging.gone(names, kind=kind), ("closed_at", "id")
    else:
        pick = messaging.seen if only else messaging.unseen
        rows, keys = pick(messaging.for_person(names, kind=kind), request.user.pk), ("opened_at", "id")
    page = keyset.page(
        rows, keys, newest_first=True, after=request.GET.get("after", ""), before=request.GET.get("before", "")
    )
    context = frame()[0] | {
        "rows": [_row(row) for row in page.rows], "page": page, "only": only, "kind": kind, "kinds": kinds,
        "place": "staff:alerts",
    }  # fmt: skip
    return render(request, "staff/alerts.html", context)


@require_safe
def ring(request: HttpRequest) -> HttpResponse:
    """The bell alone, asked for each minute by the page that stands open."""
    return render(request, "staff/_bell.html")


@require_POST
def look(request: HttpRequest) -> HttpResponse:
    """`deed`: seen, morning (remind me then) or again (show it once more), for the picked `alert`s."""
    picked = [one for text in request.POST.getlist("alert")[: keyset.SIZE] if (one := typed.ident(text))]
    rows = messaging.for_person(one.name for one in bell.kinds_of(request.user)).filter(id__in=picked)
    deed, person = request.POST.get("deed", "seen"), request.user.pk
    if deed == "again":
        messaging.unlook(rows, person)
        return redirect(_back(request))
    count = messaging.look(rows, person, until=_next_morning(clock.now()) if deed == "morning" else None)
    if deed == "morning":
        words = ngettext("%(n)d comes back in the morning.", "%(n)d come back in the morning.", count)
    else:
        words = ngettext("%(n)d seen.", "%(n)d seen.", count)
    messages.success(request, words % {"n": count})
    return redirect(_back(request))


def _back(request: HttpRequest) -> str:
    return reverse("staff:alerts") + ("?only=seen" if request.POST.get("only") == "seen" else "")


def _next_morning(now: datetime) -> datetime:
    local = now.astimezone(clock.shop_zone())
    today = local.replace(hour=tell.MORNING.hour, minute=tell.MORNING.minute, second=0, microsecond=0)
    return today if today > local else today + timedelta(days=1)


def _row(row: Alert) -> Row:
    kind = alert_kinds.BY_NAME[row.kind]
    mark = MARKS[Alert.Severity(row.severity)]
    return Row(row, mark, str(Alert.Severity(row.severity).label), kind.sentence(row.facts), kind.path(row.facts))
