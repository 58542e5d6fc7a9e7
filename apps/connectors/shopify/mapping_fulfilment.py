"""A parcel of ours spread over the shop's fulfilment orders. Pure.

A fulfilment takes units from one location alone. What Shopify has assigned to another one is moved first, where the shop
lets it be moved, and only as many units as left; everything else is refused with the words for why.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from apps.connectors.shopify import codes
from apps.connectors.shopify.mapping import Body, gid, tail
from apps.hub import contracts as c
from apps.hub.errors import Permanent

Lines = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Move:
    """Units of one fulfilment order that are to be assigned to our location; `name` is the location that has them."""

    fulfilment_order: str
    lines: Lines
    name: str

    def variables(self, location: str) -> dict[str, Any]:
        """Of `MoveFulfilment`."""
        return {"id": self.fulfilment_order, "location": gid("Location", location), "lines": self.lines}


@dataclass(frozen=True, slots=True)
class Spread:
    """Where a parcel's units are: at our location, and elsewhere."""

    places: list[dict[str, Any]]
    moves: list[Move]


def fulfilment_number(fulfilment: c.Fulfilment) -> str:
    """What we can ask for later: the tracking number, or our own number for a parcel without one."""
    return fulfilment.tracking_number or fulfilment.reference


def fulfilment_of(order: Body, fulfilment: c.Fulfilment) -> c.FulfilmentReceipt | None:
    """The fulfilment among the order's that is this one."""
    number = fulfilment_number(fulfilment)
    for done in order["fulfillments"]:
        is_alive = done["status"] not in codes.DEAD_FULFILMENTS
        if is_alive and any(info["number"] == number for info in done["trackingInfo"]):
            return c.FulfilmentReceipt(reference=fulfilment.reference, external_id=tail(done["id"]))
    return None


def leaves_from(fulfilment: c.Fulfilment, order: Body, ours: Sequence[str]) -> str:
    """Which of our locations the parcel leaves from, where it does not say so itself: the one that Shopify has assigned most
    of its units to; the first of ours where there is none.
    """
    ready = [node for node in order["fulfillmentOrders"]["nodes"] if node["status"] in codes.OPEN_FULFILMENT_ORDERS]

    def units(location: str) -> int:
        wanted = _wanted(fulfilment)
        here = [node for node in ready if _is_at(node, location)]
        return sum(line["quantity"] for node in here for line in _taken(node, wanted))

    return max(ours, key=units, default="")


def spread(fulfilment: c.Fulfilment, order: Body, *, location: str) -> Spread:
    """The parcel's units over the open fulfilment orders, those at our location first. Raises `Permanent`: then nothing
    is to be moved either.
    """
    wanted = _wanted(fulfilment)
    ready = [node for node in order["fulfillmentOrders"]["nodes"] if node["status"] in codes.OPEN_FULFILMENT_ORDERS]
    places = [
        {"fulfillmentOrderId": node["id"], "fulfillmentOrderLineItems": lines}
        for node in ready
        if _is_at(node, location) and (lines := list(_taken(node, wanted)))
    ]
    moves = [
        Move(node["id"], lines, node["assignedLocation"]["name"])
        for node in ready
        if not _is_at(node, location) and _may(node, codes.MOVE) and (lines := list(_taken(node, wanted)))
    ]
    left = {line: units for line, units in wanted.items() if units}
    if left:
        raise Permanent(_refusal(fulfilment, left, order, location))
    return Spread(places, moves)


def fulfilment_input(fulfilment: c.Fulfilment, places: Sequence[Body]) -> dict[str, Any]:
    """The input of fulfillmentCreate."""
    tracking = {"number": fulfilment_number(fulfilment), "company": fulfilment.carrier}
    if fulfilment.tracking_url:
        tracking["url"] = fulfilment.tracking_url
    return {"lineItemsByFulfillmentOrder": list(places), "notifyCustomer": False, "trackingInfo": tracking}


def _wanted(fulfilment: c.Fulfilment) -> dict[str, int]:
    wanted: dict[str, int] = {}
    for line in fulfilment.lines:
        place = tail(line.line_external_id)
        wanted[place] = wanted.get(place, 0) + line.quantity
    return wanted


def _is_at(node: Body, location: str) -> bool:
    """Whether it is ours to send; so is one whose location was deleted, and any where no location is set."""
    here = (node["assignedLocation"]["location"] or {}).get("id")
    return not location or not here or tail(here) == tail(location)


def _may(node: Body, action: str) -> bool:
    return any(one["action"] == action for one in node["supportedActions"])


def _taken(node: Body, wanted: dict[str, int]) -> Iterator[dict[str, Any]]:
    for line in node["lineItems"]["nodes"]:
        place = tail(line["lineItem"]["id"])
        units = min(wanted.get(place, 0), line["remainingQuantity"])
        if units > 0:
            wanted[place] -= units
            yield {"id": line["id"], "quantity": units}


def _refusal(fulfilment: c.Fulfilment, left: Mapping[str, int], order: Body, location: str) -> str:
    units = ", ".join(f"{count} of line {line}" for line, count in sorted(left.items()))
    said = f"{fulfilment.order_number}: Shopify takes no fulfilment for {units}"
    if order["cancelledAt"]:
        return f"{said}; the order was cancelled there"
    holders = [
        node
        for node in order["fulfillmentOrders"]["nodes"]
        if any(tail(line["lineItem"]["id"]) in left for line in node["lineItems"]["nodes"])
    ]
    reasons = dict.fromkeys(reason for node in holders if (reason := _reason(node, location)))
    return f"{said}; {'; '.join(reasons) or 'they are not open there'}"


def _reason(node: Body, location: str) -> str:
    """Why a fulfilment order gives nothing; empty for one that gave all it had."""
    status, name = node["status"], node["assignedLocation"]["name"]
    if status == "ON_HOLD":
        holds = ", ".join(hold["displayReason"] for hold in node["fulfillmentHolds"]) or "no reason is given"
        return f"Shopify holds them back ({holds}): release the hold there"
    if status == "SCHEDULED":
        return f"they are scheduled for {node['fulfillAt'] or 'later'}"
    if status in codes.ENDED_FULFILMENT_ORDERS:
        return codes.ENDED_FULFILMENT_ORDERS[status]
    if status not in codes.OPEN_FULFILMENT_ORDERS:
        return f"their fulfilment order is {status.lower()}"
    if not _is_at(node, location) and not _may(node, codes.MOVE):
        return f"Shopify has assigned them to {name} and does not let them be moved"
    return ""
