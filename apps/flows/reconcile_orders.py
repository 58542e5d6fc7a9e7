"""The night's first leg: every sale that a channel knows is here, and every sale that is here the channel knows.

What is missing here is taken in by the same story as any notice; what is missing there is shown to a person.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from apps.core import clock
from apps.flows import asking, poll_orders, repairs
from apps.hub import connections, errors, external_ids, inbox
from apps.hub.abilities import Event
from apps.hub.contracts import OrderDraft, SourceFile
from apps.hub.models import Connection, JobRun, Repair
from apps.orders.models import Order
from apps.orders.states import Lifecycle
from apps.reconciliation import services as reconciliation
from apps.reconciliation.models import Difference, Statement

LEG = "orders"


def compare(run: JobRun) -> None:
    """Compare with every channel that can be asked; a silent one is stale, never matched. Raises `asking.Again`."""
    whom = connections.with_ability("orders")
    asking.ask_all(run, LEG, whom, lambda connection: _compare(connection, run.period))


def _compare(connection: Connection, period: str) -> None:
    until = clock.now()
    since = poll_orders.window_start(connection, "night", until)
    theirs, events = _theirs(connection, since, until)
    known = external_ids.find(connection.id, "order", theirs)
    missing_here = [draft for external_id, draft in theirs.items() if external_id not in known]
    for draft in missing_here:
        reconciliation.note(
            Difference.Kind.ORDER_MISSING_HERE, connection, draft.external_id, currency=draft.currency, ours_minor=0,
            theirs_minor=draft.total_minor, evidence={"number": draft.number, "placed_at": draft.placed_at.isoformat()},
            is_repaired=True, period=period,
        )  # fmt: skip
    called_off = _called_off(theirs, known)
    wanted = {draft.external_id for draft in (*missing_here, *called_off)}
    inbox.store_many((connection.id, event) for event, ids in events if ids & wanted)
    ours, missing_there = _missing_there(connection, since, until, set(theirs))
    for order, external_id in missing_there:
        reconciliation.note(
            Difference.Kind.ORDER_MISSING_THERE, connection, external_id, order_ref=order.id, currency=order.currency,
            ours_minor=order.total_minor, theirs_minor=0, evidence={"number": order.external_number, "order": order.number},
            period=period,
        )  # fmt: skip
    differs = bool(missing_here or missing_there)
    reconciliation.keep_statement(
        connection, LEG, period, verdict=Statement.Verdict.DIFFERENT if differs else Statement.Verdict.MATCHED,
        theirs=len(theirs), ours=ours, matched=len(known) - len(called_off),
        repaired=len(missing_here) + len(called_off),
    )  # fmt: skip
    repairs.count(connection.id, len(missing_here), kind=Repair.Kind.ORDER)
    repairs.count(connection.id, len(called_off), kind=Repair.Kind.CANCEL)
    poll_orders.read_until(connection, "night", until)


def _called_off(theirs: dict[str, OrderDraft], known: dict[str, UUID]) -> list[OrderDraft]:
    """Orders that were called off there, and nobody has told us."""
    versions = dict(
        Order.objects.filter(id__in=list(known.values()), lifecycle=Lifecycle.OPEN).values_list("id", "source_version")
    )
    gone = [
        (known[external_id], draft)
        for external_id, draft in theirs.items()
        if draft.is_cancelled and external_id in known
    ]
    return [draft for order, draft in gone if order in versions and draft.version > versions[order]]


def _theirs(
    connection: Connection, since: datetime, until: datetime
) -> tuple[dict[str, OrderDraft], list[tuple[Event, set[str]]]]:
    """Every order that the channel says changed in the window, and which event tells of which."""
    live = connections.live(connection.id)
    if live is None:
        return {}, []
    connector = live.connector()
    drafts: dict[str, OrderDraft] = {}
    events: list[tuple[Event, set[str]]] = []
    for page in connector.changed_orders(since, until):
        for event in page:
            said = {draft.external_id: draft for draft in _drafts(connector, event)}
            drafts |= said
            events.append((event, set(said)))
    return drafts, events


def _drafts(connector: Any, event: Event) -> Iterator[OrderDraft]:
    """Orders that one event tells of, also inside a file; what cannot be read is left to the intake, which shows it."""
    try:
        for word in connector.read(event.topic, event.raw):
            things = connector.read_file(word).things if isinstance(word, SourceFile) else (word,)
            yield from (thing for thing in things if isinstance(thing, OrderDraft))
    except errors.Unreadable:
        return


def _missing_there(
    connection: Connection, since: datetime, until: datetime, theirs: set[str]
) -> tuple[int, list[tuple[Order, str]]]:
    """Orders taken in during the window that the channel did not list and, asked for each by its id, does not know.

    One that was repaired by the last night was taken in then, but changed over there before this window.
    """
    rows = {row.id: row for row in Order.objects.filter(channel=connection, taken_at__gte=since, taken_at__lt=until)}
    ids = external_ids.find_theirs(connection.id, "order", rows)
    live = connections.live(connection.id)
    unlisted = [(rows[ours], external) for ours, external in ids.items() if external not in theirs]
    if live is None:
        return len(rows), []
    connector = live.connector()
    return len(rows), [(order, external) for order, external in unlisted if connector.fetch_order(external) is None]
