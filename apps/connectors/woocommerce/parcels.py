"""A parcel as WooCommerce knows it: a note on its order, and the status "completed" once all units have left. Pure.

The note's last line is ours to read again: our shipment's and the parcel's tracking number, and units by the order's line.
It is the record of what the shop was told, since the shop keeps none.
"""

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from apps.connectors.woocommerce import codes
from apps.connectors.woocommerce.mapping import Body, plain, refunded_units, whole
from apps.hub import contracts as c
from apps.hub.errors import Permanent

_RECORD = re.compile(r"\[Kurogo ([^\]:\n]+): ([^\]\n]*)\]")
_UNITS = re.compile(r"(\d+)x(\d+)")
_UNSAFE = re.compile(r"[\[\]:\s]+")
_NAMED_LINES = 20


@dataclass(frozen=True, slots=True)
class Told:
    """One parcel that the shop was told of: the note's id, units by the order's line."""

    note_id: str
    units: Mapping[str, int]


def key_of(fulfilment: c.Fulfilment) -> str:
    """What a parcel can be asked for by: our shipment's number, and the tracking number where it has one."""
    return " ".join(_UNSAFE.sub("-", word) for word in (fulfilment.reference, fulfilment.tracking_number) if word)


def told_parcels(notes: Sequence[Body]) -> dict[str, Told]:
    """By `key_of`, out of an order's notes; of two with one key the earlier."""
    found: dict[str, Told] = {}
    for note in sorted(notes, key=lambda one: int(one["id"])):
        record = _RECORD.search(html.unescape(note.get("note") or ""))
        if record and record[1] not in found:
            units = {line: int(count) for line, count in _UNITS.findall(record[2])}
            found[record[1]] = Told(str(note["id"]), units)
    return found


def units_of(fulfilment: c.Fulfilment, order: Body) -> dict[str, int]:
    """Units of a parcel by the order's line; a line that names no line of the order's is found by its SKU."""
    units: dict[str, int] = {}
    for line in fulfilment.lines:
        id = line.line_external_id or _by_sku(order, line.sku)
        units[id] = units.get(id, 0) + line.quantity
    return units


def _by_sku(order: Body, sku: str) -> str:
    return next((str(line["id"]) for line in order["line_items"] if (line.get("sku") or "") == sku), "")


def check(fulfilment: c.Fulfilment, order: Body, told: Mapping[str, Told]) -> None:
    """Raises `Permanent` where the order is called off, or more would leave than was bought."""
    status = order["status"]
    if status in codes.CALLED_OFF or status in (codes.FAILED, codes.REFUNDED):
        raise Permanent(f"{fulfilment.order_number}: WooCommerce takes no parcel for it, the order is {status} there")
    left = {str(line["id"]): whole(line["quantity"], "order") for line in order["line_items"]}
    for one in told.values():
        for line, count in one.units.items():
            left[line] = left.get(line, 0) - count
    more = {
        line: count - max(0, left.get(line, 0))
        for line, count in units_of(fulfilment, order).items()
        if count > max(0, left.get(line, 0))
    }
    if more:
        units = ", ".join(f"{count} of line {line or '(no such SKU)'}" for line, count in sorted(more.items()))
        raise Permanent(f"{fulfilment.order_number}: more would leave than was bought in WooCommerce: {units}")


def is_complete(order: Body, told: Mapping[str, Told], refunds: Sequence[Body]) -> bool:
    """Whether every unit has left or was given back."""
    gone = refunded_units(list(refunds))
    for one in told.values():
        for line, count in one.units.items():
            gone[line] = gone.get(line, 0) + count
    return all(gone.get(str(line["id"]), 0) >= whole(line["quantity"], "order") for line in order["line_items"])


def wants_completing(order: Body, told: Mapping[str, Told], refunds: Sequence[Body]) -> bool:
    """Whether the order's status is behind what has left; a status that is none of WooCommerce's own is left alone."""
    return order["status"] in codes.OPEN and is_complete(order, told, refunds)


def note_body(fulfilment: c.Fulfilment, order: Body, *, tells_customer: bool) -> dict[str, Any]:
    """A note's request."""
    return {"note": note_text(fulfilment, order), "customer_note": tells_customer}


def note_text(fulfilment: c.Fulfilment, order: Body) -> str:
    """Who carries it, where to look, what is in it, and the record; no sentence, so that it reads in any language."""
    units = units_of(fulfilment, order)
    titles = {str(line["id"]): plain(line.get("name")) for line in order["line_items"]}
    said = [
        " ".join(word for word in (fulfilment.carrier, fulfilment.tracking_number) if word),
        fulfilment.tracking_url,
    ]
    if len(units) <= _NAMED_LINES:
        said += [f"{titles.get(line) or line} × {count}" for line, count in units.items()]
    record = " ".join(f"{line}x{count}" for line, count in units.items())
    return "\n".join([*(line for line in said if line), f"[Kurogo {key_of(fulfilment)}: {record}]"])
