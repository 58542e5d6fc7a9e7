"""Connections: how each one is, what waits for a person, and the log of everything that came in and went out.

Nothing here calls a vendor: a retry makes a row due, a resync asks a worker, a pause is read at the next claim.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from apps.catalog import services as catalog
from apps.channels import queries as listings
from apps.channels import services as listing_services
from apps.core import audit, clock
from apps.flows import push_stock, resync
from apps.hub import connections as hub_connections
from apps.hub import doorbell, inbox, registry, waiting
from apps.hub import queries as hub
from apps.hub.abilities import Once
from apps.hub.models import Attempt, Connection, Credential, Delivery, InboxEntry, InboxEvent, Trial
from apps.orders.models import Order
from apps.staff.parts import connections, credentials, listed, repairs, timeline, words
from apps.staff.parts.frame import frame
from apps.staff.roles import needs

SIZE = 40
# For so long a first import is news.
FRESH = timedelta(days=1)
DIRECTIONS = ("", "in", "out")


@dataclass(slots=True)
class Line:
    """One line of the log: a call of ours, or a body that came in."""

    id: UUID
    at: datetime
    is_out: bool
    words: str
    sub: str
    attempts: int
    mark: str
    label: str
    address: str


@needs("connections.view")
@require_safe
def connection_list(request: HttpRequest) -> HttpResponse:
    """Every connection, the worst first, and what waits for a person in any of them."""
    now = clock.now()
    rows = connections.all_of_them()
    blind = push_stock.blind()
    ends = list(hub_connections.ending())
    healths = _healths(rows, blind, now, ends)
    ids = [row.id for row in rows]
    context = frame(now)[0] | {
        "healths": healths,
        "troubled": [health for health in healths if health.rank <= 2],
        "blind": listed.blind_now(rows, blind),
        "stops": list(listings.stops()[:20]),
        "stopped_files": list(hub.undecided_files()[:20]),
        "urgent": [health for health in healths if health.rank == 0],
        "lost": repairs.today(rows),
        "ends": credentials.calendar(ends, now),
        "undecided": _lines(hub.deliveries(ids, state="person", before=None, limit=20),
                            hub.events(ids, state="person", before=None, limit=20))[:20],
        "place": "staff:connections",
    }  # fmt: skip
    return render(request, "staff/connections.html", context)


def _healths(
    rows: list[Connection], blind: dict[UUID, push_stock.Blind], now: datetime, ends: Iterable[Credential]
) -> list[connections.Health]:
    first = {
        row.connection_id: row.expires_at for row in reversed(list(ends))
    }  # they come in order: the first one stays
    return connections.healths(
        rows, hub.waiting_by_connection(), first, now, blind={one: found.since for one, found in blind.items()},
        unlinked=listings.unlinked_by_channel(),
    )  # fmt: skip


@needs("connections.view")
@require_safe
def connection(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    """One connection: capabilities, credentials, counters, and its log (`?dir=`, `?state=`, `?before=`)."""
    now = clock.now()
    row = _get(connection_id)
    blind = push_stock.blind()
    (health,) = _healths([row], blind, now, hub_connections.ending().filter(connection=row))
    direction = request.GET.get("dir", "")
    direction = direction if direction in DIRECTIONS else ""
    state = request.GET.get("state", "")
    state = state if state in hub.STATES else ""
    before = _uuid(request.GET.get("before", ""))
    lines = _log(row, direction, state, before)
    manifest = registry.manifests().get(row.connector)
    context = frame(now)[0] | {
        "row": row,
        "health": health,
        "manifest": manifest,
        "capabilities": [
            {
                "name": name,
                "label": words.ABILITIES.get(name, name),
                "is_on": name not in row.paused_abilities,
                "is_shadowed": name in row.shadowed_abilities,
                "may_be_shadowed": bool(manifest and name in manifest.writes),
            }
            for name in health.abilities
        ],
        "credentials": row.credentials.defer("sealed").order_by("name"),
        "told_by_vendor": manifest.expiring if manifest else (),
        "soon": now + connections.SOON,
        "lines": lines[:SIZE],
        "older": str(lines[SIZE - 1].id) if len(lines) > SIZE else "",
        "before": before,
        "direction": direction,
        "state": state,
        "takes_files": health.can("files"),
        "first_import": row.trials.filter(kind=Trial.Kind.IMPORT, asked_at__gt=clock.wall() - FRESH)
        .order_by("-id")
        .first(),
        "lost": repairs.today([row]),
        "repairs": repairs.bars(row.id),
        "repairs_days": repairs.DAYS,
        "lists": health.can("catalogue"),
        "blind": listed.blind_now([row], blind),
        "stops": list(listings.stops().filter(connection=row)),
        "stopped_files": list(hub.undecided_files().filter(connection=row)[:20]),
        "place": "staff:connections",
    }
    return render(request, "staff/connection.html", context)


def _get(connection_id: UUID) -> Connection:
    row = Connection.objects.defer("settings").filter(id=connection_id).first()
    if row is None:
        raise Http404
    return row


def _log(row: Connection, direction: str, state: str, before: UUID | None) -> list[Line]:
    """One more than a page of the log, newest first: ids sort by birth on both sides."""
    limit = SIZE + 1
    out = hub.deliveries([row.id], state=state, before=before, limit=limit) if direction != "in" else []
    if direction == "out":
        return _lines(out, [])[:limit]
    if state:
        return _lines(out, hub.events([row.id], state=state, before=before, limit=limit))[:limit]
    return _lines(out, [], hub.entries(row.id, before=before, limit=limit))[:limit]


def _lines(out: list[Delivery], events: list[InboxEvent], entries: list[InboxEntry] | None = None) -> list[Line]:
    numbers = dict(
        Order.objects.filter(id__in={row.order_ref for row in out if row.order_ref}).values_list("id", "number")
    )
    lines = [_of_delivery(row, numbers.get(row.order_ref, "")) for row in out]
    lines += [_of_event(event, event.entry, 1) for event in events]
    for entry in entries or ():
        told = list(entry.events.all())
        if told:
            worst = max(told, key=lambda event: words.mark("event", event.status) in {"act", "wait"})
            lines.append(_of_event(worst, entry, len(told)))
    return sorted(lines, key=lambda line: line.id, reverse=True)


def _of_delivery(row: Delivery, number: str) -> Line:
    what = f"{words.OPERATIONS.get(row.operation, row.operation)} {number}".strip()
    sub = _("%(n)d articles") % {"n": row.size} if row.size > 1 else words.reason(row.reason)
    return Line(
        row.id, row.done_at or row.created_at, True, what, sub, row.attempts, words.mark("delivery", row.status),
        str(row.get_status_display()), "staff:call",
    )  # fmt: skip


def _of_event(row: InboxEvent, entry: InboxEntry, parts: int) -> Line:
    more = _(" and %(n)d more in one body") % {"n": parts - 1} if parts > 1 else ""
    subject = "" if row.topic.startswith("answer/") else row.subject  # our own id of the call: no word for people
    said = (str(words.DIRECTIONS.get(entry.origin, entry.origin)), subject, words.reason(row.reason))
    sub = " · ".join(part for part in said if part)
    return Line(
        row.id if parts == 1 else entry.id, row.received_at, False, f"{words.topic(row.topic)}{more}", sub, row.attempts,
        words.mark("event", row.status), str(row.get_status_display()), "staff:notice",
    )  # fmt: skip


# Details


@needs("connections.view")
@require_safe
def call(request: HttpRequest, delivery_id: UUID) -> HttpResponse:
    """One call of ours with every attempt."""
    return _call(request, delivery_id)


def _call(request: HttpRequest, delivery_id: UUID, *, error: str = "", status: int = 200) -> HttpResponse:
    row = Delivery.objects.filter(id=delivery_id).defer("sealed").select_related("connection").first()
    if row is None:
        raise Http404
    attempts = list(Attempt.objects.filter(delivery=row).order_by("number"))
    manifest = registry.manifests().get(row.connection.connector)
    once = manifest.once.get(row.operation, Once.NEITHER) if manifest else Once.NEITHER
    is_unsure = len(attempts) < row.attempts or any(attempt.outcome in {"unknown", "fault"} for attempt in attempts)
    context = {
        "row": row,
        "title": str(words.OPERATIONS.get(row.operation, row.operation)),
        "tries": [timeline.attempt(attempt) for attempt in attempts],
        "may_double": is_unsure and once is Once.NEITHER,
        "order": Order.objects.filter(id=row.order_ref).first() if row.order_ref else None,
        "followers": Delivery.objects.filter(order_ref=row.order_ref, status="due").exclude(id=row.id).count()
        if row.order_ref else 0,
        "error": error,
        "place": "staff:connections",
    }  # fmt: skip
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "staff/_call.html", context)
    return render(request, "staff/log_one.html", frame()[0] | context | {"part": "staff/_call.html"}, status=status)


@needs("connections.view")
@require_safe
def notice(request: HttpRequest, event_id: UUID) -> HttpResponse:
    """One notice (or, for a body with many, the first of it that matters) and what became of it."""
    row = (
        InboxEvent.objects.filter(Q(id=event_id) | Q(entry=event_id))
        .defer("sealed")
        .select_related("connection", "entry")
        .order_by("part")
        .first()
    )
    if row is None:
        raise Http404
    siblings = InboxEvent.objects.filter(entry=row.entry_id).defer("sealed").order_by("part")[:50]
    context = {"row": row, "title": words.topic(row.topic), "siblings": siblings, "place": "staff:connections"}
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "staff/_notice.html", context)
    return render(request, "staff/log_one.html", frame()[0] | context | {"part": "staff/_notice.html"})


# Deeds


@needs("connections.retry")
@require_POST
def retry_call(request: HttpRequest, delivery_id: UUID) -> HttpResponse:
    """Send again with the same key; what may have happened is asked for first."""
    with transaction.atomic():
        done = waiting.retry(delivery_id)
        if done:
            _note(request, "delivery.retried", Delivery.objects.get(id=delivery_id))
    doorbell.ring()
    _say(request, done, _("It is being sent again."))
    return redirect("staff:call", delivery_id)


@needs("connections.retry")
@require_POST
def give_up(request: HttpRequest, delivery_id: UUID) -> HttpResponse:
    """It shall not be sent any more, with a reason."""
    reason = request.POST.get("reason", "").strip()
    if not reason:
        return _call(request, delivery_id, error=_("The reason is missing. Write one line."), status=409)
    with transaction.atomic():
        done = waiting.give_up(delivery_id, reason)
        if done:
            _note(request, "delivery.given_up", Delivery.objects.get(id=delivery_id), reason=reason[:300])
    _say(request, done, _("It will not be sent any more."))
    return redirect("staff:call", delivery_id)


@needs("connections.retry")
@require_POST
def retry_notice(request: HttpRequest, event_id: UUID) -> HttpResponse:
    """Take a notice in again that was set aside or waits."""
    with transaction.atomic():
        done = inbox.retry(event_id)
        if done:
            _note(request, "notice.retried", InboxEvent.objects.get(id=event_id))
    doorbell.ring()
    _say(request, done, _("It is being taken in again."))
    return redirect("staff:notice", event_id)


@needs("connections.manage")
@require_POST
def switch(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    """Stop or start one capability (`ability`), put it into shadow or out of it, or stop or start the whole connection."""
    row = Connection.objects.filter(id=connection_id).first()
    if row is None:
        raise Http404
    ability = request.POST.get("ability", "")
    is_on = request.POST.get("on") == "1"
    with transaction.atomic():
        if ability:
            if ability not in registry.manifest(row.connector).abilities:
                raise Http404
            _switch_ability(row, ability, is_on=is_on, shadow=request.POST.get("shadow", ""))
        elif request.POST.get("reconnected"):
            waiting.reconnected(row)
        elif is_on:
            hub_connections.resume(row)
        else:
            hub_connections.stop(row)
        _note(request, "connection.resumed" if is_on else "connection.paused", row, ability=ability)
    doorbell.ring()
    messages.success(request, _("Running again.") if is_on else _("Stopped. What waits stays and is sent afterwards."))
    return redirect("staff:connection", connection_id)


def _switch_ability(row: Connection, ability: str, *, is_on: bool, shadow: str) -> None:
    if shadow:
        shadowed = {*row.shadowed_abilities, ability} if shadow == "1" else set(row.shadowed_abilities) - {ability}
        if shadow == "1" and ability not in registry.manifest(row.connector).writes:
            raise Http404
        hub_connections.shadow(row, sorted(shadowed))
        if shadow == "0" and ability == "stock.write":
            listing_services.tell_all(row.id)  # what it shows is the old system's word
        return
    paused = set(row.paused_abilities) - {ability} if is_on else {*row.paused_abilities, ability}
    hub_connections.pause(row, sorted(paused))


@needs("connections.retry")
@require_POST
def ask_again(request: HttpRequest, connection_id: UUID) -> HttpResponse:
    """Fetch one order again, or tell every channel about one SKU again: whichever the word names."""
    row = _get(connection_id)
    text = request.POST.get("thing", "").strip()[:80]
    actor = audit.actor_of(request)
    numbers = Q(number__in=[text, text.upper()]) | Q(external_number__in=[text, f"#{text}"])
    order = Order.objects.filter(numbers, channel=row).first() if text else None
    if order:
        resync.ask(order, actor=actor)
        doorbell.ring()
        words_ = _("%(number)s is being asked for. What comes of it appears in its story.")
        messages.success(request, words_ % {"number": order.number})
    elif text and (variant := catalog.find_variants([text]).get(text)):
        resync.sku(variant, actor=actor)
        doorbell.ring()
        messages.success(request, _("Every channel is being told what is free of %(sku)s.") % {"sku": variant.sku})
    else:
        messages.warning(
            request, _("Neither an order of this connection nor a SKU is called “%(text)s”.") % {"text": text}
        )
    return redirect("staff:connection", connection_id)


def _note(request: HttpRequest, action: str, subject: Any, **detail: Any) -> None:
    audit.record(action, actor=audit.actor_of(request), subject=subject, detail=detail)


def _say(request: HttpRequest, done: bool, text: str) -> None:
    if done:
        messages.success(request, text)
    else:
        messages.warning(request, _("It is not waiting any more. Nothing was changed."))


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
