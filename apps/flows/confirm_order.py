"""Tell a channel that the shop takes its orders, where it wants to hear that before it lets them be packed.

Asked for once, when an order is placed that its channel has not released; harmless to repeat. A channel whose capability is
paused is told nothing: there a person confirms.
"""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from apps.flows import wiring
from apps.hub import abilities, external_ids
from apps.hub.contracts import Confirmation, ConfirmationOutcome
from apps.hub.delivery import NewDelivery
from apps.hub.models import Connection, OutboxFact
from apps.orders import holds
from apps.orders import services as orders
from apps.orders.models import Order, OrderHold
from apps.orders.states import Lifecycle

OPERATION = "order.confirm"
ABILITY = abilities.ABILITY_OF[OPERATION]
ACTOR = "confirm_order"


def tell(facts: Sequence[OutboxFact]) -> list[NewDelivery]:
    """Confirmations of fresh orders that await their channel, as many in a call as the channels take."""
    awaiting = OrderHold.objects.filter(
        order__in=[fact.subject for fact in facts], reason=holds.AWAITS_CHANNEL, released_at=None
    )
    rows = Order.objects.filter(id__in=awaiting.values("order"), lifecycle=Lifecycle.OPEN).select_related("channel")
    by_channel: dict[UUID, list[Order]] = defaultdict(list)
    for row in rows.order_by("id"):
        if wiring.has(row.channel, ABILITY) and ABILITY not in row.channel.paused_abilities:
            by_channel[row.channel_id].append(row)
    many = abilities.OPERATIONS[OPERATION].many
    return [
        _delivery(channel, group[start : start + many])
        for channel, group in by_channel.items()
        for start in range(0, len(group), many)
    ]


def _delivery(channel: UUID, part: Sequence[Order]) -> NewDelivery:
    theirs = external_ids.find_theirs(channel, "order", [row.id for row in part])
    return NewDelivery(
        connection_id=channel, operation=OPERATION, key=f"{OPERATION}:{part[0].id}",
        words=[
            Confirmation(order_external_id=theirs[row.id], order_number=row.external_number)
            for row in part if row.id in theirs
        ],
        kind="order", subject=part[0].id, order_ref=part[0].id if len(part) == 1 else None,
    )  # fmt: skip


def take_outcomes(outcomes: Sequence[ConfirmationOutcome], *, source: Connection) -> int:
    """An order that the channel does not let be confirmed waits for a person; returns how many do."""
    refused = {outcome.order_external_id: outcome.error for outcome in outcomes if not outcome.is_confirmed}
    ids = external_ids.find(source.id, "order", refused)
    locked = {order.id: order for order in orders.lock(ids.values())}
    reasons = {
        ids[theirs]: [(holds.NOT_CONFIRMED, error)]
        for theirs, error in refused.items()
        if theirs in ids and locked[ids[theirs]].lifecycle == Lifecycle.OPEN
    }
    orders.hold(reasons, actor=ACTOR)
    return len(reasons)
