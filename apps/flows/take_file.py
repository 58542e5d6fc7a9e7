"""A file is taken in piece by piece: each piece is one transaction with its place in the file, so that a crash resumes there.

Rows that cannot be taken are set aside one by one with their reason; a file that cannot be read at all is a named error.
The dry run reads with the same eyes and writes nothing.
"""

import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from django.db import transaction

from apps.catalog import services as catalog
from apps.core import clock, crypto
from apps.core.ids import uuid7
from apps.flows import receive_return, revise_order, stop_falls, take_listings, take_numbers, take_stock
from apps.flows.place_orders import place_orders
from apps.flows.stop_falls import Fall
from apps.hub import connections, inbox
from apps.hub.contracts import (
    FileRead,
    Issued,
    OrderDraft,
    ReturnDraft,
    RowSetAside,
    SourceFile,
    StockChange,
    VariantCard,
)
from apps.hub.models import Connection, FileRun, InboxEvent, SetAsideRow
from apps.orders.errors import DoesNotAddUp

PIECE = 500


class Stopped(Exception):
    """A breaker stopped the file before anything was booked; it waits for a person."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What a file would do: rows seen, things it tells of, rows that would be set aside, articles that are not known, and
    what a breaker would ask about.
    """

    rows: int
    things: tuple[Any, ...]
    set_aside: tuple[RowSetAside, ...]
    unknown_skus: tuple[str, ...]
    fall: Fall | None = None


def take(
    event: InboxEvent, file: SourceFile, *, source: Connection, still_mine: Callable[[], None] = lambda: None
) -> FileRun:
    """Take a file from where it was left. Raises `errors.Unreadable` where nothing of it can be read, `Stopped` where a person
    is asked first.

    `still_mine` is called in each piece's transaction; it renews the drainer's lease or raises `locks.LeaseLost`.
    """
    run, _ = FileRun.objects.get_or_create(
        event=event,
        defaults={"connection": source, "name": file.name[:200], "kind": file.kind, "started_at": clock.now()},
    )
    live = connections.live(source.id)
    if live is None:
        raise LookupError("the connection is gone")
    read: FileRead = live.connector().read_file(file)
    if not run.next_row and run.decision != FileRun.Decision.APPROVED and (fall := stop_falls.fall_of(read.things)):
        stop_falls.stop_file(run, event, fall, rows=read.rows)
        raise Stopped(file.name)
    with transaction.atomic():
        _set_aside(run, read.set_aside)
        run.rows = read.rows
        run.save(update_fields=["rows"])
    while run.next_row < len(read.things):
        with transaction.atomic():
            piece = read.things[run.next_row : run.next_row + _at_once(read.things[run.next_row])]
            still_mine()
            _take_piece(run, piece, source)
            run.next_row += len(piece)
            run.taken += len(piece)
            run.save(update_fields=["next_row", "taken"])
    FileRun.objects.filter(id=run.id).update(finished_at=clock.now())
    return run


def _at_once(thing: Any) -> int:
    """How many things are taken in one transaction: documents of returns one by one, for each takes its own shelves, and after
    them its orders (docs/locks.md).
    """
    return 1 if isinstance(thing, ReturnDraft) else PIECE


def _take_piece(run: FileRun, piece: Sequence[Any], source: Connection) -> None:
    """One piece: neighbours of one sort together, in the file's order."""
    group: list[Any] = []
    for thing in piece:
        if group and type(thing) is not type(group[0]):
            _take_group(run, group, source)
            group = []
        group.append(thing)
    if group:
        _take_group(run, group, source)


def _take_group(run: FileRun, group: Sequence[Any], source: Connection) -> None:
    if isinstance(group[0], OrderDraft):
        _take_orders(run, group, source)
    elif isinstance(group[0], ReturnDraft):
        for draft in group:
            receive_return.receive(draft, source=source)
    elif isinstance(group[0], StockChange):
        refused = take_stock.take(group, source=source)
        _set_aside(run, [RowSetAside(row=change.line, reason=reason, detail=change.sku) for change, reason in refused])
    elif isinstance(group[0], VariantCard):
        take_listings.take(group, source=source, makes_variants=True)
    elif isinstance(group[0], Issued):
        _set_aside(run, take_numbers.take(group, run=run, source=source))
    else:
        raise TypeError(f"no story takes a {type(group[0]).__name__} from a file")


def _take_orders(run: FileRun, drafts: Sequence[OrderDraft], source: Connection) -> None:
    try:
        with transaction.atomic():
            placed = place_orders(drafts, source=source)
    except DoesNotAddUp as error:
        if len(drafts) == 1:
            _set_aside(run, [RowSetAside(row=run.next_row, reason="does_not_add_up", detail=str(error))])
            return
        middle = len(drafts) // 2
        _take_orders(run, drafts[:middle], source)
        _take_orders(run, drafts[middle:], source)
        return
    if placed.known:
        revise_order.revise(placed.known, source=source)


def _set_aside(run: FileRun, rows: Sequence[RowSetAside]) -> None:
    made = []
    for row in rows:
        aside = SetAsideRow(id=uuid7(), run=run, row=row.row, reason=row.reason[:60], detail=row.detail[:300])
        aside.sealed = crypto.seal(
            msgspec.json.encode(dict(row.raw)), table="hub_setasiderow", row=aside.id, field="sealed"
        )
        made.append(aside)
    SetAsideRow.objects.bulk_create(made, ignore_conflicts=True)


def preview(connection: Connection, name: str, kind: str, content: bytes, *, limit: int = 50) -> Preview:
    """The dry run: what the file would do, without a row written. Raises `errors.Unreadable`, `errors.Misconfigured`."""
    live = connections.live(connection.id)
    if live is None:
        raise LookupError("the connection is gone")
    file = SourceFile(name=name, kind=kind, content=content, at=clock.now())
    read: FileRead = live.connector().read_file(file)
    skus = Counter(_skus(read.things))
    known = catalog.find_variants(skus)
    unknown = () if kind == "catalogue" else tuple(sorted(sku for sku in skus if sku not in known))
    return Preview(
        read.rows, read.things[:limit], read.set_aside[:limit], unknown[:limit], stop_falls.fall_of(read.things)
    )


def _skus(things: Sequence[Any]) -> list[str]:
    skus = []
    for thing in things:
        lines = getattr(thing, "lines", None)
        if lines is None:
            skus.append(thing.sku)
        else:
            skus += [line.sku for line in lines if line.sku and getattr(line, "kind", "item") == "item"]
    return skus


def upload(connection: Connection, name: str, kind: str, content: bytes) -> bool:
    """A person hands a file in: it goes the way of every file, through the inbox. False when it had come before."""
    live = connections.live(connection.id)
    if live is None:
        raise LookupError("the connection is gone")
    # A browser may send a path of its machine; a pushed file of that name and content is the same notice.
    file = SourceFile(name=os.path.basename(name), kind=kind, content=content, at=clock.now())
    event = live.connector().file_event(file)
    return bool(inbox.store(connection.id, [event], origin="file").new)
