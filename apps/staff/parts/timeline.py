"""An order's whole story, newest first: state moves, holds, notices, calls with every attempt, letters, refunds, tracking,
revisions and people's deeds. Each source is read once; what says the same thing twice is said once, in its richer form.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import OuterRef, Q, Subquery, Value
from django.db.models.functions import Concat
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from apps.core import clock
from apps.core.models import AuditEntry, StateMove
from apps.hub.models import Attempt, Delivery, ExternalId, InboxEvent
from apps.messaging.models import Message
from apps.orders.models import OrderRevision
from apps.orders.states import FulfilmentState, PaymentState
from apps.staff.parts import words
from apps.staff.parts.story import Story
from apps.staff.templatetags import shown

# Newest rows of each source that one page reads; a story that is longer says so.
MOST = 200

_MOVES: dict[tuple[str, str, str], words.Word] = {
    ("orders.order", "lifecycle", "cancelled"): gettext_lazy("The order was cancelled."),
    ("orders.order", "lifecycle", "closed"): gettext_lazy("The order is complete."),
    ("orders.order", "lifecycle", "open"): gettext_lazy("The order was opened again."),
    ("orders.order", "payment", "partly_paid"): gettext_lazy("Part of the money has been received."),
    ("orders.order", "payment", "paid"): gettext_lazy("The money has been received."),
    ("orders.order", "payment", "authorised"): gettext_lazy("The payment is authorised."),
    ("orders.order", "payment", "partly_refunded"): gettext_lazy("Part of the money is going back."),
    ("orders.order", "payment", "refunded"): gettext_lazy("All of the money is going back."),
    ("orders.order", "payment", "voided"): gettext_lazy("No payment is due any more."),
    ("orders.order", "payment", "not_required"): gettext_lazy("No payment is needed."),
    ("orders.order", "allocation", "none"): gettext_lazy("No unit is promised; the order waits for stock."),
    ("orders.order", "allocation", "partial"): gettext_lazy("Part of the units is promised; the rest waits for stock."),
    ("orders.order", "allocation", "full"): gettext_lazy("All units are promised."),
    ("orders.order", "fulfilment", "partial"): gettext_lazy("Part of the order has left."),
    ("orders.order", "fulfilment", "shipped"): gettext_lazy("The whole order has left."),
    ("orders.order", "fulfilment", "delivered"): gettext_lazy("The whole order was delivered."),
    ("orders.order", "fulfilment", "returned"): gettext_lazy("Everything came back."),
    ("payments.payment", "status", "authorised"): gettext_lazy("%(amount)s was authorised."),
    ("payments.payment", "status", "captured"): gettext_lazy("%(amount)s was received."),
    ("payments.payment", "status", "cancelled"): gettext_lazy("The payment of %(amount)s was let go."),
    ("payments.payment", "status", "failed"): gettext_lazy("The payment of %(amount)s failed."),
    ("payments.refund", "status", "succeeded"): gettext_lazy("%(amount)s was given back."),
    ("payments.refund", "status", "failed"): gettext_lazy("Giving back %(amount)s failed."),
    ("shipping.shipment", "status", "labelled"): gettext_lazy("%(number)s has its label."),
    ("shipping.shipment", "status", "shipped"): gettext_lazy("%(number)s left the house."),
    ("shipping.shipment", "status", "delivered"): gettext_lazy("%(number)s was delivered."),
    ("shipping.shipment", "status", "returned"): gettext_lazy("%(number)s came back."),
    ("shipping.shipment", "status", "lost"): gettext_lazy("%(number)s was lost."),
    ("shipping.shipment", "status", "cancelled"): gettext_lazy("%(number)s was called off."),
}
_ACT = {"failed", "returned", "lost", "none"}
_WAIT = {"partial", "cancelled", "voided", "labelled"}
# Said by the payment's or shipment's own move, with its amount or number.
_SAID_BY_PAYMENT = {PaymentState.AUTHORISED, PaymentState.PAID, PaymentState.VOIDED}
_SAID_BY_SHIPMENT = {FulfilmentState.PARTIAL, FulfilmentState.SHIPPED, FulfilmentState.DELIVERED}

_DEEDS: dict[str, words.Word] = {
    "order.resynced": gettext_lazy("Asked the channel for this order again."),
    "order.noted": gettext_lazy("Changed the staff note, tags or assignee."),
    "order.assigned": gettext_lazy("Changed who looks after it."),
    "order.tagged": gettext_lazy("Added a tag."),
}


@dataclass(slots=True)
class Try:
    """One attempt of a call."""

    at: datetime
    mark: str
    label: str
    words: str
    milliseconds: int


@dataclass(slots=True)
class Entry:
    """One thing that happened. `kind`: call (with the outside), person, or event (Kurogo itself)."""

    at: datetime
    mark: str
    text: str
    by: str = ""
    kind: str = "event"
    detail: str = ""
    tries: list[Try] = field(default_factory=list)
    payload: str = ""
    payload_id: str = ""


@dataclass(slots=True)
class Timeline:
    """Entries by the shop's day, newest first, with what the filters would leave."""

    days: list[tuple[date, list[Entry]]]
    total: int
    calls: int
    people: int
    is_cut: bool


