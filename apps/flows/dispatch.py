"""Inbox events become stories. One drainer at a time holds the intake lease, because first come first served needs an order.

What changes who gets units (sales, returns, files of stock, payments that ran out) is taken strictly in the order in which it
came; what commutes with that (money received, labels, tracking, answers) follows in sets. An event is closed in the
transaction of its effect. A fault of the data is found by halving and set aside; a fault of the house is tried again whole.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from django.db import DatabaseError, InterfaceError, OperationalError, transaction

from apps.core import locks
from apps.flows import (
    answers,
    receive_return,
    refund_order,
    revise_order,
    settle_payment,
    ship_order,
    take_file,
    take_listings,
)
from apps.flows.place_orders import place_orders
from apps.hub import connections, errors, external_ids, hints, inbox
from apps.hub.contracts import (
    Hint,
    OrderDraft,
    PaymentFact,
    Payout,
    RefundFact,
    ReturnDraft,
    SourceFile,
    StockQuantity,
    TrackEvent,
    VariantCard,
)  # fmt: skip
from apps.hub.models import Connection, InboxEvent
from apps.inventory.levels import lock_shelves

log = structlog.get_logger()

BATCH = 100
INTAKE = "intake"


@dataclass(slots=True)
class Item:
    """An event in hand with what it says."""

    event: InboxEvent
    source: Connection
    words: Sequence[Any]
    answer: answers.Answer | None = None

    @property
    def kind(self) -> type:
        """What sort of word it carries; events of several sorts are taken by their first."""
        return type(self.words[0]) if self.words else type(None)


def drain(worker: str, *, limit: int = BATCH) -> int:
    """Take in what is due; returns how many events were looked at. 0 also while another drainer holds the lease."""
    if not inbox.has_due():
        return 0
    held = locks.take(INTAKE, holder=worker)
    if held is None:
        return 0
    events = inbox.due(limit)
    if not events:
        return 0
    inbox.begin(events)
    items = [item for event in events if (item := _read(event)) is not None]
    for group in _in_order(items):
        _take(group, held)
    for group in _in_sets(items):
        _take(group, held)
    return len(events)


# Reading


def _read(event: InboxEvent) -> Item | None:
    """What an event says; one that cannot be read is kept, marked and shown, and stops nobody."""
    try:
        live = connections.live(event.connection_id)
        if live is None:
            raise errors.Unreadable("its connection is gone")
        raw = inbox.raw(event)
        if event.topic.startswith("answer/"):
            answer, words = answers.read(raw)
            return Item(event, live.connection, words, answer)
        return Item(event, live.connection, live.connector().read(event.topic, raw))
    except (OperationalError, InterfaceError):
        raise  # the house is at fault, not the event: the lane looks again
    except (errors.Unreadable, errors.Misconfigured, LookupError) as error:
        inbox.close([event], InboxEvent.Status.SET_ASIDE, str(error))
    except Exception as error:
        log.exception("dispatch.unreadable", notice=str(event.id))
        inbox.close([event], InboxEvent.Status.SET_ASIDE, f"{type(error).__name__}: {error}")
    return None


# Grouping


def _decides_units(item: Item) -> bool:
    """Whether taking it may change who gets units, so that its place in the order of arrival matters."""
    if item.kind in {OrderDraft, ReturnDraft, SourceFile}:
        return True
    return item.kind is PaymentFact and any(word.status in {"cancelled", "failed"} for word in item.words)


def _in_order(items: Sequence[Item]) -> Iterator[list[Item]]:
    """Items whose order matters, neighbours of one sort and source together."""
    group: list[Item] = []
    for item in items:
        if not _decides_units(item):
            continue
        if group and (
            item.kind is not group[0].kind or item.source.id != group[0].source.id or item.kind is not OrderDraft
        ):
            yield group
            group = []
        group.append(item)
    if group:
        yield group


def _in_sets(items: Sequence[Item]) -> Iterator[list[Item]]:
    """The others, by sort and source; within a set the order of arrival is kept."""
    sets: dict[tuple[Any, ...], list[Item]] = {}
    for item in items:
        if not _decides_units(item):
            operation = item.answer.operation if item.answer else ""
            sets.setdefault((item.kind, item.source.id, operation), []).append(item)
    yield from sets.values()


# Taking


def _take(group: Sequence[Item], held: locks.Held) -> None:
    """One group as one transaction; halved when its data is at fault, tried again later when the house is."""
    if len(group) == 1 and group[0].kind is SourceFile:
        _take_file(group[0], held)
        return
    try:
        with transaction.atomic():
            locks.confirm(held)
            waiting = _story(group)(group)
            done = [item.event for item in group if item.event.id not in waiting]
            inbox.close(done, InboxEvent.Status.DONE)
            for item in group:
                if item.event.id in waiting:
                    inbox.wait(item.event, waits_for=waiting[item.event.id], reason=waiting[item.event.id])
    except (OperationalError, InterfaceError) as error:
        inbox.postpone([item.event for item in group], f"the database was busy: {type(error).__name__}")
    except locks.LeaseLost:
        raise
    except Exception as error:
        if len(group) > 1:
            middle = len(group) // 2
            _take(group[:middle], held)
            _take(group[middle:], held)
            return
        if not isinstance(error, (ValueError, LookupError, DatabaseError)):
            log.exception("dispatch.fault", notice=str(group[0].event.id))
        inbox.close([group[0].event], InboxEvent.Status.SET_ASIDE, f"{type(error).__name__}: {error}")


Waiting = dict[Any, str]
Story = Callable[[Sequence[Item]], Waiting]


def _story(group: Sequence[Item]) -> Story:
    if group[0].answer is not None:
        return answers.take
    return STORIES.get(group[0].kind, _nothing)


def _nothing(group: Sequence[Item]) -> Waiting:
    """An echo of our own doing, or a sort of word that no story needs yet: closed, and kept in the log."""
    return {}


def _orders(group: Sequence[Item]) -> Waiting:
    """Sales, and in the same notices refunds that the channel has made of them."""
    source = group[0].source
    drafts = [word for item in group for word in item.words if isinstance(word, OrderDraft)]
    _lock_shelves(group, source)
    placed = place_orders(drafts, source=source)
    if placed.known:
        revise_order.revise(placed.known, source=source)
    for item in group:
        for word in item.words:
            if isinstance(word, ReturnDraft):
                receive_return.receive(word, source=source)
    return {}


def _lock_shelves(group: Sequence[Item], source: Connection) -> None:
    """Of orders that we know and that get smaller by these notices: their shelves come before any order (docs/locks.md)."""
    smaller = {
        word.external_id
        for item in group
        for word in item.words
        if isinstance(word, OrderDraft)
        and (word.is_cancelled or any(isinstance(other, ReturnDraft) for other in item.words))
    }
    if smaller:
        lock_shelves(orders=external_ids.find(source.id, "order", smaller).values())


def _returns(group: Sequence[Item]) -> Waiting:
    """A return that names an order which is not here waits for it; one that names none is matched or kept unmatched."""
    waiting: Waiting = {}
    for item in group:
        for word in item.words:
            missing = receive_return.missing_order(word, source=item.source)
            if missing and item.event.attempts <= 1:
                waiting[item.event.id] = f"order:{missing}"
            else:
                receive_return.receive(word, source=item.source)
    return waiting


def _payments(group: Sequence[Item]) -> Waiting:
    facts = [word for item in group for word in item.words]
    orphans = {fact.provider_id: fact for fact in settle_payment.settle(facts, source=group[0].source).orphans}
    return {
        item.event.id: f"order:{orphans[word.provider_id].order_reference or word.provider_id}"
        for item in group
        for word in item.words
        if word.provider_id in orphans
    }


def _refunds(group: Sequence[Item]) -> Waiting:
    return {
        item.event.id: f"payment:{word.payment_provider_id}"
        for item in group
        for word in item.words
        if not refund_order.take_fact(word, source=item.source)
    }


def _tracking(group: Sequence[Item]) -> Waiting:
    actor = f"connection:{group[0].source.name}"[:80]
    unknown = ship_order.take_tracking([word for item in group for word in item.words], actor=actor)
    numbers = {event.tracking_number for event in unknown}
    return {
        item.event.id: f"parcel:{word.tracking_number}"
        for item in group
        for word in item.words
        if word.tracking_number in numbers
    }


def _cards(group: Sequence[Item]) -> Waiting:
    for item in group:
        take_listings.take(item.words, source=item.source)
    return {}


def _hints(group: Sequence[Item]) -> Waiting:
    """The thing is fetched outside any transaction (fetch_hinted); until then its notice waits."""
    waiting: Waiting = {}
    for item in group:
        if len(item.words) != 1:
            raise ValueError("a notice hints at one thing")
        waiting[item.event.id] = hints.waits_for(item.words[0])
    return waiting


STORIES: dict[type, Story] = {
    Hint: _hints,
    OrderDraft: _orders,
    ReturnDraft: _returns,
    PaymentFact: _payments,
    RefundFact: _refunds,
    TrackEvent: _tracking,
    VariantCard: _cards,
    # What a channel shows and what a provider pays out is compared at night, not believed by the notice.
    StockQuantity: _nothing,
    Payout: _nothing,
}


def _take_file(item: Item, held: locks.Held) -> None:
    """A file is many transactions; the event is closed when the last piece is in, and resumes where it was left."""
    try:
        for word in item.words:
            take_file.take(item.event, word, source=item.source, still_mine=lambda: locks.renew(held))
        inbox.close([item.event], InboxEvent.Status.DONE)
    except (OperationalError, InterfaceError) as error:
        inbox.postpone([item.event], f"the database was busy: {type(error).__name__}")
    except take_file.Stopped:
        return  # it waits for a person's word
    except locks.LeaseLost:
        raise  # another drainer goes on from where this one was
    except (errors.Unreadable, errors.Misconfigured, LookupError, ValueError) as error:
        inbox.close([item.event], InboxEvent.Status.SET_ASIDE, str(error))
    except Exception as error:
        log.exception("dispatch.file", notice=str(item.event.id))
        inbox.close([item.event], InboxEvent.Status.SET_ASIDE, f"{type(error).__name__}: {error}")
