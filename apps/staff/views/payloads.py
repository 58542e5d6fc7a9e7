"""What was sent and what was received, redacted, for those who may see it; every look is written down."""

from uuid import UUID

import msgspec
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from apps.core import audit, crypto
from apps.hub import delivery, inbox
from apps.hub.models import Delivery, InboxEvent
from apps.staff import payloads
from apps.staff.parts.frame import frame
from apps.staff.roles import needs


@needs("payload.view")
@require_safe
def of_delivery(request: HttpRequest, delivery_id: UUID) -> HttpResponse:
    """The body of a call as every attempt of it sends it."""
    row = get_object_or_404(Delivery.objects.select_related("connection"), id=delivery_id)
    audit.record("payload.viewed", actor=audit.actor_of(request), subject=row)
    body = msgspec.json.encode(delivery.words_of(row)) if row.sealed else b""
    return _show(request, body, _("What was sent"), f"{row.connection.name} · {row.operation} · {row.key}")


@needs("payload.view")
@require_safe
def of_event(request: HttpRequest, event_id: UUID) -> HttpResponse:
    """The body of a notice as it came."""
    row = get_object_or_404(InboxEvent.objects.select_related("connection", "entry"), id=event_id)
    audit.record("payload.viewed", actor=audit.actor_of(request), subject=row)
    try:
        body = inbox.raw(row)
    except LookupError:
        body = b""
    return _show(request, body, _("What was received"), f"{row.connection.name} · {row.topic} · {row.event_id}")


def _show(request: HttpRequest, body: bytes, title: str, source: str) -> HttpResponse:
    try:
        text = payloads.redacted(body) if body else ""
    except crypto.SealBroken:
        raise Http404 from None
    context = {"text": text, "title": title, "source": source}
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "staff/_payload.html", context)
    return render(request, "staff/payload.html", context | frame()[0])