def build(story: Story, *, show: str = "") -> Timeline:
    """Read and tell. `show`: "" all, "call", "person"."""
    letter = Message.objects.filter(id=OuterRef("subject")).values("subject")
    rows = Delivery.objects.filter(order_ref=story.order.id).annotate(letter=Subquery(letter))
    deliveries = list(rows.defer("sealed").select_related("connection").order_by("-id")[:MOST])
    moves = _state_moves(story)
    events = _events(story)
    entries = [
        *_taken(story), *_of_moves(moves, story), *_of_holds(story), *_of_events(events),
        *_of_deliveries(deliveries), *_of_money(story), *_of_tracking(story), *_of_returns(story), *_of_revisions(story),
        *_of_people(story),
    ]  # fmt: skip
    entries.sort(key=lambda entry: entry.at, reverse=True)
    wanted = [entry for entry in entries if show in ("", entry.kind)]
    days: dict[date, list[Entry]] = defaultdict(list)
    for entry in wanted:
        days[clock.business_date(entry.at)].append(entry)
    return Timeline(
        list(days.items()), len(entries), sum(entry.kind == "call" for entry in entries),
        sum(entry.kind == "person" for entry in entries),
        is_cut=any(len(rows) >= MOST for rows in (deliveries, moves, events)),
    )  # fmt: skip


def _taken(story: Story) -> list[Entry]:
    text = _("The order was taken in.")
    return [Entry(story.order.taken_at, "ok", text, f"{story.order.channel.name} · {story.order.external_number}")]


def _state_moves(story: Story) -> list[StateMove]:
    subjects = [story.order.id, *(p.id for p in story.payments), *(r.id for r in story.refunds), *story.shipments]
    return list(StateMove.objects.filter(subject__in=subjects).order_by("-id")[:MOST])


def _of_moves(moves: Sequence[StateMove], story: Story) -> list[Entry]:
    payments = {row.id: row for row in story.payments}
    refunds = {row.id: row for row in story.refunds}
    currency = story.order.currency
    has_payment_moves = any(move.kind == "payments.payment" for move in moves)
    found = []
    for move in moves:
        if move.kind == "orders.order" and (
            (move.axis == "payment" and has_payment_moves and move.new in _SAID_BY_PAYMENT)
            or (move.axis == "fulfilment" and story.shipments and move.new in _SAID_BY_SHIPMENT)
        ):
            continue
        facts = {"amount": "", "number": ""}
        if payment := payments.get(move.subject):
            minor = (
                payment.captured_minor if move.new == "captured" else payment.authorised_minor or payment.expected_minor
            )
            facts["amount"] = shown.money(minor, currency)
        elif refund := refunds.get(move.subject):
            facts["amount"] = shown.money(refund.amount_minor, currency)
        elif shipment := story.shipments.get(move.subject):
            facts["number"] = shipment.number
        text = _MOVES.get((move.kind, move.axis, move.new))
        said = str(text) % facts if text else f"{move.axis}: {move.old} → {move.new}"
        mark = "act" if move.new in _ACT else "wait" if move.new in _WAIT else "ok"
        by = " · ".join(part for part in (words.actor(move.actor), words.reason(move.reason)) if part)
        found.append(Entry(move.at, mark, said, by, kind="person" if _is_person(move.actor) else "event"))
    return found


