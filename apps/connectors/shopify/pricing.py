"""Setting prices: the variants of one product a call; each price stands or falls by itself, and a repeat is harmless."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from apps.connectors.shopify.client import Client, Denied
from apps.connectors.shopify.mapping import gid, tail
from apps.hub import contracts as c
from apps.hub.errors import Permanent


def settle(client: Client, prices: Sequence[c.PriceTag]) -> list[c.PriceOutcome]:
    """One outcome for each price, in their order. Raises the hub's errors; then the whole push may be sent again."""
    by_product: dict[str, list[int]] = {}
    for place, tag in enumerate(prices):
        by_product.setdefault(tag.product_external_id, []).append(place)
    outcomes: dict[int, c.PriceOutcome] = {}
    for product, places in by_product.items():
        tags = [prices[place] for place in places]
        outcomes |= zip(places, outcomes_of(_set(client, product, tags), tags), strict=True)
    return [outcomes[place] for place in range(len(prices))]


def _set(client: Client, product: str, tags: Sequence[c.PriceTag]) -> Mapping[str, Any]:
    try:
        answer = client.call("SetPrices", prices_input(product, tags))
    except Denied as error:
        raise Permanent(f"{error} (prices need the access scope write_products)") from error
    told: Mapping[str, Any] = answer["productVariantsBulkUpdate"]
    return told


def prices_input(product: str, tags: Sequence[c.PriceTag]) -> dict[str, Any]:
    """The variables of one call."""
    variants = [{"id": gid("ProductVariant", tag.external_id), "price": f"{tag.amount.normalize():f}"} for tag in tags]
    return {"product": gid("Product", product), "variants": variants}


def outcomes_of(answer: Mapping[str, Any], tags: Sequence[c.PriceTag]) -> list[c.PriceOutcome]:
    """What became of the prices of one call. An error that names no variant concerns them all."""
    named: dict[int, str] = {}
    of_all = ""
    for error in answer["userErrors"]:
        place = next((int(step) for step in error["field"] or () if step.isdigit()), None)
        if place is None:
            of_all = error["message"]
        else:
            named[place] = error["message"]
    shown = {tail(node["id"]): Decimal(node["price"]) for node in answer["productVariants"] or ()}
    made = []
    for place, tag in enumerate(tags):
        found, reason = shown.get(tail(tag.external_id)), named.get(place) or of_all
        if not reason and found != tag.amount:
            reason = "the shop does not know the variant" if found is None else f"the shop asks {found} instead"
        made.append(c.PriceOutcome(external_id=tag.external_id, is_set=not reason, error=reason))
    return made
