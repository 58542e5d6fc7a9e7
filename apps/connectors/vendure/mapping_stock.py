"""Articles, quantities and fulfilments, both ways. Pure.

What a shopper may buy is what lies there, less what is allocated to placed orders, less the variant's out-of-stock threshold;
summed over the stock locations of the channel. An order that is placed raises what is allocated and leaves what lies there.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from apps.connectors.vendure import codes
from apps.connectors.vendure.amounts import AS_TOLD, Scale
from apps.hub import contracts as c
from apps.hub.errors import Misconfigured

Body = Mapping[str, Any]


def location(listed: Sequence[Body], wanted: str) -> str:
    """The stock location that is kept: the one that was set, or the channel's only one. Raises `Misconfigured`."""
    known = {one["id"]: one["name"] for one in listed}
    if wanted in known or (not wanted and len(known) == 1):
        return wanted or next(iter(known))
    names = ", ".join(f"{id} ({name})" for id, name in known.items()) or "none"
    said = f"the channel has no stock location {wanted}" if wanted else "set which stock location Kurogo keeps"
    raise Misconfigured(f"{said}; it has {names}")


def is_counted(variant: Body, settings: Body) -> bool:
    """Whether Vendure counts the variant's stock at all; one that it does not can always be bought."""
    word = variant["trackInventory"]
    return word == "TRUE" or (word == "INHERIT" and bool(settings["trackInventory"]))


def threshold(variant: Body, settings: Body) -> int:
    """The units that are never sold (or, negative, sold though they are not there)."""
    whose = settings if variant["useGlobalOutOfStockThreshold"] else variant
    return int(whose["outOfStockThreshold"])


def saleable(levels: Sequence[Body], kept_back: int) -> int:
    """What a shopper may buy; `kept_back` is the threshold."""
    free: int = sum(one["stockOnHand"] - one["stockAllocated"] for one in levels)
    return free - kept_back


def on_hand_for(quantity: int, levels: Sequence[Body], kept_back: int, here: str) -> int:
    """What must lie at our location so that a shopper may buy `quantity`."""
    allocated: int = sum(one["stockAllocated"] for one in levels)
    elsewhere: int = sum(one["stockOnHand"] for one in levels if one["stockLocationId"] != here)
    return quantity + allocated + kept_back - elsewhere


def shown(variant: Body, settings: Body) -> int | None:
    """What a shopper may buy of a variant; None where Vendure does not count it."""
    if not is_counted(variant, settings):
        return None
    return saleable(variant["stockLevels"], threshold(variant, settings))


def variant_card(variant: Body, *, shop: Body, here: str, places: int = AS_TOLD) -> c.VariantCard:
    """A `Variants` item: the article, its price as listed, and what a shopper may buy."""
    scale = Scale.of(shop, variant["currencyCode"], places)
    product = variant["product"]
    return c.VariantCard(
        sku=variant["sku"] or "",
        title=variant["name"] or product["name"],
        product_external_id=product["id"],
        external_id=variant["id"],
        location_external_id=here,
        product_title=product["name"],
        price=scale.price(variant[f"price{scale.suffix}"]),
        currency=variant["currencyCode"],
        price_includes_tax=scale.includes_tax,
        shown=shown(variant, shop["globalSettings"]),
    )


def stock_quantity(variant: Body, *, settings: Body, here: str) -> c.StockQuantity | None:
    """A `ShownStock` item; None where Vendure does not count it."""
    quantity = shown(variant, settings)
    if quantity is None:
        return None
    return c.StockQuantity(
        external_id=variant["id"], quantity=quantity, sku=variant["sku"] or "", location_external_id=here
    )


# Fulfilments


def fulfilment_number(fulfilment: c.Fulfilment) -> str:
    """What we can ask for later: the tracking number, or our own number for a parcel without one."""
    return fulfilment.tracking_number or fulfilment.reference


def fulfilment_of(order: Body, fulfilment: c.Fulfilment) -> Body | None:
    """The fulfilment among the order's that is this one."""
    number = fulfilment_number(fulfilment)
    alive = (one for one in order["fulfillments"] or () if one["state"] not in codes.DEAD_FULFILMENTS)
    return next((one for one in alive if one["trackingCode"] == number), None)


def fulfilment_input(fulfilment: c.Fulfilment) -> dict[str, Any]:
    """The input of addFulfillmentToOrder; units of one line in several rows are one row."""
    units: dict[str, int] = {}
    for line in fulfilment.lines:
        units[line.line_external_id] = units.get(line.line_external_id, 0) + line.quantity
    arguments = {"method": fulfilment.carrier, "trackingCode": fulfilment_number(fulfilment)}
    return {
        "lines": [{"orderLineId": line, "quantity": count} for line, count in units.items()],
        "handler": {
            "code": codes.HANDLER,
            "arguments": [{"name": name, "value": value} for name, value in arguments.items()],
        },
    }