def _is_person(actor: str) -> bool:
    return actor not in words.ACTORS and ":" not in actor


def _of_holds(story: Story) -> list[Entry]:
    found = []
    for hold in story.holds:
        kind = "person" if _is_person(hold.set_by) else "event"
        text = _("Put on hold: %(reason)s") % {"reason": words.hold_reason(hold.reason)}
        found.append(
            Entry(hold.set_at, "act", text, words.actor(hold.set_by), kind=kind, detail=words.reason(hold.detail))
        )
        if hold.released_at:
            text = _("Hold released: %(reason)s") % {"reason": words.hold_reason(hold.reason)}
            found.append(Entry(hold.released_at, "ok", text, words.actor(hold.released_by), kind="person"))
    return found


def _events(story: Story) -> list[InboxEvent]:
    """Notices that name this order or its payments, in the words of each connection."""
    order = story.order
    theirs = (
        ExternalId.objects.filter(subject=order.id, connection=order.channel_id)
        .annotate(word=Concat(Value("order:"), "external_id"))
        .values("word")
    )
    named = Q(connection=order.channel_id) & (
        Q(subject__in=[f"order:{order.external_number}", f"order:{order.number}"]) | Q(subject__in=theirs)
    )
    for payment in story.payments:
        if payment.connection_id and payment.provider_id:
            named |= Q(
                connection=payment.connection_id, subject__in=[f"payment:{payment.provider_id}", payment.provider_id]
            )
    for parcel in story.parcels:
        if parcel.tracking_number:
            named |= Q(connection=parcel.shipment.carrier_id, subject=f"parcel:{parcel.tracking_number}")
    return list(InboxEvent.objects.filter(named).defer("sealed").select_related("connection").order_by("-id")[:MOST])


def _of_events(events: Iterable[InboxEvent]) -> list[Entry]:
    found = []
    for event in events:
        text = _("Notice “%(topic)s” arrived.") % {"topic": event.topic}
        if event.status in {InboxEvent.Status.SET_ASIDE, InboxEvent.Status.WAITING}:
            text = _("Notice “%(topic)s”: %(state)s.") % {"topic": event.topic, "state": event.get_status_display()}
        mark = words.mark("event", event.status)
        found.append(
            Entry(
                event.received_at, mark, text, event.connection.name, kind="call", detail=words.reason(event.reason),
                payload=reverse("staff:payload_event", args=[event.id]), payload_id=event.id.hex,
            )
        )  # fmt: skip
    return found


def _of_deliveries(deliveries: Sequence[Any]) -> list[Entry]:
    tries: dict[UUID, list[Try]] = defaultdict(list)
    if deliveries:
        rows = Attempt.objects.filter(delivery__in=[row.id for row in deliveries]).order_by("delivery", "number")
        for row in rows:
            tries[row.delivery_id].append(attempt(row))
    return [_delivery(row, tries[row.id], row.letter or "") for row in deliveries]


def attempt(row: Attempt) -> Try:
    """One attempt in words."""
    mark, label = words.OUTCOMES.get(row.outcome, ("idle", row.outcome))
    return Try(row.at, mark, str(label), words.reason(row.reason), row.milliseconds)


