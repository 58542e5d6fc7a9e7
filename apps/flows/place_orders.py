"""Take in sales: for each, order, stock and expected payment stand or fall together. One sale is a batch of one."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.db import transaction

from apps.catalog import services as catalog
from apps.catalog.services import Article
from apps.channels import linking
from apps.channels import services as channels
from apps.channels.services import Sold
from apps.core import place, rows
from apps.core.ids import uuid7
from apps.core.states import Cause
from apps.customers import services as customers
from apps.flows import cancel_order, finish_order, lease_stock, wiring
from apps.hub import contracts, external_ids, inbox, outbox
from apps.hub.contracts import OrderDraft
from apps.hub.models import Connection
from apps.inventory import later, portions
from apps.inventory import services as inventory
from apps.inventory.models import Demand
from apps.inventory.services import Wanted
from apps.orders import holds
from apps.orders import services as orders
from apps.orders.models import Order, OrderLine
from apps.orders.services import Sale
from apps.orders.states import PaymentState
from apps.payments import services as payments

ACTOR = "intake"


@dataclass(slots=True)
class Placed:
    """What became of a batch: orders placed, drafts of orders that were there before."""

    orders: list[Order] = field(default_factory=list)
    known: list[OrderDraft] = field(default_factory=list)


def place_orders(drafts: Sequence[OrderDraft], *, source: Connection) -> Placed:
    """Orders that are new to us are placed in the order given; the others are handed back as known."""
    with transaction.atomic():
        claimed, known = _claimed(drafts, source)  # UNIQUE: the same sale twice is one order, a rival loses here
        if not claimed:
            return Placed(known=known)
        with rows.together():
            opened, articles = _open(claimed, source)
            placed = [order for order, _ in opened]
            demands = inventory.allocate(_wanted(opened, articles, source), actor=ACTOR, to=_addresses(claimed))
            _mark_allocation(placed, demands)
            _promise_days(opened, demands)
            _expect_payments(claimed, placed, source)
            lasting = [one for one in opened if not (claimed[one[0].id].awaits or claimed[one[0].id].is_cancelled)]
            finish_order.finish(lasting, actor=ACTOR)
            outbox.publish(
                (outbox.NewFact("order.placed", "order", order.id, orders.as_row(order)) for order in placed),
                are_new_subjects=True,
            )
        lease_stock.settle(channels.sold(source, _sold(opened)), cause=placed[0].id)
        _hold(opened, claimed)
        for order in placed:
            if claimed[order.id].is_cancelled:
                cancel_order.cancel(order, actor=ACTOR, reason="cancelled at the channel before it was taken in")
        inbox.wake(name for order in placed for name in _names(order, claimed[order.id]))
    return Placed(placed, known)


def _claimed(drafts: Sequence[OrderDraft], source: Connection) -> tuple[dict[UUID, OrderDraft], list[OrderDraft]]:
    """New sales by the id that their order gets, in the order given; and those that are orders already."""
    ids: dict[str, UUID] = {}
    for draft in drafts:
        ids.setdefault(draft.external_id, uuid7())
    ours = external_ids.claim(source.id, "order", ids)
    fresh: dict[UUID, OrderDraft] = {}
    known = []
    for draft in drafts:
        if draft.external_id in ours:
            fresh[ids[draft.external_id]] = draft
            ours.discard(draft.external_id)
        else:
            known.append(draft)
    return fresh, known


def _names(order: Order, draft: OrderDraft) -> tuple[str, ...]:
    """What others may call it, who wait for it."""
    return f"order:{order.external_number}", f"order:{order.number}", f"order:{draft.external_id}"


def _open(
    claimed: Mapping[UUID, OrderDraft], source: Connection
) -> tuple[list[tuple[Order, list[OrderLine]]], dict[UUID, Article]]:
    """The orders, and the articles that they name by their ids."""
    drafts = claimed.values()
    skus = {line.sku for draft in drafts for line in draft.lines if line.kind == "item" and line.sku}
    articles = catalog.find_articles(skus)
    if len(articles) < len(skus):  # what the channel calls otherwise is what its listing is linked to
        articles |= catalog.articles(linking.articles_of(source, skus - articles.keys()))
    people = customers.take_in(source.brand, [(draft.customer, draft.ship_to) for draft in drafts])
    sales = [Sale(id_, draft, *who) for (id_, draft), who in zip(claimed.items(), people, strict=True)]
    opened = orders.open_orders(source, sales, articles, country=place.country())
    return opened, {article.id: article for article in articles.values()}


def _wanted(
    opened: Sequence[tuple[Order, list[OrderLine]]], articles: Mapping[UUID, Article], source: Connection
) -> list[Wanted]:
    """What the lines want of the shelf. A bundle's components come out of free units, never out of the channel's leases:
    these cover what the channel shows of the components themselves (docs/no-oversell.md).
    """
    wanted = []
    for order, lines in opened:
        for line in lines:
            if not line.variant_id or line.quantity <= 0:
                continue
            parts = articles[line.variant_id].parts
            wanted += [
                Wanted(
                    kind="order_line", subject=line.id, group=order.id, holder=None if parts else source.id,
                    variant=variant, quantity=line.quantity * units, per_unit=units, is_part=bool(parts),
                    arrived_at=order.taken_at,
                )
                for variant, units in parts or ((line.variant_id, 1),)
            ]  # fmt: skip
    return wanted


def _addresses(claimed: Mapping[UUID, OrderDraft]) -> dict[UUID, tuple[str, str]]:
    """order -> (country, region) where it goes."""
    return {order: (said.ship_to.country, said.ship_to.region) for order, said in claimed.items() if said.ship_to}


def _mark_allocation(placed: Sequence[Order], demands: Sequence[Demand]) -> None:
    stands = portions.by_group(portions.of(demands))
    short = [order for order in placed if order.id in stands and stands[order.id][1] < stands[order.id][0]]
    for order in short:
        order.was_short = True
    states = {order.id: orders.allocation_of(*stands.get(order.id, (0, 0))) for order in placed}
    orders.mark(placed, cause=Cause(ACTOR), allocation=states)


def _promise_days(opened: Sequence[tuple[Order, list[OrderLine]]], demands: Sequence[Demand]) -> None:
    """What is sold for later carries the day it is promised for; the lines are not written yet."""
    days = later.promised(demands)
    for _, lines in opened if days else ():
        for line in lines:
            line.promised_on = days.get(line.id)


def _expect_payments(said: Mapping[UUID, OrderDraft], placed: Sequence[Order], source: Connection) -> None:
    """What the channel collects counts as collected once it has released the order."""
    provider = wiring.first("payment", source.brand_id)
    through = {
        order.id: (provider.id if provider and order.payment_method in {"card", "konbini", "bank"} else None)
        for order in placed
    }
    expected = payments.expect(placed, connections=through)
    collected = [row for row in expected if row.method == "prepaid" and not said[row.order_id].awaits]
    cause = Cause(ACTOR, "collected by the channel")
    payments.collect_all(((row, row.expected_minor) for row in collected), cause=cause, party=source.id)
    prepaid = [
        order
        for order in placed
        if order.payment_method == "prepaid" and order.total_minor > 0 and not said[order.id].awaits
    ]
    orders.mark(prepaid, cause=cause, payment=PaymentState.PAID)


def _hold(opened: Sequence[tuple[Order, list[OrderLine]]], said: Mapping[UUID, OrderDraft]) -> None:
    """What a person has to look at, or the channel to release; the order keeps its units meanwhile, and others go on."""
    reasons: dict[UUID, list[tuple[str, str]]] = defaultdict(list)
    for order, lines in opened:
        items = [line for line in lines if line.kind == OrderLine.Kind.ITEM]
        unknown = [line.sku or line.title for line in items if not line.variant_id]
        if unknown:
            reasons[order.id].append((holds.UNKNOWN_SKU, ", ".join(unknown)))
        if order.payment_method == contracts.UNKNOWN and order.total_minor > 0:
            reasons[order.id].append((holds.UNKNOWN_PAYMENT, order.payment_raw))
        there = said[order.id].ship_to
        if items and (there is None or not (there.line1 and there.country)):
            reasons[order.id].append((holds.NO_ADDRESS, ""))
        if awaits := said[order.id].awaits:
            reasons[order.id].append((holds.AWAITS_CHANNEL, awaits))
    orders.hold(reasons, actor=ACTOR)


def _sold(opened: Sequence[tuple[Order, list[OrderLine]]]) -> list[Sold]:
    return [
        Sold(line.variant_id, line.quantity, order.placed_at)
        for order, lines in opened
        for line in lines
        if line.variant_id and line.quantity > 0
    ]
