"""The file of a bulk operation: a line an object, children with their parent's id. Put together and read. Pure.

A line that cannot be read harms nobody else: it is named, and so is a child whose parent is not in the file.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

import orjson

from apps.connectors.shopify.mapping import Body, tail
from apps.connectors.shopify.mapping_stock import stock_level, variant_card
from apps.hub import contracts as c

_PARENT = "__parentId"
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Gathered:
    """Objects of the top in the file's order, each with its `children`; how many lines there were; what was wrong."""

    roots: list[dict[str, Any]]
    lines: int
    faults: list[str]


def put_together(file: bytes) -> Gathered:
    """Shopify puts children somewhere after their parents; any order is taken."""
    known: dict[str, dict[str, Any]] = {}
    objects: list[tuple[int, dict[str, Any]]] = []
    faults: list[str] = []
    count = 0
    for number, line in enumerate(file.split(b"\n"), start=1):
        if not line.strip():
            continue
        count += 1
        try:
            thing = orjson.loads(line)
            known[thing["id"]] = thing
        except (orjson.JSONDecodeError, KeyError, TypeError):
            faults.append(f"line {number} is no object with an id")
            continue
        objects.append((number, thing))
    roots = []
    for number, thing in objects:
        parent = thing.get(_PARENT)
        if parent is None:
            roots.append(thing)
        elif parent in known:
            known[parent].setdefault("children", []).append(thing)
        else:
            faults.append(f"line {number}: its parent {parent} is not in the file")
    return Gathered(roots, count, faults)


def variant_cards(roots: Iterable[Body], *, shop: Body, location: str) -> tuple[list[c.VariantCard], list[str]]:
    """Products with their variants, as cards in the order of the variants' ids (as pages come); what could not be read."""
    nodes = [{**variant, "product": product} for product in roots for variant in product.get("children", ())]
    cards, faults = _each(nodes, lambda node: variant_card(node, shop=shop, location=location))
    return sorted(cards, key=lambda card: (len(card.external_id), card.external_id)), faults


def stock_levels(roots: Iterable[Body], *, location: str) -> tuple[list[c.StockQuantity], list[str]]:
    """What is available of every item that is kept at the location; what could not be read."""

    def level(node: Body) -> c.StockQuantity | None:
        return stock_level({**(node["inventoryLevel"] or {"quantities": []}), "item": node}, location=location)

    levels, faults = _each(roots, level)
    return [one for one in levels if one], faults


def _each(nodes: Iterable[Body], read: Callable[[Body], T]) -> tuple[list[T], list[str]]:
    found: list[T] = []
    faults: list[str] = []
    for node in nodes:
        try:
            found.append(read(node))
        except (KeyError, TypeError, ValueError, AttributeError, IndexError, ArithmeticError) as error:
            faults.append(f"{tail(str(node.get('id')))} cannot be read ({type(error).__name__})")
    return found, faults