def _delivery(row: Delivery, tries: list[Try], letter: str) -> Entry:
    facts = {
        "what": f"{words.OPERATIONS.get(row.operation, row.operation)}" + (f" “{letter}”" if letter else ""),
        "whom": row.connection.name,
        "n": len(tries),
    }
    mark = words.mark("delivery", row.status)
    at = row.done_at or (tries[-1].at if tries else row.created_at)
    if row.status == Delivery.Status.SENT:
        text = ngettext("%(what)s to %(whom)s: arrived.", "%(what)s to %(whom)s: arrived at attempt %(n)d.", len(tries))
    elif row.status == Delivery.Status.DUE:
        text = _("%(what)s to %(whom)s: waiting to be sent.")
    elif row.status == Delivery.Status.UNKNOWN:
        text = _("%(what)s to %(whom)s: outcome unknown, being asked with the same key.")
    elif row.status == Delivery.Status.WAITING:
        text = _("%(what)s to %(whom)s: waits for a person.")
    else:
        text = _("%(what)s to %(whom)s: not sent any more.")
    is_dull = len(tries) == 1 and row.status == Delivery.Status.SENT
    by = f"{shown.seconds(tries[0].milliseconds)} " + _("s") if is_dull else ""
    return Entry(
        at, mark, text % facts, by, kind="call", detail=words.reason(row.reason), tries=[] if is_dull else tries,
        payload=reverse("staff:payload_delivery", args=[row.id]), payload_id=row.id.hex,
    )  # fmt: skip


def _of_money(story: Story) -> list[Entry]:
    found = []
    for refund in story.refunds:
        text = _("A refund of %(amount)s was asked for.") % {
            "amount": shown.money(refund.amount_minor, story.order.currency)
        }
        found.append(Entry(refund.requested_at, "wait", text, words.reason(refund.reason)))
    for shipment in story.shipments.values():
        text = _("%(number)s was planned.") % {"number": shipment.number}
        found.append(Entry(shipment.planned_at, "idle", text))
    return found


def _of_tracking(story: Story) -> list[Entry]:
    found = []
    for step in story.steps:
        state = str(words.TRACKING.get(step.status, step.raw_status or step.status))
        text = _("%(number)s: %(state)s.") % {"number": step.parcel.tracking_number, "state": state}
        mark = {"delivered": "ok", "returned": "act", "lost": "bad", "attempted": "wait"}.get(step.status, "idle")
        found.append(Entry(step.at, mark, text, step.parcel.carrier_name, detail=step.detail))
    return found


def _of_returns(story: Story) -> list[Entry]:
    by_document: dict[UUID, list[str]] = defaultdict(list)
    documents = {}
    for row in story.returns:
        documents[row.document_id] = row.document
        by_document[row.document_id].append(f"{row.sku} × {row.returned or row.cancelled}")
    return [
        Entry(
            document.at,
            "wait",
            _("Return %(number)s: %(units)s.") % {"number": document.number, "units": ", ".join(units)},
        )
        for document_id, units in by_document.items()
        if (document := documents[document_id])
    ]


def _of_revisions(story: Story) -> list[Entry]:
    found = []
    for row in OrderRevision.objects.filter(order=story.order).order_by("-id")[:MOST]:
        parts = []
        if "total_minor" in row.changes:
            before, after = (shown.money(minor, story.order.currency) for minor in row.changes["total_minor"])
            parts.append(f"{before} → {after}")
        if "lines" in row.changes:
            parts.append(_("other lines"))
        if "cancelled" in row.changes:
            parts.append(_("cancelled there"))
        if "awaits" in row.changes:
            before, after = row.changes["awaits"]
            parts.append(f"{before} → {after}" if before and after else after or _("released there"))
        found.append(
            Entry(row.at, "wait", _("The channel changed the order."), words.actor(row.actor), detail=" · ".join(parts))
        )
    return found


def _of_people(story: Story) -> list[Entry]:
    rows = AuditEntry.objects.filter(subject=str(story.order.id), action__in=list(_DEEDS)).order_by("-id")[:MOST]
    return [Entry(row.at, "idle", str(_DEEDS[row.action]), row.actor, kind="person") for row in rows]
