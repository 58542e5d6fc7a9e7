"""When a credential ends, entered by a person: for those whose vendor does not tell."""

from datetime import date, datetime, time
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from apps.core import audit, clock
from apps.hub import connections
from apps.hub.models import Connection
from apps.staff.roles import needs


@needs("connections.manage")
@require_POST
def end(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    """`name`, and its last `day`; an empty one means that it has no end."""
    row = Connection.objects.filter(id=connection_id).first()
    if row is None:
        raise Http404
    name, text = request.POST.get("name", ""), request.POST.get("day", "").strip()
    day = _day(text)
    if text and day is None:
        messages.error(request, _("“%(text)s” is not a day. Enter it as 2026-12-31.") % {"text": text[:40]})
        return redirect("staff:connection", connection_id)
    with transaction.atomic():
        if not connections.enter_end(row, name, _last_moment(day) if day else None):
            raise Http404
        audit.record(
            "credential.end_entered", actor=audit.actor_of(request), subject=row,
            detail={"name": name, "day": day.isoformat() if day else ""},
        )  # fmt: skip
    messages.success(request, _("Saved."))
    return redirect("staff:connection", connection_id)


def _day(text: str) -> date | None:
    try:
        return parse_date(text)
    except ValueError:
        return None


def _last_moment(day: date) -> datetime:
    return datetime.combine(day, time(23, 59, 59), tzinfo=clock.shop_zone())
